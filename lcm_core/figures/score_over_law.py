"""Scores over law errors: how both move with one setting of the training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from lcm_core.figures.palette import FAINT, OKABE_ITO, plain_layout
from lcm_core.figures.results import log_axis

__all__ = ["Point", "score_over_law_figure"]

ABOVE = 0.07  # the dots are their values

#: A run's law error and its score.
Point = tuple[float, float]


def score_over_law_figure(
    runs: Mapping[str, Sequence[Point]],
    medians: Mapping[str, Point],
    chosen: str,
    x_title: str,
    y_title: str,
    name: str = "",
    height: int = 380,
) -> go.Figure:
    """A dot for each run; a line joins the medians of the settings, each with its value.

    Args:
        runs: law error (above 0) and score (from 0 to 1) of each run, by the value of the setting,
            in order.
        medians: of the errors and scores of each value.
        chosen: the value whose dots are filled.
        x_title, y_title: of the axes, with units.
        name: of the setting.
        height: in pixels.
    """
    figure = go.Figure(layout=plain_layout(height))
    line = {"mode": "lines", "line": {"color": FAINT, "width": 2}}
    words = [f"<b>{name} {value}</b>" if value == chosen else value for value in medians]
    x = [error for error, _ in medians.values()]
    for above, look in ((0, line), (ABOVE, {"mode": "text", "text": words})):
        y = [score + above for _, score in medians.values()]
        figure.add_trace(go.Scatter(x=x, y=y, hoverinfo="skip", **look))
    for value, points in runs.items():
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
    errors = [error for points in runs.values() for error, _ in points]
    figure.update_layout(
        xaxis={"title": {"text": x_title}, **log_axis(errors)},
        yaxis={"title": {"text": y_title}, "range": [-0.03, 1.12], "tickformat": ".0%"},
        showlegend=False,
        margin={"t": 16},
    )
    return figure
