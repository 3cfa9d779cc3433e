"""The exercises of `05_train_your_own_monoid`: stubs fail and teach, solutions pass."""

import re
import statistics
from pathlib import Path

import nbformat
import pytest
import torch

from lcm_core import exercises, law_penalty, reduce
from lcm_core.exercises import (
    check_best_constant,
    check_penalty,
    check_size_only,
    check_tree_gap,
)
from lcm_core.operators import Operator

NOTEBOOK = Path(__file__).parents[1] / "notebooks" / "05_train_your_own_monoid.ipynb"


def cell(name: str) -> str:
    cells = nbformat.read(NOTEBOOK, as_version=4).cells
    return next(cell.source for cell in cells if cell.id == name)


def verdict_of(source: str, call: str):
    scope = {"torch": torch, "reduce": reduce, "Operator": Operator}
    scope |= {name: getattr(exercises, name) for name in exercises.__all__}
    exec(source, scope)
    return eval(call, scope)


LESSONS = {
    "exercise-baseline": "Exact match counts a near miss as wrong",
    "exercise-penalty": "Divide by s²",
    "exercise-size-only": "the elements show through",
    "exercise-tree-gap": "You compare two orders",
}


@pytest.mark.parametrize("name", LESSONS)
def test_the_stub_teaches_and_the_solution_passes(name: str) -> None:
    *stub, call = cell(name).splitlines()
    verdict = verdict_of("\n".join(stub), call)
    assert not verdict.passed
    if name != "exercise-penalty":
        assert LESSONS[name] in verdict.text
    (solution,) = re.findall(r"```python\n(.*?)```", cell(f"{name}-hint"), re.DOTALL)
    assert verdict_of(solution, call).passed


@pytest.mark.parametrize(
    ("score", "lesson"),
    [
        (lambda answers: answers.count(answers[0]) / len(answers), "always saying 1"),
        (lambda answers: max(answers.count(a) for a in answers), "you have 2"),
        (lambda answers: answers.index(-1), "could not be computed"),
        (lambda answers: None, "could not be computed"),
    ],
)
def test_wrong_baselines_are_explained(score, lesson: str) -> None:
    verdict = check_best_constant(score)
    assert not verdict.passed
    assert lesson in verdict.text


def test_another_baseline_passes() -> None:
    assert check_best_constant(lambda a: a.count(statistics.mode(a)) / len(a)).passed


def squared(op, x, y, z):
    return (op(op(x, y), z) - op(x, op(y, z))).square()


def spread(op, x, y, z):
    results = torch.cat([op(op(x, y), z), op(x, op(y, z))])
    return (results - results.mean(0)).square()


@pytest.mark.parametrize(
    ("penalty", "lesson"),
    [
        (lambda *a: squared(*a).mean(), "you have"),
        (lambda *a: (squared(*a).sum(1).mean() / spread(*a).sum(1).mean()).sqrt(), "its root"),
        (lambda *a: (squared(*a).mean() / spread(*a).mean()).item(), "no gradient flows"),
        (lambda *a: squared(*a).mean() + 1, "a sum is associative"),
        (lambda op, x, y, z: op(x), "could not be computed"),
        (lambda op, x, y, z: x, "could not be computed"),
    ],
)
def test_wrong_penalties_are_explained(penalty, lesson: str) -> None:
    verdict = check_penalty(penalty)
    assert not verdict.passed
    assert lesson in verdict.text


@pytest.mark.parametrize(
    "penalty",
    [
        lambda *a: squared(*a).mean() / spread(*a).mean(),
        lambda *a: squared(*a).sum(1).mean() / spread(*a).sum(1).mean().detach(),
        lambda op, *states: law_penalty(op, "associativity", *states),
    ],
)
def test_other_penalties_pass(penalty) -> None:
    assert check_penalty(penalty).passed, check_penalty(penalty)


def operator_of(lift, combine, identity=0.0):
    class Mine(Operator):
        def __init__(self):
            super().__init__(4, identity=identity)

        def lift(self, x):
            return lift(x)

        def forward(self, left, right):
            return combine(left, right)

    return Mine()


@pytest.mark.parametrize(
    ("lift", "combine", "identity", "lesson"),
    [
        (lambda x: x, torch.add, 0.0, "the elements show through"),
        (torch.zeros_like, torch.add, 0.0, "so that s is 0"),
        (torch.ones_like, torch.maximum, 0.0, "so that s is 0"),
        (torch.ones_like, lambda x, y: x + 2 * y, 0.0, "x ⊕ y and y ⊕ x differ"),
        (torch.ones_like, lambda x, y: x * y + 1, 0.0, "(x ⊕ y) ⊕ z and x ⊕ (y ⊕ z) differ"),
        (torch.ones_like, torch.add, 1.0, "there is no identity"),
        (torch.ones_like, torch.add, None, "there is no identity"),
        (torch.ones_like, lambda x, y: x @ y, 0.0, "could not be computed"),
    ],
)
def test_operators_that_know_more_or_less_than_the_size_are_explained(
    lift, combine, identity, lesson: str
) -> None:
    verdict = check_size_only(operator_of(lift, combine, identity))
    assert not verdict.passed
    assert lesson in verdict.text


@pytest.mark.parametrize(
    ("lift", "combine", "identity"),
    [
        (torch.ones_like, torch.add, 0.0),
        (lambda x: torch.full_like(x, 2), torch.mul, 1.0),
        (torch.ones_like, lambda x, y: (x + y).clamp_max(5), 0.0),
    ],
)
def test_other_operators_of_the_size_pass(lift, combine, identity) -> None:
    verdict = check_size_only(operator_of(lift, combine, identity))
    assert verdict.passed, verdict


def by_trees(op, x, one="balanced", other="left"):
    return reduce(op, x, tree=one) - reduce(op, x, tree=other)


@pytest.mark.parametrize(
    ("gap", "lesson"),
    [
        (lambda op, x: (reduce(op, x) - reduce(op, x.flip(0))).norm(), "two orders"),
        (lambda op, x: by_trees(op, x, other="right").norm(), "by the trees balanced and left"),
        (lambda op, x: by_trees(op, x).abs().mean(), "by the trees balanced and left"),
        (lambda op, x: 0.0, "by the trees balanced and left"),
        (lambda op, x: reduce(op, x, tree="chain"), "could not be computed"),
    ],
)
def test_wrong_gaps_are_explained(gap, lesson: str) -> None:
    verdict = check_tree_gap(gap)
    assert not verdict.passed
    assert lesson in verdict.text


def test_another_gap_passes() -> None:
    assert check_tree_gap(
        lambda op, x: torch.dist(reduce(op, x), reduce(op, x, tree="left"))
    ).passed
