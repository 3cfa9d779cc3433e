"""One reduction made ready to be drawn: the plotly traces of its picture at any level."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property

import networkx as nx
import numpy as np
import plotly.graph_objects as go

from lcm_core.figures.palette import FAINT, INK

__all__ = ["PLOT_WIDTH", "TreePicture", "operands", "tree_layout"]

#: Above these sizes a strip of cells is too small to read, and a node is a dot with one colour.
MAX_STRIP_LEAVES = 16
MAX_STRIP_CELLS = 16

STRIP_SHARE = 0.8  # of the room between neighbouring leaves
PLOT_WIDTH = 850  # pixels, about, where the figure has the page to itself
LARGEST_CELL = 22  # pixels
LARGEST_DOT = 18
ROOM_OF_NAME = 24
LARGE, MOST_NAMES = 64, 16


class TreePicture:
    """A trace made ready to be drawn at any level.

    Nodes are ordered by height, so that what has been made at a level is the first part of every
    array. Colours are all features of a small tree, else their mean.

    Args:
        graph: a trace, with one state `(d,)` for each node.
        names: a label for each leaf; numbers if left out.
        width: of the plot, about, in pixels.
    """

    def __init__(
        self, graph: nx.DiGraph, names: Sequence[str] | None = None, width: int = PLOT_WIDTH
    ):
        self.graph, self._width = graph, width
        self._nodes = list(graph.nodes)
        self._labels = list(names) if names is not None else [str(node) for node in self._nodes]
        if graph.graph["tree"] is None:  # an empty set: one node, the identity
            self._labels = ["e"]
        self._heights = np.array([graph.nodes[node]["height"] for node in self._nodes])
        self.top = int(self._heights[-1])
        self.leaves = int((self._heights == 0).sum())
        position = tree_layout(graph)
        self._places = np.array([position[node] for node in self._nodes])
        ends = np.array([(parent, child) for parent, child in graph.edges], dtype=int)
        self._ends = ends.reshape(-1, 2)
        states = np.stack([np.asarray(graph.nodes[node]["state"]) for node in self._nodes])
        self._states = states.astype(float).reshape(len(self._nodes), -1)
        self._values = self._states.reshape(-1) if self._strips else self._states.mean(1)
        finite = np.abs(self._values[np.isfinite(self._values)])
        self.title = "feature" if self._strips else "mean feature"
        self.reach = float(finite.max()) if finite.size and finite.max() > 0 else 1.0

    @property
    def _large(self) -> bool:
        """Whether nodes are drawn without outlines, and few names: each costs the page time."""
        return self.leaves > LARGE

    @property
    def _small(self) -> bool:
        return self.leaves <= MAX_STRIP_LEAVES and self.top <= MAX_STRIP_LEAVES

    @property
    def _strips(self) -> bool:
        return self._small and 1 < self._states.shape[1] <= MAX_STRIP_CELLS

    @property
    def _cells(self) -> int:
        return self._states.shape[1] if self._strips else 1

    @cached_property
    def _size(self) -> tuple[float, float]:
        """Of a cell: from one to the next, as a share of the room of a leaf; and in pixels."""
        if not self._strips:
            dot = 0.7 * self._width / max(self.leaves, 1)
            return 0.0, float(np.clip(dot, 5, LARGEST_DOT))
        room = self._width / (max(self.leaves, 2) + 0.4)
        cell = min(STRIP_SHARE / self._cells, LARGEST_CELL / room)
        return cell, max(3.0, cell * room)

    def _hover(self) -> np.ndarray:
        """A text for each cell."""
        expression = bracketings(self.graph, self._labels)
        texts: list[str] = []
        for node, state, height in zip(self._nodes, self._states, self._heights, strict=True):
            about = _about(state, expression[node], int(height))
            values = self._values.reshape(-1, self._cells)[len(texts) // self._cells]
            texts += [
                about + f"<br>{self.title}{f' {cell}' if self._strips else ''}: {value:+.4g}"
                for cell, value in enumerate(values)
            ]
        return np.array(texts, dtype=object)

    def traces(self, level: int | None = None) -> list[go.Scatter]:
        """Edges, nodes still empty, states, names of leaves."""
        reached = self.top if level is None else level
        done = int(np.searchsorted(self._heights, reached, side="right"))
        (step, cell), cells = self._size, done * self._cells
        edges = np.full((2 * max(done - self.leaves, 0), 3, 2), np.nan)  # NaN parts the lines
        edges[:, :2] = self._places[self._ends[: len(edges)]]
        offsets = (np.arange(self._cells) - (self._cells - 1) / 2) * step
        values = self._values[:cells]
        line = {"color": "#8C8C8C", "width": float(np.clip(100 / self.leaves, 0.4, 1.5))}
        hover = (
            {"hoverinfo": "text", "hovertext": self._hover()[:cells]}
            if self._small
            else {"hovertemplate": "level %{y}<br>%{marker.color:.4g}<extra></extra>"}
        )
        named = self._named_leaves()
        waiting = self._places[done:]
        return [
            go.Scatter(
                x=edges.reshape(-1, 2)[:, 0],
                y=edges.reshape(-1, 2)[:, 1],
                mode="lines",
                line=line,
                hoverinfo="skip",
            ),
            go.Scatter(
                x=waiting[:, 0],
                y=waiting[:, 1],
                mode="markers",
                marker={
                    "color": "white",
                    "size": min(10.0, cell),
                    "line": {"color": FAINT, "width": 2 if self._small else 1},
                },
                hoverinfo="skip",
            ),
            go.Scatter(
                x=(self._places[:done, :1] + offsets).reshape(-1),
                y=np.repeat(self._places[:done, 1], self._cells),
                mode="markers",
                marker={
                    "symbol": "square" if self._strips else "circle",
                    "size": cell,
                    "color": np.where(np.isfinite(values), values, np.nan),
                    "line": {"color": INK, "width": 0.0 if self._large else 0.5},
                    "coloraxis": "coloraxis",
                },
                **hover,
            ),
            go.Scatter(  # the names stand below invisible markers as large as the nodes
                x=self._places[named, 0],
                y=self._places[named, 1],
                mode="markers+text",
                marker={"size": cell, "opacity": 0},
                text=[self._labels[leaf] for leaf in named],
                textposition="bottom center",
                textfont={"size": 12 if self.leaves <= 32 else 9},
                hoverinfo="skip",
                cliponaxis=False,
            ),
        ]

    def _named_leaves(self) -> list[int]:
        """As many as there is room for names."""
        room = max(1, min(int(self._width / ROOM_OF_NAME), MOST_NAMES if self._large else 64))
        every = math.ceil(self.leaves / room)
        at = np.rint(self._places[: self.leaves, 0]).astype(int)
        return np.flatnonzero(at % every == 0).tolist()


def _about(state: np.ndarray, expression: str, height: int) -> str:
    shown = " ".join(f"{value:+.3g}" for value in state[:8])
    more = f" … ({state.size} in all)" if state.size > 8 else ""
    brackets = expression if len(expression) <= 60 else expression[:57] + "…"
    return f"{brackets}<br>level {height}<br>state {shown}{more}"


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
