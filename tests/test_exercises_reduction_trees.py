"""The checks of `02_reduction_trees`: wrong answers are explained, right ones pass in any form."""

import functools
import itertools
import math

import pytest

from lcm_core.exercises import check_balanced, check_bracketing, check_calls, check_fold
from lcm_core.reduction.plan import ReductionPlan
from lcm_core.trees.tree import Tree, make_tree


def halves(operator, elements):
    if len(elements) == 1:
        return elements[0]
    half = len(elements) // 2
    return operator(halves(operator, elements[:half]), halves(operator, elements[half:]))


def rounds(operator, elements, carry=True):
    states = list(elements)
    while len(states) > 1:
        pairs = [operator(a, b) for a, b in zip(states[::2], states[1::2], strict=False)]
        states = pairs + (states[2 * len(pairs) :] if carry else [])
    return states[0]


def popping(operator, elements):
    state = elements.pop(0)
    while elements:
        state = operator(state, elements.pop(0))
    return state


@pytest.mark.parametrize("fold", [functools.reduce, popping])
def test_folds_pass(fold) -> None:
    verdict = check_fold(fold)
    assert verdict.passed, verdict


@pytest.mark.parametrize(
    ("fold", "lesson"),
    [
        (lambda o, e: o(e[0], e[1]), "of a, b, c it makes (a b), not ((a b) c)"),
        (lambda o, e: functools.reduce(lambda x, y: o(y, x), e[::-1]), "That is the right fold"),
        (lambda o, e: functools.reduce(lambda x, y: o(y, x), e), "is the left operand"),
        (lambda o, e: functools.reduce(o, e[1:], o(e[0], e[0])), "not (a b)"),
        (lambda o, e: functools.reduce(o, e) if len(e) > 1 else None, "returns nothing"),
        (lambda o, e: o(e), "TypeError"),
        (lambda o, e: e, "returns list"),
        (lambda o, e: o(e[0], functools.reduce(o, e[1:])) if e[1:] else e[0], "(a (b c))"),
        (lambda o, e: functools.reduce(o, e[1:], o("", e[0])), "not"),
    ],
)
def test_wrong_folds_are_explained(fold, lesson: str) -> None:
    verdict = check_fold(fold)
    assert not verdict.passed
    assert lesson in verdict.text


@pytest.mark.parametrize("balanced", [halves, rounds])
def test_balanced_reductions_pass(balanced) -> None:
    verdict = check_balanced(balanced)
    assert verdict.passed, verdict


@pytest.mark.parametrize(
    ("balanced", "lesson"),
    [
        (functools.partial(rounds, carry=False), "leaf 'c' is missing"),
        (functools.reduce, "of depth 3; 2 is enough"),
        (lambda o, e: halves(o, e[::-1]), "keep the order a b"),
        (lambda o, e: halves(o, [*e, e[0]]), "more than once"),
        (lambda o, e: halves(o, e) if len(e) > 1 else "", "it should leave it alone"),
        (lambda o, e: None, "returns nothing"),
        (lambda o, e: e[99], "IndexError"),
    ],
)
def test_wrong_balanced_reductions_are_explained(balanced, lesson: str) -> None:
    verdict = check_balanced(balanced)
    assert not verdict.passed
    assert lesson in verdict.text


def bracketings(names: tuple[str, ...]) -> list[str]:
    if len(names) == 1:
        return [names[0]]
    return [
        f"({left} {right})"
        for cut in range(1, len(names))
        for left, right in itertools.product(bracketings(names[:cut]), bracketings(names[cut:]))
    ]


def test_two_bracketings_have_nothing_in_common_with_the_balanced_tree() -> None:
    right = [text for text in bracketings(tuple("abcde")) if check_bracketing(text).passed]
    assert sorted(right) == ["((a (b c)) (d e))", "(a ((b c) (d e)))"]
    assert {Tree.parse(text).depth for text in right} == {3}


@pytest.mark.parametrize(
    ("text", "lesson"),
    [
        ("((a b)(c (d e)))", "both have a node over {a, b}"),
        ("((a (b c))(e d))", "keep the order"),
        ("(a (b (c (d e))))", "has depth 4, not 3"),
        ("((a b) c", "a ')' is missing"),
        ("((a b)(c d))", "leaf 'e' is missing"),
        ("", "cannot be read"),
    ],
)
def test_wrong_bracketings_are_explained(text: str, lesson: str) -> None:
    verdict = check_bracketing(text)
    assert not verdict.passed
    assert lesson in verdict.text


def test_right_counts_of_calls_pass() -> None:
    assert check_calls(lambda sizes: math.ceil(math.log2(max(1, *sizes)))).passed
    assert check_calls(lambda sizes: (max(1, *sizes) - 1).bit_length()).passed
    assert check_calls(
        lambda sizes: max(make_tree("balanced", max(size, 1)).depth for size in sizes)
    ).passed
    assert check_calls(lambda sizes: ReductionPlan.from_sizes(sizes).depth).passed


@pytest.mark.parametrize(
    ("calls", "lesson"),
    [
        (lambda sizes: sum(size - 1 for size in sizes), "You counted applications"),
        (
            lambda sizes: sum(math.ceil(math.log2(max(size, 1))) for size in sizes),
            "You added up the depths",
        ),
        (lambda sizes: math.ceil(math.log2(max(sizes))), "An empty set needs no call"),
        (lambda sizes: int(math.log2(max(1, *sizes))), "for the sizes [5] it gives 2, but 3"),
        (lambda sizes: max(1, math.ceil(math.log2(max(1, *sizes)))), "nothing to combine"),
        (lambda sizes: None, "returns nothing"),
    ],
)
def test_wrong_counts_of_calls_are_explained(calls, lesson: str) -> None:
    verdict = check_calls(calls)
    assert not verdict.passed
    assert lesson in verdict.text
