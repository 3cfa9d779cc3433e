"""More checks of `07_depth_and_parallelism`: a tree of a stream, and all prefixes at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from lcm_core.exercises.progress import remembered
from lcm_core.exercises.verdict import Verdict
from lcm_core.trees.tree import make_tree

__all__ = ["Word", "check_push", "check_scan"]

LETTERS = "abcdefghijklmnopqrstuvwxyz"

Join = Callable[[Any, Any], Any]
Stack = list[tuple[int, str]]


@remembered
def check_push(push: Callable[[Join, Stack, str], Stack]) -> Verdict:
    """Whether `push(operator, stack, element)` keeps balanced trees of 1, 2, 4, … elements, at most
    one of each size, the largest first.
    """
    calls = 0

    def brackets(left: str, right: str) -> str:
        nonlocal calls
        calls += 1
        return f"({left} {right})"

    stack: Stack = []
    for n, letter in enumerate(LETTERS, start=1):
        try:
            stack = list(push(brackets, stack, letter))
            found = [(int(size), str(state)) for size, state in stack]
        except Exception as error:
            return Verdict(
                False,
                f"with element {n}: a list of (size, state) is wanted, also as the answer "
                f"({type(error).__name__}: {error}).",
            )
        expected = _expected_stack(n)
        if found == expected:
            continue
        why = "While the last two have the same size, they meet: the earlier one is the left one."
        if [size for size, _ in found] == [size for size, _ in expected]:
            why = "The sizes are right. The earlier state is the left operand."
        elif len(found) == n > 1:
            why = "Nothing has met. " + why
        elif len(found) > 1 and found[-1][0] == found[-2][0]:
            why = "One meeting may lead to the next: use while, not if. " + why
        return Verdict(
            False,
            f"after {n} elements the stack is {_text(found)}, and should be {_text(expected)}. "
            f"{why}",
        )
    return Verdict(
        True,
        f"26 elements went by, and at most {max(n.bit_count() for n in range(27))} states were "
        f"kept, never more than log₂(n + 1): the sizes are the binary digits of n. {calls} calls "
        "for 26 elements so far; combining what is left gives the answer at any moment.",
    )


def _expected_stack(n: int) -> Stack:
    stack: Stack = []
    start = 0
    for digit in reversed(range(n.bit_length())):
        size = 2**digit
        if n & size:
            names = list(LETTERS[start : start + size])
            text = make_tree("balanced", size).bracketing(names).replace(")(", ") (")
            stack.append((size, text))
            start += size
    return stack


def _text(stack: Sequence[tuple[int, str]]) -> str:
    return "[" + ", ".join(f"({size}, {state})" for size, state in stack[:6]) + "]"


@dataclass(frozen=True)
class Word:
    """Letters, and how many operator calls in a row they needed."""

    letters: str
    depth: int = 0


@remembered
def check_scan(scan: Callable[[Join, list[Any]], Sequence[Any]]) -> Verdict:
    """Whether `scan(operator, elements)` gives all prefixes in ⌈log₂ n⌉ rounds."""

    def join(left: Word, right: Word) -> Word:
        return Word(left.letters + right.letters, 1 + max(left.depth, right.depth))

    for n in (2, 4, 3, 8, 1, 5, 16, 26):
        letters = LETTERS[:n]
        try:
            found = list(scan(join, [Word(letter) for letter in letters]))
            words = [word.letters for word in found]
        except Exception as error:
            return Verdict(False, f"of {n} elements: {type(error).__name__}: {error}.")
        expected = [letters[: k + 1] for k in range(n)]
        if words != expected:
            why = "Each takes the one 1, then 2, then 4 before it, as its left operand."
            if len(words) != n:
                why = f"{n} prefixes are wanted, got {len(words)}."
            elif sorted(words[-1]) == sorted(expected[-1]):
                why = "The letters are there, in another order: what comes before is on the left."
            return Verdict(
                False,
                f"of {', '.join(letters)} it makes {', '.join(words[:8])}, and not "
                f"{', '.join(expected[:8])}. {why}",
            )
        depth, least = max(word.depth for word in found), math.ceil(math.log2(n))
        if depth > least:
            return Verdict(
                False,
                f"all prefixes of {n} elements are right, but {depth} calls wait for each other; "
                f"{least} are enough. In each round, let all states take the one that is 1, then "
                "2, then 4, … places before them, all from the states of the round before.",
            )
    return Verdict(
        True,
        "all 26 prefixes in 5 rounds: what a recurrent network gives after each element, in "
        "logarithmic depth. It needs more calls than a chain, and it needs associativity: a "
        "prefix is put together of other pieces each time.",
    )
