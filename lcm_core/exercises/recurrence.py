"""Checks of `06_recurrent_aggregators`: folds, orders, what SIRE compares, the first element."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import permutations
from typing import Any

import torch
from torch import Tensor

from lcm_core.aggregations.fold import FoldAggregation
from lcm_core.exercises.progress import remembered
from lcm_core.exercises.verdict import Verdict
from lcm_core.operators import GRU
from lcm_core.reduction.ragged import reduce
from lcm_core.seeding import Seeded

__all__ = [
    "check_exchanged",
    "check_first_state",
    "check_list_fold",
    "check_order_spread",
    "check_range_fold",
]

Step = Callable[[Any, Any], Any]


@remembered
def check_list_fold(fold: Callable[[Step, Any, list[Any]], Any]) -> Verdict:
    """Whether `fold(step, start, elements)` takes one step for each element, from `start`."""
    cases: list[tuple[str, Step, Any, list[Any], Any]] = [
        ("counting, step = h + 1 from 0", lambda h, x: h + 1, 0, ["a", "b", "c"], 3),
        ("counting nothing", lambda h, x: h + 1, 0, [], 0),
        ("joining letters, step = h + x from ''", lambda h, x: h + x, "", ["a", "b", "c"], "abc"),
        ("10 h + x from 0 over 1, 2, 3", lambda h, x: 10 * h + x, 0, [1, 2, 3], 123),
    ]
    for name, step, start, elements, want in cases:
        try:
            got = fold(step, start, list(elements))
        except Exception as error:
            return Verdict(
                False,
                f"{name}: {type(error).__name__}: {error}. The first step is step(start, "
                "elements[0]); a fold needs no element to begin with.",
            )
        if got != want:
            return Verdict(
                False,
                f"{name} should give {want!r}, and you have {got!r}. Begin at `start`, take one "
                "step for every element, the first one too, and give the last state.",
            )
    return Verdict(
        True,
        "one step for each element, from a start that is there before any: so an empty list has an "
        "answer, and states need not be of the same kind as elements.",
    )


@remembered
def check_range_fold(start: Any, step: Step, finish: Callable[[Any], Any]) -> Verdict:
    """Whether the fold gives the range, largest − smallest, in every order."""
    for elements in ([3, 1, 2], [5, 5], [7], [-4, 9, 0, 2]):
        want = max(elements) - min(elements)
        for order in permutations(elements):
            try:
                state = start
                for element in order:
                    state = step(state, element)
                got = finish(state)
            except Exception as error:
                return Verdict(
                    False, f"for the list {list(order)}: {type(error).__name__}: {error}."
                )
            if got != want:
                return Verdict(
                    False,
                    f"read as {list(order)}, the range is {want}, and you have {got}. What must a "
                    "state remember so that the next element, whichever it is, can do its work?",
                )
    return Verdict(
        True,
        "the same in every order. Its start is the identity of (min, max): a state that no element "
        "has touched.",
    )


@remembered
def check_exchanged(exchanged: Callable[[list[Any], int], tuple[list[Any], list[Any]]]) -> Verdict:
    """Whether it gives the k first elements and two more, in both orders of these two."""
    for order, k in ((list("pqabxy"), 2), (list("abcd"), 0), (list("pqrab"), 3), ([5, 1, 4], 1)):
        a, b = order[k : k + 2]
        want = [*order[:k], a, b], [*order[:k], b, a]
        before = list(order)
        try:
            got = exchanged(order, k)
            one, other = (list(each) for each in got)
        except Exception as error:
            return Verdict(
                False, f"for {before}, k = {k}: {type(error).__name__}: {error}. Give two lists."
            )
        if order != before:
            return Verdict(False, "the list that came in was changed: make new ones.")
        if (one, other) != want:
            return Verdict(
                False,
                f"for {before} and k = {k} expected {want[0]} and {want[1]}, got {one} and "
                f"{other}: the prefix stays as it is, the two after it change places, and what "
                "comes later is not read.",
            )
    return Verdict(
        True,
        "if h is the same after both, for every prefix and every two elements, then neighbours may "
        "change places anywhere, and so all orders give the same.",
    )


@remembered
def check_order_spread(spread: Callable[[Tensor], Any]) -> Verdict:
    """Whether `spread(results)`, of (orders, sets, d), is the mean order spread."""
    generator = torch.Generator().manual_seed(0)
    centres = 3 * torch.randn(1, 40, 5, generator=generator)
    results = centres + torch.randn(8, 40, 5, generator=generator)
    want = _order_spread(results)
    for what, given, wanted in (
        ("results that differ between orders", results, want),
        ("the same results, 100 times larger", 100 * results, want),
        ("the same results, moved by 50", results + 50, want),
        ("results that are the same in every order", centres.expand(8, -1, -1), 0.0),
    ):
        try:
            got = float(spread(given))
        except Exception as error:
            return Verdict(
                False,
                f"{type(error).__name__}: {error}. results has shape (orders, sets, d); one number "
                "is wanted.",
            )
        if not math.isclose(got, wanted, rel_tol=0.02, abs_tol=1e-5):
            return Verdict(
                False,
                f"for {what} expected {wanted:.3f}, got {got:.3f}. For each set: the mean over "
                "orders of the squared distance to the mean of that set, and its root. Then the "
                "mean over sets, divided by s, which is taken over all results together.",
            )
    return Verdict(True, f"{want:.3f} here, whatever the scale: `lcm_core.order_spread` is this.")


@remembered
def check_first_state(states_for: Callable[[Tensor, Tensor], Tensor]) -> Verdict:
    """Whether the left reduction of `states_for(x, start)` is the fold of x that begins there."""
    with Seeded(0):
        operator, fold = GRU(4), FoldAggregation(4, 4)
    fold.rnn.load_state_dict(
        {f"{name}_l0": value for name, value in operator.cell.state_dict().items()}
    )
    start = torch.zeros(4)
    for n in (1, 2, 5):
        x = torch.randn(n, 4, generator=torch.Generator().manual_seed(n))
        with torch.no_grad():
            want = fold(x)[0]
            try:
                states = states_for(x, start)
                got = reduce(operator, states, tree="left")[0]
            except Exception as error:
                return Verdict(False, f"{type(error).__name__}: {error}. Give rows, each a state.")
        if not torch.allclose(got, want, atol=1e-5):
            steps = max(len(states) - 1, 0)
            return Verdict(
                False,
                f"for {n} element{'s' * (n > 1)} the reduction takes {steps} step"
                f"{'s' * (steps != 1)} and ends {float((got - want).norm()):.2f} away from the "
                f"fold, which takes {n}. The fold's first step already reads an element: what is "
                "its left side?",
            )
    return Verdict(
        True,
        "h₀ is one more state, at the far left. The reduction without it begins at the first "
        "element instead, which is then a memory and never an input.",
    )


def _order_spread(results: Tensor) -> float:
    from_own_mean = (results - results.mean(0)).square().sum(-1).mean(0).sqrt()
    rows = results.flatten(0, 1)
    s = (rows - rows.mean(0)).square().sum(-1).mean().sqrt()
    return float(from_own_mean.mean() / s)
