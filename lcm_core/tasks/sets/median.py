"""The median of a set of integers."""

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Int
from torch import Tensor

from lcm_core.tasks.sets.answers import BitsTask
from lcm_core.tasks.sets.set_task import EVALUATION_SIZES, SortedSets

__all__ = ["Median", "median_chances"]

MOST_CANDIDATES = 2**16  # for the likeliest median


class Median(BitsTask):
    """The lower median of a set of unsigned integers, bit by bit: of {1, 4, 6, 9} it is 4.

    Unlike a minimum, it is no merge of small summaries. Of real numbers an exact state must hold
    every element, since any of them can become the median when others join. Of `bits` bits a
    histogram is exact as well: 2^`bits` counts, which add.

    Args:
        bits: the width of the integers, 1 to 24. Elements have `bits` features.
    """

    name = "median"
    title = "Lower median of a set of {bits}-bit integers, repeats allowed."

    def answers(self, sets: SortedSets) -> Int[Tensor, " B"]:
        """The element number ⌈n / 2⌉, from 1, of the n sorted ones."""
        return sets.values[sets.ptr[:-1] + (sets.sizes - 1) // 2]

    def baseline(self, split: str = "validation") -> float:
        """The chance of the likeliest median of the split's sizes: exact up to 16 bits.

        With more, every 2^(bits − 16)th value is tried: the chance is as good as the same nearby.
        """
        self.check_split(split)
        values = np.arange(0, 2**self.bits, max(1, 2**self.bits // MOST_CANDIDATES))
        return float(median_chances(values, EVALUATION_SIZES[split], self.bits).max())


def median_chances(values: np.ndarray, sizes: Sequence[int], bits: int) -> np.ndarray:
    """The chance of each of the values to be the lower median, computed and not simulated.

    Of n integers, independent and uniform on 0 … K − 1, the median, number r = ⌈n / 2⌉ of them
    sorted, is at least v exactly if fewer than r are below v. How many are is binomial, with the
    chance p = v / K for each. The mean is over `sizes`, which are equally likely.

    Returns:
        As many as `values`.
    """
    chances = np.zeros(len(values))
    for n in sizes:
        chances += _at_least(values / 2**bits, n) - _at_least((values + 1) / 2**bits, n)
    return chances / len(sizes)


def _at_least(p: np.ndarray, n: int) -> np.ndarray:
    """The chance that fewer than ⌈n / 2⌉ of n elements are below, each with the chance p."""
    with np.errstate(divide="ignore"):
        below, above = np.log(p), np.log(1 - p)
    total = np.zeros(len(p))
    for k in range((n + 1) // 2):  # k are below; 0 · log 0 is 0
        log_chance = math.log(math.comb(n, k)) + (n - k) * above + (k * below if k else 0)
        total += np.exp(log_chance)
    return total
