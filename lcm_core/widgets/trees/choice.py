"""Which trees the tree explorer shows: each is a name, or the bracketing that was typed."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lcm_core.errors import unknown
from lcm_core.trees.tree import TREE_NAMES, Tree, make_tree
from lcm_core.widgets.trees.controls import NONE, TYPED

__all__ = ["chosen_trees", "leaves_of", "menu_value", "one_bracketing"]

OTHER_SEED = 10_007  # more than the first tree's, so that two random trees differ


def one_bracketing(tree: str, compare: str | None) -> str:
    """The text among the two trees, of which the others must be names."""
    texts = {each for each in (tree, compare) if each is not None and "(" in each}
    for name in {tree, compare or tree} - texts:
        if name not in TREE_NAMES:
            raise unknown("tree", name, TREE_NAMES)
    if len(texts) > 1:
        raise ValueError(f"expected one bracketing at most, got {' and '.join(sorted(texts))}")
    return "".join(texts)


def menu_value(tree: str | None) -> str:
    """What the menu says for a tree that was asked for."""
    if tree is None:
        return NONE
    return TYPED if "(" in tree else tree


def leaves_of(bracketing: str) -> list[str]:
    """The names in a text, which need not be a bracketing."""
    return re.findall(r"[^\s(),]+", bracketing)


def chosen_trees(
    choices: Sequence[str], bracketing: str, names: Sequence[str], seed: int
) -> list[Tree]:
    """The trees that the two menus say; none for an empty set.

    Args:
        choices: values of the menus.
        bracketing: the text.
        names: of the elements of the set.
        seed: of random trees.
    """
    return [
        Tree.parse(bracketing, names)
        if choice == TYPED
        else make_tree(choice, len(names), seed + number * OTHER_SEED)
        for number, choice in enumerate(choices)
        if names and choice != NONE
    ]
