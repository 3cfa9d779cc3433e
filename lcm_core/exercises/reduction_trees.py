"""The checks of `02_reduction_trees`: folds, balanced trees, bracketings, and many sets at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from lcm_core.exercises.progress import remembered
from lcm_core.exercises.verdict import Verdict
from lcm_core.trees.tree import Tree, make_tree

__all__ = ["check_balanced", "check_bracketing", "check_calls", "check_fold"]

#: Takes an operator and a list of elements, and gives the state that is left.
Reduction = Callable[[Callable[[str, str], str], list[str]], str]

LETTERS = "abcdefghijklmnopqrstuvwxyz"

#: Sizes of the sets of a batch, easy ones first.
BATCHES = ([4], [8], [5], [2, 4, 3], [1], [1, 1], [0, 6], [0], [7, 0, 1, 16], [17, 16])


@remembered
def check_fold(fold: Reduction) -> Verdict:
    """Whether `fold(operator, elements)` is the left fold.

    It is tried on letters, with an operator that writes brackets, so that the answer tells which
    elements met when.
    """
    for n in (2, 3, 5, 1, 9):
        elements = list(LETTERS[:n])
        expected = make_tree("left", n).bracketing(elements)
        told, text = _run(fold, elements)
        if told is not None:
            return told
        if text == expected:
            continue
        hint = "Begin with the first element, and take the others in one by one from the right."
        if text == make_tree("right", n).bracketing(elements):
            hint = "That is the right fold: it begins at the end. The left fold begins with a ⊕ b."
        elif n == 1:
            hint = "With one element there is nothing to combine: the answer is that element."
        elif _swapped(text, n):
            hint = "What has been made so far is the left operand, and the next element the right."
        return Verdict(False, f"of {', '.join(elements)} it makes {text}, not {expected}. {hint}")
    return Verdict(
        True,
        "(((a b) c) d) … : each element joins what has been made of those before it. n elements "
        "take n − 1 applications of ⊕, each of which must wait for the one before.",
    )


@remembered
def check_balanced(balanced: Reduction) -> Verdict:
    """Whether `balanced(operator, elements)` keeps the order and has depth ⌈log₂ n⌉.

    Carrying an odd last element up and cutting the list into halves are both right.
    """
    for n in (2, 4, 8, 3, 5, 1, 13, 16):
        elements = list(LETTERS[:n])
        told, text = _run(balanced, elements)
        if told is not None:
            return told
        if n == 1:
            if text != "a":
                return Verdict(
                    False, f"of one element a it makes {text}: it should leave it alone."
                )
            continue
        try:
            tree = Tree.parse(text, elements)
        except ValueError as error:
            return Verdict(
                False,
                f"of {n} elements it makes {text}: {error}. Each element must be used exactly "
                "once; with an odd number the last one is easily lost.",
            )
        if tree.leaf_order != list(range(n)):
            return Verdict(
                False, f"of {n} elements it makes {text}: keep the order {' '.join(elements)}."
            )
        least = math.ceil(math.log2(n))
        if tree.depth != least:
            return Verdict(
                False,
                f"of {n} elements it makes {text}, of depth {tree.depth}; {least} is enough. "
                "In each round combine neighbours in pairs, all of them, before the next round.",
            )
    return Verdict(
        True,
        "n elements in ⌈log₂ n⌉ rounds, each element once, in order: 16 elements took 4 rounds. "
        "The applications are still n − 1, but those of one round need not wait for each other.",
    )


@remembered
def check_bracketing(text: str) -> Verdict:
    """Whether a bracketing of a, b, c, d, e has depth 3 and shares no inner node but the root with
    the balanced tree.
    """
    names = list("abcde")
    try:
        tree = Tree.parse(text, names)
    except ValueError as error:
        return Verdict(False, f"it cannot be read: {error}.")
    if tree.leaf_order != list(range(5)):
        return Verdict(False, "keep the order a b c d e: only the brackets may move.")
    if tree.depth != 3:
        return Verdict(
            False,
            f"{text} has depth {tree.depth}, not 3: count how many brackets are open at the "
            "innermost leaf.",
        )
    common = _leaf_sets(tree) & _leaf_sets(make_tree("balanced", 5))
    if common:
        shown = ", ".join(
            sorted("{" + ", ".join(names[leaf] for leaf in each) + "}" for each in common)
        )
        return Verdict(
            False,
            f"depth 3, good, but {text} and the balanced tree (((a b)(c d)) e) both have a node "
            f"over {shown}. Which neighbours can meet first instead?",
        )
    return Verdict(
        True,
        f"{text} has depth 3, and only its root is over the same leaves as a node of the balanced "
        "tree: no state on the way can be compared, only the answers.",
    )


@remembered
def check_calls(calls: Callable[[list[int]], int]) -> Verdict:
    """Whether `calls(sizes)` is the number of operator calls that reduce a batch of sets."""
    for sizes in BATCHES:
        expected = make_tree("balanced", max(sizes)).depth if max(sizes) else 0
        try:
            found = calls(list(sizes))
        except Exception as error:
            return Verdict(
                False,
                f"for the sizes {sizes} it stops with {type(error).__name__}: {error}. "
                + ("An empty set needs no call." if 0 in sizes else ""),
            )
        if found is None:
            return Verdict(False, "it returns nothing: end it with return.")
        if found != expected:
            why = "All sets go up their trees at the same time: one call serves a whole level."
            if found == sum(max(size - 1, 0) for size in sizes) != expected:
                why = "You counted applications: one call combines all pairs of a level at once."
            elif max(sizes) <= 1:
                why = "Where no set has two elements there is nothing to combine."
            elif found == sum(math.ceil(math.log2(max(size, 1))) for size in sizes):
                why = "You added up the depths: but the sets do not wait for each other."
            return Verdict(
                False, f"for the sizes {sizes} it gives {found}, but {expected} are made. {why}"
            )
    return Verdict(
        True,
        "as many as the deepest tree has levels, whatever the other sets are: 1,000 sets of up to "
        "16 elements take 4 calls.",
    )


def _run(reduction: Reduction, elements: Sequence[str]) -> tuple[Verdict | None, str]:
    def operator(left: str, right: str) -> str:
        closed = left.endswith(")") and right.startswith("(")
        return f"({left}{right})" if closed else f"({left} {right})"

    given = list(elements)
    try:
        text = reduction(operator, given)
    except Exception as error:
        said = f"of {len(elements)} elements it makes {type(error).__name__}: {error}."
        return Verdict(False, f"{said} `elements` is a list; ⊕ takes two states."), ""
    if text is None:
        return Verdict(False, "it returns nothing: end it with return and the state."), ""
    if not isinstance(text, str):
        return Verdict(
            False,
            f"it returns {type(text).__name__}, but ⊕ of letters is a text: return one state, the "
            "last one that ⊕ gave.",
        ), ""
    return None, text


def _swapped(text: str, n: int) -> bool:
    """Whether it is a fold with its operands the wrong way round."""
    try:
        tree = Tree.parse(text, list(LETTERS[:n]))
    except ValueError:
        return False
    return tree.depth == n - 1 and tree.leaf_order != list(range(n))


def _leaf_sets(tree: Tree) -> set[tuple[int, ...]]:
    """Leaves below each inner node but the root."""
    return {tuple(sorted(leaves)) for leaves in tree.leaves_below[tree.size : -1]}
