"""Draws reductions: trees with their leaves at the bottom and the state of every node as colour.

The input is a trace: a `networkx.DiGraph` with an edge (`side="left"` or `"right"`) from a node to
each of its two operands, and the attributes `state` (a vector), `height` and `leaf` on each node.
"""

from __future__ import annotations

from collections.abc import Sequence

import networkx as nx
import plotly.graph_objects as go

from lcm_core.figures.palette import VALUES, plain_layout
from lcm_core.figures.tree_picture import PLOT_WIDTH, TreePicture

__all__ = ["tree_figure", "trees_figure"]

GAP = 0.04  # between two trees, as a share of the width


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
    return trees_figure([TreePicture(graph, names, width=width)], level, height)


def trees_figure(
    pictures: Sequence[TreePicture],
    level: int | None = None,
    height: int = 380,
    titles: Sequence[str] = (),
) -> go.Figure:
    """Draws trees side by side, with one scale of levels and one of colours.

    Args:
        pictures: one or two.
        level: the level reached when stepping; `None` draws the finished reductions.
        height: of the figure, in pixels.
        titles: one for each tree, written above it.
    """
    top = max(picture.top for picture in pictures)
    colours = [picture.colours for picture in pictures]
    figure = go.Figure(layout=plain_layout(height))
    for number, picture in enumerate(pictures, start=1):
        figure.add_traces(picture.traces(level, "x" if number == 1 else f"x{number}"))
        start = (number - 1) / len(pictures)
        figure.layout[f"xaxis{number}"] = {
            "visible": False,
            "range": [-0.7, max(picture.leaves, 2) - 0.3],
            "fixedrange": True,
            "domain": [start + GAP * (number > 1), start + 1 / len(pictures)],
        }
    figure.update_layout(
        showlegend=False,
        hovermode="closest",
        margin={"l": 48, "r": 8, "t": 30 if titles else 10, "b": 8},
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
            "cmin": min(each.low for each in colours),
            "cmax": max(each.high for each in colours),
            "colorscale": VALUES,
            "colorbar": {
                "title": {"text": colours[0].title, "side": "right"},
                "thickness": 10,
                "len": 0.9,
            },
        },
        annotations=[
            {
                "text": title,
                "xref": f"x{number if number > 1 else ''} domain",
                "yref": "paper",
                "x": 0.5,
                "y": 1.02,
                "yanchor": "bottom",
                "showarrow": False,
            }
            for number, title in enumerate(titles, start=1)
        ],
    )
    return figure
