"""Gradient ascent for the largest law error: a lower bound of the worst case."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Int
from torch import Tensor

from lcm_core.laws.populations import Population
from lcm_core.operators import Operator
from lcm_core.operators.devices import beside
from lcm_core.optimizers import Adam

__all__ = ["Found", "search_largest"]


@dataclass(frozen=True)
class Found:
    """The largest error that a search came by: number `which` of those of these states."""

    error: float
    which: int
    states: Float[Tensor, "k state"]


def search_largest(
    operator: Operator,
    population: Population | Float[Tensor, "m state"],
    start: Int[Tensor, " k"],
    errors: Callable[[Tensor], Tensor],
    steps: int,
    should_stop: Callable[[], bool] | None = None,
) -> Found | None:
    """The largest error that Adam finds, climbing from the states number `start`.

    The elements of a population move (plain states themselves), and stay within the largest
    distance from the mean that the whole population has.

    Args:
        errors: from states (k, state_dim) to errors, any number.
        steps: steps of ascent.
        should_stop: looked at between the steps; None is returned if it is True from the start.
    """
    if isinstance(population, Population):
        picked = population.subset(start)
        everything, moving = population.elements, picked.elements.clone()
    else:
        picked, everything, moving = None, population, population[start].clone()
    everything, moving = beside(operator, everything), beside(operator, moving)
    known = everything.isfinite()
    finite = torch.where(known, everything, 0.0)
    centre = finite.sum(0) / known.sum(0).clamp_min(1)
    radius = torch.where(known, finite - centre, 0.0).norm(dim=-1).max()
    fixed = ~moving.isfinite()  # infinite entries stay
    moving = moving.detach().requires_grad_()
    ascent = Adam([moving], lr=0.05 * float(radius), maximize=True)

    largest: Found | None = None
    for _ in range(steps + 1):
        if should_stop is not None and should_stop():
            break
        with torch.enable_grad():
            states = moving if picked is None else replace(picked, elements=moving).states(operator)
            found = errors(states)
            if largest is None or float(found.detach().max()) > largest.error:
                reached = states.detach().clone()
                largest = Found(float(found.detach().max()), int(found.argmax()), reached)
            if not found.requires_grad:  # a constant, or a step: nowhere to climb
                return largest
            (moving.grad,) = torch.autograd.grad(found.sum(), moving)
        moving.grad.nan_to_num_(0.0, 0.0, 0.0).masked_fill_(fixed, 0.0)
        ascent.step()
        with torch.no_grad():
            offset = torch.where(fixed, 0.0, moving - centre)
            outside = offset.norm(dim=-1, keepdim=True) / radius.clamp_min(1e-12)
            inside = centre + offset / outside.clamp_min(1.0)
            moving.copy_(torch.where(fixed, moving, inside))
    return largest
