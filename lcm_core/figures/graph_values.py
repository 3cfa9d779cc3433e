"""Draws graphs: one with a value at each node, or many side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from lcm_core.figures.palette import FAINT, INK, OKABE_ITO, VALUES, plain_layout

__all__ = ["graph_gallery_figure", "graph_values_figure"]

SOURCE = OKABE_ITO[5]


def graph_values_figure(
    places: np.ndarray,
    edges: np.ndarray,
    values: np.ndarray,
    texts: Sequence[str],
    title: str,
    source: int,
    height: int = 380,
) -> go.Figure:
    """Draws a graph whose nodes are coloured by a value; one node has a thick orange border.

    Args:
        places: of the nodes, (n, 2).
        edges: (m, 2), numbers of nodes.
        values: (n,).
        texts: what is said of each node that is pointed at.
        title: what the values are.
        source: the number of the node that stands out.
        height: of the figure, in pixels.
    """
    chosen = np.arange(len(places)) == source
    marker = {
        "color": values,
        "colorscale": VALUES,
        "colorbar": {"title": {"text": title}, "thickness": 12},
        "size": np.where(chosen, 20, 15),
        "opacity": 1,
        "line": {
            "color": [SOURCE if each else INK for each in chosen],
            "width": np.where(chosen, 4, 1),
        },
    }
    nodes = go.Scatter(
        x=places[:, 0],
        y=places[:, 1],
        mode="markers",
        marker=marker,
        hovertext=list(texts),
        hoverinfo="text",
        cliponaxis=False,
    )
    return _without_axes(go.Figure([_lines(places, edges), nodes], plain_layout(height)))


def graph_gallery_figure(
    graphs: Mapping[str, tuple[np.ndarray, np.ndarray]], columns: int = 5, height: int = 360
) -> go.Figure:
    """Draws graphs side by side, each with its name above it.

    Args:
        graphs: by name: the places (n, 2) of the nodes, and the edges (m, 2).
        columns: graphs in a line.
        height: of the figure, in pixels.
    """
    all_places, all_edges, nodes = [], [], 0
    names = []
    for number, (name, (places, edges)) in enumerate(graphs.items()):
        line, column = divmod(number, columns)
        low, high = places.min(axis=0), places.max(axis=0)
        corner = np.array([1.25 * column, -1.4 * line])
        all_places.append(corner + (places - low) / np.maximum(high - low, 1e-9))
        all_edges.append(edges + nodes)
        nodes += len(places)
        names.append((corner[0] + 0.5, corner[1] + 1.06, name))
    places, edges = np.concatenate(all_places), np.concatenate(all_edges)
    dots = go.Scatter(
        x=places[:, 0],
        y=places[:, 1],
        mode="markers",
        marker={"color": OKABE_ITO[0], "size": 6},
        hoverinfo="skip",
        cliponaxis=False,
    )
    figure = _without_axes(go.Figure([_lines(places, edges), dots], plain_layout(height)))
    figure.update_layout(
        annotations=[
            {"x": x, "y": y, "text": name, "showarrow": False, "yanchor": "bottom"}
            for x, y, name in names
        ]
    )
    return figure


def _without_axes(figure: go.Figure) -> go.Figure:
    axis = {"visible": False, "fixedrange": True}
    figure.update_layout(
        showlegend=False,
        hovermode="closest",
        margin={"l": 14, "r": 14, "t": 24, "b": 10},
        xaxis=axis,
        yaxis=axis,
    )
    return figure


def _lines(places: np.ndarray, edges: np.ndarray) -> go.Scatter:
    ends = np.full((len(edges), 3, 2), np.nan)
    ends[:, :2] = places[edges]
    x, y = ends.reshape(-1, 2).T
    line = {"color": INK if len(edges) < 60 else FAINT, "width": 1}
    return go.Scatter(x=x, y=y, mode="lines", line=line, hoverinfo="skip")
