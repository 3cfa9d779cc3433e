"""Checks of `03_laws_and_their_errors`: an error by hand, and one that hides from an average."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from lcm_core.exercises.progress import remembered
from lcm_core.exercises.verdict import Verdict
from lcm_core.laws.measure import law_report
from lcm_core.operators import Operator, make_operator
from lcm_core.operators.devices import on_cpu
from lcm_core.seeding import Seeded

__all__ = ["check_commutativity_error", "check_hidden_error"]

SMALL, LARGE = 0.01, 1.0  # of the error that hides: its mean and its largest


@remembered
def check_commutativity_error(error: Callable[[Operator, Tensor, Tensor], Tensor]) -> Verdict:
    """Says whether a function measures the mean commutativity error, and what it forgot if not.

    Args:
        error: from an operator and states x, y, each `(m, d)`, to one number.
    """
    x, y = torch.randn(2, 2000, 3, generator=torch.Generator().manual_seed(0))
    gru = _gru()
    try:
        plain = _number(error(gru, x, y))
    except Exception as problem:
        return Verdict(False, f"it could not be computed: {type(problem).__name__}: {problem}.")
    if plain is None:
        return Verdict(
            False,
            "one number is wanted: the mean over all pairs. `.norm(dim=-1)` gives the length of "
            "each row, and `.mean()` their mean.",
        )
    if abs(_number(error(make_operator("sum", 3), x, y)) or 0.0) > 1e-6:
        return Verdict(False, "a sum commutes, so its error must be 0: compare x ⊕ y with y ⊕ x.")
    with torch.no_grad():
        a, b = gru(x, y), gru(y, x)
    want = _mean_error(a, b)
    if math.isclose(plain, want, rel_tol=0.05):
        return _judge_unit(error, gru, x, y, want)
    lesson = _mistake(plain, a, b)
    return Verdict(False, f"for a GRU you get {plain:.3f}, expected {want:.3f}: {lesson}")


def _judge_unit(
    error: Callable[[Operator, Tensor, Tensor], Tensor],
    gru: Operator,
    x: Tensor,
    y: Tensor,
    want: float,
) -> Verdict:
    """Neither a scale nor an offset of the states may change the number."""
    for what, scale, offset in (("100 times larger", 100.0, 0.0), ("moved by 10", 1.0, 10.0)):
        moved = _Moved(gru, scale, offset)
        got = _number(error(moved, x * scale + offset, y * scale + offset))
        if got is None or not math.isclose(got, want, rel_tol=0.05):
            shown = "no number" if got is None else f"{got:.3g}"
            return Verdict(
                False,
                f"right for plain states, but with all states {what} your error is {shown}, and "
                f"the law is broken no more than before ({want:.3f}): divide by the spread, the "
                "distance of states from their own mean.",
            )
    return Verdict(
        True,
        f"{want:.3f} for a GRU, also where all states are moved or larger, and 0 for a sum. This "
        "is what `commutativity_error` of the library does.",
    )


def _mistake(got: float, a: Tensor, b: Tensor) -> str:
    """What gives this number instead of the right one."""
    distance, u = (a - b).norm(dim=-1), torch.cat([a, b])
    centred = u - u.mean(0)
    squares = centred.square().sum(-1).mean()
    single = (
        "you divide by the spread of single features. That of states adds up the squares of all "
        "features before the root."
    )
    known = [
        (
            distance.mean(),
            "this is the distance itself. Divide it by the spread of the states compared.",
        ),
        (distance.mean() / squares, "you divide by s², not by s: take the root."),
        (
            distance.square().mean() / squares,
            "this is the mean of squares: take the root of each sum of squares, then the mean.",
        ),
        (distance.mean() / centred.square().mean().sqrt(), single),
        (distance.mean() / u.std(), single),
        (distance.sum() / squares.sqrt(), "you add up the errors: take their mean."),
    ]
    for value, lesson in known:
        if math.isclose(got, float(value), rel_tol=0.02):
            return lesson
    return (
        "the distance of x ⊕ y and y ⊕ x, in the mean over all pairs, divided by the spread s of "
        "both together, where s² is the mean of ‖u − ū‖²."
    )


class _Moved(Operator):
    """⊕ seen through states that are larger and have an offset."""

    def __init__(self, operator: Operator, scale: float, offset: float):
        super().__init__(operator.channels)
        self.operator, self.scale, self.offset = operator, scale, offset

    def forward(self, left: Tensor, right: Tensor) -> Tensor:
        x, y = ((state - self.offset) / self.scale for state in (left, right))
        return self.operator(x, y) * self.scale + self.offset


def _gru() -> Operator:
    with Seeded(0):
        return make_operator("gru", 3).requires_grad_(False)


def _mean_error(a: Tensor, b: Tensor) -> float:
    u = torch.cat([a, b])
    spread = (u - u.mean(0)).square().sum(-1).mean().sqrt()
    return float((a - b).norm(dim=-1).mean() / spread)


def _number(value: object) -> float | None:
    if isinstance(value, Tensor):
        return float(value.detach()) if value.numel() == 1 else None
    return float(value) if isinstance(value, int | float) else None


@remembered
def check_hidden_error(operator: Operator) -> Verdict:
    """Says whether ⊕ commutes in the mean over Gaussian numbers, and yet not everywhere near.

    Args:
        operator: with 1 channel.
    """
    operator = on_cpu(operator)
    states = torch.randn(4000, 1, generator=torch.Generator().manual_seed(0))
    grid = torch.linspace(-4, 4, 161)
    x, y = (points.reshape(-1, 1) for points in torch.meshgrid(grid, grid, indexing="ij"))
    try:
        with torch.no_grad():
            error = law_report(operator, states, ["commutativity"], samples=10_000)["commutativity"]
            apart = (operator(x, y) - operator(y, x)).abs().flatten()
    except Exception as problem:
        return Verdict(False, f"it could not be computed: {type(problem).__name__}: {problem}.")
    if not apart.isfinite().all():
        return Verdict(False, "x ⊕ y is not a finite number for all x and y between −4 and 4.")
    if error.degenerate:
        return Verdict(False, "all answers are alike: let x ⊕ y depend on both x and y.")
    worst = int(apart.argmax())
    largest = float(apart[worst]) / error.spread
    at = f"x = {x[worst].item():.2f}, y = {y[worst].item():.2f}"
    if error.mean >= SMALL:
        return Verdict(
            False,
            f"the mean error over 10,000 Gaussian pairs is {error.mean:.3g}, and should be below "
            f"{SMALL}: break the law only where Gaussian numbers hardly ever are, such as above 3 "
            "(1 of 741).",
        )
    if largest <= LARGE:
        return Verdict(
            False,
            f"the mean error is {error.mean:.3g}, small enough; but the largest between −4 and 4 "
            f"is {largest:.3g} ({at}), and should be above {LARGE:g}: where you break the law, "
            "break it thoroughly.",
        )
    return Verdict(
        True,
        f"the mean error is {error.mean:.3g}, and yet at {at} it is {largest:.3g}. No average over "
        "this population would warn you; a search from its edge, or another population, does.",
    )
