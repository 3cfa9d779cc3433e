"""Differentiable law errors, to be added to a loss, and the states they are measured on."""

import warnings
from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from lcm_core.laws.measure import Sides, difference, law_sides, unit_of, variance
from lcm_core.operators import Operator
from lcm_core.operators.base import check_operator
from lcm_core.operators.devices import beside

__all__ = [
    "LAW_PENALTIES",
    "PENALTIES",
    "PENALTY_STATES",
    "draw_tuples",
    "holds_by_construction",
    "law_penalty",
    "level_samples",
    "penalty_of_sides",
]

LAW_PENALTIES = ("commutativity", "associativity", "identity")
PENALTIES = (*LAW_PENALTIES, "sire")
PENALTY_STATES = ("tree", "encoded")


def law_penalty(
    operator: Operator | str, law: str | Operator, *states: Float[Tensor, "m state"]
) -> Float[Tensor, ""]:
    r"""Differentiable regulariser of a law: its mean squared error.

    .. math:: E \|\mathrm{left} - \mathrm{right}\|^2 / s^2

    over the given tuples of states, with the spread s² = E‖u − ū‖² of all sides u. The gradient
    goes through s² too, so that neither the penalty nor its gradient depends on the scale of the
    states. With s² held fixed the states shrink, s² follows, and training collapses.

    >>> from lcm_core import make_operator
    >>> x, y, z = torch.tensor([[[0.0], [1.0]], [[1.0], [3.0]], [[2.0], [2.0]]])
    >>> law_penalty(make_operator("max", channels=1), "associativity", x, y, z).item()
    0.0
    >>> half = make_operator("formula((x+y)/2)", channels=1)
    >>> law_penalty(half, "commutativity", x, y).item()
    0.0
    >>> law_penalty(half, "associativity", x, y, z).item() > 0.1
    True

    Args:
        operator: the operator ⊕.
        law: one of `LAWS`. (The old order, law before operator, still works, with a warning.)
        *states: batches of states (m, state_dim): 2 for commutativity, 3 for associativity and
            exchange, 1 for identity.

    Returns:
        The penalty, a scalar.

    Raises:
        ValueError: an unknown law; another number of batches; identity, if the operator has none.
    """
    if isinstance(operator, str):
        warnings.warn("law_penalty now begins with the operator", DeprecationWarning, stacklevel=2)
        operator, law = law, operator
    check_operator(operator)
    assert isinstance(operator, Operator)
    return penalty_of_sides(
        law_sides(str(law), operator, [beside(operator, each) for each in states])
    )


def penalty_of_sides(sides: Sides) -> Float[Tensor, ""]:
    """The penalty of a law, given its two sides for all tuples, as `law_sides` makes them."""
    squared = torch.stack([difference(a, b).square().sum(-1) for a, b in sides]).amax(0)
    return squared.mean() / unit_of(variance(sides))


def level_samples(
    levels: Sequence[Float[Tensor, "_ state"]], count: int, arity: int, generator: torch.Generator
) -> tuple[Float[Tensor, "m state"], ...]:
    """Draw tuples of states from the trees of a batch, equally from every level.

    The states of a tuple are drawn independently, so that levels mix, as they do in other trees.

    Args:
        levels: the states of each level (`Levels.states` in `lcm_core.reduction`); empty ones are
            left out.
        count: number of tuples, rounded up to a multiple of the number of levels.
        arity: states a tuple.
        generator: on the CPU; it draws which.
    """
    filled = [level for level in levels if len(level)]
    drawn = []
    for rows, mixed in draw_tuples([len(level) for level in filled], count, arity, generator):
        states = [level[row.to(level.device)] for level, row in zip(filled, rows, strict=True)]
        drawn.append(torch.cat(states)[mixed.to(filled[0].device)])
    return tuple(drawn)


def draw_tuples(
    sizes: Sequence[int], count: int, arity: int, generator: torch.Generator
) -> list[tuple[list[Tensor], Tensor]]:
    """What `level_samples` draws from levels of these sizes, none of them 0.

    Args:
        sizes: of the levels.
        count, arity, generator: as of `level_samples`.

    Returns:
        For each place in a tuple: rows of each level, equally many; and the order in which the
        states of all levels, end to end, go to the tuples.
    """
    share = -(-count // len(sizes))
    drawn = []
    for _ in range(arity):
        rows = [torch.randint(size, (share,), generator=generator) for size in sizes]
        drawn.append((rows, torch.randperm(share * len(sizes), generator=generator)))
    return drawn


def holds_by_construction(law: str, operator: Operator) -> bool:
    """Whether the law holds for all parameters, so that there is nothing to regularise."""
    if law == "identity":
        return operator.identity is None or _fixed(operator)
    holds: Any = getattr(operator, {"commutativity": "commutative"}.get(law, "associative"))
    return bool(holds)


def _fixed(operator: Operator) -> bool:
    return not any(parameter.requires_grad for parameter in operator.parameters())
