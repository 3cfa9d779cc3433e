"""Moves of brackets: one re-association leads from a tree to another over the same order."""

from __future__ import annotations

import numpy as np

from lcm_core.trees.tree import Tree

__all__ = ["bracket_moved", "node_over"]


def bracket_moved(tree: Tree, node: int) -> Tree:
    """Move the bracket of an inner node below the root: ((A B) C) ↔ (A (B C)).

    >>> bracket_moved(Tree.parse("((a b) c)"), 3)
    Tree((a (b c)))

    A second move of the moved bracket leads back. Each inner node below the root has one move, and
    they are the edges of the associahedron at this tree.

    Args:
        tree: of n leaves.
        node: the number of an inner node, n to 2n − 3.

    Raises:
        ValueError: a leaf, the root, or no node.
    """
    n = tree.size
    if not n <= node < tree.root:
        raise ValueError(
            f"expected an inner node below the root, from {n} to {tree.root - 1}, got {node}"
        )
    pairs = {n + row: (left, right) for row, (left, right) in enumerate(tree.children.tolist())}
    parent = next(each for each, pair in pairs.items() if node in pair)
    (a, b), (left, right) = pairs[node], pairs[parent]
    if node == left:
        pairs[node], pairs[parent] = (b, right), (a, node)
    else:
        pairs[node], pairs[parent] = (left, a), (node, b)
    return _numbered(pairs, n)


def node_over(tree: Tree, first: int, last: int) -> int | None:
    """The node over the leaves from one place to another, both counted from the left; or None.

    >>> node_over(Tree.parse("((a b)(c d))"), 2, 3)
    5
    """
    leaves = sorted(tree.leaf_order[first : last + 1])
    found = [node for node, below in enumerate(tree.leaves_below) if sorted(below) == leaves]
    return found[0] if found else None


def _numbered(pairs: dict[int, tuple[int, int]], n: int) -> Tree:
    """The tree of these pairs of children, numbered so that children come before their parents."""
    from_root, stack = list[int](), [2 * n - 2]
    while stack:
        node = stack.pop()
        if node >= n:
            from_root.append(node)
            stack += pairs[node]
    number = {node: n + place for place, node in enumerate(reversed(from_root))}
    rows = [[number.get(child, child) for child in pairs[node]] for node in reversed(from_root)]
    return Tree(np.array(rows, dtype=np.int64).reshape(-1, 2))
