"""The exercises of `03_laws_and_their_errors`: wrong answers are explained, right ones pass."""

import pytest
import torch

from lcm_core.exercises import (
    check_commutativity_error,
    check_counterexample,
    check_hidden_error,
    check_symmetrise,
)
from lcm_core.operators import Operator


def sides(operator, x, y):
    return operator(x, y), operator(y, x)


def spread(states):
    return (states - states.mean(0)).square().sum(-1).mean().sqrt()


def right_error(operator, x, y):
    a, b = sides(operator, x, y)
    return (a - b).norm(dim=-1).mean() / spread(torch.cat([a, b]))


def one_sided(operator, x, y):
    a, b = sides(operator, x, y)
    return float((a - b).norm(dim=-1).mean() / spread(a))


def of_the_mean(ratio):
    def error(operator, x, y):
        a, b = sides(operator, x, y)
        return ratio((a - b).norm(dim=-1), torch.cat([a, b]))

    return error


@pytest.mark.parametrize("error", [right_error, one_sided])
def test_right_errors_pass(error) -> None:
    verdict = check_commutativity_error(error)
    assert verdict.passed, verdict


@pytest.mark.parametrize(
    ("error", "lesson"),
    [
        (of_the_mean(lambda d, u: d.mean()), "this is the distance itself"),
        (of_the_mean(lambda d, u: d.mean() / u.norm(dim=-1).mean()), "divide by the spread, the"),
        (of_the_mean(lambda d, u: d.mean() / spread(u) ** 2), "divide by s², not by s"),
        (of_the_mean(lambda d, u: (d**2).mean() / spread(u) ** 2), "mean of squares"),
        (of_the_mean(lambda d, u: d.mean() / u.std()), "spread of single features"),
        (of_the_mean(lambda d, u: d.sum() / spread(u)), "take their mean"),
        (of_the_mean(lambda d, u: d), "one number is wanted"),
        (of_the_mean(lambda d, u: 1 / 0), "ZeroDivisionError"),
        (of_the_mean(lambda d, u: d.mean() + 1), "a sum commutes"),
        (of_the_mean(lambda d, u: 0.01 * d.mean()), "where s² is the mean of"),
        (of_the_mean(lambda d, u: d.mean() * 1.0833), "divide by the spread"),
    ],
)
def test_wrong_errors_are_explained(error, lesson: str) -> None:
    verdict = check_commutativity_error(error)
    assert not verdict.passed
    assert lesson in verdict.text


@pytest.mark.parametrize(
    "symmetrise",
    [
        lambda g: lambda x, y: (g(x, y) + g(y, x)) / 2,
        lambda g: lambda x, y: g(x, y) + g(y, x),
        lambda g: lambda x, y: torch.maximum(g(x, y), g(y, x)),
        lambda g: lambda x, y: g(torch.minimum(x, y), torch.maximum(x, y)),
    ],
)
def test_right_symmetrisations_pass(symmetrise) -> None:
    verdict = check_symmetrise(symmetrise)
    assert verdict.passed, verdict


@pytest.mark.parametrize(
    ("symmetrise", "lesson"),
    [
        (lambda g: g, "let h use both"),
        (lambda g: lambda x, y: x + y, "the same for every g"),
        (lambda g: lambda x, y: 0 * g(x, y), "does not change with y"),
        (lambda g: lambda x, y: (g(x, y) + g(y, x)).mean(), "the same shape"),
        (lambda g: 3, "TypeError"),
    ],
)
def test_wrong_symmetrisations_are_explained(symmetrise, lesson: str) -> None:
    verdict = check_symmetrise(symmetrise)
    assert not verdict.passed
    assert lesson in verdict.text


def test_counterexamples_are_shown_and_judged() -> None:
    verdict = check_counterexample([[1, 0], [0, 2]], [[3, 0], [0, 4]], [[0, 1], [0, 0]])
    assert verdict.passed
    assert "(A ⊕ B) ⊕ C = [[0.0, 5.5], [0.0, 0.0]]" in verdict.text
    assert "A ⊕ (B ⊕ C) = [[0.0, 5.25], [0.0, 0.0]]" in verdict.text
    commute = check_counterexample([[1, 0], [0, 2]], [[3, 1], [0, 4]], [[5, 0], [0, 6]])
    assert not commute.passed
    assert "A and C commute" in commute.text
    unlucky = check_counterexample([[0, 1], [0, 0]], [[1, 0], [0, 0]], [[0, 0], [1, 0]])
    assert not unlucky.passed
    assert "B commutes with M" in unlucky.text
    assert not check_counterexample([1], [2], [3]).passed


def test_the_reason_given_is_the_exact_difference_of_the_sides() -> None:
    """(A ⊕ B) ⊕ C − A ⊕ (B ⊕ C) = ¼ (B M − M B) with M = A C − C A."""
    a, b, c = torch.randn(3, 2, 2, dtype=torch.double)

    def o(x, y):
        return (x @ y + y @ x) / 2

    m = a @ c - c @ a
    assert torch.allclose(o(o(a, b), c) - o(a, o(b, c)), (b @ m - m @ b) / 4)


def operator_of(function) -> Operator:
    class Mine(Operator):
        def forward(self, left, right):
            return function(left, right)

    return Mine(channels=1)


@pytest.mark.parametrize(
    "function",
    [
        lambda x, y: x + y + 5 * torch.relu(x - 3),
        lambda x, y: x + y + 3 * (y > 3.2),
        lambda x, y: torch.maximum(x, y) + 4 * torch.relu(-3 - y),
        lambda x, y: x + y + torch.exp(5 * (x - 3.7)),
    ],
)
def test_operators_that_fool_the_average_pass(function) -> None:
    verdict = check_hidden_error(operator_of(function))
    assert verdict.passed, verdict


@pytest.mark.parametrize(
    ("function", "lesson"),
    [
        (lambda x, y: x + y, "break it thoroughly"),
        (lambda x, y: x - y, "hardly ever are"),
        (lambda x, y: x + y + 5 * torch.relu(x - 1), "hardly ever are"),
        (lambda x, y: 0 * x, "all answers are alike"),
        (lambda x, y: x @ y, "could not be computed"),
        (lambda x, y: x + y + torch.relu(x - 6), "break it thoroughly"),
        (lambda x, y: x * torch.nan, "not a finite number"),
    ],
)
def test_operators_that_do_not_are_explained(function, lesson: str) -> None:
    verdict = check_hidden_error(operator_of(function))
    assert not verdict.passed
    assert lesson in verdict.text
