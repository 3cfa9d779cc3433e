"""How many elements of a set of integers are larger than their mean."""

import torch
from jaxtyping import Int
from torch import Tensor

from lcm_core.tasks.sets.answers import CountTask
from lcm_core.tasks.sets.set_task import SortedSets, owners

__all__ = ["AboveMean"]


class AboveMean(CountTask):
    """How many elements are strictly larger than the mean of the set: of {1, 1, 7}, one.

    Were all elements uniform, it would be about half of them: in a set of 1,024, "512" is within
    5 % for 99 sets of 100. So each set has a threshold t, uniform on 1 … 2^bits − 1, and a share q,
    uniform on 0 … 1: an element is, with chance q, uniform on t … 2^bits − 1, or else uniform on
    0 … t − 1.

    Args:
        bits: the width of the integers, 1 to 24. Elements have `bits` features.
    """

    name = "above_mean"
    title = "Number of elements larger than the mean of a set of {bits}-bit integers, often skewed."

    def draw_values(
        self, sizes: Int[Tensor, " B"], generator: torch.Generator
    ) -> Int[Tensor, " N"]:
        """Elements in two uniform parts, of any shares, on both sides of any threshold."""
        device, largest = generator.device, 2**self.bits
        owner = owners(sizes, device)
        threshold = torch.randint(1, largest, (len(sizes),), generator=generator, device=device)[
            owner
        ]
        share = torch.rand(len(sizes), generator=generator, device=device)[owner]
        upper = torch.rand(len(owner), generator=generator, device=device) < share
        width = torch.where(upper, largest - threshold, threshold)
        within = torch.randint(2**48, (len(owner),), generator=generator, device=device) % width
        return within + upper * threshold

    def answers(self, sets: SortedSets) -> Int[Tensor, " B"]:
        """How many have value × size > sum: whole numbers, so that there is no rounding."""
        above = sets.values * sets.sizes[sets.owner] > sets.total(sets.values)[sets.owner]
        return sets.total(above)
