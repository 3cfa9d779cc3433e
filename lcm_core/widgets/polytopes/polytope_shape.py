"""What an explorer of bracketings or orders draws: a graph with a tree for each vertex."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import networkx as nx
import numpy as np

from lcm_core.trees.tree import Tree


@dataclass(frozen=True, eq=False)
class Shape:
    """What is drawn: a graph, and the tree that belongs to each vertex.

    Args:
        graph: with the node attribute `place`.
        trees: of the nodes, in their order.
        names: of the nodes.
        vertex, move: what a vertex and an edge are called, such as "bracketing".
        free: (m,), edges whose moves cost nothing if ⊕ commutes.
        moves: what each edge does, in words; "" where its two ends say it.
        crowded: whether only the names around the chosen vertex are written.
    """

    graph: nx.Graph
    trees: tuple[Tree, ...]
    names: tuple[str, ...]
    vertex: str
    move: str
    free: np.ndarray | None = None
    moves: tuple[str, ...] = ()
    crowded: bool = False

    @cached_property
    def places(self) -> np.ndarray:
        """(k, 2) or (k, 3)."""
        return np.array([place for _, place in self.graph.nodes(data="place")])

    @cached_property
    def edges(self) -> np.ndarray:
        """(m, 2), numbers of vertices."""
        number = {node: i for i, node in enumerate(self.graph)}
        return np.array([[number[one], number[other]] for one, other in self.graph.edges])

    def neighbours(self, vertex: int) -> list[tuple[int, int]]:
        """(edge, vertex at its other end) of each edge at this vertex."""
        ends = enumerate(self.edges.tolist())
        return [(e, a + b - vertex) for e, (a, b) in ends if vertex in (a, b)]


NOTHING = Shape(nx.Graph(), (), (), "", "")
