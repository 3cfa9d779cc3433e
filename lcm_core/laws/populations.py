"""Populations of states, on which laws are measured."""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Int
from torch import Tensor

from lcm_core.operators import Operator
from lcm_core.operators.devices import beside
from lcm_core.reduction.ragged import reduce

__all__ = ["Population", "closure_population", "encoded_population", "gaussian_population"]


@dataclass(frozen=True)
class Population:
    """States on which laws are measured, given by elements.

    State i is the reduction of the i-th set of lifted elements, so that a population serves any
    operator of that width. `gaussian_population`, `encoded_population` and `closure_population`
    make one.

    >>> from lcm_core import make_operator
    >>> population = Population("closure", torch.ones(3, 1), torch.tensor([0, 1, 3]))
    >>> len(population), population.states(make_operator("sum", channels=1)).flatten().tolist()
    (2, [1.0, 2.0])

    Args:
        kind: `gaussian`, `encoded` or `closure`; the first two have sets of one element.
        elements: (N, channels).
        ptr: the bounds of the m sets of elements, (m + 1,).
    """

    kind: str
    elements: Float[Tensor, "N channels"]
    ptr: Int[Tensor, " m_plus_1"]

    def __len__(self) -> int:
        return len(self.ptr) - 1

    def states(self, operator: Operator) -> Float[Tensor, "m state"]:
        """Lift the elements and reduce each set by the balanced tree.

        Args:
            operator: the operator ⊕ of this width; its device is that of the states.

        Returns:
            States, (m, state_dim).
        """
        lifted = operator.lift(beside(operator, self.elements))
        if self.kind != "closure":
            return lifted
        return reduce(operator, lifted, self.ptr.to(lifted.device))

    def subset(self, which: Int[Tensor, " k"]) -> "Population":
        """Select states, repeats allowed.

        A state that is selected twice is there twice, each time with its own elements.

        Args:
            which: numbers of states, (k,).
        """
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
    """Make a population of elements with independent N(0, 1) entries.

    >>> gaussian_population(channels=3, size=5).elements.shape
    torch.Size([5, 3])

    Args:
        channels: width of the elements.
        size: number of states.
        seed: of the drawing.
        dtype: of the elements.
        device: where the elements are put; they are drawn on the CPU.
    """
    elements = torch.randn(size, channels, generator=_generator(seed), dtype=dtype).to(device)
    return encoded_population(elements, kind="gaussian")


def encoded_population(elements: Float[Tensor, "m channels"], kind: str = "encoded") -> Population:
    """Make a population of given elements, such as a task's encoder outputs.

    >>> len(encoded_population(torch.zeros(4, 2)))
    4

    Args:
        elements: (m, channels); each one, lifted, is a state.
        kind: the name of the population.
    """
    return Population(kind, elements, torch.arange(len(elements) + 1, device=elements.device))


def closure_population(
    elements: Float[Tensor, "N channels"], size: int = 512, max_set_size: int = 16, seed: int = 0
) -> Population:
    """Make a population of reductions of random subsets of the elements.

    Such states are like those inside the operator's trees, so this is the default population
    where there is a task.

    >>> from lcm_core import make_operator
    >>> population = closure_population(torch.eye(4), size=100, max_set_size=3)
    >>> counts = population.states(make_operator("sum", channels=4)).sum(1)
    >>> counts.min().item(), counts.max().item()
    (1.0, 3.0)

    Args:
        elements: (N, channels), from which subsets are drawn; no subset repeats an element.
        size: number of states.
        max_set_size: the sizes of the subsets are uniform from 1 to this, or to N if N is smaller.
        seed: of the drawing.

    Raises:
        ValueError: there is no element.
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
