"""The number of distinct elements of a set of integers."""

import torch
from jaxtyping import Int
from torch import Tensor

from lcm_core.tasks.sets.answers import CountTask
from lcm_core.tasks.sets.set_task import SortedSets, owners

__all__ = ["Distinct"]

LARGEST_EXPONENT = 10  # 1,024 values are many, even for the largest sets of a split


class Distinct(CountTask):
    """How many different integers there are among the elements: of {3, 3, 5} there are 2.

    Were all elements uniform, this would ask for the size of the set: repeats are rare in small
    sets, and of 1,024 8-bit integers nearly every one is there. So each set has a number of values
    of its own: e is drawn uniformly from 0 … min(bits, 10), k from 1 … 2^e, then k values, each
    uniform; elements are independent and uniform among these k.

    Args:
        bits: the width of the integers, 1 to 24. Elements have `bits` features.
    """

    name = "distinct"
    title = (
        "Number of distinct elements of a set of {bits}-bit integers, drawn from few or many "
        "values."
    )

    def draw_values(
        self, sizes: Int[Tensor, " B"], generator: torch.Generator
    ) -> Int[Tensor, " N"]:
        """Elements that repeat: from one value a set to 2^bits, or 1,024, of them."""
        device, largest = generator.device, 2**self.bits
        exponents = min(self.bits, LARGEST_EXPONENT) + 1
        owner = owners(sizes, device)
        exponent = torch.randint(exponents, (len(sizes),), generator=generator, device=device)
        number = 1 + _below(1 << exponent, generator)  # of values, for each set
        which = _below(number[owner], generator)
        names, which = torch.unique((owner << exponents) + which, return_inverse=True)
        pool = torch.randint(largest, names.shape, generator=generator, device=device)
        return pool[which]

    def answers(self, sets: SortedSets) -> Int[Tensor, " B"]:
        """How many elements differ from the one before, in order, the first one included."""
        new = torch.ones_like(sets.values)
        same_set = sets.owner[1:] == sets.owner[:-1]
        new[1:] -= (same_set & (sets.values[1:] == sets.values[:-1])).to(torch.int64)
        return sets.total(new)


def _below(ends: Int[Tensor, " n"], generator: torch.Generator) -> Int[Tensor, " n"]:
    """Random integers from 0 to below each end (at most 2^24), the same on every device."""
    return torch.randint(2**48, ends.shape, generator=generator, device=ends.device) % ends
