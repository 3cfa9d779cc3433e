"""Where the vertices of an associahedron, a permutohedron, and the like are drawn."""

from __future__ import annotations

import networkx as nx
import numpy as np

from lcm_core.trees.tree import Tree

__all__ = [
    "in_own_hyperplane",
    "like_distances",
    "loday_coordinates",
    "on_petersen_graph",
    "placed",
]

DRAWN_DIMENSIONS = 3
BALL_STEPS = 1000
RINGS = (0.3, 0.58, 1.0)  # radii, by how many ends of an edge are corners of the pentagon


def placed(graph: nx.Graph, points: np.ndarray) -> nx.Graph:
    """The graph with `points` (vertices, 2 or 3) as node attribute `place`: in a ball of radius 1
    about 0, about the smallest there is.
    """
    centre = points.mean(0)
    for step in range(2, BALL_STEPS):  # towards the furthest point (Bădoiu & Clarkson, 2003)
        furthest = points[np.linalg.norm(points - centre, axis=1).argmax()]
        centre = centre + (furthest - centre) / step
    points = points - centre
    points = points / np.linalg.norm(points, axis=1).max()
    points = np.pad(points, ((0, 0), (0, max(0, 2 - points.shape[1]))))
    for node, point in zip(graph, points, strict=True):
        graph.nodes[node]["place"] = point
    return graph


def loday_coordinates(tree: Tree) -> list[int]:
    """For each gap between leaves in order, (n − 1,): of the node that joins what is on its two
    sides, the leaves below its left child times those below its right.

    Source: Loday, Realization of the Stasheff polytope, 2004.
    """
    n = tree.size
    below, last = [1] * n, list(range(n))
    coordinates = [0] * (n - 1)
    for left, right in tree.children.tolist():
        coordinates[last[left]] = below[left] * below[right]
        below.append(below[left] + below[right])
        last.append(last[right])
    return coordinates


def in_own_hyperplane(points: np.ndarray) -> np.ndarray:
    """Points (k, m), whose coordinates have one sum, in an orthonormal basis of their hyperplane:
    (k, m − 1), with all distances kept.
    """
    m = points.shape[1]
    basis = np.array([[1.0] * i + [-i] + [0.0] * (m - 1 - i) for i in range(1, m)])
    return points @ (basis / np.linalg.norm(basis, axis=1, keepdims=True)).T


def like_distances(
    graph: nx.Graph, begin: np.ndarray | None = None, rounds: int = 300
) -> np.ndarray:
    """Places (k, 3) whose distances are about the numbers of edges between the vertices.

    Each round of stress majorisation moves every point to the mean of where the others want it. It
    begins at the three directions in which the points `begin` (default: those of classical scaling)
    spread most.

    Source: de Leeuw, Applications of convex analysis to multidimensional scaling, 1977.
    """
    lengths = dict(nx.all_pairs_shortest_path_length(graph))
    wanted = np.array([[lengths[a][b] for b in graph] for a in graph], dtype=float)
    if begin is None:
        squares = wanted**2
        begin = -(squares - squares.mean(0) - squares.mean(1, keepdims=True) + squares.mean()) / 2
    left, size, _ = np.linalg.svd(begin - begin.mean(0), full_matrices=False)
    points = (left * size)[:, :DRAWN_DIMENSIONS]
    weight = 1 / np.maximum(wanted, 1) ** 2
    np.fill_diagonal(weight, 0)
    system = np.linalg.pinv(np.diag(weight.sum(1)) - weight)
    for _ in range(rounds):
        apart = np.linalg.norm(points[:, None] - points[None], axis=2)
        pull = weight * wanted / np.maximum(apart, 1e-9)
        points = system @ (np.diag(pull.sum(1)) - pull) @ points
    return points


def on_petersen_graph(trees: nx.Graph) -> np.ndarray:
    """The 15 unordered trees of four leaves as the edges of the Petersen graph, (15, 2).

    With the root as a fifth leaf, each tree has two disjoint pairs of leaves that meet first: it is
    an edge between these pairs, and the ten pairs are the vertices of the Petersen graph, which is
    drawn as usual, as a pentagon around a pentagram. A tree lies in the direction of the middle of
    its edge, on one of three rings: edges of the pentagon, spokes, and edges of the pentagram.
    """
    outer = [frozenset(pair) for pair in ((0, 1), (2, 3), (4, 0), (1, 2), (3, 4))]
    direction: dict[frozenset[int], complex] = {}
    for turn, pair in enumerate(outer):
        direction[pair] = np.exp(2j * np.pi * (turn / 5 + 0.25))
        inner = {frozenset((a, b)) for a in range(5) for b in range(a) if not pair & {a, b}}
        direction |= dict.fromkeys(inner - set(outer), direction[pair])
    places = []
    for tree in trees:
        ends = _first_pairs(tree)
        middle = direction[ends[0]] + direction[ends[1]]
        radius = RINGS[sum(end in outer for end in ends)]
        places.append(radius * middle / abs(middle))
    return np.stack([np.real(places), np.imag(places)], axis=1)


def _first_pairs(tree: Tree) -> list[frozenset[int]]:
    pairs = [frozenset(pair) for pair in tree.children.tolist() if max(pair) < tree.size]
    if len(pairs) == 1:  # the last leaf to join, and the root
        (late,) = (leaf for leaf in tree.children[-1].tolist() if leaf < tree.size)
        pairs.append(frozenset((late, 4)))
    return pairs
