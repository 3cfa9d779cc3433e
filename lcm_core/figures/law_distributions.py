"""How the errors of a law are distributed, operator beside operator, on a logarithmic scale."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
import plotly.graph_objects as go

from lcm_core.figures.laws import LawNumbers, error_axis
from lcm_core.figures.palette import INK, category_colour, plain_layout
from lcm_core.rounding import SHOWN

__all__ = ["LawDistribution", "law_distributions_figure", "log_histogram"]

BINS_PER_DECADE = 8


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

#: Name in the legend, property of `LawDistribution`, symbol.
STATISTICS = (
    ("mean, 95 % interval", "mean", "circle"),
    ("median", "median", "line-ew-open"),
    ("95th percentile", "p95", "triangle-up"),
    ("max of the samples", "max", "x-thin-open"),
    ("largest found by search", "largest_found", "diamond"),
)


def log_histogram(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Counts of the finite values above 0 in bins of equal width on a logarithmic scale.

    Args:
        values: (m,), each at least 0.

    Returns:
        The edges, (bins + 1,), and the counts, (bins,); both empty if no value is drawn.
    """
    drawn = values[(values > 0) & np.isfinite(values)]
    if len(drawn) == 0:
        return np.empty(0), np.empty(0, dtype=int)
    places = np.floor(np.log10(drawn) * BINS_PER_DECADE).astype(int)
    first = int(places.min())
    counts = np.bincount(places - first)
    edges = 10.0 ** (np.arange(first, first + len(counts) + 1) / BINS_PER_DECADE)
    return edges, counts


def law_distributions_figure(reports: Reports, laws: Sequence[str], height: int = 380) -> go.Figure:
    """For each law and operator the histogram of its errors, upright and mirrored.

    The widest bin of each is as wide as there is room, so that shapes can be compared, not counts.
    Errors of exactly 0 have no place on a logarithmic axis, and those of rounding alone would
    stretch it by many decades: both are written on the floor.

    Args:
        reports: for each operator, the distribution of each law.
        laws: the laws in the order to draw them.
        height: of the figure, in pixels.
    """
    found = [error for report in reports.values() for error in report.values()]
    drawn = np.concatenate([np.empty(0), *(_positive(error) for error in found)])
    floor = 10.0 ** (math.floor(math.log10(drawn.min())) - 0.5) if len(drawn) else 1e-3
    floor = max(floor, SHOWN / 10)
    top = max(1.0, float(drawn.max()) if len(drawn) else 1.0) * 2
    room = 0.8 / max(len(reports), 1)
    places = {
        (name, law): group + (index - (len(reports) - 1) / 2) * room
        for group, law in enumerate(laws)
        for index, name in enumerate(reports)
    }
    figure = go.Figure(layout=plain_layout(height))
    for index, (name, report) in enumerate(reports.items()):
        figure.add_trace(_shapes(name, report, places, 0.46 * room, index))
    for text, what, symbol in STATISTICS:
        figure.add_trace(_marks(reports, places, floor, text, what, symbol))
    figure.add_trace(_notes(reports, places, floor))
    figure.update_layout(
        yaxis=error_axis(floor, top, "law error"),
        xaxis={
            "tickmode": "array",
            "tickvals": list(range(len(laws))),
            "ticktext": list(laws),
            "range": [-0.5, len(laws) - 0.5],
            "showgrid": False,
            "zeroline": False,
            "fixedrange": True,
        },
    )
    return figure


def _drawn(error: LawDistribution) -> bool:
    """Whether there is more to see than zeros and rounding."""
    return not error.degenerate and max(error.max, error.largest_found or 0.0) > SHOWN


def _positive(error: LawDistribution) -> np.ndarray:
    if not _drawn(error):
        return np.empty(0)
    numbers = np.append(error.values, [error.ci_high, error.largest_found or 0.0])
    return numbers[(numbers > 0) & np.isfinite(numbers)]


def _shapes(
    name: str,
    report: Mapping[str, LawDistribution],
    places: Mapping[tuple[str, str], float],
    reach: float,
    index: int,
) -> go.Scatter:
    """The outlines of one operator's histograms; NaN parts one from the next."""
    x, y = [np.array([math.nan])], [np.array([math.nan])]  # so that each is in the legend
    for law, error in report.items():
        edges, counts = log_histogram(error.values if _drawn(error) else np.empty(0))
        if len(counts) == 0 or (name, law) not in places:
            continue
        side = np.repeat(counts / counts.max(), 2) * reach
        heights = np.repeat(edges, 2)[1:-1]
        x.append(places[name, law] + np.concatenate([side, -side[::-1], [side[0], math.nan]]))
        y.append(np.concatenate([heights, heights[::-1], [heights[0], math.nan]]))
    return go.Scatter(
        x=np.concatenate(x),
        y=np.concatenate(y),
        mode="lines",
        line={"color": category_colour(index), "width": 1},
        fill="toself",
        fillcolor=category_colour(index),
        opacity=0.55,
        name=name,
        hoverinfo="skip",
    )


def _marks(
    reports: Reports,
    places: Mapping[tuple[str, str], float],
    floor: float,
    text: str,
    what: str,
    symbol: str,
) -> go.Scatter:
    """One statistic of every distribution."""
    asked = {key: reports[key[0]].get(key[1]) for key in places}
    shown = {key: error for key, error in asked.items() if error and _drawn(error)}
    values = np.array([getattr(error, what) or math.nan for error in shown.values()], dtype=float)
    interval = None
    if what == "mean":
        low = np.array([max(error.ci_low, floor) for error in shown.values()])
        high = np.array([error.ci_high for error in shown.values()])
        interval = {
            "type": "data",
            "symmetric": False,
            "array": np.maximum(high - values, 0),
            "arrayminus": np.maximum(values - low, 0),
            "color": INK,
            "thickness": 1.5,
            "width": 7,
        }
    return go.Scatter(
        x=np.array([places[key] for key in shown]),
        y=values,
        mode="markers",
        marker={"symbol": symbol, "size": 7, "color": INK, "line": {"color": INK, "width": 2}},
        error_y=interval,
        name=text,
        showlegend=bool(np.isfinite(values).any()),
        hovertext=[_hover(name, law, error) for (name, law), error in shown.items()],
        hoverinfo="text",
    )


def _notes(reports: Reports, places: Mapping[tuple[str, str], float], floor: float) -> go.Scatter:
    asked = {key: reports[key[0]].get(key[1]) for key in places}
    return go.Scatter(
        x=np.array(list(places.values())),
        y=np.full(len(places), floor),
        mode="text",
        text=[_note(error) for error in asked.values()],
        textposition="top center",
        textfont={"color": INK, "size": 11},
        hovertext=[_hover(name, law, error) for (name, law), error in asked.items()],
        hoverinfo="text",
        showlegend=False,
        cliponaxis=False,
    )


def _note(error: LawDistribution | None) -> str:
    """The word on the floor of the figure: what the axis cannot show."""
    if error is None:
        return "none"
    if error.degenerate:
        return "degenerate"
    zeros = int((error.values == 0).sum())
    if not _drawn(error):
        return "0" if zeros == len(error.values) else "rounding"
    return f"{zeros}×0" if zeros else ""


def _hover(name: str, law: str, error: LawDistribution | None) -> str:
    if error is None:
        return f"{name} has no {law}"
    if error.degenerate:
        return f"{name}: {law}<br>all outputs are alike: no scale to compare an error with"
    found = error.largest_found
    return (
        f"{name}: {law}<br>mean {error.mean:.3g} [{error.ci_low:.3g}, {error.ci_high:.3g}]"
        f"<br>median {error.median:.3g}<br>95th percentile {error.p95:.3g}<br>max {error.max:.3g}"
        + ("" if found is None else f"<br>largest found {found:.3g}")
        + f"<br>exactly 0: {int((error.values == 0).sum())} of {len(error.values)}"
    )
