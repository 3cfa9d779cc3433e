"""The checks of notebook 01: right variants pass, wrong answers are explained."""

import math

import pytest
import torch

from lcm_core import make_operator
from lcm_core.exercises.monoids import (
    check_identities,
    check_mean,
    check_second_smallest,
    check_variance,
    check_witness,
)
from lcm_core.operators import Operator

RIGHT = {"sum": 0, "product": 1, "min": math.inf, "concatenation": ""}


def made(width, lift, combine, lower, identity=0.0, out=1) -> Operator:
    class Mine(Operator):
        def __init__(self):
            super().__init__(1, state_dim=width, out_channels=out, identity=identity)

        def lift(self, x):
            return lift(x)

        def forward(self, left, right):
            return combine(left, right)

        def lower(self, state):
            return lower(state)

    return Mine()


def add(left, right):
    return left + right


def with_count(x):
    return torch.cat([x, torch.ones_like(x)], -1)


def powers(x):
    return torch.cat([torch.ones_like(x), x, x**2], -1)


def variance_of_powers(state):
    count, total, squares = (
        state.clamp_min(0).where(state.new_tensor([1, 0, 1]) > 0, state).split(1, -1)
    )
    count = count.clamp_min(1)
    return squares / count - (total / count) ** 2


def chan(left, right):
    """Count, mean and sum of squared distances, as they are merged without cancellation."""
    (n, a, s), (m, b, t) = left.split(1, -1), right.split(1, -1)
    total = (n + m).clamp_min(1e-9)
    return torch.cat([n + m, (n * a + m * b) / total, s + t + (a - b) ** 2 * n * m / total], -1)


def two_smallest(left, right):
    return torch.cat([left, right], -1).sort(-1).values[..., :2]


def with_nothing(x):
    return torch.cat([x, torch.full_like(x, torch.inf)], -1)


@pytest.mark.parametrize("infinity", [math.inf, torch.inf, float("inf")])
def test_right_identities_pass(infinity) -> None:
    assert check_identities({**RIGHT, "min": infinity}).passed


@pytest.mark.parametrize(
    ("wrong", "lesson"),
    [
        ({"product": 0}, "product: 0 × 3.0 = 0.0"),
        ({"sum": 1}, "sum: 1 + 3.0 = 4.0"),
        ({"min": 0}, "min(0, 3.0) = 0"),
        ({"min": 100}, "min(100, 1000.0) = 100"),
        ({"min": -math.inf}, "leaves every value as it was"),
        ({"concatenation": " "}, "' tree'"),
        ({"concatenation": 0}, "same kind"),
        ({"sum": None}, "same kind"),
    ],
)
def test_wrong_identities_are_explained(wrong, lesson: str) -> None:
    verdict = check_identities({**RIGHT, **wrong})
    assert not verdict.passed
    assert lesson in verdict.text


def test_a_missing_entry_is_named() -> None:
    assert "no entry 'sum'" in check_identities({}).text


@pytest.mark.parametrize(
    ("sets", "passed", "lesson"),
    [
        (([1, 5], [5, 5], [2]), True, "one has 2 and the other 5"),
        (([1, 5, 9], [4, 5], [2, 3]), True, "one has 2 and the other 3"),
        (([1, 5], [2, 6], [3]), False, "can be told apart"),
        (([1, 5], [1, 5], [3]), False, "What have the two sets forgotten"),
        (([1, 5], [4, 5], [9]), False, "a number that lies between"),
        (([1], [1, 5], [3]), False, "first has no second smallest"),
        (([1, 5], [4, 5], []), False, "added is empty"),
    ],
)
def test_witnesses(sets, passed: bool, lesson: str) -> None:
    verdict = check_witness(*sets)
    assert verdict.passed == passed
    assert lesson in verdict.text


@pytest.mark.parametrize(
    ("check", "operator"),
    [
        (check_mean, make_operator("mean", channels=1)),
        (check_mean, made(2, with_count, add, lambda s: s[..., :1] / s[..., 1:].clamp_min(1))),
        (
            check_mean,  # mean and count
            made(
                2,
                with_count,
                lambda a, b: torch.stack(
                    [
                        (a[..., 0] * a[..., 1] + b[..., 0] * b[..., 1])
                        / (a[..., 1] + b[..., 1]).clamp_min(1),
                        a[..., 1] + b[..., 1],
                    ],
                    -1,
                ),
                lambda s: s[..., :1],
            ),
        ),
        (
            check_second_smallest,
            made(2, with_nothing, two_smallest, lambda s: s[..., 1:], identity=torch.inf),
        ),
        (check_variance, made(3, powers, add, variance_of_powers)),
        (
            check_variance,
            made(
                3,
                lambda x: torch.cat([torch.ones_like(x), x, torch.zeros_like(x)], -1),
                chan,
                lambda s: s[..., 2:] / s[..., :1].clamp_min(1),
            ),
        ),
    ],
)
def test_right_monoids_pass(check, operator: Operator) -> None:
    verdict = check(operator)
    assert verdict.passed, verdict


@pytest.mark.parametrize(
    ("check", "operator", "lesson"),
    [
        (
            check_mean,
            made(1, lambda x: x, lambda a, b: (a + b) / 2, lambda s: s),
            "not associative",
        ),
        (check_mean, made(1, lambda x: x, add, lambda s: s), "mean of 2, 4 is 3"),
        (
            check_mean,
            made(2, with_count, add, lambda s: s[..., :1] / s[..., 1:], identity=None),
            "no identity",
        ),
        (
            check_mean,
            made(2, with_count, add, lambda s: s[..., :1] / s[..., 1:], identity=1.0),
            "e ⊕ x = (-1, 2), and not x",
        ),
        (check_mean, made(2, lambda x: x, add, lambda s: s), "could not be computed"),
        (check_mean, made(2, with_count, add, lambda s: s, out=2), "expected one number a set"),
        (
            check_mean,
            made(2, with_count, add, lambda s: s[..., :1] * torch.nan),
            "mean of 4 is 4",
        ),
        (
            check_second_smallest,
            made(1, lambda x: x, torch.maximum, lambda s: s, -torch.inf),
            "is 2, but lift, ⊕ by the tree ((1 2) 6) and lower give 6",
        ),
        (check_second_smallest, make_operator("min", channels=1), "second smallest of 2, 4 is 4"),
        (
            check_second_smallest,
            made(2, with_nothing, two_smallest, lambda s: s[..., 1:], identity=0.0),
            "identity is not",
        ),
        (check_variance, make_operator("mean", channels=1), "variance of 4 is 0"),
    ],
)
def test_wrong_monoids_are_explained(check, operator: Operator, lesson: str) -> None:
    verdict = check(operator)
    assert not verdict.passed
    assert lesson in verdict.text, verdict.text
