"""The checks of `10_operator_playground`: formulas, an operator of a cell, and a recipe."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from lcm_core.exercises.progress import remembered
from lcm_core.exercises.verdict import Verdict
from lcm_core.laws.in_words import laws_in_words
from lcm_core.laws.wording import LawsInWords, number
from lcm_core.operators import FormulaOperator, Operator, make_operator
from lcm_core.operators.from_function import from_function
from lcm_core.training.recipe import Recipe

__all__ = ["check_formula_recipe", "check_identity_of_seven", "check_one_and_one", "check_ordered"]

WIDTH = 4


@remembered
def check_identity_of_seven(formula: str) -> Verdict:
    """Says whether the formula is a commutative monoid whose identity is 7.

    Args:
        formula: in x and y, as text.
    """
    operator, problem = _read(formula)
    if operator is None:
        return problem
    laws = laws_in_words(operator)
    if (wrong := _broken(laws, "commutativity", "associativity")) is not None:
        return wrong
    found = laws.identity
    if found is None or not found.exact:
        return Verdict(False, f"it commutes and associates, but its identity is {_e(laws)}.")
    if abs(found.value - 7) > 1e-6:
        at = float(operator(torch.tensor([[7.0]]), torch.tensor([[1.0]])))
        return Verdict(
            False,
            f"a commutative monoid, but its identity is {number(found.value, 6)}, not 7: 7 ⊕ 1 = "
            f"{number(at)}. Shift the numbers so that {number(found.value, 6)} comes to lie at 7.",
        )
    return Verdict(True, f"{formula} is a commutative monoid, as far as we tried, and e = 7.")


@remembered
def check_one_and_one(formula: str) -> Verdict:
    """Says whether the formula is a commutative monoid with identity 0 in which 1 ⊕ 1 is 5.

    Args:
        formula: in x and y, as text.
    """
    operator, problem = _read(formula)
    if operator is None:
        return problem
    ones = torch.ones(1, 1)
    made = float(operator(ones, ones))
    if not abs(made - 5) < 1e-4:
        return Verdict(False, f"1 ⊕ 1 must be 5, and here it is {number(made)}.")
    laws = laws_in_words(operator)
    if (wrong := _broken(laws, "commutativity", "associativity")) is not None:
        return wrong
    found = laws.identity
    if found is None or not found.exact or abs(found.value) > 1e-6:
        return Verdict(False, f"1 ⊕ 1 = 5, and no tree matters; but the identity is {_e(laws)}.")
    return Verdict(True, "1 ⊕ 1 = 5 and 0 does nothing: addition of other numbers, in disguise.")


@remembered
def check_ordered(function: Callable[[Tensor, Tensor], Tensor]) -> Verdict:
    """Says whether x ⊕ y associates and does not commute, while both states count.

    Args:
        function: takes two states of four features and gives a third.
    """
    if isinstance(function, Operator) or not callable(function):
        return Verdict(False, f"expected a function of x and y, got {function!r}.")
    operator = from_function(function)(WIDTH)
    laws = laws_in_words(operator)
    if laws["associativity"].holds is None:
        return Verdict(False, f"{laws['associativity'].text}. It gets states of {WIDTH} features.")
    ignored = _ignored(operator)
    if ignored:
        return Verdict(
            False,
            f"x ⊕ y ignores its {ignored} operand: of a list, only one end would be left. "
            "Both states must count.",
        )
    if (wrong := _broken(laws, "associativity")) is not None:
        return wrong
    if laws["commutativity"].holds:
        return Verdict(
            False,
            "the tree does not matter, good, but neither does the order: x ⊕ y = y ⊕ x on all that "
            "was tried. Let one feature of the left state act on another of the right one.",
        )
    return Verdict(
        True,
        "every tree gives one answer, and the order matters: "
        f"{laws['commutativity'].text.split(' (on')[0]}.",
    )


@remembered
def check_formula_recipe(text: str) -> Verdict:
    """Says whether a recipe trains a formula that has a parameter and is a monoid at its start.

    Args:
        text: of the recipe.
    """
    try:
        recipe = Recipe.parse(text)
    except Exception as error:
        return Verdict(False, f"this is no recipe: {error}")
    if not recipe.readout.startswith("formula("):
        return Verdict(
            False,
            f"its readout is {recipe.readout!r}, which is no formula: copy the last line of the "
            "playground, readout=formula(…), into the recipe.",
        )
    operator = make_operator(recipe.readout, channels=1)
    assert isinstance(operator, FormulaOperator)
    if not operator.formula.parameters:
        return Verdict(
            False,
            f"{recipe.readout} has no parameter, so that there is nothing of ⊕ to learn: put a "
            "name such as a into the formula, and its first value behind a semicolon.",
        )
    wrong = _broken(laws_in_words(operator), "commutativity", "associativity")
    if wrong is not None:
        return wrong
    return Verdict(
        True,
        f"training begins at {recipe.readout}, where no tree and no order matters, and may move "
        f"{', '.join(operator.formula.parameters)}.",
    )


def _read(formula: object) -> tuple[FormulaOperator | None, Verdict]:
    if not isinstance(formula, str):
        return None, Verdict(False, f"expected a formula as text, in quotes, got {formula!r}.")
    try:
        return FormulaOperator(1, formula).eval().requires_grad_(False), Verdict(True, "")
    except ValueError as error:
        return None, Verdict(False, f"this is no formula: {error}.")


def _broken(laws: LawsInWords, *names: str) -> Verdict | None:
    for name in names:
        if laws[name].holds is None:
            return Verdict(False, f"{name} could not be tried: {laws[name].text}.")
        if not laws[name].holds:
            return Verdict(False, f"{name} is {laws[name].text}.")
    return None


def _e(laws: LawsInWords) -> str:
    return laws["identity"].text


def _ignored(operator: Operator) -> str:
    """Which operand makes no difference: "left", "right", or neither, which is empty."""
    generator = torch.Generator().manual_seed(0)
    x, y = torch.randn(2, 64, WIDTH, generator=generator).relu()  # half of them are 0
    with torch.no_grad():
        base = operator(x, y)
        if torch.equal(base, operator(x.flip(0), y)):
            return "left"
        return "right" if torch.equal(base, operator(x, y.flip(0))) else ""
