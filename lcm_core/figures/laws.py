"""Law errors as dots with their intervals, operator below operator, law below law."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

import numpy as np
import plotly.graph_objects as go

from lcm_core.figures.palette import GRID, INK, category_colour, plain_layout
from lcm_core.rounding import SHOWN

__all__ = [
    "SYMBOLS",
    "LawNumbers",
    "error_axis",
    "floor_of",
    "hover",
    "interval",
    "laws_figure",
    "note",
    "notes_trace",
]


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


Reports = Mapping[str, Mapping[str, LawNumbers]]

HEIGHT = 320  # pixels of all rows together
ROW = 26  # at most, of one
#: A second mark of each operator, beside its colour.
SYMBOLS = ("circle", "square", "triangle-up", "star-diamond")


def laws_figure(
    reports: Reports, laws: Sequence[str], chosen: str = "", log: bool = False
) -> go.Figure:
    """Dots at mean law errors with their 95 % intervals; diamonds mark the largest error found.

    Each row names its operator, so that there is no legend. A law that cannot be asked (no
    identity), or whose scale is 0, says so in its row. A logarithmic axis has no 0: there, 0 and
    rounding are written at its beginning.

    Args:
        reports: for each operator, the error of each law.
        laws: the laws in the order to draw them.
        chosen: the law on which a band is laid.
        log: whether the axis is logarithmic.
    """
    names = list(reports)
    rows = len(laws) * (len(names) + 1)
    places = {
        (name, law): -(group * (len(names) + 1) + index + 1.0)
        for group, law in enumerate(laws)
        for index, name in enumerate(names)
    }
    heads = {law: -(group * (len(names) + 1.0)) for group, law in enumerate(laws)}
    numbers = _numbers(reports)
    floor = floor_of(numbers) if log else 0.0
    height = round(min(ROW, HEIGHT / max(rows, 1)) * rows) + 60
    figure = go.Figure(layout=plain_layout(height))
    for index, (name, report) in enumerate(reports.items()):
        figure.add_trace(_dots(name, report, places, index, floor))
        figure.add_trace(_largest(name, report, places, index))
    figure.add_trace(_notes(reports, places, floor))
    if chosen in heads:
        band = {"y0": heads[chosen] + 0.5, "y1": heads[chosen] - len(names) - 0.5}
        figure.add_shape(
            type="rect",
            xref="paper",
            x0=0,
            x1=1,
            **band,
            fillcolor=GRID,
            line_width=0,
            layer="below",
        )
    figure.update_layout(
        showlegend=False,
        margin={"t": 8, "b": 52, "l": 8},
        xaxis=error_axis(numbers, floor, "mean law error and its 95 % interval, in s"),
        yaxis={
            "tickmode": "array",
            "tickvals": [*heads.values(), *places.values()],
            "ticktext": [*(f"<b>{law}</b>" for law in heads), *(name for name, _ in places)],
            "range": [-rows + 0.4, 0.6],
            "showgrid": False,
            "zeroline": False,
            "fixedrange": True,
            "automargin": True,
        },
    )
    return figure


def floor_of(numbers: Iterable[float]) -> float:
    """Where a logarithmic axis begins, below all numbers but rounding: it stands for 0."""
    smallest = min((each for each in numbers if math.isfinite(each) and each > SHOWN), default=0.01)
    return 10.0 ** (math.floor(math.log10(smallest)) - 1)


def error_axis(numbers: Iterable[float], floor: float, title: str) -> dict[str, object]:
    """An axis on which all numbers are in sight: from 0, or logarithmic from a floor above 0."""
    top = max((each for each in numbers if math.isfinite(each) and each > SHOWN), default=1.0)
    axis: dict[str, object] = {
        "title": {"text": title, "standoff": 6},
        "gridcolor": GRID,
        "zeroline": False,
        "fixedrange": True,
    }
    if not floor:
        return {**axis, "type": "linear", "range": [-0.02 * top, 1.06 * top], "nticks": 8}
    ends = math.log10(floor), math.log10(1.5 * top)
    decades = range(round(ends[0]) + 1, math.floor(ends[1]) + 1)
    return {
        **axis,
        "type": "log",
        "range": list(ends),
        "tickmode": "array",
        "tickvals": [floor, *(10.0**decade for decade in decades)],
        "ticktext": ["0", *map(_power, decades)],
    }


def interval(errors: Sequence[LawNumbers], floor: float) -> dict[str, object]:
    """Error bars: the 95 % interval of each mean, within the axis."""
    means = np.array([error.mean for error in errors], dtype=float)
    low = np.array([max(error.ci_low, floor) for error in errors])
    high = np.array([error.ci_high for error in errors])
    return {
        "type": "data",
        "symmetric": False,
        "array": np.maximum(high - means, 0),
        "arrayminus": np.maximum(means - low, 0),
        "color": INK,
        "thickness": 1.5,
        "width": 4,
    }


def note(name: str, law: str, error: LawNumbers | None, log: bool) -> str:
    """The words in a row that has no dot."""
    if error is None:
        return f"no {law}"
    if error.degenerate:
        return "degenerate: all results alike"
    if error.mean <= SHOWN and log:
        return "0" if error.mean == 0 else "rounding"
    return "" if math.isfinite(error.mean) else f"{error.mean}"


def hover(name: str, law: str, error: LawNumbers | None) -> str:
    """What a row says when it is pointed at."""
    if error is None:
        return f"{name} has no {law}"
    if error.degenerate:
        return f"{name}: {law}<br>all results are alike: no scale to compare an error with"
    largest = "" if error.largest_found is None else f"<br>largest found {error.largest_found:.3g}"
    return (
        f"{name}: {law}<br>mean {error.mean:.3g} [{error.ci_low:.3g}, {error.ci_high:.3g}]{largest}"
    )


def _power(decade: int) -> str:
    return f"{10.0**decade:g}" if abs(decade) < 3 else f"10<sup>{decade}</sup>".replace("-", "−")


def _numbers(reports: Reports) -> list[float]:
    return [
        number
        for report in reports.values()
        for error in report.values()
        if not error.degenerate
        for number in (error.mean, error.ci_high, error.largest_found or 0.0)
    ]


def _dots(
    name: str,
    report: Mapping[str, LawNumbers],
    places: Mapping[tuple[str, str], float],
    index: int,
    floor: float,
) -> go.Scatter:
    shown = {law: error for law, error in report.items() if not note(name, law, error, floor > 0)}
    return go.Scatter(
        x=np.array([error.mean for error in shown.values()]),
        y=np.array([places[name, law] for law in shown]),
        error_x=interval(list(shown.values()), floor),
        mode="markers",
        marker={
            "symbol": SYMBOLS[index % len(SYMBOLS)],
            "size": 10,
            "color": category_colour(index),
            "line": {"color": INK, "width": 1},
        },
        name=name,
        hovertext=[hover(name, law, error) for law, error in shown.items()],
        hoverinfo="text",
        cliponaxis=False,
    )


def _largest(
    name: str,
    report: Mapping[str, LawNumbers],
    places: Mapping[tuple[str, str], float],
    index: int,
) -> go.Scatter:
    found = {law: error for law, error in report.items() if (error.largest_found or 0.0) > SHOWN}
    return go.Scatter(
        x=np.array([error.largest_found for error in found.values()], dtype=float),
        y=np.array([places[name, law] for law in found]),
        mode="markers",
        marker={
            "symbol": "diamond-open",
            "size": 11,
            "color": category_colour(index),
            "line": {"color": category_colour(index), "width": 2},
        },
        name=f"{name}: largest found",
        hovertext=[hover(name, law, error) for law, error in found.items()],
        hoverinfo="text",
        cliponaxis=False,
    )


def _notes(reports: Reports, places: Mapping[tuple[str, str], float], floor: float) -> go.Scatter:
    asked = {key: reports[key[0]].get(key[1]) for key in places}
    texts = {key: note(*key, error, floor > 0) for key, error in asked.items()}
    return notes_trace(
        floor,
        [(places[key], text, hover(*key, asked[key])) for key, text in texts.items() if text],
    )


def notes_trace(floor: float, notes: Sequence[tuple[float, str, str]]) -> go.Scatter:
    """Texts at the low end of the axis, in place of dots that are not there.

    Args:
        floor: the low end.
        notes: the height, the text and the hover text of each.
    """
    heights, texts, hovers = ([note[part] for note in notes] for part in range(3))
    return go.Scatter(
        x=np.full(len(notes), floor),
        y=np.array(heights),
        mode="text",
        text=[f" {text}" for text in texts],
        textposition="middle right",
        textfont={"color": INK, "size": 12},
        hovertext=hovers,
        hoverinfo="text",
        name="notes",
        showlegend=False,
        cliponaxis=False,
    )
