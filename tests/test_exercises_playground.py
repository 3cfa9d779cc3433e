"""The checks of the playground's exercises: wrong answers are explained, right variants pass."""

import pytest
import torch

from lcm_core.exercises import (
    check_formula_recipe,
    check_identity_of_seven,
    check_one_and_one,
    check_ordered,
)


@pytest.mark.parametrize("formula", ["x + y - 7", "x*y/7", "7 + (x - 7) + (y - 7)"])
def test_formulas_with_identity_7_pass(formula: str) -> None:
    assert check_identity_of_seven(formula).passed


@pytest.mark.parametrize(
    ("formula", "lesson"),
    [
        ("x + y", "its identity is 0, not 7: 7 ⊕ 1 = 8"),
        ("x - y + 7", "commutativity is broken at x = 0, y = 1"),
        ("(x + y)/2", "associativity is broken at"),
        ("x + 7", "commutativity is broken"),
        ("7", "its identity is none among the numbers"),
        ("log(-1 - x*x - y*y)", "could not be tried"),
        ("x +", "no formula"),
        (7, "as text, in quotes"),
    ],
)
def test_other_formulas_are_explained(formula, lesson: str) -> None:
    verdict = check_identity_of_seven(formula)
    assert not verdict.passed
    assert lesson in verdict.text


@pytest.mark.parametrize("formula", ["x + y + 3*x*y", "((1 + 3*x)*(1 + 3*y) - 1)/3"])
def test_formulas_in_which_one_and_one_is_5_pass(formula: str) -> None:
    assert check_one_and_one(formula).passed


@pytest.mark.parametrize(
    ("formula", "lesson"),
    [
        ("x + y", "1 ⊕ 1 must be 5, and here it is 2"),
        ("x + y + 3", "the identity is e = −3"),
        ("5*x*y", "the identity is e = 0.2"),
        ("5*sqrt(x*y)", "associativity is broken"),
        ("2*x + 3*y", "commutativity is broken"),
        ("x y", "no formula"),
    ],
)
def test_formulas_in_which_it_is_not_are_explained(formula: str, lesson: str) -> None:
    verdict = check_one_and_one(formula)
    assert not verdict.passed
    assert lesson in verdict.text


def affine(x, y):
    a, b = x.chunk(2, dim=-1)
    c, d = y.chunk(2, dim=-1)
    return torch.cat([a * c, a * d + b], dim=-1)


def matrices(x, y):
    return (x.unflatten(-1, (2, 2)) @ y.unflatten(-1, (2, 2))).flatten(-2)


def first_unless_zero(x, y):
    return torch.where(x == 0, y, x)


@pytest.mark.parametrize("function", [affine, matrices, first_unless_zero])
def test_ordered_operators_pass(function) -> None:
    verdict = check_ordered(function)
    assert verdict.passed, verdict
    assert "the order matters: broken at" in verdict.text


@pytest.mark.parametrize(
    ("function", "lesson"),
    [
        (lambda x, y: x + y, "neither does the order"),
        (lambda x, y: x, "ignores its right operand"),
        (lambda x, y: y, "ignores its left operand"),
        (lambda x, y: x - y, "associativity is broken at"),
        (lambda x, y: x + 2 * y, "associativity is broken at"),
        (lambda x, y: x @ y, "could not be computed: RuntimeError"),
        (lambda x, y: torch.cat([x, y], -1), "of the shape of x"),
        (3, "expected a function"),
    ],
)
def test_other_functions_are_explained(function, lesson: str) -> None:
    verdict = check_ordered(function)
    assert not verdict.passed
    assert lesson in verdict.text


def test_recipes() -> None:
    assert check_formula_recipe("readout=formula(x+y+a*x*y;a=0.1)").passed
    assert check_formula_recipe("readout=formula(log(exp(a*x)+exp(a*y))/a;a=-1) steps=9").passed


@pytest.mark.parametrize(
    ("text", "lesson"),
    [
        ("readout=sum", "which is no formula"),
        ("task=second_minimum", "'symmetrized_gru', which is no formula"),
        ("readout=formula(x+y)", "nothing of ⊕ to learn"),
        ("readout=formula(a*x+a*y;a=0.5)", "associativity is broken"),
        ("readout=formula(x+)", "ends with +"),
        ("readout=formula(x + y)", "no recipe"),
        ("readot=sum", "did you mean 'readout'"),
        (3, "no recipe"),
    ],
)
def test_other_recipes_are_explained(text, lesson: str) -> None:
    verdict = check_formula_recipe(text)
    assert not verdict.passed
    assert lesson in verdict.text
