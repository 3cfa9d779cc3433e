"""The exercise of the first notebook: its check teaches (see also test_exercises)."""

from pathlib import Path

import nbformat
import pytest
import torch

from lcm_core import make_operator
from lcm_core.exercises import check_any_tree
from lcm_core.operators import Operator

NOTEBOOK = Path(__file__).parents[1] / "notebooks" / "00_start_here.ipynb"


def cell(name: str) -> str:
    cells = nbformat.read(NOTEBOOK, as_version=4).cells
    return next(cell.source for cell in cells if cell.id == name)


def operator_in(source: str) -> Operator:
    scope = {"Operator": Operator, "torch": torch, "check_any_tree": check_any_tree}
    exec(source, scope)
    return scope["Mine"](channels=4)


def operator_of(function) -> Operator:
    class Mine(Operator):
        def forward(self, left, right):
            return function(left, right)

    return Mine(channels=4)


def test_the_stub_fails_with_a_counter_example() -> None:
    verdict = check_any_tree(operator_in(cell("exercise-operator")))
    assert not verdict.passed
    assert "(x ⊕ y) ⊕ z = 2.75 but x ⊕ (y ⊕ z) = 2" in verdict.text
    assert "Not yet" in verdict._repr_html_()


@pytest.mark.parametrize(
    "function",
    [
        lambda x, y: x + y,
        torch.maximum,
        torch.minimum,
        torch.logaddexp,
        lambda x, y: (x**2 + y**2).sqrt(),
        lambda x, y: x * y,
    ],
)
def test_other_solutions_pass(function) -> None:
    verdict = check_any_tree(operator_of(function))
    assert verdict.passed, verdict


@pytest.mark.parametrize(
    ("function", "lesson"),
    [
        (lambda x, y: x - y, "x ⊕ y = -1 but y ⊕ x = 1"),
        (lambda x, y: x, "ignores its right operand"),
        (lambda x, y: y, "ignores its left operand"),
        (lambda x, y: 0 * x, "ignores both operands"),
        (lambda x, y: (x + y) / 2, "the tree does"),
        (lambda x, y: x + y + 1e-3 * x * x * y, "order matters"),
        (lambda x, y: torch.cat([x, y], dim=-1), "must give a state of that shape"),
        (lambda x, y: x @ y, "could not be computed"),
        (lambda x, y: torch.full_like(x, torch.nan), "order matters"),
    ],
)
def test_wrong_answers_are_explained(function, lesson: str) -> None:
    verdict = check_any_tree(operator_of(function))
    assert not verdict.passed
    assert lesson in verdict.text


def test_operators_of_the_library_are_judged_rightly() -> None:
    assert check_any_tree(make_operator("sum", channels=4)).passed
    assert "order matters" in check_any_tree(make_operator("gru", channels=4)).text
    assert "the tree does" in check_any_tree(make_operator("symmetrized_gru", channels=4)).text
