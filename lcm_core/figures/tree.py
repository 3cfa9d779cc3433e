"""Draws a reduction: a tree with its leaves at the bottom and the state of every node as colour.

The input is a trace: a `networkx.DiGraph` with an edge (`side="left"` or `"right"`) from a node to
each of its two operands, and the attributes `state` (a vector), `height` and `leaf` on each node.
"""

from __future__ import annotations

from collections.abc import Sequence

import networkx as nx
import plotly.graph_objects as go

from lcm_core.figures.palette import VALUES, plain_layout
from lcm_core.figures.tree_picture import PLOT_WIDTH, TreePicture

__all__ = ["tree_figure"]


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
    picture = TreePicture(graph, names, width)
    top = picture.top
    figure = go.Figure(picture.traces(level), plain_layout(height))
    figure.update_layout(
        showlegend=False,
        hovermode="closest",
        margin={"l": 48, "r": 8, "t": 10, "b": 8},
        xaxis={
            "visible": False,
            "range": [-0.7, max(picture.leaves, 2) - 0.3],
            "fixedrange": True,
        },
        yaxis={
            "title": {"text": "level"},
            "range": [-0.14 * max(top, 1) - 0.1, max(top, 1) * 1.1 + 0.05],
            "tickmode": "array",
            "tickvals": list(range(0, top + 1, max(1, round(top / 8)))),
            "zeroline": False,
            "showgrid": False,
            "fixedrange": True,
        },
        coloraxis={
            "cmin": -picture.reach,
            "cmax": picture.reach,
            "colorscale": VALUES,
            "colorbar": {
                "title": {"text": picture.title, "side": "right"},
                "thickness": 10,
                "len": 0.9,
            },
        },
    )
    return figure
