"""Three small plots of a run: losses, law errors, and the metric, over the step."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
import plotly.graph_objects as go

from lcm_core.figures.palette import INK, OKABE_ITO, plain_layout

LAW_NAMES = ("commutativity", "associativity", "identity", "exchange", "order spread")

#: Smaller errors are drawn here, on the floor of the logarithmic axis.
LAW_FLOOR = 1e-4

_DOMAINS = ((0.0, 0.28), (0.36, 0.64), (0.72, 1.0))


class RecordNumbers(Protocol):
    """What is drawn of one record; `lcm_core.training.Record` has it."""

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


def training_curves(records: Sequence[RecordNumbers]) -> list[dict[str, np.ndarray]]:
    """The x and y of each curve of `training_figure`, in its order: what changes from one redraw to
    the next.
    """
    steps = np.array([record.step for record in records], dtype=float)
    curves = [
        {"x": steps, "y": np.array([record.loss for record in records], dtype=float)},
        {"x": steps, "y": np.array([record.task_loss for record in records], dtype=float)},
    ]
    for law in LAW_NAMES:
        found = [(record.step, record.laws[law]) for record in records if law in record.laws]
        curve = _curve(found)
        curves.append({"x": curve["x"], "y": np.maximum(curve["y"], LAW_FLOOR)})
    curves.append(_curve([(r.step, r.metric) for r in records if r.metric is not None]))
    return curves


def _curve(points: Sequence[tuple[int, float]]) -> dict[str, np.ndarray]:
    return {
        "x": np.array([step for step, _ in points], dtype=float),
        "y": np.array([value for _, value in points], dtype=float),
    }


def training_figure(
    records: Sequence[RecordNumbers],
    steps: int = 1,
    metric_name: str = "metric",
    baseline: float | None = None,
    height: int = 300,
) -> go.Figure:
    """Draws the records of a run.

    Args:
        records: what the trainer reported, in order.
        steps: of the whole run: how far the axes reach.
        metric_name: the title of the third plot, such as `ROC-AUC`.
        baseline: the score of the best constant answer, drawn as a dashed line.
        height: of the figure, in pixels.
    """
    names = ("loss", "its task part", *LAW_NAMES, metric_name)
    plots = ("", "", *("2",) * len(LAW_NAMES), "3")
    colours = (OKABE_ITO[7], OKABE_ITO[0], *OKABE_ITO[1:6], OKABE_ITO[0])
    figure = go.Figure(layout=plain_layout(height))
    for name, plot, colour, curve in zip(
        names, plots, colours, training_curves(records), strict=True
    ):
        figure.add_trace(
            go.Scatter(
                name=name,
                mode="lines+markers" if plot else "lines",
                line={"color": colour, "width": 2, "dash": "dot" if name == "exchange" else None},
                xaxis=f"x{plot}",
                yaxis=f"y{plot}",
                **curve,
            )
        )
    axes: dict[str, object] = {}
    titles = ("loss", "law errors", metric_name)
    for number, (title, domain) in enumerate(zip(titles, _DOMAINS, strict=True), start=1):
        suffix = "" if number == 1 else str(number)
        axes[f"xaxis{suffix}"] = {
            "domain": domain,
            "anchor": f"y{suffix}",
            "title": {"text": "step"},
            "range": [0, max([steps, *(record.step for record in records)])],
            "fixedrange": True,
        }
        axes[f"yaxis{suffix}"] = {
            "anchor": f"x{suffix}",
            "title": {"text": title, "standoff": 4},
            "gridcolor": "#EEEEEE",
            "fixedrange": True,
            "zeroline": False,
            "showticklabels": bool(records),
            "exponentformat": "power",
        }
    decades = range(-3, 2)
    axes["yaxis2"] |= {  # type: ignore[operator]
        "type": "log",
        "range": [math.log10(LAW_FLOOR) - 0.3, 1],
        "tickvals": [LAW_FLOOR, *(10.0**decade for decade in decades)],
        "ticktext": [f"≤ {LAW_FLOOR:g}", *(f"{10.0**decade:g}" for decade in decades)],
    }
    axes["yaxis3"] |= {"range": [0, 1.03]}  # type: ignore[operator]
    figure.update_layout(**axes, shapes=_baseline(baseline))
    return figure


def _baseline(baseline: float | None) -> list[dict[str, object]]:
    if baseline is None or not math.isfinite(baseline):
        return []
    return [
        {
            "type": "line",
            "xref": "x3 domain",
            "yref": "y3",
            "x0": 0,
            "x1": 1,
            "y0": baseline,
            "y1": baseline,
            "line": {"color": INK, "width": 1, "dash": "dash"},
            "label": {"text": "best constant answer", "textposition": "start"},
        }
    ]
