"""The checks of `01_aggregators_are_monoids`: identities, a witness, and monoids to be made."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from lcm_core.exercises.progress import remembered
from lcm_core.exercises.verdict import Verdict
from lcm_core.operators import Operator
from lcm_core.operators.devices import on_cpu
from lcm_core.trees.tree import Tree, make_tree

__all__ = [
    "check_identities",
    "check_mean",
    "check_second_smallest",
    "check_variance",
    "check_witness",
]

TOLERANCE = 1e-3

#: Sets of easy numbers, small ones first; a set may hold a number twice.
SETS: tuple[tuple[float, ...], ...] = (
    (2.0, 4.0),
    (1.0, 2.0, 6.0),
    (3.0, 3.0, 9.0),
    (5.0, 1.0, 4.0, 2.0),
    (-2.0, 0.0, 7.0, 7.0, 3.0),
)
TREES = ("((0 1) 2)", "(0 (1 2))", "((0 1)(2 3))", "(((0 1) 2) 3)", "(0 (1 (2 3)))")

#: Operations on numbers or words, each with three values to try an identity on.
OPERATIONS: dict[str, tuple[str, Callable[[Any, Any], Any], tuple[Any, ...]]] = {
    "sum": ("{} + {}", lambda a, b: a + b, (3.0, -2.0, 0.5)),
    "product": ("{} × {}", lambda a, b: a * b, (3.0, -2.0, 0.5)),
    "min": ("min({}, {})", min, (3.0, -2.0, 1000.0)),
    "concatenation": ("{} + {}", lambda a, b: a + b, ("tree", "a", "sets")),
}


@remembered
def check_identities(identities: Mapping[str, Any]) -> Verdict:
    """Says of each of sum, product, min and concatenation whether the value given does nothing."""
    for name, (form, combine, values) in OPERATIONS.items():
        if name not in identities:
            return Verdict(False, f"there is no entry {name!r}: the four are {[*OPERATIONS]}.")
        e = identities[name]
        for x in values:
            for left, right in ((e, x), (x, e)):
                try:
                    got = combine(left, right)
                except Exception as error:
                    return Verdict(
                        False,
                        f"{name}: {e!r} and {x!r} could not be combined ({error}). "
                        "The identity is a value of the same kind as those it is combined with.",
                    )
                if got != x:
                    shown = form.format(repr(left), repr(right))
                    return Verdict(
                        False,
                        f"{name}: {shown} = {got!r}, but an identity leaves every value as it was, "
                        f"and this was {x!r}. Which value changes nothing?",
                    )
    return Verdict(
        True,
        "each does nothing, on both sides: it is what the operation gives for no value at all.",
    )


@remembered
def check_witness(
    first: Sequence[float], second: Sequence[float], added: Sequence[float]
) -> Verdict:
    """Says whether two sets with one second smallest number differ in it once `added` joins them.

    Then no operator can compute the second smallest of a union from the second smallest of its
    parts.
    """
    for name, numbers in (("first", first), ("second", second)):
        if len(numbers) < 2:
            return Verdict(False, f"{name} has no second smallest number: give it 2 or more.")
    if len(added) == 0:
        return Verdict(False, "added is empty: then both sets stay as they are. Put a number in.")
    before = second_smallest(first), second_smallest(second)
    if before[0] != before[1]:
        return Verdict(
            False,
            f"the second smallest of first is {before[0]:g}, that of second {before[1]:g}: they "
            "can be told apart. Find two sets that an aggregator cannot tell apart by this number.",
        )
    after = second_smallest([*first, *added]), second_smallest([*second, *added])
    if after[0] == after[1]:
        return Verdict(
            False,
            f"both have {before[0]:g}, good, but with {[*added]} both then have {after[0]:g}. "
            "What have the two sets forgotten? Let their smallest numbers differ, and add a number "
            "that lies between.",
        )
    return Verdict(
        True,
        f"both have {before[0]:g}, and after the same numbers join, one has {after[0]:g} and the "
        f"other {after[1]:g}. An operator sees {before[0]:g} both times, and cannot give both.",
    )


@remembered
def check_mean(operator: Operator) -> Verdict:
    """Says whether lift, ⊕ and lower give the mean of every set, by every tree and order."""
    lesson = (
        "The mean of a part does not say how many numbers it is the mean of. "
        "Let the state carry what is missing."
    )
    return _judge(operator, "mean", lambda s: sum(s) / len(s), lesson, smallest_set=1)


@remembered
def check_second_smallest(operator: Operator) -> Verdict:
    """Says whether lift, ⊕ and lower give the second smallest number of every set of 2 or more."""
    lesson = (
        "When two parts meet, which numbers of each could still become the second smallest of "
        "the whole? The state must keep them."
    )
    return _judge(operator, "second smallest", second_smallest, lesson, smallest_set=2)


@remembered
def check_variance(operator: Operator) -> Verdict:
    """Says whether lift, ⊕ and lower give the variance, the mean squared distance to the mean."""
    lesson = (
        "The variance is the mean of the squares less the square of the mean: which three numbers "
        "must be added up?"
    )

    def variance(numbers: Sequence[float]) -> float:
        mean = sum(numbers) / len(numbers)
        return sum((number - mean) ** 2 for number in numbers) / len(numbers)

    return _judge(operator, "variance", variance, lesson, smallest_set=1)


def second_smallest(numbers: Sequence[float]) -> float:
    """Of 2 numbers or more; a number that occurs twice counts twice."""
    return sorted(numbers)[1]


def _judge(
    operator: Operator,
    name: str,
    truth: Callable[[Sequence[float]], float],
    lesson: str,
    smallest_set: int,
) -> Verdict:
    """Compares the answers over sets, orders and trees with the truth, then tries the identity."""
    operator = on_cpu(operator)
    sets = [*([(4.0,)] if smallest_set == 1 else []), *SETS]
    try:
        for numbers in sets:
            orders = torch.tensor([*itertools.islice(itertools.permutations(numbers), 24)])
            wanted = truth(numbers)
            by_tree = {tree: _answers(operator, orders, tree) for tree in _trees(len(numbers))}
            for tree, answers in by_tree.items():
                wrong = ~((answers - wanted).abs() <= TOLERANCE)
                if bool(wrong.any()):
                    row = int(wrong.nonzero()[0])
                    others = [float(other[row]) for other in by_tree.values()]
                    matters = max(others) - min(others) > TOLERANCE
                    return Verdict(
                        False,
                        f"the {name} of {', '.join(f'{x:g}' for x in orders[row].tolist())} is "
                        f"{wanted:.4g}, but lift, ⊕ {_by(tree, orders[row])}and lower give "
                        f"{float(answers[row]):.4g}. "
                        + "Another tree gives another answer: ⊕ is not associative. " * matters
                        + lesson,
                    )
        return _identity(operator, sets[-1]) or Verdict(
            True, f"the {name} is right for every set, order and tree tried, and ⊕ has an identity."
        )
    except Exception as error:
        return Verdict(
            False,
            f"the answer for a set could not be computed: {type(error).__name__}: {error}. "
            "lift gives states of state_dim numbers, forward combines two of them to one like "
            "them, and lower makes an answer of out_channels numbers.",
        )


def _identity(operator: Operator, numbers: Sequence[float]) -> Verdict | None:
    if operator.identity is None:
        return Verdict(
            False,
            "all answers are right, but there is no identity: what does an empty set give? "
            "Pass identity=… to super().__init__, a number for all entries of the state.",
        )
    x = operator.lift(torch.tensor(numbers)[:, None])
    e = operator.identity.expand_as(x)
    with torch.no_grad():
        for combined, form in ((operator(e, x), "e ⊕ x"), (operator(x, e), "x ⊕ e")):
            same = (combined == x) | ((combined - x).abs() <= TOLERANCE)
            if not bool(same.all()):
                row = int((~same).any(-1).nonzero()[0])
                return Verdict(
                    False,
                    f"all answers are right, but the identity is not: with e = {_show(e[row])} and "
                    f"the state x = {_show(x[row])}, {form} = {_show(combined[row])}, and not x. "
                    "Which state changes nothing when it is combined?",
                )
    return None


def _answers(operator: Operator, orders: Tensor, tree: Tree) -> Tensor:
    """The lowered answers (p,) of one tree over p orders of a set of n numbers (p, n)."""
    with torch.no_grad():
        states = [operator.lift(column[:, None]) for column in orders.T]
        for left, right in tree.children.tolist():
            states.append(operator(states[left], states[right]))
        for state in states:
            if state.shape[-1] != operator.state_dim:
                raise ValueError(
                    f"state_dim is {operator.state_dim}, but a state has {state.shape[-1]} numbers"
                )
        lowered = operator.lower(states[-1])
    if lowered.shape != (len(orders), 1):
        raise ValueError(f"expected one number a set, got shape {tuple(lowered.shape)} for 24 sets")
    return lowered[:, 0]


def _trees(n: int) -> list[Tree]:
    if n == 1:
        return [make_tree("balanced", 1)]
    return [Tree.parse(text) for text in TREES if Tree.parse(text).size == n] or [
        make_tree(name, n) for name in ("balanced", "left", "right")
    ]


def _by(tree: Tree, numbers: Tensor) -> str:
    names = [f"{number:g}" for number in numbers.tolist()]
    return "" if tree.size < 3 else f"by the tree {tree.bracketing(names)} "


def _show(state: Tensor) -> str:
    return "(" + ", ".join(f"{number:g}" for number in state.tolist()) + ")"
