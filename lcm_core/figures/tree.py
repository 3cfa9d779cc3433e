"""Draws a reduction: a tree with its leaves at the bottom and the state of every node as colour.

The input is a trace: a `networkx.DiGraph` with an edge (`side="left"` or `"right"`) from a node to
each of its two operands, and the attributes `state` (a vector), `height` and `leaf` on each node.
"""

from __future__ import annotations

from collections.abc import Sequence

import networkx as nx
import numpy as np
import plotly.graph_objects as go

from lcm_core.figures.palette import FAINT, INK, VALUES, plain_layout

#: Above these sizes a strip of cells is too small to read, and a node is a dot with one colour.
MAX_STRIP_LEAVES = 16
MAX_STRIP_CELLS = 16

STRIP_SHARE = 0.8  # of the room between neighbouring leaves
PLOT_WIDTH = 850  # pixels, about, where the figure has the page to itself
LARGEST_CELL = 22  # pixels


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


def tree_figure(
    graph: nx.DiGraph,
    level: int | None = None,
    names: Sequence[str] | None = None,
    height: int = 380,
    width: int = PLOT_WIDTH,
) -> go.Figure:
    """Draws a trace; nodes above `level` are still empty.

    Args:
        graph: a trace, with one state `(d,)` for each node.
        level: the level reached when stepping; `None` draws the finished reduction.
        names: a label for each leaf; numbers if left out.
        height: of the figure, in pixels.
        width: of the plot, about, in pixels; only the size of the cells depends on it.
    """
    nodes = list(graph.nodes)
    labels = list(names) if names is not None else [str(node) for node in nodes]
    if graph.graph["tree"] is None:  # an empty set: one node, the identity
        labels = ["e"]
    position = tree_layout(graph)
    top = max(graph.nodes[node]["height"] for node in nodes)
    reached = top if level is None else min(level, top)
    states = {
        node: np.asarray(graph.nodes[node]["state"], dtype=float).reshape(-1) for node in nodes
    }
    done = [node for node in nodes if graph.nodes[node]["height"] <= reached]
    waiting = [node for node in nodes if graph.nodes[node]["height"] > reached]
    leaves = [node for node in nodes if not operands(graph, node)]
    strips = (
        len(leaves) <= MAX_STRIP_LEAVES
        and 1 < states[nodes[0]].size <= MAX_STRIP_CELLS
        and top <= MAX_STRIP_LEAVES
    )
    expression = bracketings(graph, labels)

    draw = _strips if strips else _dots
    filled = draw(done, position, states, expression, graph, len(leaves), width)
    figure = go.Figure(
        [
            _edges(graph, position, set(done)),
            _empty_nodes(waiting, position),
            filled,
            _leaf_names(leaves, position, labels, filled.marker.size),
        ],
        plain_layout(height),
    )
    figure.update_layout(
        showlegend=False,
        margin={"l": 48, "r": 8, "t": 10, "b": 8},
        xaxis={"visible": False, "range": [-0.7, max(len(leaves), 2) - 0.3], "fixedrange": True},
        yaxis={
            "title": {"text": "level"},
            "range": [-0.14 * max(top, 1) - 0.1, max(top, 1) * 1.1 + 0.05],
            "tickmode": "array",
            "tickvals": list(range(0, top + 1, max(1, round(top / 8)))),
            "zeroline": False,
            "showgrid": False,
            "fixedrange": True,
        },
    )
    return figure


def _edges(
    graph: nx.DiGraph, position: dict[int, tuple[float, float]], done: set[int]
) -> go.Scatter:
    """Only edges below nodes that are done: a line break (NaN) parts each edge from the next."""
    ends = [(position[parent], position[child]) for parent, child in graph.edges if parent in done]
    nan = float("nan")
    return go.Scatter(
        x=np.array([v for (a, b) in ends for v in (a[0], b[0], nan)], dtype=float),
        y=np.array([v for (a, b) in ends for v in (a[1], b[1], nan)], dtype=float),
        mode="lines",
        line={"color": "#8C8C8C", "width": 1.5},
        hoverinfo="skip",
    )


def _empty_nodes(nodes: list[int], position: dict[int, tuple[float, float]]) -> go.Scatter:
    return go.Scatter(
        x=np.array([position[node][0] for node in nodes]),
        y=np.array([position[node][1] for node in nodes]),
        mode="markers",
        marker={"color": "white", "size": 10, "line": {"color": FAINT, "width": 2}},
        hoverinfo="skip",
    )


def _hover(node: int, state: np.ndarray, expression: str, height: int) -> str:
    shown = " ".join(f"{value:+.3g}" for value in state[:8])
    more = f" … ({state.size} in all)" if state.size > 8 else ""
    brackets = expression if len(expression) <= 60 else expression[:57] + "…"
    return f"{brackets}<br>level {height}<br>state {shown}{more}"


def _colour_scale(values: np.ndarray) -> dict[str, object]:
    """Even about 0, so that the middle of the scale is 0 in every figure."""
    finite = np.abs(values[np.isfinite(values)])
    reach = float(finite.max()) if finite.size and finite.max() > 0 else 1.0
    return {"cmin": -reach, "cmax": reach, "colorscale": VALUES}


def _strips(
    nodes: list[int],
    position: dict[int, tuple[float, float]],
    states: dict[int, np.ndarray],
    expression: dict[int, str],
    graph: nx.DiGraph,
    leaves: int,
    width: int,
) -> go.Scatter:
    """Each state as a row of cells, one for each feature."""
    cells = states[nodes[0]].size
    room = width / (max(leaves, 2) + 0.4)  # pixels from leaf to leaf
    cell = min(STRIP_SHARE / cells, LARGEST_CELL / room)
    offsets = (np.arange(cells) - (cells - 1) / 2) * cell
    values = np.concatenate([states[node] for node in nodes])
    hover = [
        _hover(node, states[node], expression[node], graph.nodes[node]["height"])
        + f"<br>feature {feature}: {states[node][feature]:+.4g}"
        for node in nodes
        for feature in range(cells)
    ]
    return go.Scatter(
        x=np.concatenate([position[node][0] + offsets for node in nodes]),
        y=np.repeat([position[node][1] for node in nodes], cells),
        mode="markers",
        marker={
            "symbol": "square",
            "size": max(3.0, cell * room),
            "color": np.where(np.isfinite(values), values, np.nan),
            "line": {"color": INK, "width": 0.5},
            "colorbar": _colour_bar("feature"),
            **_colour_scale(values),
        },
        hovertext=hover,
        hoverinfo="text",
    )


def _dots(
    nodes: list[int],
    position: dict[int, tuple[float, float]],
    states: dict[int, np.ndarray],
    expression: dict[int, str],
    graph: nx.DiGraph,
    leaves: int,
    width: int,
) -> go.Scatter:
    """Each state as one dot: the mean of its features."""
    values = np.array([float(np.mean(states[node])) for node in nodes])
    values[~np.isfinite(values)] = np.nan
    return go.Scatter(
        x=np.array([position[node][0] for node in nodes]),
        y=np.array([position[node][1] for node in nodes]),
        mode="markers",
        marker={
            "size": float(np.clip(0.7 * width / max(leaves, 1), 8, 18)),
            "color": values,
            "line": {"color": INK, "width": 0.5},
            "colorbar": _colour_bar("mean feature"),
            **_colour_scale(values),
        },
        hovertext=[
            _hover(node, states[node], expression[node], graph.nodes[node]["height"])
            for node in nodes
        ],
        hoverinfo="text",
    )


def _leaf_names(
    leaves: list[int],
    position: dict[int, tuple[float, float]],
    labels: list[str],
    node_size: float,
) -> go.Scatter:
    """The names stand below invisible markers as large as the nodes."""
    return go.Scatter(
        x=np.array([position[leaf][0] for leaf in leaves]),
        y=np.array([position[leaf][1] for leaf in leaves]),
        mode="markers+text",
        marker={"size": node_size, "opacity": 0},
        text=[labels[leaf] for leaf in leaves],
        textposition="bottom center",
        textfont={"size": 12 if len(leaves) <= 32 else 9},
        hoverinfo="skip",
        cliponaxis=False,
    )


def _colour_bar(title: str) -> dict[str, object]:
    return {"title": {"text": title, "side": "right"}, "thickness": 10, "len": 0.9}
