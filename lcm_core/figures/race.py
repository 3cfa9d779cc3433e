"""The runs of several recipes in the same three plots: a colour for each recipe."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from lcm_core.figures.palette import INK, category_colour
from lcm_core.figures.training import (
    SPLIT_DASHES,
    Curve,
    RecordNumbers,
    curve,
    law_curve,
    metric_curve,
    three_plots,
)

__all__ = ["RACE_COLOURS", "RACE_LAWS", "race_curves", "race_figure"]

#: What a race draws of the laws: how far ⊕ is from a monoid, and what that does to a whole set.
RACE_LAWS = {"associativity": "solid", "order spread": "dot"}

RACE_COLOURS = tuple(category_colour(index) for index in (0, 5, 2, 3))


def race_curves(
    runs: Sequence[Sequence[RecordNumbers]], splits: Sequence[str] = ("validation",)
) -> list[Curve]:
    """The x and y of each curve of `race_figure`, in its order."""
    curves = [
        points
        for records in runs
        for points in (
            curve((record.step, record.task_loss) for record in records),
            *(law_curve(records, law) for law in RACE_LAWS),
            *(metric_curve(records, split) for split in splits),
        )
    ]
    return [*curves, *(curve([(math.nan, math.nan)]) for _ in _styles(splits))]


def race_figure(
    runs: Mapping[str, Sequence[RecordNumbers]],
    steps: int = 1,
    metric_name: str = "metric",
    baselines: Mapping[str, float] | None = None,
    higher_is_better: bool = True,
    height: int = 300,
) -> go.Figure:
    """Draws the records of up to four runs: the part of the loss that is the task's, two law
    errors, and the metric.

    Args:
        runs: the records of each recipe, by its name.
        steps, metric_name, baselines, higher_is_better, height: as in `training_figure`.
    """
    empty = baselines is None and not any(map(len, runs.values()))
    baselines = baselines or {"validation": math.nan}
    splits = tuple(baselines)
    figure = three_plots(steps, metric_name, baselines, higher_is_better, height, empty)
    figure.layout.yaxis.title.text = "loss, its task part"
    curves = iter(race_curves(list(runs.values()), splits))
    for name, colour in zip(runs, RACE_COLOURS, strict=False):
        dashes = ["solid", *RACE_LAWS.values(), *SPLIT_DASHES[: len(splits)]]
        plots = ["", *("2",) * len(RACE_LAWS), *("3",) * len(splits)]
        for dash, plot in zip(dashes, plots, strict=True):
            figure.add_trace(
                go.Scatter(
                    name=name,
                    legendgroup=name,
                    showlegend=not plot,
                    mode="lines+markers" if plot else "lines",
                    line={"color": colour, "width": 2, "dash": dash},
                    marker={"size": 5},
                    xaxis=f"x{plot}",
                    yaxis=f"y{plot}",
                    **next(curves),
                )
            )
    for style, dash in _styles(splits):
        line = {"color": INK, "width": 2, "dash": dash}
        figure.add_trace(go.Scatter(name=style, mode="lines", line=line, **next(curves)))
    return figure


def _styles(splits: Sequence[str]) -> list[tuple[str, str]]:
    """The entries of the legend that say what a line style means."""
    return [*RACE_LAWS.items(), *zip(splits, SPLIT_DASHES, strict=False)]
