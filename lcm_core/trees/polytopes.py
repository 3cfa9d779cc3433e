"""Graphs of all bracketings, and of all orders, of a few elements: one edge, one move.

The bracketings of n elements in order, joined where one re-association (A B) C ↔ A (B C) leads from
one to the other, are the vertices and edges of a polytope of dimension n − 2, the *associahedron*
Kₙ: a pentagon for n = 4. The orders of n elements, joined by swaps of neighbours, are those of the
*permutohedron* of dimension n − 1. For an operator that commutes, the two children of a node may
change sides: then trees are *unordered*, and joined by interchanges of subtrees.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import permutations

import networkx as nx
import numpy as np

from lcm_core.trees.places import (
    in_own_hyperplane,
    like_distances,
    loday_coordinates,
    on_petersen_graph,
    placed,
)
from lcm_core.trees.tree import Tree

__all__ = [
    "associahedron",
    "permutohedron",
    "reordered",
    "sibling_places",
    "unordered_trees",
]

Nested = int | tuple["Nested", "Nested"]  # a leaf, or two bracketings


@lru_cache(maxsize=16)
def associahedron(n: int) -> nx.Graph:
    """All bracketings of n elements (3 to 9) in order, joined by re-associations.

    >>> associahedron(4).number_of_nodes(), associahedron(5).number_of_edges()
    (5, 21)

    Returns:
        A graph whose nodes are `Tree`s, the left fold first and the right fold last. Node attribute
        `place`: where it is drawn, (2,) or (3,). These are Loday's coordinates, in an orthonormal
        basis of the hyperplane they lie in; for n > 5, which needs more than 3 dimensions, places
        whose distances are about those in the graph.

    Source: Loday, Realization of the Stasheff polytope, 2004.
    """
    _check_size(n, 3, 9)
    graph = _graph(_bracketings(tuple(range(n))), _reassociations)
    points = in_own_hyperplane(np.array([loday_coordinates(tree) for tree in graph]))
    return placed(graph, points if n <= 5 else like_distances(graph, points))


@lru_cache(maxsize=16)
def unordered_trees(n: int = 4) -> nx.Graph:
    """All full binary trees over n elements (3 to 6) whose children have no order, joined
    by interchanges: (A B) C ↔ (A C) B.

    >>> unordered_trees(4).number_of_nodes(), unordered_trees(4).number_of_edges()
    (15, 30)

    For a commutative operator an interchange is one re-association, between two swaps that cost
    nothing. For n = 4 the graph is the line graph of the Petersen graph.

    Returns:
        A graph whose nodes are `Tree`s, with the child that has the first leaf on the left. Node
        attribute `place`: where it is drawn; for n = 4, (2,), with the symmetry of a pentagon.
    """
    _check_size(n, 3, 6)
    graph = _graph(_unordered(n), _interchanges)
    return placed(graph, on_petersen_graph(graph) if n == 4 else like_distances(graph))


@lru_cache(maxsize=16)
def permutohedron(n: int) -> nx.Graph:
    """All orders of n elements (2 to 6), joined by swaps of neighbours.

    >>> permutohedron(4).number_of_nodes(), permutohedron(4).number_of_edges()
    (24, 36)

    Returns:
        A graph whose nodes are orders: tuples of the elements 0 … n − 1 from left to right. Node
        attribute `place`: where it is drawn, (2,) or (3,): the place of each element as a vector,
        in an orthonormal basis of the hyperplane they lie in. Edge attribute `swapped`: i, where
        the elements at i and i + 1 change places.
    """
    _check_size(n, 2, 6)
    graph = nx.Graph()
    graph.add_nodes_from(permutations(range(n)))
    for order in list(graph):
        for i in range(n - 1):
            other = (*order[:i], order[i + 1], order[i], *order[i + 2 :])
            graph.add_edge(order, other, swapped=i)
    points = in_own_hyperplane(np.array([np.argsort(order) for order in graph]))
    return placed(graph, points if n <= 4 else like_distances(graph, points))


def reordered(tree: Tree, order: Sequence[int]) -> Tree:
    """The tree whose k-th leaf from the left is `order[k]` where that of `tree` was k.

    >>> reordered(Tree.parse("((a b)(c d))"), (2, 0, 3, 1))
    Tree(((c a)(d b)))
    """
    leaves = np.concatenate([np.asarray(order), np.arange(tree.size, 2 * tree.size - 1)])
    return Tree(leaves[tree.children])


def sibling_places(tree: Tree) -> set[int]:
    """The places i whose leaf and the next have one parent: swapping them costs nothing when ⊕
    commutes.

    >>> sibling_places(Tree.parse("((a b)(c d))"))
    {0, 2}
    """
    place = {leaf: i for i, leaf in enumerate(tree.leaf_order)}
    return {
        place[left] for left, right in tree.children.tolist() if left in place and right in place
    }


def _check_size(n: int, least: int, most: int) -> None:
    if n < least:
        raise ValueError(f"expected at least {least} elements, got n = {n}")
    if n > most:
        raise ValueError(
            f"expected at most {most} elements, got n = {n}: beyond that there are thousands of "
            "nodes, several times more with each further element"
        )


# Bracketings as nested pairs, and moves between them ---------------------------------------------


def _bracketings(leaves: tuple[int, ...]) -> Iterator[Nested]:
    if len(leaves) == 1:
        yield leaves[0]
    for k in range(len(leaves) - 1, 0, -1):
        for left in _bracketings(leaves[:k]):
            for right in _bracketings(leaves[k:]):
                yield left, right


def _reassociations(nested: Nested) -> Iterator[Nested]:
    """What one re-association makes of it, at the root or below."""
    if isinstance(nested, int):
        return
    left, right = nested
    if not isinstance(left, int):
        yield left[0], (left[1], right)
    if not isinstance(right, int):
        yield (left, right[0]), right[1]
    yield from ((moved, right) for moved in _reassociations(left))
    yield from ((left, moved) for moved in _reassociations(right))


def _unordered(n: int) -> Iterator[Nested]:
    """The last leaf goes onto any edge of a tree of the others, or above its root."""
    if n == 1:
        yield 0
        return
    for smaller in _unordered(n - 1):
        yield from _grafted(smaller, n - 1)


def _grafted(nested: Nested, leaf: int) -> Iterator[Nested]:
    yield nested, leaf
    if not isinstance(nested, int):
        left, right = nested
        yield from ((grown, right) for grown in _grafted(left, leaf))
        yield from ((left, grown) for grown in _grafted(right, leaf))


def _interchanges(nested: Nested) -> Iterator[Nested]:
    if isinstance(nested, int):
        return
    for inner, other in (nested, nested[::-1]):
        if not isinstance(inner, int):
            for stays, goes in (inner, inner[::-1]):
                yield _sorted(_sorted(stays, other), goes)
        yield from (_sorted(moved, other) for moved in _interchanges(inner))


def _sorted(one: Nested, other: Nested) -> Nested:
    return (one, other) if min(_leaves(one)) < min(_leaves(other)) else (other, one)


def _leaves(nested: Nested) -> list[int]:
    return [nested] if isinstance(nested, int) else _leaves(nested[0]) + _leaves(nested[1])


def _tree(nested: Nested) -> Tree:
    n, pairs = len(_leaves(nested)), list[tuple[int, int]]()

    def number(part: Nested) -> int:
        if isinstance(part, int):
            return part
        pairs.append((number(part[0]), number(part[1])))
        return n + len(pairs) - 1

    number(nested)
    return Tree(np.array(pairs, dtype=np.int64))


def _graph(every: Iterator[Nested], moves: Callable[[Nested], Iterator[Nested]]) -> nx.Graph:
    trees = {nested: _tree(nested) for nested in every}
    graph = nx.Graph()
    graph.add_nodes_from(trees.values())
    graph.add_edges_from(
        (tree, trees[moved]) for one, tree in trees.items() for moved in moves(one)
    )
    return graph
