"""The runs of several recipes in the same three plots: a colour and a mark for each recipe."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from lcm_core.figures.training import (
    SPLIT_DASHES,
    Curve,
    Entry,
    Plot,
    RecordNumbers,
    curve,
    law_curve,
    line,
    metric_curve,
    three_plots,
)

__all__ = ["RACE_CATEGORIES", "RACE_LAWS", "race_curves", "race_plots"]

#: What a race draws of the laws: how far ⊕ is from a monoid, and what that does to a whole set.
RACE_LAWS = {"associativity": "solid", "order spread": "dot"}

#: The numbers of the recipes' colours, and their marks.
RACE_CATEGORIES = (0, 5, 2, 3)

#: The recipes' marks: others than those of the sets in the picture beside the curves.
_MARKS = ("x", "triangle-down", "star", "bowtie")


def race_curves(
    runs: Sequence[Sequence[RecordNumbers]], splits: Sequence[str] = ("validation",)
) -> list[list[Curve]]:
    """The x and y of each curve of each of `race_plots`: recipe by recipe."""
    return [
        [curve((record.step, record.task_loss) for record in records) for records in runs],
        [law_curve(records, law) for records in runs for law in RACE_LAWS],
        [metric_curve(records, split) for records in runs for split in _drawn(splits)],
    ]


def _drawn(splits: Iterable[str]) -> list[str]:
    """The first and the last of the splits, validation and the largest sets: all of them times
    four recipes would hide each other.
    """
    return list(dict.fromkeys([*splits][i] for i in (0, -1)))


def race_plots(
    runs: Mapping[str, Sequence[RecordNumbers]],
    steps: int = 1,
    metric_name: str = "metric",
    baselines: Mapping[str, float] | None = None,
    higher_is_better: bool = True,
) -> tuple[Plot, Plot, Plot]:
    """Draws the records of up to four runs: the part of the loss that is the task's, two law
    errors, and the metric on the first and the last split.

    Args:
        runs: the records of each recipe, by its name.
        steps, metric_name, baselines, higher_is_better: as in `training_plots`.
    """
    began, known = any(map(len, runs.values())), baselines is not None
    baselines = baselines or {"validation": math.nan}
    baselines = {split: baselines[split] for split in _drawn(baselines)}
    recipes = tuple(
        Entry(name, category, symbol=mark)
        for name, category, mark in zip(runs, RACE_CATEGORIES, _MARKS, strict=False)
    )
    laws = tuple(Entry(law, None, dash) for law, dash in RACE_LAWS.items())
    splits = tuple(
        Entry(split, None, dash) for split, dash in zip(baselines, SPLIT_DASHES, strict=False)
    )
    plots = three_plots(
        ("task loss", recipes),
        ("law errors", laws),
        (metric_name, splits),
        steps,
        began,
        began or known,
        baselines,
        higher_is_better,
    )
    curves = race_curves(list(runs.values()), tuple(baselines))
    styles: tuple[Sequence[Entry], ...] = ((Entry("", None),), laws, splits)
    for plot, kinds, points in zip(plots, styles, curves, strict=True):
        entries = [replace(recipe, dash=kind.dash) for recipe in recipes for kind in kinds]
        plot.figure.add_traces([line(*each) for each in zip(entries, points, strict=True)])
    return plots
