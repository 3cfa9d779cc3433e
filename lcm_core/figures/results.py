"""Plots of results over several seeds: medians, and from the smallest to the largest."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from lcm_core.figures.palette import FAINT, INK, OKABE_ITO, category_colour, plain_layout

__all__ = ["dots_figure", "log_axis", "spread_figure"]

SYMBOLS = ("circle", "square", "diamond", "triangle-up")
DASHES = ("solid", "dash", "dot", "dashdot")

#: A place on the axis, a number or a name, and the values that were found there, one a seed.
Point = tuple[float | str, Sequence[float]]


def spread_figure(
    curves: Mapping[str, Sequence[Point]],
    x_title: str,
    y_title: str,
    reference: Mapping[str, Sequence[Point]] | None = None,
    log_x: bool = False,
    log_y: bool = False,
    form: str = "",
    height: int = 420,
) -> go.Figure:
    """Lines through the medians, with bars from the smallest to the largest value.

    Args:
        curves: the points of each, by its name; a point without values is left out.
        x_title, y_title: of the axes, with units.
        reference: what the curves are compared with, such as the best constant answer; dashed.
        log_x, log_y: logarithmic axes. Places that are names need none.
        form: of the numbers on the y axis, as d3 writes it: ".0%" for shares.
        height: in pixels.
    """
    figure = go.Figure(layout=plain_layout(height))
    for index, (name, points) in enumerate(curves.items()):
        turn = index // len(OKABE_ITO) % len(SYMBOLS)
        figure.add_trace(
            go.Scatter(
                name=name,
                mode="lines+markers",
                line={"color": category_colour(index), "width": 2, "dash": DASHES[turn]},
                marker={"symbol": SYMBOLS[turn], "size": 7},
                **_medians(points, "y"),
            )
        )
    for name, points in (reference or {}).items():
        line = {"color": INK, "width": 1.5, "dash": "dot"}
        figure.add_trace(go.Scatter(name=name, mode="lines", line=line, **_medians(points, "y")))
    places = dict.fromkeys(x for points in curves.values() for x, _ in points)
    axis = "category" if any(isinstance(x, str) for x in places) else "linear"
    ticks: dict[str, object] = {"type": "log" if log_x else axis}
    if log_x:
        ticks |= {"tickvals": list(places), "ticktext": [f"{x:,g}" for x in places]}
    figure.update_layout(
        xaxis={"title": {"text": x_title}, **ticks},
        yaxis={
            "title": {"text": y_title},
            **(log_axis(_values(curves)) if log_y else {"tickformat": form}),
            "gridcolor": FAINT,
            "zeroline": False,
        },
        showlegend=True,
    )
    return figure


def _values(curves: Mapping[str, Sequence[Point]]) -> list[float]:
    return [y for points in curves.values() for _, values in points for y in values]


def log_axis(values: Sequence[float]) -> dict[str, object]:
    """A logarithmic axis whose numbers are written out: plotly writes 0.03 as a small 3."""
    found = [value for value in values if value > 0]
    low, high = (math.log10(end(found, default=1.0)) for end in (min, max))
    leading = (1, 3) if high - low < 3 else (1,)
    decades = range(math.floor(low), math.ceil(high) + 1)
    ticks = [float(f"{digit}e{decade}") for decade in decades for digit in leading]
    return {"type": "log", "tickvals": ticks, "ticktext": [f"{tick:,g}" for tick in ticks]}


def dots_figure(
    groups: Mapping[str, Mapping[str, Sequence[float]]],
    x_title: str,
    form: str = "",
    height: int | None = None,
) -> go.Figure:
    """A line of the plot for each row; in it a dot for each group's median, with its spread.

    Args:
        groups: by the name of the group, such as a dataset: the values of each row.
        x_title: of the values, with units.
        form: of the numbers on the axis, as d3 writes it.
        height: in pixels; by default as the rows need.
    """
    rows = list(dict.fromkeys(row for group in groups.values() for row in group))
    tall = 100 + (14 + 12 * len(groups)) * len(rows)
    figure = go.Figure(layout=plain_layout(height or tall))
    for index, (name, group) in enumerate(groups.items()):
        points = [(row, group[row]) for row in rows if row in group]
        figure.add_trace(
            go.Scatter(
                name=name,
                mode="markers",
                marker={"color": category_colour(index), "symbol": SYMBOLS[index % 4], "size": 8},
                **_medians(points, "x"),
            )
        )
    figure.update_layout(
        scattermode="group",
        xaxis={"title": {"text": x_title}, "tickformat": form, "gridcolor": FAINT},
        yaxis={"categoryorder": "array", "categoryarray": rows[::-1], "automargin": True},
        showlegend=len(groups) > 1,
    )
    return figure


def _medians(points: Sequence[Point], axis: str) -> dict[str, object]:
    """The coordinates and error bars of a trace whose values lie along `axis`."""
    found = [(place, values) for place, values in points if len(values)]
    medians = [statistics.median(values) for _, values in found]
    up = [max(values) - middle for (_, values), middle in zip(found, medians, strict=True)]
    down = [middle - min(values) for (_, values), middle in zip(found, medians, strict=True)]
    bars = {"symmetric": False, "array": up, "arrayminus": down, "thickness": 1.2, "width": 4}
    other = "x" if axis == "y" else "y"
    spread = {f"error_{axis}": bars} if any(len(values) > 1 for _, values in found) else {}
    return {other: [place for place, _ in found], axis: medians, **spread}
