"""Where the nodes of a reduction stand, and the expression that each of them is."""

from __future__ import annotations

from collections.abc import Sequence

import networkx as nx


def tree_layout(graph: nx.DiGraph) -> dict[int, tuple[float, float]]:
    """Places nodes so that no two edges cross.

    Leaves stand side by side; a parent stands above the gap between the leaves of its two operands.
    """
    position: dict[int, tuple[float, float]] = {}
    span: dict[int, tuple[int, int]] = {}  # first and last place among the leaves
    leaves = 0
    stack = [(graph.graph["root"], False)]
    while stack:
        node, children_placed = stack.pop()
        children = operands(graph, node)
        if not children:
            span[node] = (leaves, leaves)
            position[node] = (float(leaves), 0.0)
            leaves += 1
        elif children_placed:
            left, right = children
            gap = (span[left][1] + span[right][0]) / 2
            span[node] = (span[left][0], span[right][1])
            position[node] = (gap, float(graph.nodes[node]["height"]))
        else:
            stack.append((node, True))
            stack.extend((child, False) for child in reversed(children))
    return position


def operands(graph: nx.DiGraph, node: int) -> list[int]:
    """The children of a node, left before right; none for a leaf."""
    return sorted(graph.successors(node), key=lambda child: graph.edges[node, child]["side"])


def bracketings(graph: nx.DiGraph, names: Sequence[str]) -> dict[int, str]:
    """For each node, the expression that made it, such as `((a b) c)`."""
    tree = graph.graph["tree"]
    if tree is None:
        return {node: names[0] for node in graph}
    return {node: tree.bracketing(names, node) for node in graph}
