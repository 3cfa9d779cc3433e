"""The sum of a set of integers, modulo k; and its parity."""

import numpy as np
from jaxtyping import Int
from torch import Tensor

from lcm_core.tasks.sets.answers import ClassTask
from lcm_core.tasks.sets.set_task import EVALUATION_SIZES, SortedSets

__all__ = ["Parity", "SumModulo", "sum_modulo_distribution"]

LARGEST_MODULUS = 1024


class SumModulo(ClassTask):
    """The sum of the elements modulo `modulus`, as one of `modulus` classes.

    The integers modulo k with addition are a finite commutative monoid (a group): one small state
    is all that an exact answer needs, for sets of any size.

    Args:
        bits: the width of the integers, 1 to 24. Elements have `bits` features.
        modulus: 2 to 1,024.
    """

    name = "sum_modulo"
    title = "Sum of a set of {bits}-bit integers, modulo {modulus}."

    def __init__(self, bits: int = 8, modulus: int = 10) -> None:
        super().__init__(bits)
        if not 2 <= modulus <= LARGEST_MODULUS:
            raise ValueError(f"modulus must be from 2 to {LARGEST_MODULUS}, got {modulus}")
        self.modulus = self.out_features = modulus

    def answers(self, sets: SortedSets) -> Int[Tensor, " B"]:
        """The sum of each set modulo `modulus`."""
        return sets.total(sets.values) % self.modulus

    def baseline(self, split: str = "validation") -> float:
        """The chance of the likeliest class for the split's sizes, exactly."""
        self.check_split(split)
        chances = [
            sum_modulo_distribution(n, self.bits, self.modulus) for n in EVALUATION_SIZES[split]
        ]
        return float(np.mean(chances, axis=0).max())


class Parity(SumModulo):
    """Whether the number of odd elements is odd (class 1), which is the parity of the sum.

    Args:
        bits: the width of the integers, 1 to 24. Elements have `bits` features.
    """

    name = "parity"
    title = "Parity of the number of odd elements of a set of {bits}-bit integers."

    def __init__(self, bits: int = 8) -> None:
        super().__init__(bits, modulus=2)


def sum_modulo_distribution(n: int, bits: int, modulus: int) -> np.ndarray:
    """The distribution of the sum of n uniform integers modulo `modulus`: n-fold convolution.

    Returns:
        (modulus,): entry r is the chance of a sum that leaves r.
    """
    whole, rest = divmod(2**bits, modulus)
    one = (whole + (np.arange(modulus) < rest)) / 2**bits  # 0 … rest − 1 come once more
    return np.fft.irfft(np.fft.rfft(one) ** n, modulus)
