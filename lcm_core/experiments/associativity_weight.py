"""What the weight of the associativity regulariser does to laws and to extrapolation."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

from lcm_core.experiments.framework.base import Experiment, Picture, Report, TrainingRun
from lcm_core.experiments.framework.registry import register_experiment
from lcm_core.experiments.framework.results import Results
from lcm_core.experiments.framework.tables import score_table, value_table
from lcm_core.experiments.second_minimum import DEFAULT

__all__ = ["EXPERIMENT"]

WEIGHTS = (0.0, 0.1, 0.3, 1.0, 3.0, 10.0)
STEPS = 3000
TREE, ENCODED = "states of the tree", "encoded elements"
KINDS = {TREE: "tree", ENCODED: "encoded"}
SPLITS = ("size 16", "size 32", "size 128")
LAWS = ("associativity", "exchange", "order spread")
NONE = "0"


def jobs() -> list[TrainingRun]:
    """Every weight on both kinds of states, all for the same steps; weight 0 is the same run."""
    return [
        TrainingRun(
            f"{weight:g}",
            column,
            replace(DEFAULT, associativity=weight, penalty_states=states),
            budget=None,
            splits=SPLITS,
            steps=STEPS,
        )
        for weight in WEIGHTS
        for column, states in KINDS.items()
    ]


def report(results: Results) -> Report:
    """Scores and law errors by weight, for both kinds of states."""
    scores = [
        score_table(
            results,
            [(split, column, split) for split in SPLITS],
            first="weight",
            caption=f"Share of sets with every bit right; regulariser on the {column}.",
        )
        for column in KINDS
    ]
    laws = [
        value_table(
            results.rows,
            LAWS,
            partial(_values, results, column),
            ".3f",
            best=lambda heading: "min",
            first="weight",
            caption=f"Mean law errors (unitless); regulariser on the {column}.",
        )
        for column in KINDS
    ]
    return [
        f"Second minimum, 8 bits, `small_values=0.3`, {STEPS:,} steps for every run: only the "
        "weight and the states that it sees differ. Law errors are measured over the closure of "
        "encoded elements, the states that reductions meet.",
        _in_words(results),
        *scores,
        *laws,
        Picture(
            "scores",
            "Share of sets of 128 with every bit right over the weight of associativity, for the "
            f"regulariser on the tree's states and on encoded elements. {_in_words(results)}",
            partial(_draw, results, "size 128"),
        ),
        Picture(
            "laws",
            "Mean associativity error over the weight of its regulariser, which sees the tree's "
            f"states or encoded elements. {_laws_in_words(results)}",
            partial(_draw, results, "associativity"),
        ),
    ]


def _values(results: Results, column: str, weight: str, what: str) -> list[float]:
    """A score or a law error, one a seed."""
    if what in LAWS:
        return results.laws(weight, column, what)
    return results.scores(weight, column, what)


class Effect(NamedTuple):
    """What the regulariser does to a score or a law error: its median without, and at the best."""

    column: str
    without: float
    weight: str
    best: float


def _effects(results: Results, what: str, choose: Callable[..., str]) -> Iterator[Effect]:
    """For each kind of states that there are results of; `choose` is max or min."""
    for column in KINDS:
        found = {row: _values(results, column, row, what) for row in results.rows}
        medians = {row: statistics.median(values) for row, values in found.items() if values}
        if len(medians) > 1 and NONE in medians:
            weight = choose(medians, key=medians.__getitem__)
            yield Effect(column, medians[NONE], weight, medians[weight])


def _in_words(results: Results) -> str:
    return " ".join(
        f"On the {column}, at size 128: {without:.1%} without the regulariser, {best:.1%} with its "
        f"best weight, {weight}."
        for column, without, weight, best in _effects(results, "size 128", max)
    )


def _laws_in_words(results: Results) -> str:
    return " ".join(
        f"On the {column}: {without:.3f} without it, {best:.3f} at weight {weight}."
        for column, without, weight, best in _effects(results, "associativity", min)
    )


def _draw(results: Results, what: str) -> Any:
    from lcm_core.figures.results import spread_figure

    curves = {
        f"regulariser on the {column}": [
            (row, values) for row in results.rows if (values := _values(results, column, row, what))
        ]
        for column in KINDS
    }
    law = what in LAWS
    return spread_figure(
        curves,
        "weight of associativity",
        f"{what} error (mean)" if law else f"share of sets right, {what}",
        form="" if law else ".0%",
        log_y=law,
    )


EXPERIMENT = Experiment(
    name="associativity_weight",
    title="The weight of associativity",
    question=(
        "What does the associativity regulariser do to the law errors, and to sets larger than "
        "those of training? Is it better taken on encoded elements, or on the states that the "
        "trees meet?"
    ),
    jobs=jobs,
    report=report,
)

register_experiment(EXPERIMENT)
