"""The checks of `04_bracketings_and_orders`: counting, moving brackets, and swaps that are free."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

import torch

from lcm_core.exercises.progress import remembered
from lcm_core.exercises.verdict import Verdict, differ
from lcm_core.operators import Operator
from lcm_core.operators.devices import on_cpu
from lcm_core.trees.polytopes import associahedron, sibling_places
from lcm_core.trees.tree import Tree

__all__ = ["check_brackets_only", "check_count", "check_free_swaps", "check_moves"]

LARGEST = 8
LETTERS = "abcdefgh"


@remembered
def check_count(count: Callable[[int], int]) -> Verdict:
    """Says whether `count(n)` is the number of bracketings of n elements in order."""
    right = {1: 1, 2: 1} | {n: len(associahedron(n)) for n in range(3, LARGEST)}
    for n, wanted in right.items():
        try:
            found = count(n)
        except Exception as error:
            return _failed(f"count({n})", error)
        if found == wanted:
            continue
        if n < 4:
            every = {1: "a", 2: "(a b)", 3: "((a b) c) and (a (b c))"}[n]
            return Verdict(False, f"count({n}) gives {found!r}, but there is {every}: {wanted}.")
        if n == 4:
            every = ", ".join(tree.bracketing() for tree in associahedron(4))
            return Verdict(False, f"count(4) gives {found!r}, but there are 5: {every}.")
        return Verdict(
            False,
            f"count(4) = 5 is right, but count({n}) gives {found!r} and there are {wanted}. Where "
            "can the last ⊕ stand, and in how many ways can what is on its two sides be bracketed?",
        )
    return Verdict(
        True,
        "1, 1, 2, 5, 14, 42, 132: the Catalan numbers. They grow about four times with each "
        "element, so that all bracketings can be looked at only for a few.",
    )


@remembered
def check_moves(moves: Callable[[Any], Iterable[Any]]) -> Verdict:
    """Says whether `moves(tree)` gives what one re-association makes of nested pairs of letters."""
    for n in range(1, 6):
        for tree, wanted in _with_neighbours(n):
            try:
                found = [_text(moved) for moved in moves(tree)]
            except Exception as error:
                return _failed(f"moves({tree!r})", error)
            if strange := [text for text in found if text not in wanted]:
                return Verdict(
                    False,
                    f"from {_text(tree)} you reach {strange[0]}, which is not one move away: "
                    "(A B) C becomes A (B C), or the other way round, and all else stays.",
                )
            if missing := [text for text in wanted if text not in found]:
                return Verdict(
                    False,
                    f"from {_text(tree)} one move leads to {missing[0]}, which you do not find. "
                    "Brackets may move inside the left and the right part too: each move of a part "
                    "is a move of the whole.",
                )
    return Verdict(
        True,
        "you find all n − 2 moves of every bracketing: 5 edges in all for four elements, and 21 "
        "for five. Your function draws the associahedron.",
    )


@remembered
def check_free_swaps(free_swaps: Callable[[Any], Iterable[int]]) -> Verdict:
    """Says whether `free_swaps(tree)` gives the places whose swap is free if ⊕ commutes."""
    for n in range(2, 7):
        for tree in associahedron(n) if n > 2 else [Tree.parse("(a b)")]:
            nested, wanted = _nested(tree), sibling_places(tree)
            try:
                found = set(free_swaps(nested))
            except Exception as error:
                return _failed(f"free_swaps({nested!r})", error)
            text = tree.bracketing()
            if missing := sorted(wanted - found):
                a, b = LETTERS[missing[0]], LETTERS[missing[0] + 1]
                return Verdict(
                    False,
                    f"in {text} the swap at place {missing[0]} is free, and you do not find it: "
                    f"{a} and {b} stand in one bracket, and {a} ⊕ {b} = {b} ⊕ {a}.",
                )
            if strange := sorted(found - wanted):
                place = strange[0]
                if not (isinstance(place, int) and 0 <= place < n - 1):
                    return Verdict(
                        False, f"{text} has no places {place!r} and the one after: they begin at 0."
                    )
                a, b = LETTERS[place], LETTERS[place + 1]
                return Verdict(
                    False,
                    f"in {text} the swap at place {place} is not free: {a} and {b} do not stand in "
                    "one bracket of their own, so that after the swap other states meet.",
                )
    return Verdict(
        True,
        "a swap is free just where two leaves are siblings: once in a left fold, ⌊n/2⌋ times in "
        "the balanced tree.",
    )


@remembered
def check_brackets_only(operator: Operator) -> Verdict:
    """Says whether ⊕ is associative and not commutative."""
    operator = on_cpu(operator)
    states = torch.randn(
        3, 256, operator.state_dim, generator=torch.Generator().manual_seed(0)
    ).unbind(0)
    with torch.no_grad():
        try:
            x, y, z = states
            shape = tuple(operator(x, y).shape)
            if shape != tuple(x.shape):
                return Verdict(
                    False, f"two states of shape {tuple(x.shape)} must give one, got {shape}."
                )
            apart = differ(operator(operator(x, y), z), operator(x, operator(y, z)))
            order = differ(operator(x, y), operator(y, x))
            ignores = not differ(operator(x, y), operator(x, z))
            ignores |= not differ(operator(x, z), operator(y, z))
        except Exception as error:
            return _failed("x ⊕ y", error)
    if apart:
        return Verdict(
            False,
            "it is not associative: for random states (x ⊕ y) ⊕ z and x ⊕ (y ⊕ z) differ. What you "
            "do one after the other is always associative: think of maps, or of matrices.",
        )
    if not order:
        return Verdict(
            False,
            "it is associative, good, but it also commutes: no order makes a difference. Find two "
            "things of which it matters which you do first.",
        )
    remark = " (It forgets one operand: dull, but it counts.)" if ignores else ""
    return Verdict(
        True,
        "associative and not commutative: one colour on the pentagon, many on the orders." + remark,
    )


def _failed(call: str, error: Exception) -> Verdict:
    return Verdict(False, f"{call} could not be computed: {type(error).__name__}: {error}.")


def _nested(tree: Tree) -> Any:
    """Pairs of pairs of letters."""
    parts: list[Any] = list(LETTERS[: tree.size])
    for left, right in tree.children.tolist():
        parts.append((parts[left], parts[right]))
    return parts[-1]


def _text(nested: Any) -> str:
    """The bracketing of pairs of pairs of letters; it must be one."""
    if isinstance(nested, str):
        return nested
    spelled = _spelled(nested)
    return Tree.parse(spelled).bracketing(sorted(re.findall(r"[^\s()]+", spelled)))


def _spelled(nested: Any) -> str:
    if isinstance(nested, str):
        return nested
    if not (isinstance(nested, tuple | list) and len(nested) == 2):
        raise ValueError(f"expected a letter or a pair, got {nested!r}")
    return f"({_spelled(nested[0])} {_spelled(nested[1])})"


def _with_neighbours(n: int) -> list[tuple[Any, list[str]]]:
    if n < 3:
        return [("a" if n == 1 else ("a", "b"), [])]
    graph = associahedron(n)
    return [(_nested(tree), [other.bracketing() for other in graph[tree]]) for tree in graph]
