"""Differentiable law errors, to be added to a loss, and the states they are measured on."""

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from lcm_core.laws.measure import difference, law_sides, unit_of, variance
from lcm_core.operators import Operator

__all__ = [
    "LAW_PENALTIES",
    "PENALTIES",
    "PENALTY_STATES",
    "holds_by_construction",
    "law_penalty",
    "level_samples",
]

LAW_PENALTIES = ("commutativity", "associativity", "identity")
PENALTIES = (*LAW_PENALTIES, "sire")
PENALTY_STATES = ("tree", "encoded")


def law_penalty(
    law: str, operator: Operator, *states: Float[Tensor, "m state"]
) -> Float[Tensor, ""]:
    """The differentiable regulariser of a law: its mean squared error over given tuples.

    The gradient goes through s² too, so that the penalty and its gradient are blind to the scale of
    the states. With s² held fixed the gradient says "shrink", s² follows, and training collapses.

    Args:
        law: one of `LAWS`.
        operator: the operator ⊕.
        *states: as many batches of states as the law speaks of (2, 3, 1, 3), such as those that
            `level_samples` draws from the trees of a batch.
    """
    sides = law_sides(law, operator, states)
    squared = torch.stack([difference(a, b).square().sum(-1) for a, b in sides]).amax(0)
    return squared.mean() / unit_of(variance(sides))


def level_samples(
    levels: Sequence[Float[Tensor, "_ state"]], count: int, arity: int, generator: torch.Generator
) -> tuple[Float[Tensor, "m state"], ...]:
    """Tuples of states that trees have met, an equal share from every level of a reduction.

    The states of a tuple are drawn independently, so that levels mix, as they do in other trees.

    Args:
        levels: the states of each level (`Levels.states` in `lcm_core.reduction`); empty ones are
            left out.
        count: number of tuples, rounded up to a multiple of the number of levels.
        arity: states a tuple.
        generator: on the CPU; it draws which.
    """
    filled = [level for level in levels if len(level)]
    share = -(-count // len(filled))
    drawn = []
    for _ in range(arity):
        rows = [torch.randint(len(level), (share,), generator=generator) for level in filled]
        mixed = torch.randperm(share * len(filled), generator=generator)
        states = [level[row.to(level.device)] for level, row in zip(filled, rows, strict=True)]
        drawn.append(torch.cat(states)[mixed.to(filled[0].device)])
    return tuple(drawn)


def holds_by_construction(law: str, operator: Operator) -> bool:
    """Whether no parameters could break the law: there is nothing to regularise."""
    if law == "identity":
        return operator.identity is None or _fixed(operator)
    holds: Any = getattr(operator, {"commutativity": "commutative"}.get(law, "associative"))
    return bool(holds)


def _fixed(operator: Operator) -> bool:
    return not any(parameter.requires_grad for parameter in operator.parameters())
