"""Bars of law errors, operator beside operator, on a scale on which small errors can be seen."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
import plotly.graph_objects as go

from lcm_core.figures.palette import INK, category_colour, plain_layout

__all__ = ["LawNumbers", "error_axis", "laws_figure"]


class LawNumbers(Protocol):
    """What is drawn of one law of one operator; `lcm_core.laws.measure.LawError` has it."""

    @property
    def mean(self) -> float: ...
    @property
    def ci_low(self) -> float: ...
    @property
    def ci_high(self) -> float: ...
    @property
    def largest_found(self) -> float | None: ...
    @property
    def degenerate(self) -> bool: ...


#: The lowest level a bar can show; errors of rounding lie about here in float32.
LOWEST = 1e-9


def laws_figure(
    reports: Mapping[str, Mapping[str, LawNumbers]], laws: Sequence[str], height: int = 320
) -> go.Figure:
    """Bars of mean law errors with their 95 % intervals; diamonds mark the largest error found.

    A logarithmic axis has no 0. An error of exactly 0 is drawn as a `0` on the floor of the figure,
    not as a small bar; a law that cannot be asked (no identity), or whose scale is 0, is named
    there too.

    Args:
        reports: for each operator, the error of each law.
        laws: the laws in the order to draw them.
        height: of the figure, in pixels.
    """
    floor = _floor(reports)
    figure = go.Figure(layout=plain_layout(height))
    for index, (operator, report) in enumerate(reports.items()):
        figure.add_trace(_bars(operator, report, laws, floor, index))
    for index, (operator, report) in enumerate(reports.items()):
        figure.add_trace(_notes(operator, report, laws, floor, index))
    for index, (operator, report) in enumerate(reports.items()):
        figure.add_trace(_worst(operator, report, laws, index))
    figure.update_layout(
        barmode="group",
        scattermode="group",
        bargap=0.2,
        yaxis=error_axis(floor, _top(reports), "law error (mean, 95 % interval)"),
        xaxis={"categoryorder": "array", "categoryarray": list(laws), "fixedrange": True},
    )
    return figure


def error_axis(floor: float, top: float, title: str) -> dict[str, object]:
    """A logarithmic axis of errors; its floor, below all errors that are not 0, stands for 0."""
    decades = range(math.ceil(math.log10(floor)) + 1, math.ceil(math.log10(top)) + 1)
    stride = max(1, len(decades) // 6)
    ticks = [10.0**decade for decade in decades[::stride]]
    return {
        "type": "log",
        "title": {"text": title},
        "range": [math.log10(floor), math.log10(top)],
        "tickmode": "array",
        "tickvals": [floor, *ticks],
        "ticktext": ["0", *(_power(decade) for decade in decades[::stride])],
        "automargin": True,
        "gridcolor": "#EEEEEE",
        "fixedrange": True,
    }


def _power(decade: int) -> str:
    return f"{10.0**decade:g}" if abs(decade) < 3 else f"10<sup>{decade}</sup>".replace("-", "−")


def _numbers(reports: Mapping[str, Mapping[str, LawNumbers]]) -> list[float]:
    """Everything that is drawn on the axis: finite and above 0."""
    found = [
        value
        for report in reports.values()
        for error in report.values()
        for value in (error.mean, error.ci_high, error.largest_found or 0.0)
    ]
    return [value for value in found if value > 0 and math.isfinite(value)]


def _floor(reports: Mapping[str, Mapping[str, LawNumbers]]) -> float:
    """A decade below the smallest error drawn, so that `0` stands apart from it."""
    means = [e.mean for r in reports.values() for e in r.values() if e.mean > 0]
    smallest = min((m for m in means if math.isfinite(m)), default=1e-2)
    return max(LOWEST, 10.0 ** (math.floor(math.log10(smallest)) - 1))


def _top(reports: Mapping[str, Mapping[str, LawNumbers]]) -> float:
    return max([1.0, *_numbers(reports)]) * 2


def _bars(
    operator: str, report: Mapping[str, LawNumbers], laws: Sequence[str], floor: float, index: int
) -> go.Bar:
    means = np.array([_drawable(report.get(law), floor) for law in laws])
    low = np.array([_ci(report.get(law))[0] for law in laws])
    high = np.array([_ci(report.get(law))[1] for law in laws])
    return go.Bar(
        x=list(laws),
        y=means,
        name=operator,
        offsetgroup=operator,
        marker={"color": category_colour(index)},
        error_y={
            "type": "data",
            "symmetric": False,
            "array": np.maximum(high - means, 0),
            "arrayminus": np.clip(means - np.maximum(low, floor), 0, None),
            "color": INK,
            "thickness": 1.2,
        },
        hovertext=[_hover(operator, law, report.get(law)) for law in laws],
        hoverinfo="text",
    )


def _drawable(error: LawNumbers | None, floor: float) -> float:
    if error is None or error.degenerate or not error.mean >= floor:
        return math.nan
    return error.mean


def _ci(error: LawNumbers | None) -> tuple[float, float]:
    return (math.nan, math.nan) if error is None else (error.ci_low, error.ci_high)


def _note(error: LawNumbers | None, floor: float) -> str:
    """The word on the floor of the figure where there is no bar."""
    if error is None:
        return "none"
    if error.degenerate:
        return "degenerate"
    if error.mean == 0:
        return "0"
    return "" if error.mean >= floor else f"{error.mean:.0e}"


def _notes(
    operator: str, report: Mapping[str, LawNumbers], laws: Sequence[str], floor: float, index: int
) -> go.Scatter:
    return go.Scatter(
        x=list(laws),
        y=np.full(len(laws), floor),
        mode="text",
        text=[_note(report.get(law), floor) for law in laws],
        textposition="top center",
        textfont={"color": INK, "size": 12},
        name=operator,
        offsetgroup=operator,
        showlegend=False,
        hovertext=[_hover(operator, law, report.get(law)) for law in laws],
        hoverinfo="text",
        cliponaxis=False,
    )


def _worst(
    operator: str, report: Mapping[str, LawNumbers], laws: Sequence[str], index: int
) -> go.Scatter:
    found = [report[law].largest_found if law in report else None for law in laws]
    return go.Scatter(
        x=list(laws),
        y=np.array([value if value else math.nan for value in found], dtype=float),
        mode="markers",
        marker={
            "symbol": "diamond",
            "size": 10,
            "color": category_colour(index),
            "line": {"color": INK, "width": 1},
        },
        name=f"{operator}: largest found",
        offsetgroup=operator,
        showlegend=any(found),
        hovertext=[_hover(operator, law, report.get(law)) for law in laws],
        hoverinfo="text",
    )


def _hover(operator: str, law: str, error: LawNumbers | None) -> str:
    if error is None:
        return f"{operator} has no {law}"
    if error.degenerate:
        return f"{operator}: {law}<br>all outputs are alike: no scale to compare an error with"
    largest = "" if error.largest_found is None else f"<br>largest found {error.largest_found:.3g}"
    return (
        f"{operator}: {law}<br>mean {error.mean:.3g} "
        f"[{error.ci_low:.3g}, {error.ci_high:.3g}]{largest}"
    )
