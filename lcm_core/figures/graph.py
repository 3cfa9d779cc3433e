"""Draws a graph in which one node and its neighbours stand out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from lcm_core.figures.palette import INK, OKABE_ITO, plain_layout

__all__ = ["NODES", "graph_figure"]

#: The trace of the nodes, for clicks.
NODES = 2

CHOSEN, NEIGHBOUR, OTHER = OKABE_ITO[1], OKABE_ITO[4], "#FFFFFF"


def graph_figure(
    places: np.ndarray,
    edges: np.ndarray,
    names: Sequence[str],
    chosen: int,
    neighbours: Sequence[int],
    height: int = 380,
) -> go.Figure:
    """Draws a graph; one node is orange, its neighbours are blue and bound to it by thick lines.

    Args:
        places: of the nodes, (k, 2).
        edges: (m, 2), numbers of nodes.
        names: of the nodes.
        chosen: the number of the node in the middle.
        neighbours: the numbers of the nodes around it.
        height: of the figure, in pixels.
    """
    near = set(neighbours)
    star = np.array([(chosen, node) for node in neighbours], dtype=int).reshape(-1, 2)
    colours = [
        CHOSEN if node == chosen else NEIGHBOUR if node in near else OTHER
        for node in range(len(names))
    ]
    figure = go.Figure(
        [
            _lines(places, edges.reshape(-1, 2), {"color": "#B0B0B0", "width": 1}),
            _lines(places, star, {"color": INK, "width": 2.5}),
            go.Scatter(
                x=places[:, 0],
                y=places[:, 1],
                mode="markers+text",
                marker={
                    "color": colours,
                    "size": np.where([colour == OTHER for colour in colours], 18, 22),
                    "opacity": 1,
                    "line": {"color": INK, "width": 1},
                },
                text=list(names),
                textposition="middle center",
                textfont={"size": 10, "color": INK},
                hovertext=[
                    _role(name, node == chosen, node in near) for node, name in enumerate(names)
                ],
                hoverinfo="text",
                cliponaxis=False,
            ),
        ],
        plain_layout(height),
    )
    axis = {"visible": False, "fixedrange": True}
    figure.update_layout(
        showlegend=False,
        hovermode="closest",
        margin={"l": 14, "r": 14, "t": 10, "b": 10},
        xaxis=axis,
        yaxis=axis | {"scaleanchor": "x", "constrain": "domain"},
    )
    return figure


def _lines(places: np.ndarray, edges: np.ndarray, line: dict[str, object]) -> go.Scatter:
    ends = np.full((len(edges), 3, 2), np.nan)
    ends[:, :2] = places[edges]
    x, y = ends.reshape(-1, 2).T
    return go.Scatter(x=x, y=y, mode="lines", line=line, hoverinfo="skip")


def _role(name: str, chosen: bool, near: bool) -> str:
    return name + (", the chosen node" if chosen else ", a neighbour" if near else "")
