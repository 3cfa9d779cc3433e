"""One reduction made ready to be drawn: the arrays of its plotly traces, at any level."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import networkx as nx
import numpy as np
import plotly.graph_objects as go

from lcm_core.figures.palette import FAINT, INK, OKABE_ITO

__all__ = ["PLOT_WIDTH", "NodeValues", "TreePicture", "operands", "tree_layout"]

#: Above these sizes a strip of cells is too small to read, and a node is a dot with one colour.
MAX_STRIP_LEAVES = 16
MAX_STRIP_CELLS = 16

STRIP_SHARE = 0.8  # of the room between neighbouring leaves
PLOT_WIDTH = 850  # pixels, about, where the figure has the page to itself
LARGEST_CELL = 22  # pixels
LARGEST_DOT = 18
ROOM_OF_NAME = 24
LARGE, MOST_NAMES = 64, 16

SAME, APART = OKABE_ITO[2], OKABE_ITO[5]

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class NodeValues:
    """One number for each node, to be shown as its colour.

    Args:
        values: (nodes,), in the order of the nodes.
        title: what they are, for the colour bar.
        low, high: the ends of the colour scale.
    """

    values: np.ndarray
    title: str
    low: float
    high: float


class TreePicture:
    """A trace made ready to be drawn at any level.

    Nodes are ordered by height, so that what has been made at a level is the first part of every
    array.

    Args:
        graph: a trace, with one state `(d,)` for each node.
        names: a label for each leaf; numbers if left out.
        values: the colours; without them all features of a small tree, else their mean.
        shared: differences to mark, by node.
        width: of the plot, about, in pixels; only the size of the cells depends on it.
    """

    def __init__(
        self,
        graph: nx.DiGraph,
        names: Sequence[str] | None = None,
        values: NodeValues | None = None,
        shared: Mapping[int, float] | None = None,
        width: int = PLOT_WIDTH,
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
        self._values = values
        self._shared = dict(shared or {})
        states = np.stack([np.asarray(graph.nodes[node]["state"]) for node in self._nodes])
        self._states = states.astype(float).reshape(len(self._nodes), -1)

    @property
    def large(self) -> bool:
        """Whether nodes are drawn without outlines, and few names: each costs the page time."""
        return self.leaves > LARGE

    @property
    def _small(self) -> bool:
        return self.leaves <= MAX_STRIP_LEAVES and self.top <= MAX_STRIP_LEAVES

    @property
    def _strips(self) -> bool:
        return self._values is None and self._small and 1 < self._states.shape[1] <= MAX_STRIP_CELLS

    @cached_property
    def colours(self) -> NodeValues:
        """What the colours stand for; features follow one another, node after node."""
        if self._values is not None:
            return self._values
        if self._strips:
            values, title = self._states.reshape(-1), "feature"
        else:
            values, title = self._states.mean(1), "mean feature"
        finite = np.abs(values[np.isfinite(values)])
        reach = float(finite.max()) if finite.size and finite.max() > 0 else 1.0
        return NodeValues(values, title, -reach, reach)  # 0 in the middle of the scale

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

    @cached_property
    def _cell_x(self) -> np.ndarray:
        offsets = (np.arange(self._cells) - (self._cells - 1) / 2) * self._size[0]
        return (self._places[:, :1] + offsets).reshape(-1)

    @cached_property
    def _edge_lines(self) -> np.ndarray:
        """(edges, 3, 2): a line break (NaN) parts each edge from the next."""
        lines = np.full((len(self._ends), 3, 2), np.nan)
        lines[:, :2] = self._places[self._ends]
        return lines

    @cached_property
    def _hover(self) -> np.ndarray | None:
        """A text for each cell of a small tree; writing those of a large one would take long."""
        if not self._small:
            return None
        expression = bracketings(self.graph, self._labels)
        texts: list[str] = []
        for node, state, height in zip(self._nodes, self._states, self._heights, strict=True):
            about = _about(state, expression[node], int(height))
            values = self.colours.values.reshape(-1, self._cells)[len(texts) // self._cells]
            texts += [
                about
                + f"<br>{self.colours.title}{f' {cell}' if self._strips else ''}: {value:+.4g}"
                for cell, value in enumerate(values)
            ]
        return np.array(texts, dtype=object)

    def arrays(self, level: int | None = None) -> list[Arrays]:
        """What depends on the level: the arrays of each trace of `traces`, in the same order."""
        reached = self.top if level is None else level
        done = int(np.searchsorted(self._heights, reached, side="right"))
        edges = self._edge_lines[: 2 * max(done - self.leaves, 0)].reshape(-1, 2)
        waiting, cells = self._places[done:], done * self._cells
        colours = np.asarray(self.colours.values[:cells], dtype=float)
        states = {
            "x": self._cell_x[:cells],
            "y": np.repeat(self._places[:done, 1], self._cells),
            "marker_color": np.where(np.isfinite(colours), colours, np.nan),
        }
        if self._hover is not None:
            states["hovertext"] = self._hover[:cells]
        shared = [node for node in self._shared if node < done]
        return [
            {"x": edges[:, 0], "y": edges[:, 1]},
            {"x": waiting[:, 0], "y": waiting[:, 1]},
            states,
            {},
            {"x": self._places[shared, 0], "y": self._places[shared, 1]} | self._notes(shared),
        ]

    def _notes(self, shared: list[int]) -> Arrays:
        differences = [self._shared[node] for node in shared]
        texts = np.array([f"Δ {value:.2g}" for value in differences], dtype=object)
        colours = np.array([APART if value else SAME for value in differences], dtype=object)
        return {
            "text": texts if self._small else np.array([""] * len(shared), dtype=object),
            "hovertext": texts,
            "textfont_color": colours,
            "marker_color": colours,
        }

    def traces(self, level: int | None = None, axis: str = "x") -> list[go.Scatter]:
        """Edges, nodes still empty, states, names of leaves, shared nodes."""
        cell, named = self._size[1], self._named_leaves()
        line = {"color": "#8C8C8C", "width": float(np.clip(100 / self.leaves, 0.4, 1.5))}
        invisible = {"size": cell, "opacity": 0}
        ring = {"symbol": "circle-open", "size": cell + 7, "line": {"width": 2.5}}
        hover = (
            {"hoverinfo": "text"}
            if self._small
            else {"hovertemplate": "level %{y}<br>%{marker.color:.4g}<extra></extra>"}
        )
        static: list[dict[str, object]] = [
            {"mode": "lines", "line": line, "hoverinfo": "skip"},
            {
                "mode": "markers",
                "marker": {
                    "color": "white",
                    "size": min(10.0, cell),
                    "line": {"color": FAINT, "width": 2 if self._small else 1},
                },
                "hoverinfo": "skip",
            },
            {
                "mode": "markers",
                "marker": {
                    "symbol": "square" if self._strips else "circle",
                    "size": cell,
                    "line": {"color": INK, "width": 0.0 if self.large else 0.5},
                    "coloraxis": "coloraxis",
                },
                **hover,
            },
            {  # the names stand below invisible markers as large as the nodes
                "mode": "markers+text",
                "x": self._places[named, 0],
                "y": self._places[named, 1],
                "marker": invisible,
                "text": [self._labels[leaf] for leaf in named],
                "textposition": "bottom center",
                "textfont": {"size": 12 if self.leaves <= 32 else 9},
                "hoverinfo": "skip",
                "cliponaxis": False,
            },
            {
                "mode": "markers+text" if self._small else "markers",
                "marker": invisible if self._strips else ring,
                "textposition": "top center",
                "hoverinfo": "skip" if self._strips else "text",
                "cliponaxis": False,
            },
        ]
        return [
            go.Scatter(**fixed, **moving, xaxis=axis)
            for fixed, moving in zip(static, self.arrays(level), strict=True)
        ]

    def _named_leaves(self) -> list[int]:
        """As many as there is room for names."""
        room = max(1, min(int(self._width / ROOM_OF_NAME), MOST_NAMES if self.large else 64))
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
