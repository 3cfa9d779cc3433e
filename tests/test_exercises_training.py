"""The exercises of `05_train_your_own_monoid`: stubs fail and teach, solutions pass."""

import re
import statistics
from pathlib import Path

import nbformat
import pytest
import torch

from lcm_core import exercises, law_penalty
from lcm_core.exercises import (
    check_best_constant,
    check_fair_race,
    check_penalty,
    check_summary,
)

NOTEBOOK = Path(__file__).parents[1] / "notebooks" / "05_train_your_own_monoid.ipynb"
BASE = "task=second_minimum channels=8 steps=20"


def cell(name: str) -> str:
    cells = nbformat.read(NOTEBOOK, as_version=4).cells
    return next(cell.source for cell in cells if cell.id == name)


def verdict_of(source: str, call: str):
    scope = {"torch": torch, **{name: getattr(exercises, name) for name in exercises.__all__}}
    exec(source, scope)
    return eval(call, scope)


LESSONS = {
    "exercise-baseline": "Exact match counts a near miss as wrong",
    "exercise-penalty": "Divide by s²",
    "exercise-race": "also differ in channels, steps",
    "exercise-summary": "divided by the root of n",
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


@pytest.mark.parametrize(
    ("text", "lesson"),
    [
        (BASE, "has 1"),
        ("\n".join([BASE] * 5), "has 5"),
        (f"{BASE}\n{BASE}", "all the same"),
        (f"{BASE}\n{BASE} asociativity=1", "recipe 2 cannot be read"),
        (f"{BASE} associativity=1\n{BASE} associativity=2", "without a recipe of weight 0"),
        (f"{BASE}\n{BASE} associativity=1 seed=1", "also differ in seed"),
        (f"{BASE}\n{BASE} identity=1", "also differ in identity"),
        (f"{BASE}\n{BASE}\n{BASE} associativity=1", "two recipes are the same"),
        ("task=bbbp\ntask=bbbp associativity=1", "about task=second_minimum"),
    ],
)
def test_unfair_races_are_explained(text: str, lesson: str) -> None:
    verdict = check_fair_race(text)
    assert not verdict.passed
    assert lesson in verdict.text


def test_other_fair_races_pass() -> None:
    assert check_fair_race(f"\n{BASE} associativity=5 readout=gru\n\n{BASE} readout=gru\n").passed


@pytest.mark.parametrize(
    ("summary", "lesson"),
    [
        (lambda s: (max(s), 0), "the mean of"),
        (lambda s: (statistics.mean(s), statistics.stdev(s)), "the spread of single runs"),
        (lambda s: (statistics.mean(s), statistics.pstdev(s) / len(s) ** 0.5), "n − 1"),
        (lambda s: statistics.mean(s), "could not be computed"),
    ],
)
def test_wrong_summaries_are_explained(summary, lesson: str) -> None:
    verdict = check_summary(summary)
    assert not verdict.passed
    assert lesson in verdict.text


def test_another_summary_passes() -> None:
    assert check_summary(
        lambda s: (statistics.fmean(s), statistics.stdev(s) / len(s) ** 0.5)
    ).passed
