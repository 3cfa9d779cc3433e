"""How the errors of a law are distributed, operator below operator: smooth violins."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
import plotly.graph_objects as go

from lcm_core.figures.laws import (
    LawNumbers,
    error_axis,
    floor_of,
    hover,
    interval,
    note,
    notes_trace,
)
from lcm_core.figures.palette import INK, category_colour, plain_layout
from lcm_core.rounding import SHOWN

__all__ = ["LawDistribution", "density", "law_distributions_figure"]


class LawDistribution(LawNumbers, Protocol):
    """What is drawn of one law of one operator; `lcm_core.laws.measure.LawError` has it."""

    @property
    def median(self) -> float: ...
    @property
    def p95(self) -> float: ...
    @property
    def max(self) -> float: ...
    @property
    def values(self) -> np.ndarray: ...


Reports = Mapping[str, Mapping[str, LawDistribution]]

GRID_POINTS = 160
HEIGHT = 300  # pixels of all rows together
ROW = 110  # at most, of one

#: Name in the legend, property of `LawDistribution`, symbol.
STATISTICS = (
    ("mean, 95 % interval", "mean", "circle"),
    ("median", "median", "line-ns-open"),
    ("95th percentile", "p95", "triangle-up"),
    ("max of the samples", "max", "x-thin-open"),
    ("largest found by search", "largest_found", "diamond"),
)


def density(values: np.ndarray, at: np.ndarray, lowest: float | None = None) -> np.ndarray:
    """The density of values, smoothed with a Gaussian kernel of Silverman's width.

    Args:
        values: (m,), finite.
        at: where it is wanted, (k,).
        lowest: no value can be below it: what the kernel spills is folded back.
    """
    quartiles = np.quantile(values, [0.25, 0.75])
    size = min(values.std(), float(quartiles[1] - quartiles[0]) / 1.34) or values.std()
    width = 0.9 * size * len(values) ** -0.2
    width = max(width, float(at[1] - at[0]))  # else a peak falls between two places
    centres = values if lowest is None else np.concatenate([values, 2 * lowest - values])
    kernels = np.exp(-0.5 * ((at[:, None] - centres) / width) ** 2)
    return kernels.sum(1) / (len(values) * width * math.sqrt(2 * math.pi))


def law_distributions_figure(reports: Reports, law: str, log: bool = False) -> go.Figure:
    """For each operator a violin of its errors of one law, with the usual statistics as marks.

    All violins are equally high: shapes are compared. On a logarithmic axis the density is that of
    the logarithm, and errors of 0, which have no place on it, are counted at its beginning.

    Args:
        reports: for each operator, the distribution of each law.
        law: whose errors are shown.
        log: whether the axis is logarithmic.
    """
    errors = {name: report.get(law) for name, report in reports.items()}
    drawn = {name: error for name, error in errors.items() if error and _drawn(error)}
    places = {name: -float(index) for index, name in enumerate(errors)}
    numbers = [n for error in drawn.values() for n in _numbers(error)]
    floor = floor_of(numbers) if log else 0.0
    each = min(ROW, HEIGHT / max(len(errors), 1))
    figure = go.Figure(layout=plain_layout(round(each * len(errors)) + 96))
    for index, name in enumerate(errors):
        figure.add_trace(_violin(name, drawn.get(name), places[name], index, floor))
    for text, what, symbol in STATISTICS:
        figure.add_trace(_marks(drawn, places, law, text, what, symbol, floor))
    figure.add_trace(_notes(errors, places, law, floor))
    figure.update_layout(
        margin={"t": 44, "b": 52, "l": 8},
        xaxis=error_axis(numbers, floor, f"error of {law}, in s"),
        yaxis={
            "tickmode": "array",
            "tickvals": list(places.values()),
            "ticktext": list(places),
            "range": [-len(errors) + 0.5, 0.5],
            "showgrid": False,
            "zeroline": False,
            "fixedrange": True,
            "automargin": True,
        },
    )
    return figure


def _drawn(error: LawDistribution) -> bool:
    """Whether there is more to see than zeros and rounding."""
    return not error.degenerate and max(error.max, error.largest_found or 0.0) > SHOWN


def _numbers(error: LawDistribution) -> list[float]:
    """What the axis must show: not the very smallest of the errors."""
    return [float(np.quantile(error.values, 0.01)), error.max, error.largest_found or 0.0]


def _violin(
    name: str, error: LawDistribution | None, place: float, index: int, floor: float
) -> go.Scatter:
    x, y = np.array([math.nan]), np.array([math.nan])
    values = np.empty(0) if error is None else error.values[np.isfinite(error.values)]
    log = floor > 0
    values = np.log10(values[values > floor]) if log else values
    if len(values) > 1:
        ends = values.min(), values.max()
        lowest = None if log else 0.0
        pad = 0.1 * (ends[1] - ends[0]) + 1e-9
        begin = ends[0] - pad if lowest is None else max(lowest, ends[0] - pad)
        at = np.linspace(begin, ends[1] + pad, GRID_POINTS)
        high = density(values, at, lowest)
        high *= 0.4 / high.max()
        x = np.concatenate([at, at[::-1], at[:1]])
        x = 10**x if log else x
        y = place + np.concatenate([high, -high[::-1], high[:1]])
    return go.Scatter(
        x=x,
        y=y,
        mode="lines",
        line={"color": category_colour(index), "width": 1.5, "shape": "spline"},
        fill="toself",
        fillcolor=category_colour(index),
        opacity=0.6,
        name=name,
        hoverinfo="skip",
        showlegend=False,
    )


def _marks(
    drawn: Mapping[str, LawDistribution],
    places: Mapping[str, float],
    law: str,
    text: str,
    what: str,
    symbol: str,
    floor: float,
) -> go.Scatter:
    """One statistic of every distribution."""
    found = {name: getattr(error, what) for name, error in drawn.items()}
    found = {name: value for name, value in found.items() if value and value > floor}
    errors: Sequence[LawDistribution] = [drawn[name] for name in found]
    return go.Scatter(
        x=np.array(list(found.values()), dtype=float),
        y=np.array([places[name] for name in found]),
        error_x=interval(errors, floor) if what == "mean" else None,
        mode="markers",
        marker={"symbol": symbol, "size": 8, "color": INK, "line": {"color": INK, "width": 2}},
        name=text,
        showlegend=bool(found),
        hovertext=[_hover(name, law, drawn[name]) for name in found],
        hoverinfo="text",
        cliponaxis=False,
    )


def _notes(
    errors: Mapping[str, LawDistribution | None],
    places: Mapping[str, float],
    law: str,
    floor: float,
) -> go.Scatter:
    texts = {name: _note(name, law, error, floor > 0) for name, error in errors.items()}
    return notes_trace(
        floor,
        [
            (places[name], text, _hover(name, law, errors[name]))
            for name, text in texts.items()
            if text
        ],
    )


def _note(name: str, law: str, error: LawDistribution | None, log: bool) -> str:
    if error is None or error.degenerate:
        return note(name, law, error, log)
    zeros = int((error.values == 0).sum())
    if not _drawn(error):
        return "all are 0" if zeros == len(error.values) else "all are rounding"
    return f"{zeros} × 0" if zeros and log else ""


def _hover(name: str, law: str, error: LawDistribution | None) -> str:
    said = hover(name, law, error)
    if error is None or error.degenerate:
        return said
    return (
        f"{said}<br>median {error.median:.3g}<br>95th percentile {error.p95:.3g}"
        f"<br>max {error.max:.3g}"
        f"<br>exactly 0: {int((error.values == 0).sum())} of {len(error.values)}"
    )
