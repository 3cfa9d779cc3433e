"""The exercises of `07_depth_and_parallelism`: wrong answers are explained, right ones pass."""

import math

import pytest

from lcm_core.exercises import (
    check_gradients,
    check_push,
    check_rounds,
    check_scan,
    check_seconds,
)


def right_rounds(n, p):
    count = 0
    while n > 1:
        count += -(-(n // 2) // p)
        n -= n // 2
    return count


def levels(n):
    return (n - 1).bit_length()


@pytest.mark.parametrize(
    ("rounds", "lesson"),
    [
        (lambda n, p: n - 1, "the rounds of one processor alone"),
        (lambda n, p: levels(n), "as many processors as one likes"),
        (lambda n, p: math.ceil((n - 1) / p), "a level must wait"),
        (lambda n, p: right_rounds(n, p) + (n > 50), "Level by level"),
        (lambda n, p: None, "end it with return"),
        (lambda n, p: 1 / 0, "ZeroDivisionError"),
    ],
)
def test_rounds(rounds, lesson: str) -> None:
    assert check_rounds(right_rounds).passed
    verdict = check_rounds(rounds)
    assert not verdict.passed
    assert lesson in verdict.text


def test_the_numbers_that_verdicts_name() -> None:
    assert [right_rounds(1000, p) for p in (1, 32, 500, 512)] == [999, 36, 10, 10]
    n, call = 131_072, 1000
    ratio = (n - 1) * (call + 1) / (levels(n) * call + n - 1)
    assert 885 < ratio < 895
    assert round((n - 1) * math.log10(0.4)) == -52_158
    assert round(levels(n) * math.log10(0.4), 1) == -6.8
    assert round(math.log2(0.4), 1) == -1.3


def right_seconds(n, call, pair):
    return (n - 1) * (call + pair), levels(n) * call + (n - 1) * pair


@pytest.mark.parametrize(
    ("seconds", "lesson"),
    [
        (lambda n, call, pair: ((n - 1) * pair,) * 2, "n − 1 calls, on one pair each"),
        (lambda n, c, p: (right_seconds(n, c, p)[0], levels(n) * (c + p)), "one pair a level"),
        (lambda n, c, p: right_seconds(n, c, p)[0], "two numbers are wanted"),
        (lambda n, c, p: (right_seconds(n, c, p)[0],) * 2, "a call for each level"),
    ],
)
def test_seconds(seconds, lesson: str) -> None:
    assert check_seconds(right_seconds).passed
    verdict = check_seconds(seconds)
    assert not verdict.passed
    assert lesson in verdict.text


def right_gradients(n, factor):
    return (n - 1) * math.log10(factor), levels(n) * math.log10(factor)


@pytest.mark.parametrize(
    ("gradients", "lesson"),
    [
        (lambda n, f: (math.log10(f ** (n - 1)), levels(n) * math.log10(f)), "0 has no logarithm"),
        (lambda n, f: ((n - 1) * math.log10(f),) * 2, "for the tree, not -3"),
        (lambda n, f: ((n - 1) * math.log(f), levels(n) * math.log(f)), "use log10"),
        (lambda n, f: (f ** (n - 1), f ** levels(n)), "give its log₁₀"),
        (lambda n, f: right_gradients(n, f)[:1], "not 1"),
        (lambda n, f: 1.0, "TypeError"),
    ],
)
def test_gradients(gradients, lesson: str) -> None:
    assert check_gradients(right_gradients).passed
    verdict = check_gradients(gradients)
    assert not verdict.passed
    assert lesson in verdict.text


def right_push(operator, stack, element):
    stack = [*stack, (1, element)]
    while len(stack) > 1 and stack[-1][0] == stack[-2][0]:
        (size, left), (_, right) = stack[-2:]
        stack = [*stack[:-2], (2 * size, operator(left, right))]
    return stack


def once(operator, stack, element):
    stack = [*stack, (1, element)]
    if len(stack) > 1 and stack[-1][0] == stack[-2][0]:
        (size, left), (_, right) = stack[-2:]
        stack = [*stack[:-2], (2 * size, operator(left, right))]
    return stack


@pytest.mark.parametrize(
    ("push", "lesson"),
    [
        (lambda o, stack, e: [*stack, (1, e)], "Nothing has met"),
        (once, "use while, not if"),
        (lambda o, stack, e: right_push(lambda a, b: o(b, a), stack, e), "is the left operand"),
        (lambda o, stack, e: None, "TypeError"),
    ],
)
def test_push(push, lesson: str) -> None:
    assert check_push(right_push).passed
    verdict = check_push(push)
    assert not verdict.passed
    assert lesson in verdict.text


def right_scan(operator, elements):
    states, k = list(elements), 1
    while k < len(states):
        states = states[:k] + [operator(a, b) for a, b in zip(states[:-k], states[k:], strict=True)]
        k *= 2
    return states


def in_place(operator, elements):
    states, k = list(elements), 1
    while k < len(states):
        for i in range(k, len(states)):
            states[i] = operator(states[i - k], states[i])
        k *= 2
    return states


def one_by_one(operator, elements):
    states = list(elements[:1])
    for element in elements[1:]:
        states.append(operator(states[-1], element))
    return states


@pytest.mark.parametrize(
    ("scan", "lesson"),
    [
        (one_by_one, "3 calls wait for each other"),
        (in_place, "Each takes the one 1, then 2"),
        (lambda o, elements: right_scan(lambda a, b: o(b, a), elements), "in another order"),
        (lambda o, elements: right_scan(o, elements)[-1:], "2 prefixes are wanted, got 1"),
        (lambda o, elements: None, "TypeError"),
    ],
)
def test_scan(scan, lesson: str) -> None:
    assert check_scan(right_scan).passed
    verdict = check_scan(scan)
    assert not verdict.passed
    assert lesson in verdict.text
