"""The check of `00_start_here`: an operator for which no tree and no order matters."""

from __future__ import annotations

import itertools

import torch
from torch import Tensor

from lcm_core.exercises.progress import remembered
from lcm_core.exercises.verdict import Verdict, differ
from lcm_core.operators import Operator
from lcm_core.operators.devices import on_cpu

__all__ = ["check_any_tree"]

#: Easy numbers first, so that a counter-example can be checked in the head.
NUMBERS = (1.0, 2.0, 4.0, 0.5, -1.0, -3.0)


@remembered
def check_any_tree(operator: Operator) -> Verdict:
    """Says whether ⊕ gives one answer over every tree and order, and shows numbers if it does not.

    Args:
        operator: with `state_dim` features; only `operator(left, right)` is called.
    """
    operator = on_cpu(operator)
    width = operator.state_dim
    with torch.no_grad():
        ones = torch.ones(1, width)
        try:
            shape = tuple(operator(ones, 2 * ones).shape)
        except Exception as error:
            return Verdict(
                False,
                f"x ⊕ y could not be computed: {type(error).__name__}: {error}. "
                "forward(left, right) gets two tensors of one shape and returns a third.",
            )
        if shape != (1, width):
            return Verdict(
                False,
                f"two states of shape (1, {width}) must give a state of that shape, got {shape}. "
                "⊕ takes two states and gives one of the same kind, so that it can be used again.",
            )
        return _forgets(operator) or _order(operator) or _bracketing(operator) or _passed()


def _forgets(operator: Operator) -> Verdict | None:
    """Operators that ignore an operand keep laws for a dull reason."""
    x, y = _states(operator, 256)
    base, other_x, other_y = operator(x, y), operator(x.flip(0), y), operator(x, y.flip(0))
    if differ(base, other_x) and differ(base, other_y):
        return None
    ignored = (
        "both operands"
        if not (differ(base, other_x) or differ(base, other_y))
        else ("its right operand" if differ(base, other_x) else "its left operand")
    )
    return Verdict(
        False,
        f"x ⊕ y ignores {ignored}: every set would lose elements on its way up the tree. "
        "Both states must count.",
    )


def _order(operator: Operator) -> Verdict | None:
    for a, b in itertools.permutations(NUMBERS, 2):
        x, y = _constant(operator, a), _constant(operator, b)
        one, other = operator(x, y), operator(y, x)
        if differ(one, other):
            return Verdict(
                False,
                f"order matters: with x = {a:g} and y = {b:g} in every feature, "
                f"x ⊕ y = {_show(one)} but y ⊕ x = {_show(other)}. Treat both operands alike.",
            )
    x, y = _states(operator, 256)
    if differ(operator(x, y), operator(y, x)):
        return Verdict(False, "order matters: for random states x ⊕ y and y ⊕ x differ.")
    return None


def _bracketing(operator: Operator) -> Verdict | None:
    for a, b, c in itertools.permutations(NUMBERS, 3):
        x, y, z = (_constant(operator, number) for number in (a, b, c))
        one, other = operator(operator(x, y), z), operator(x, operator(y, z))
        if differ(one, other):
            return Verdict(
                False,
                "order does not matter, good, but the tree does: with x, y, z = "
                f"{a:g}, {b:g}, {c:g}, (x ⊕ y) ⊕ z = {_show(one)} but "
                f"x ⊕ (y ⊕ z) = {_show(other)}. "
                "Does an element that is combined early count as much as one that comes late?",
            )
    x, y, z = _states(operator, 256, 3)
    if differ(operator(operator(x, y), z), operator(x, operator(y, z))):
        return Verdict(
            False, "the tree matters: for random states (x ⊕ y) ⊕ z and x ⊕ (y ⊕ z) differ."
        )
    return None


def _passed() -> Verdict:
    return Verdict(
        True,
        "x ⊕ y = y ⊕ x and (x ⊕ y) ⊕ z = x ⊕ (y ⊕ z) on all numbers tried, so every tree over "
        "every order gives one answer. Run the next cell and look for a 0 in the read-outs.",
    )


def _states(operator: Operator, count: int, how_many: int = 2) -> tuple[Tensor, ...]:
    drawn = torch.randn(
        how_many, count, operator.state_dim, generator=torch.Generator().manual_seed(0)
    )
    return drawn.unbind(0)


def _constant(operator: Operator, number: float) -> Tensor:
    return torch.full((1, operator.state_dim), number)


def _show(state: Tensor) -> str:
    return f"{state.flatten()[0].item():.4g}"
