"""The checks of `05_train_your_own_monoid`: baselines, a penalty, a fair race, honest numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import fields

import torch
from torch import Tensor

from lcm_core.exercises.progress import remembered
from lcm_core.exercises.verdict import Verdict
from lcm_core.laws.penalties import law_penalty
from lcm_core.operators import Operator, make_operator
from lcm_core.seeding import Seeded
from lcm_core.training.recipe import Recipe

__all__ = ["check_best_constant", "check_fair_race", "check_penalty", "check_summary"]

ANSWERS = ([0, 1, 1, 2], [3, 3, 3, 3], [0, 0, 7, 7, 7, 100], [5, 1, 2, 3])


@remembered
def check_best_constant(score: Callable[[list[int]], float]) -> Verdict:
    """Whether `score(answers)` is what the best constant answer gets."""
    for answers in ANSWERS:
        likeliest = max(set(answers), key=answers.count)
        wanted = answers.count(likeliest) / len(answers)
        try:
            got = float(score(list(answers)))
        except Exception as error:
            return _could_not(error, "score(answers) gets a list of integers and gives a number.")
        if math.isclose(got, wanted, abs_tol=1e-6):
            continue
        times = f"{answers.count(likeliest)} of {len(answers)}"
        return Verdict(
            False,
            f"with the answers {answers}, always saying {likeliest} is right {times} times, which "
            f"is {wanted:.3g}, and no other constant is right more often; you have {got:.3g}. "
            "Exact match counts a near miss as wrong: what matters is which answer is commonest.",
        )
    return Verdict(
        True, "the share of the commonest answer: nothing that ignores the set beats it."
    )


@remembered
def check_penalty(penalty: Callable[[Operator, Tensor, Tensor, Tensor], Tensor]) -> Verdict:
    """Whether `penalty(operator, x, y, z)` is the squared associativity error in units of s²."""
    with Seeded(0):
        gru = make_operator("symmetrized_gru", channels=4)
    x, y, z = torch.randn(3, 256, 4, generator=torch.Generator().manual_seed(0)).unbind(0)
    x.requires_grad_()
    cases = [("sum", make_operator("sum", channels=4), 1.0), ("the symmetrised GRU", gru, 1.0)]
    cases += [("an average", _Average(channels=4), scale) for scale in (1.0, 100.0)]
    for name, operator, scale in cases:
        states = (scale * x, scale * y, scale * z)
        try:
            got = penalty(operator, *states)
            value = float(torch.as_tensor(got).detach())
        except Exception as error:
            return _could_not(error, "penalty(op, x, y, z) gets states (m, d), gives one number.")
        wanted = float(law_penalty(operator, "associativity", *states).detach())
        if not math.isclose(value, wanted, rel_tol=0.05, abs_tol=1e-6):
            return Verdict(False, _about_penalty(name, value, wanted, scale))
    if not (isinstance(got, Tensor) and got.requires_grad):
        return Verdict(
            False,
            "the numbers are right, but no gradient flows: keep to tensors (no .item(), float() or "
            "detach()), else training could not follow it.",
        )
    return Verdict(
        True,
        "0 for a sum, the same at every scale, and with a gradient: this, times its weight, is "
        "what the slider adds to the loss.",
    )


@remembered
def check_fair_race(text: str) -> Verdict:
    """Whether the text races weights of associativity and nothing else, one of them 0."""
    lines = [line for line in text.splitlines() if line.strip()]
    if not 2 <= len(lines) <= 4:
        return Verdict(False, f"a race has 2 to 4 recipes, one a line; this text has {len(lines)}.")
    recipes = []
    for number, line in enumerate(lines, start=1):
        try:
            recipes.append(Recipe.parse(line))
        except (ValueError, TypeError) as error:
            return Verdict(False, f"recipe {number} cannot be read: {error}.")
    names = [field.name for field in fields(Recipe)]
    differ = [name for name in names if len({getattr(each, name) for each in recipes}) > 1]
    others = [name for name in differ if name != "associativity"]
    if others:
        return Verdict(
            False,
            f"the recipes also differ in {', '.join(others)}: if one wins, nobody knows which "
            "difference was the reason. Change one thing at a time.",
        )
    if "associativity" not in differ:
        return Verdict(False, "the recipes are all the same: give them different associativity=….")
    if recipes[0].task != "second_minimum":
        return Verdict(False, "this race is about task=second_minimum.")
    weights = [recipe.associativity for recipe in recipes]
    if 0 not in weights:
        return Verdict(
            False,
            f"the weights are {', '.join(f'{weight:g}' for weight in weights)}: without a recipe "
            "of weight 0 nothing shows what the penalty does at all.",
        )
    if len(set(weights)) < len(weights):
        return Verdict(False, "two recipes are the same: use each weight once.")
    return Verdict(True, "one difference, and a recipe without it to compare with: a fair race.")


@remembered
def check_summary(summary: Callable[[Sequence[float]], tuple[float, float]]) -> Verdict:
    """Whether `summary(scores)` is the mean and its standard error."""
    for scores in ([0.2, 0.4, 0.6], [1.0, 1.0, 1.0], [0.1, 0.3, 0.2, 0.6]):
        n = len(scores)
        mean = sum(scores) / n
        spread = math.sqrt(sum((score - mean) ** 2 for score in scores) / (n - 1))
        try:
            got, error = (float(number) for number in summary(list(scores)))
        except Exception as problem:
            return _could_not(problem, "summary(scores) gives two numbers: the mean, its error.")
        if not math.isclose(got, mean, abs_tol=1e-6):
            return Verdict(False, f"the mean of {scores} is {mean:.3g}; you have {got:.3g}.")
        if math.isclose(error, spread / math.sqrt(n), abs_tol=1e-6):
            continue
        return Verdict(False, _about_error(scores, error, spread, mean))
    return Verdict(
        True,
        "mean and standard error. With three runs the true mean is within one error of it in 58 % "
        "of all cases, and within 4.3 errors in 95 %.",
    )


class _Average(Operator):
    name = "average"

    def forward(self, left: Tensor, right: Tensor) -> Tensor:
        return (left + right) / 2


def _could_not(error: Exception, usage: str) -> Verdict:
    return Verdict(False, f"could not be computed: {type(error).__name__}: {error}. {usage}")


def _about_penalty(name: str, got: float, wanted: float, scale: float) -> str:
    if name == "sum":
        return f"a sum is associative, so that its penalty is 0; you have {got:.3g}."
    told = f"for {name} the penalty is {wanted:.3g}; you have {got:.3g}. "
    if scale != 1:
        return (
            f"with states {scale:g} times as large you have {got:.3g}, and it should still be "
            f"{wanted:.3g}: else training could keep the law by making all states small. Divide by "
            "s², the mean squared distance of the results from their mean."
        )
    if math.isclose(got, math.sqrt(wanted), rel_tol=0.1):
        return told + "That is its root: the penalty is the square of the error."
    return told + (
        "It is the mean over triples of ‖(x⊕y)⊕z − x⊕(y⊕z)‖², divided by s², the mean squared "
        "distance of the results from their mean."
    )


def _about_error(scores: Sequence[float], got: float, spread: float, mean: float) -> str:
    n = len(scores)
    wanted = spread / math.sqrt(n)
    text = f"for {list(scores)} the standard error is {wanted:.3g}; you have {got:.3g}. "
    if math.isclose(got, spread, abs_tol=1e-6):
        return text + f"That is the spread of single runs: their mean of {n} is surer, by √{n}."
    population = math.sqrt(sum((score - mean) ** 2 for score in scores) / n)
    if math.isclose(got, population / math.sqrt(n), abs_tol=1e-6):
        return text + (
            "You divided the squares by n: since the mean was taken from the same numbers, divide "
            "by n − 1."
        )
    return text + "It is the standard deviation (with n − 1), divided by the root of n."
