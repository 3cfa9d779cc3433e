"""Scores over law errors: how both move with one setting of the training."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from lcm_core.figures.palette import FAINT, OKABE_ITO, plain_layout

__all__ = ["score_over_law_figure"]

ABOVE = 0.07  # the dots are their values
TICKS = (0.01, 0.03, 0.1, 0.3, 1)

#: A run's law error and its score.
Point = tuple[float, float]


def score_over_law_figure(
    runs: Mapping[str, Sequence[Point]],
    chosen: str,
    x_title: str,
    y_title: str,
    name: str = "",
    height: int = 380,
) -> go.Figure:
    """A dot for each run; a line joins the medians of the settings, each with its value.

    Args:
        runs: law error (above 0) and score (from 0 to 1) of each run, by the value of the setting,
            in order; a value without runs is left out.
        chosen: the value whose dots are filled.
        x_title, y_title: of the axes, with units.
        name: of the setting.
        height: in pixels.
    """
    found = {value: points for value, points in runs.items() if points}
    medians = [
        tuple(map(statistics.median, zip(*points, strict=True))) for points in found.values()
    ]
    figure = go.Figure(layout=plain_layout(height))
    errors, scores = zip(*medians, strict=True) if medians else ((), ())
    line = {"mode": "lines", "line": {"color": FAINT, "width": 2}}
    words = [f"<b>{name} {value}</b>" if value == chosen else value for value in found]
    for above, look in ((0, line), (ABOVE, {"mode": "text", "text": words})):
        y = [score + above for score in scores]
        figure.add_trace(go.Scatter(x=errors, y=y, hoverinfo="skip", **look))
    for value, points in found.items():
        marker = {"color": OKABE_ITO[0], "size": 11 if value == chosen else 7}
        figure.add_trace(
            go.Scatter(
                name=f"{name} {value}",
                x=[error for error, _ in points],
                y=[score for _, score in points],
                mode="markers",
                marker=marker | {"symbol": "circle" if value == chosen else "circle-open"},
                hovertemplate=f"{name} {value}: error %{{x:.3f}}, %{{y:.1%}}<extra></extra>",
            )
        )
    ticks = {"tickvals": list(TICKS), "ticktext": [f"{tick:g}" for tick in TICKS]}
    figure.update_layout(
        xaxis={"title": {"text": x_title}, "type": "log", **ticks},
        yaxis={"title": {"text": y_title}, "range": [-0.03, 1.12], "tickformat": ".0%"},
        showlegend=False,
        margin={"t": 16},
    )
    return figure
