"""Where the states come from on which laws are measured."""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Int
from torch import Tensor

from lcm_core.operators import Operator
from lcm_core.reduction.ragged import reduce

__all__ = ["Population", "closure_population", "encoded_population", "gaussian_population"]


@dataclass(frozen=True)
class Population:
    """States given by elements: state i is the reduction of the i-th set of elements, lifted.

    Args:
        kind: `gaussian`, `encoded` or `closure`.
        elements: (N, channels).
        ptr: (m + 1,): the sets of elements.
    """

    kind: str
    elements: Float[Tensor, "N channels"]
    ptr: Int[Tensor, " m_plus_1"]

    def __len__(self) -> int:
        return len(self.ptr) - 1

    def states(self, operator: Operator) -> Float[Tensor, "m state"]:
        """The states, by the balanced tree."""
        lifted = operator.lift(self.elements)
        return lifted if self.kind != "closure" else reduce(operator, lifted, self.ptr)

    def subset(self, which: Int[Tensor, " k"]) -> "Population":
        """States number `which`, repeats allowed, each with elements of its own."""
        bounds = self.ptr.tolist()
        spans = [torch.arange(bounds[i], bounds[i + 1]) for i in which.tolist()]
        ptr = torch.tensor([0, *(len(span) for span in spans)]).cumsum(0)
        rows = torch.cat(spans).to(self.elements.device)
        return replace(self, elements=self.elements[rows], ptr=ptr.to(self.ptr.device))


def gaussian_population(
    channels: int,
    size: int = 512,
    seed: int = 0,
    dtype: torch.dtype = torch.float32,
    device: torch.device | str = "cpu",
) -> Population:
    """Lifted elements with independent N(0, 1) entries."""
    elements = torch.randn(size, channels, generator=_generator(seed), dtype=dtype).to(device)
    return encoded_population(elements, kind="gaussian")


def encoded_population(elements: Float[Tensor, "m channels"], kind: str = "encoded") -> Population:
    """Lifted elements as they come, such as the outputs of a task's encoder."""
    return Population(kind, elements, torch.arange(len(elements) + 1, device=elements.device))


def closure_population(
    elements: Float[Tensor, "N channels"], size: int = 512, max_set_size: int = 16, seed: int = 0
) -> Population:
    """Reductions of random subsets of the elements: the states that an operator really meets.

    Args:
        elements: (N, channels), from which subsets are drawn without repeats.
        size: number of states.
        max_set_size: sizes are uniform from 1 to this, or to N if that is less.
    """
    if len(elements) == 0:
        raise ValueError("a closure needs at least 1 element, got 0")
    generator = _generator(seed)
    largest = min(max_set_size, len(elements))
    sizes = torch.randint(1, largest + 1, (size,), generator=generator)
    picks = [torch.randperm(len(elements), generator=generator)[:n] for n in sizes.tolist()]
    ptr = torch.cat([sizes.new_zeros(1), sizes.cumsum(0)])
    device = elements.device
    return Population("closure", elements[torch.cat(picks).to(device)], ptr.to(device))


def _generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)
