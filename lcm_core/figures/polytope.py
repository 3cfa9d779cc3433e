"""A graph of many trees in two or three dimensions, coloured by how far their results lie apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from plotly.colors import sample_colorscale

from lcm_core.figures.palette import INK, OKABE_ITO, PAPER, VALUES, plain_layout

__all__ = ["EDGES", "MARKS", "SCALES", "VERTICES", "polytope_figure", "project"]

#: How values are coloured: up to the largest on show, up to 1, or by their logarithm.
SCALES = ("to the largest", "0 to 1", "logarithmic")

LOWEST = 1e-4  # of the logarithmic scale; what is smaller, 0 too, has its colour
CHOSEN = OKABE_ITO[5]
DISTANCE = 4.0  # of the eye from the centre, where the furthest vertex is at 1

#: Around names, so that they can be read on top of edges.
HALO = ", ".join(f"{x}px {y}px 1px white" for x in (-1, 0, 1) for y in (-1, 0, 1))

#: The traces of the figure by their place in it.
EDGES, VERTICES, MARKS, NAMES = range(4)


def polytope_figure(
    places: np.ndarray,
    edges: np.ndarray,
    deviations: np.ndarray,
    jumps: np.ndarray,
    names: Sequence[str],
    *,
    chosen: int = 0,
    free: np.ndarray | None = None,
    scale: str = SCALES[0],
    turn: float = 0.0,
    tilt: float = 0.0,
    shown_names: Sequence[str] | None = None,
    height: int = 420,
) -> go.Figure:
    """Draws vertices and edges; a line has the colour of its jump, and so has the dot on it, which
    is a diamond for the largest.

    Three dimensions are seen in perspective: what is nearer is larger, and passes over what is
    behind it.

    Args:
        places: of the vertices, (k, 2) or (k, 3), within 1 of the centre.
        edges: (m, 2), numbers of vertices.
        deviations, jumps: colours of the vertices (k,) and edges (m,), of one unit.
        names: of the vertices (k,): the text that belongs to each.
        chosen: the vertex in the ring; its edges are drawn stronger.
        free: (m,), edges that are marked: dotted, with an empty dot.
        scale: one of `SCALES`.
        turn, tilt: degrees about the upright axis and about the level one, in three dimensions.
        shown_names: what is written beside each vertex; "" where nothing is.
        height: in pixels.
    """
    x, y, near = project(places, turn, tilt)
    marked = np.zeros(len(edges), bool) if free is None else free
    limits = _limits(np.concatenate([deviations, jumps]), scale)
    own = (edges == chosen).any(1)
    size = np.clip(1 + 0.45 * near, 0.6, 1.5)
    values = _drawn(jumps, scale)
    middle = (near[edges[:, 0]] + near[edges[:, 1]]) / 2
    colours = _colours(values, limits)
    largest = np.arange(len(edges)) == (jumps.argmax() if jumps.max() > 0 else -1)
    shapes = []
    for e in np.argsort(middle, kind="stable").tolist():
        a, b = edges[e].tolist()
        line = {"type": "line", "layer": "below", "x0": x[a], "y0": y[a], "x1": x[b], "y1": y[b]}
        width = float(np.clip(1 + 0.45 * middle[e], 0.6, 1.5)) * (6.0 if own[e] else 3.5)
        dash = "dot" if marked[e] else "solid"
        shapes.append(line | {"line": {"color": PAPER, "width": width + 5}})
        shapes.append(line | {"line": {"color": colours[e], "width": width, "dash": dash}})
    figure = go.Figure(layout=plain_layout(height))
    figure.add_traces(
        [
            go.Scatter(
                x=x[edges].mean(1),
                y=y[edges].mean(1),
                mode="markers",
                marker={
                    "color": values,
                    "size": np.where(largest, 15, 8) * size[edges].mean(1),
                    "symbol": np.where(
                        largest, "diamond", np.where(marked, "circle-open", "circle")
                    ),
                    "line": {"color": INK, "width": np.where(marked & ~largest, 2, 0.8)},
                    "coloraxis": "coloraxis",
                },
                hovertext=[
                    f"{names[a]} ↔ {names[b]}<br>jump {jumps[e]:.3g}"
                    for e, (a, b) in enumerate(edges.tolist())
                ],
                hoverinfo="text",
            ),
            go.Scatter(
                x=x,
                y=y,
                mode="markers",
                marker={
                    "color": _drawn(deviations, scale),
                    "size": 17 * size,
                    "opacity": 1,
                    "line": {"color": INK, "width": 1.2},
                    "coloraxis": "coloraxis",
                },
                hovertext=[
                    f"{name}<br>deviation {deviation:.3g}"
                    for name, deviation in zip(names, deviations, strict=True)
                ],
                hoverinfo="text",
            ),
            go.Scatter(
                x=x[[chosen]],
                y=y[[chosen]],
                mode="markers",
                marker={
                    "symbol": "circle-open",
                    "color": CHOSEN,
                    "size": 17 * size[[chosen]] + 10,
                    "line": {"width": 4},
                },
                hoverinfo="skip",
            ),
            go.Scatter(
                x=x,
                y=y,
                mode="markers+text",  # the text stands beside an invisible marker
                marker={"size": 17 * size + 2, "opacity": 0},
                text=list(names if shown_names is None else shown_names),
                textposition=[_side(px, py) for px, py in zip(x, y, strict=True)],
                textfont={"size": 11, "color": INK, "shadow": HALO},
                hoverinfo="skip",
                cliponaxis=False,
            ),
        ]
    )
    axis = {"visible": False, "fixedrange": True}
    figure.update_layout(
        shapes=shapes,
        showlegend=False,
        hovermode="closest",
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        xaxis=axis | {"range": [-1.35, 1.35]},
        yaxis=axis | {"range": [-1.14, 1.14], "scaleanchor": "x", "constrain": "domain"},
        coloraxis={
            "cmin": limits[0],
            "cmax": limits[1],
            "colorscale": VALUES,
            "colorbar": {
                "title": {"text": "deviation (vertices), jump (edges)", "side": "right"},
                "thickness": 10,
                "len": 0.94,
                **_ticks(limits, scale),
            },
        },
    )
    return figure


def project(
    places: np.ndarray, turn: float, tilt: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """x, y and nearness (−1 to 1, 0 in two dimensions), each (k,)."""
    if places.shape[1] == 2:
        return places[:, 0], places[:, 1], np.zeros(len(places))
    a, b = np.radians([turn, tilt])
    x = np.cos(a) * places[:, 0] + np.sin(a) * places[:, 1]
    away = -np.sin(a) * places[:, 0] + np.cos(a) * places[:, 1]
    y = np.cos(b) * places[:, 2] + np.sin(b) * away
    near = np.sin(b) * places[:, 2] - np.cos(b) * away
    larger = DISTANCE / (DISTANCE - near)
    return x * larger, y * larger, near


def _drawn(values: np.ndarray, scale: str) -> np.ndarray:
    finite = np.nan_to_num(values, posinf=1e6)
    return np.log10(np.maximum(finite, LOWEST)) if scale == SCALES[2] else finite


def _limits(values: np.ndarray, scale: str) -> tuple[float, float]:
    if scale == SCALES[2]:
        return float(np.log10(LOWEST)), 1.0
    largest = float(values[np.isfinite(values)].max(initial=0.0))
    return 0.0, largest if scale == SCALES[0] and largest > 0 else 1.0


def _ticks(limits: tuple[float, float], scale: str) -> dict[str, object]:
    if scale != SCALES[2]:
        return {"tickmode": "auto"}
    decades = list(range(round(limits[0]), round(limits[1]) + 1))
    texts = [f"{10.0**decade:g}" for decade in decades]
    return {"tickmode": "array", "tickvals": decades, "ticktext": ["0", *texts[1:]]}


def _colours(values: np.ndarray, limits: tuple[float, float]) -> list[str]:
    shares = (values - limits[0]) / (limits[1] - limits[0])
    return sample_colorscale(VALUES, np.clip(shares, 0.0, 1.0))


def _side(x: float, y: float) -> str:
    """Outwards."""
    level = "top" if y > 0.3 else "bottom" if y < -0.3 else "middle"
    return f"{level} {'right' if x > 0.2 else 'left' if x < -0.2 else 'center'}".replace(
        "middle center", "top center"
    )
