"""The checks of `04_bracketings_and_orders`: wrong answers are explained, right variants pass."""

import itertools
import math

import pytest
import torch

from lcm_core.exercises import check_brackets_only, check_count, check_free_swaps, check_moves
from lcm_core.operators import Operator


def operator_of(function, channels: int = 4) -> Operator:
    class Mine(Operator):
        def forward(self, left, right):
            return function(left, right)

    return Mine(channels=channels)


# Counting -----------------------------------------------------------------------------------------


def test_other_ways_of_counting_pass() -> None:
    assert check_count(lambda n: math.comb(2 * n - 2, n - 1) // n).passed
    assert check_count(lambda n: [0, 1, 1, 2, 5, 14, 42, 132][n]).passed


@pytest.mark.parametrize(
    ("count", "lesson"),
    [
        (lambda n: 2 ** (n - 2) if n > 1 else 1, r"count(4) gives 4, but there are 5: (((a b)"),
        (lambda n: n - 1, "count(1) gives 0, but there is a: 1"),
        (lambda n: 1, "count(3) gives 1, but there is ((a b) c) and (a (b c)): 2"),
        (lambda n: [0, 1, 1, 2, 5, 10, 20, 40][n], "count(5) gives 10 and there are 14"),
        (lambda n: None, "count(1) gives None"),
        (lambda n: 1 / 0, "count(1) could not be computed: ZeroDivisionError"),
    ],
)
def test_wrong_counts_are_explained(count, lesson: str) -> None:
    verdict = check_count(count)
    assert not verdict.passed
    assert lesson in verdict.text


# Moves --------------------------------------------------------------------------------------------


def moves(tree):
    if isinstance(tree, str):
        return
    left, right = tree
    if not isinstance(left, str):
        yield [left[0], [left[1], right]]
    if not isinstance(right, str):
        yield [[left, right[0]], right[1]]
    yield from ([moved, right] for moved in moves(left))
    yield from ([left, moved] for moved in moves(right))


def only_outermost(tree):
    return list(itertools.islice(moves(tree), 1))


def test_moves_may_be_given_as_lists_or_one_by_one() -> None:
    assert check_moves(moves).passed


@pytest.mark.parametrize(
    ("function", "lesson"),
    [
        (lambda tree: [], "one move leads to"),
        (only_outermost, "Brackets may move inside"),
        (lambda tree: [tree], "not one move away"),
        (lambda tree: [*moves(tree), ("b", "c")], "you reach (b c), which is not"),
        (lambda tree: [("a", "a")], "could not be computed: ValueError: leaf 'a' is in"),
        (lambda tree: [1], "expected a letter or a pair, got 1"),
        (lambda tree: None, "could not be computed: TypeError"),
        (lambda tree: [tree[::-1]] if len(tree) > 1 else [], "not one move away"),
    ],
)
def test_wrong_moves_are_explained(function, lesson: str) -> None:
    verdict = check_moves(function)
    assert not verdict.passed
    assert lesson in verdict.text, verdict.text


# Swaps --------------------------------------------------------------------------------------------


def letters(tree) -> str:
    return tree if isinstance(tree, str) else letters(tree[0]) + letters(tree[1])


def free_swaps(tree) -> set[int]:
    """By trying all swaps: the set of sets of letters below the nodes stays."""

    def below(tree):
        if isinstance(tree, str):
            return set()
        return {frozenset(letters(tree))} | below(tree[0]) | below(tree[1])

    def exchanged(tree, a, b):
        if isinstance(tree, str):
            return {a: b, b: a}.get(tree, tree)
        return tuple(exchanged(part, a, b) for part in tree)

    word = letters(tree)
    return {
        i
        for i in range(len(word) - 1)
        if below(exchanged(tree, word[i], word[i + 1])) == below(tree)
    }


def test_swaps_found_by_trying_pass() -> None:
    assert check_free_swaps(free_swaps).passed


@pytest.mark.parametrize(
    ("function", "lesson"),
    [
        (lambda tree: [0], "the swap at place 1 is free, and you do not find it: b and c"),
        (lambda tree: [], "in (a b) the swap at place 0 is free"),
        (lambda tree: range(len(letters(tree)) - 1), "is not free"),
        (lambda tree: [*free_swaps(tree), len(letters(tree))], "they begin at 0"),
        (lambda tree: [*free_swaps(tree), "a"], "they begin at 0"),
        (lambda tree: 0, "could not be computed: TypeError"),
    ],
)
def test_wrong_swaps_are_explained(function, lesson: str) -> None:
    verdict = check_free_swaps(function)
    assert not verdict.passed
    assert lesson in verdict.text, verdict.text


def test_the_dull_operator_is_told_so() -> None:
    assert "forgets one operand" in check_brackets_only(operator_of(lambda x, y: x)).text
    assert "forgets" not in check_brackets_only(operator_of(matrix_product)).text


# Operators ----------------------------------------------------------------------------------------


def matrix_product(left, right):
    shape = left.shape
    left, right = (x.unflatten(-1, (2, 2)) for x in (left, right))
    return (left @ right).reshape(shape)


@pytest.mark.parametrize(
    "function",
    [
        matrix_product,
        lambda x, y: x,
        lambda x, y: y,
        lambda x, y: torch.cat([x[..., :2], y[..., 2:]], -1),
    ],
)
def test_other_operators_pass(function) -> None:
    verdict = check_brackets_only(operator_of(function))
    assert verdict.passed, verdict


@pytest.mark.parametrize(
    ("function", "lesson"),
    [
        (torch.maximum, "it also commutes"),
        (lambda x, y: x - y, "not associative"),
        (lambda x, y: (x + y) / 2, "not associative"),
        (lambda x, y: torch.cat([x, y], -1), "must give one, got (256, 8)"),
        (lambda x, y: x @ y, "could not be computed"),
    ],
)
def test_wrong_operators_are_explained(function, lesson: str) -> None:
    verdict = check_brackets_only(operator_of(function))
    assert not verdict.passed
    assert lesson in verdict.text, verdict.text
