"""Three small plots of a run, one above the other: losses, law errors, and the metric."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import plotly.graph_objects as go

from lcm_core.figures.palette import INK, OKABE_ITO, plain_layout

__all__ = [
    "LAW_NAMES",
    "SPLIT_DASHES",
    "Curve",
    "Entry",
    "Plot",
    "RecordNumbers",
    "curve",
    "law_curve",
    "line",
    "metric_curve",
    "three_plots",
    "training_curves",
    "training_plots",
]

LAW_NAMES = ("commutativity", "associativity", "identity", "exchange", "order spread")

#: Smaller errors are drawn here, on the floor of the logarithmic axis.
LAW_FLOOR = 1e-3

#: The line styles of the splits on which the metric is measured, validation first.
SPLIT_DASHES = ("solid", "dash", "dot", "dashdot")

#: By law: the number of its colour, and its line style. Associativity stands out.
_LAW_LINES = {
    "commutativity": (1, "dash"),
    "associativity": (5, "solid"),
    "identity": (3, "dashdot"),
    "exchange": (4, "dot"),
    "order spread": (2, "solid"),
}
_SPLIT_COLOURS = (0, 5, 2, 3)
BASELINE = "constant answer"

Curve = dict[str, np.ndarray]


class RecordNumbers(Protocol):
    """What is drawn of one record; `lcm_core.training.trainer.Record` has it."""

    @property
    def step(self) -> int: ...
    @property
    def loss(self) -> float: ...
    @property
    def task_loss(self) -> float: ...
    @property
    def laws(self) -> Mapping[str, float]: ...
    @property
    def metric(self) -> float | None: ...
    @property
    def metrics(self) -> Mapping[str, float]: ...


@dataclass(frozen=True)
class Entry:
    """One name of a legend, with its line.

    Args:
        name: in words.
        category: the number of the colour in `OKABE_ITO`; None is the colour of text.
        dash: plotly's line style.
        symbol: plotly's marker; "" for none.
        width: of the line, in pixels.
    """

    name: str
    category: int | None
    dash: str = "solid"
    symbol: str = ""
    width: float = 2


@dataclass(frozen=True)
class Plot:
    """A plot, and what is written above it, where it can never cover a curve.

    Args:
        title: what is drawn.
        legend: the lines with their names.
        figure: the curves.
    """

    title: str
    legend: tuple[Entry, ...]
    figure: go.Figure


def training_curves(
    records: Sequence[RecordNumbers], splits: Sequence[str] = ("validation",)
) -> list[list[Curve]]:
    """The x and y of each curve of each of `training_plots`: what changes from one redraw to the
    next.
    """
    return [
        [
            curve((record.step, record.loss) for record in records),
            curve((record.step, record.task_loss) for record in records),
        ],
        [law_curve(records, law) for law in LAW_NAMES],
        [metric_curve(records, split) for split in splits],
    ]


def law_curve(records: Sequence[RecordNumbers], law: str) -> Curve:
    """An error of a law over the step, as it is drawn: not below the floor of its axis."""
    found = curve((record.step, record.laws[law]) for record in records if law in record.laws)
    return {"x": found["x"], "y": np.maximum(found["y"], LAW_FLOOR)}


def metric_curve(records: Sequence[RecordNumbers], split: str) -> Curve:
    """The metric of a split over the step."""
    scores = (
        (record.step, record.metric if split == "validation" else record.metrics.get(split))
        for record in records
    )
    return curve((step, score) for step, score in scores if score is not None)


def curve(points: Iterable[tuple[float, float]]) -> Curve:
    """Points `(step, value)` as arrays x and y."""
    array = np.array(list(points), dtype=float).reshape(-1, 2)
    return {"x": array[:, 0].copy(), "y": array[:, 1].copy()}


def training_plots(
    records: Sequence[RecordNumbers],
    steps: int = 1,
    metric_name: str = "metric",
    baselines: Mapping[str, float] | None = None,
    higher_is_better: bool = True,
    laws: Sequence[str] = LAW_NAMES,
) -> tuple[Plot, Plot, Plot]:
    """Draws the records of a run.

    Args:
        records: what the trainer reported, in order.
        steps: of the whole run: how far the axes reach.
        metric_name: the title of the third plot, such as `ROC-AUC`.
        baselines: each split that is measured, validation first, with the score of its best
            constant answer, which is drawn as a thin line; those that coincide are one line.
        higher_is_better: whether the metric is a share, drawn from 0 to 1; else its axis fits what
            is drawn.
        laws: those that the legend names: which can be measured of this run.
    """
    began, known = bool(records), baselines is not None
    baselines = baselines or {"validation": math.nan}
    losses = (Entry("total", 7, width=5), Entry("task", 0))  # total is seen where both are one
    law_lines = {law: Entry(law, *_LAW_LINES[law], symbol="circle") for law in LAW_NAMES}
    scores = tuple(
        Entry(split, category, dash, "circle")
        for split, category, dash in zip(baselines, _SPLIT_COLOURS, SPLIT_DASHES, strict=False)
    )
    plots = three_plots(
        ("loss", losses),
        ("law errors", [law_lines[law] for law in laws]),
        (metric_name, scores),
        steps,
        began,
        began or known,
        baselines,
        higher_is_better,
    )
    curves = training_curves(records, tuple(baselines))
    entries = (losses, tuple(law_lines.values()), scores)
    for plot, names, points in zip(plots, entries, curves, strict=True):
        plot.figure.add_traces([line(*each) for each in zip(names, points, strict=True)])
    plots[1].figure.update_traces(zorder=1, selector={"name": "associativity"})
    return plots


def three_plots(
    loss: tuple[str, Sequence[Entry]],
    laws: tuple[str, Sequence[Entry]],
    scores: tuple[str, Sequence[Entry]],
    steps: int,
    began: bool,
    known: bool,
    baselines: Mapping[str, float],
    higher_is_better: bool,
) -> tuple[Plot, Plot, Plot]:
    """The plots of a run or a race without curves: each a title, and the entries of its legend.

    The axes of losses and laws have numbers once the run `began`; that of scores, once any is
    `known`.
    """
    law_plot = empty_plot(steps, began)
    law_range(law_plot)
    score_plot = empty_plot(steps, known, last=True)
    metric_range(score_plot, baselines, higher_is_better)
    return (
        Plot(loss[0], tuple(loss[1]), empty_plot(steps, began)),
        Plot(laws[0], tuple(laws[1]), law_plot),
        Plot(scores[0], (*scores[1], *baseline_entries(baselines)), score_plot),
    )


def line(entry: Entry, points: Curve) -> go.Scatter:
    """A curve with the look of its entry in the legend."""
    colour = INK if entry.category is None else OKABE_ITO[entry.category]
    return go.Scatter(
        name=entry.name,
        mode="lines+markers" if entry.symbol else "lines",
        line={"color": colour, "width": entry.width, "dash": entry.dash},
        marker={"size": 5, "symbol": entry.symbol or "circle", "maxdisplayed": 12},
        **points,
    )


def empty_plot(steps: int, numbered: bool, last: bool = False) -> go.Figure:
    """Axes without curves. The last of a column has the steps."""
    figure = go.Figure(layout=plain_layout(116 if last else 84))
    figure.update_layout(
        showlegend=False,
        margin={"l": 60, "r": 20, "t": 6, "b": 40 if last else 8},
        xaxis={
            "range": [0, 1.02 * steps],  # the last mark is whole
            "fixedrange": True,
            "nticks": 6,
            "showticklabels": last,
            "title": {"text": "step" if last else "", "standoff": 2},
        },
        yaxis={
            "gridcolor": "#EEEEEE",
            "fixedrange": True,
            "zeroline": False,
            "nticks": 4,
            "showticklabels": numbered,
            "exponentformat": "power",
        },
    )
    return figure


def law_range(figure: go.Figure) -> None:
    """A logarithmic axis, whose floor stands for all that is smaller."""
    figure.layout.yaxis.update(
        type="log",
        range=[math.log10(LAW_FLOOR) - 0.3, 1.1],
        tickvals=[LAW_FLOOR, 0.01, 0.1, 1],
        ticktext=[f"≤ {LAW_FLOOR:g}", "0.01", "0.1", "1"],
    )


def metric_range(figure: go.Figure, baselines: Mapping[str, float], higher_is_better: bool) -> None:
    """An axis that fits the metric, and thin lines where the best constant answers are."""
    if higher_is_better:
        figure.layout.yaxis.range = [-0.03, 1.03]
    else:
        highest = max(filter(math.isfinite, baselines.values()), default=0.0)
        figure.layout.yaxis.autorangeoptions = {"include": [highest]}
    figure.layout.shapes = [
        {
            "type": "line",
            "xref": "x domain",
            "x0": 0,
            "x1": 1,
            "y0": score,
            "y1": score,
            "line": {"color": INK, "width": 1, "dash": dash},
        }
        for score, dash in _baseline_lines(baselines)
    ]


def baseline_entries(baselines: Mapping[str, float]) -> tuple[Entry, ...]:
    """The legend of the thin lines: one name behind all of their styles, if there are any."""
    lines = _baseline_lines(baselines)
    names = [""] * (len(lines) - 1) + [BASELINE + "s" * (len(lines) > 1)]
    return tuple(
        Entry(name, None, dash, width=1) for name, (_, dash) in zip(names, lines, strict=False)
    )


def _baseline_lines(baselines: Mapping[str, float]) -> list[tuple[float, str]]:
    """Scores and line styles; those that look alike are one line."""
    lines: dict[str, tuple[float, str]] = {}
    for score, dash in zip(baselines.values(), SPLIT_DASHES, strict=False):
        if math.isfinite(score):
            lines.setdefault(f"{score:.3f}", (score, dash))
    return list(lines.values())
