"""Three small plots of a run: losses, law errors, and the metric, over the step."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

import numpy as np
import plotly.graph_objects as go

from lcm_core.figures.palette import INK, OKABE_ITO, plain_layout

__all__ = [
    "SPLIT_DASHES",
    "Curve",
    "RecordNumbers",
    "curve",
    "law_curve",
    "metric_curve",
    "three_plots",
    "training_curves",
    "training_figure",
]

LAW_NAMES = ("commutativity", "associativity", "identity", "exchange", "order spread")

#: Smaller errors are drawn here, on the floor of the logarithmic axis.
LAW_FLOOR = 1e-4

#: The line styles of the splits on which the metric is measured, validation first.
SPLIT_DASHES = ("solid", "dash", "dot", "dashdot")

_DOMAINS = ((0.0, 0.28), (0.36, 0.64), (0.72, 1.0))
_SPLIT_COLOURS = (OKABE_ITO[0], OKABE_ITO[5], OKABE_ITO[2], OKABE_ITO[3])

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


def training_curves(
    records: Sequence[RecordNumbers], splits: Sequence[str] = ("validation",)
) -> list[Curve]:
    """The x and y of each curve of `training_figure`, in its order: what changes from one redraw to
    the next.
    """
    return [
        curve((record.step, record.loss) for record in records),
        curve((record.step, record.task_loss) for record in records),
        *(law_curve(records, law) for law in LAW_NAMES),
        *(metric_curve(records, split) for split in splits),
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


def training_figure(
    records: Sequence[RecordNumbers],
    steps: int = 1,
    metric_name: str = "metric",
    baselines: Mapping[str, float] | None = None,
    higher_is_better: bool = True,
    height: int = 300,
) -> go.Figure:
    """Draws the records of a run.

    Args:
        records: what the trainer reported, in order.
        steps: of the whole run: how far the axes reach.
        metric_name: the title of the third plot, such as `ROC-AUC`.
        baselines: each split that is measured, validation first, with the score of its best
            constant answer, which is drawn as a thin line.
        higher_is_better: whether the metric is a share, drawn from 0 to 1; else its axis fits what
            is drawn.
        height: of the figure, in pixels.
    """
    empty = baselines is None and not records
    baselines = baselines or {"validation": math.nan}
    splits = tuple(baselines)
    names = ("loss", "its task part", *LAW_NAMES, *(f"{metric_name}, {split}" for split in splits))
    plots = ("", "", *("2",) * len(LAW_NAMES), *("3",) * len(splits))
    colours = (OKABE_ITO[7], OKABE_ITO[0], *OKABE_ITO[1:6], *_SPLIT_COLOURS)
    dashes = ("solid",) * 5 + ("dot", "solid", *SPLIT_DASHES)
    figure = three_plots(steps, metric_name, baselines, higher_is_better, height, empty)
    curves = training_curves(records, splits)
    for place, (name, plot, points) in enumerate(zip(names, plots, curves, strict=True)):
        figure.add_trace(
            go.Scatter(
                name=name,
                mode="lines+markers" if plot else "lines",
                line={"color": colours[place], "width": 2, "dash": dashes[place]},
                xaxis=f"x{plot}",
                yaxis=f"y{plot}",
                **points,
            )
        )
    return figure


def three_plots(
    steps: int,
    metric_name: str,
    baselines: Mapping[str, float],
    higher_is_better: bool,
    height: int,
    empty: bool,
) -> go.Figure:
    """The axes of losses, law errors and the metric, without curves; without numbers if empty."""
    figure = go.Figure(layout=plain_layout(height))
    axes: dict[str, object] = {}
    titles = ("loss", "law errors", metric_name.replace(" (", "<br>("))
    for number, (title, domain) in enumerate(zip(titles, _DOMAINS, strict=True), start=1):
        suffix = "" if number == 1 else str(number)
        axes[f"xaxis{suffix}"] = {
            "domain": domain,
            "anchor": f"y{suffix}",
            "title": {"text": "step"},
            "range": [0, steps],
            "fixedrange": True,
        }
        axes[f"yaxis{suffix}"] = {
            "anchor": f"x{suffix}",
            "title": {"text": title, "standoff": 4},
            "gridcolor": "#EEEEEE",
            "fixedrange": True,
            "zeroline": False,
            "showticklabels": not empty,
            "exponentformat": "power",
        }
    decades = range(-3, 2)
    axes["yaxis2"] |= {  # type: ignore[operator]
        "type": "log",
        "range": [math.log10(LAW_FLOOR) - 0.3, 1],
        "tickvals": [LAW_FLOOR, *(10.0**decade for decade in decades)],
        "ticktext": [f"≤ {LAW_FLOOR:g}", *(f"{10.0**decade:g}" for decade in decades)],
    }
    if higher_is_better:
        axes["yaxis3"] |= {"range": [0, 1.03]}  # type: ignore[operator]
    else:  # room for the words above the highest line
        highest = max(filter(math.isfinite, baselines.values()), default=0.0)
        axes["yaxis3"] |= {"autorangeoptions": {"include": [highest + 0.2]}}  # type: ignore[operator]
    figure.update_layout(**axes, shapes=_baseline_shapes(baselines))
    return figure


def _baseline_shapes(baselines: Mapping[str, float]) -> list[dict[str, object]]:
    """A thin line for each split, in its style; the highest says what the lines are."""
    drawn = [
        (score, dash)
        for score, dash in zip(baselines.values(), SPLIT_DASHES, strict=False)
        if math.isfinite(score)
    ]
    words = "best constant answer" + ("s" if len(drawn) > 1 else "")
    return [
        {
            "type": "line",
            "xref": "x3 domain",
            "yref": "y3",
            "x0": 0,
            "x1": 1,
            "y0": score,
            "y1": score,
            "line": {"color": INK, "width": 1, "dash": dash},
            "label": {
                "text": words if score == max(drawn)[0] else "",
                "textposition": "start",
                "yanchor": "top" if score > 0.9 else "bottom",
            },
        }
        for score, dash in drawn
    ]
