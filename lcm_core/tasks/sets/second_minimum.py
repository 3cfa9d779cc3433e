"""The second smallest element of a set of integers: the task of PyG's example of an LCM.

PyG's pull request 8020, which added the example, calls it the first benchmark task of Ong &
Veličković 2022, arXiv 2212.08541.
"""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from lcm_core.tasks.sets.answers import BitsTask
from lcm_core.tasks.sets.set_task import EVALUATION_SIZES, SortedSets, owners

__all__ = ["SecondMinimum", "second_minimum_distribution"]


class SecondMinimum(BitsTask):
    """The second smallest of a set of unsigned integers, bit by bit.

    Repeats are allowed: the second smallest of {3, 3, 5} is 3. Sets, sizes and splits are those
    of `SetTask`; a set counts as right if every bit is.

    Of many elements the second smallest is small: about 2 · 2^bits / n, near 4 for 128 elements of
    8 bits, and training on 2 to 16 uniform elements hardly ever compares such values with each
    other. `small_values` makes it: in that share of the training sets all elements are shifted
    right by 0 … bits − 2 bits, as is the answer, since a shift keeps the order. Evaluation sets
    are never shifted.

    Source: Ong & Veličković, "Learnable Commutative Monoids for Graph Neural Networks",
    LoG 2022, https://arxiv.org/abs/2212.08541

    Args:
        bits: the width of the integers, 1 to 24. Elements have `bits` features.
        small_values: share of the training sets that are shifted, from 0 to 1.
    """

    name = "second_minimum"
    title = "Second smallest of a set of {bits}-bit integers, repeats allowed."
    smallest_set = 2

    def __init__(self, bits: int = 8, small_values: float = 0.0) -> None:
        super().__init__(bits)
        if not 0 <= small_values <= 1:
            raise ValueError(f"small_values is a share: expected 0 to 1, got {small_values}")
        self.small_values = small_values

    def draw_training_values(
        self, sizes: Int[Tensor, " B"], generator: torch.Generator
    ) -> Int[Tensor, " N"]:
        """Uniform elements, in a share of the sets shifted to small values."""
        values = self.draw_values(sizes, generator)
        if self.small_values == 0:
            return values
        device, count = generator.device, (len(sizes),)
        some = torch.rand(count, generator=generator, device=device) < self.small_values
        shift = torch.randint(max(1, self.bits - 1), count, generator=generator, device=device)
        return values >> (some * shift)[owners(sizes, device)]

    def answers(self, sets: SortedSets) -> Int[Tensor, " B"]:
        """The second of the sorted elements."""
        return sets.values[sets.ptr[:-1] + 1]

    def baseline(self, split: str = "validation") -> float:
        """The chance of the likeliest second smallest element of the split's sizes, exactly."""
        self.check_split(split)
        return float(second_minimum_distribution(EVALUATION_SIZES[split], self.bits).max())


def second_minimum_distribution(sizes: Sequence[int], bits: int) -> np.ndarray:
    """The distribution of the second smallest element, computed and not simulated.

    Of n integers, independent and uniform on 0 … K − 1, the second smallest is at least v exactly
    if at most one is below v: with p = v / K, the chance of that is (1 − p)ⁿ + n p (1 − p)ⁿ⁻¹.
    The distribution is the mean over `sizes`, which are equally likely.

    Returns:
        (2^bits,): entry v is the chance that the second smallest element is v.
    """
    p = np.arange(2**bits + 1) / 2**bits  # the chance that one element is below v = 0 … 2^bits
    at_least = sum((1 - p) ** n + n * p * (1 - p) ** (n - 1) for n in sizes) / len(sizes)
    return at_least[:-1] - at_least[1:]
