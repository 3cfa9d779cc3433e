"""What the weight of the associativity regulariser does to laws and to extrapolation."""

from __future__ import annotations

import statistics
from dataclasses import replace
from functools import partial
from typing import Any

from lcm_core.experiments.framework.base import Experiment, Picture, Report, TrainingRun
from lcm_core.experiments.framework.registry import register_experiment
from lcm_core.experiments.framework.results import Results
from lcm_core.experiments.framework.tables import score_table, value_table
from lcm_core.experiments.second_minimum import DEFAULT

__all__ = ["EXPERIMENT", "KINDS", "SPLITS", "WEIGHTS"]

WEIGHTS = (0.0, 0.1, 0.3, 1.0, 3.0, 10.0)
STEPS = 3000
TREE, ENCODED = "states of the tree", "encoded elements"
KINDS = {TREE: "tree", ENCODED: "encoded"}
SPLITS = ("size 16", "size 32", "size 128")
LAWS = ("associativity", "exchange", "identity", "order spread")
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
        "encoded elements, the states that reductions meet. These runs were not scored on "
        "validation sets: see `weight_by_validation`, which repeats those of the first table.",
        _in_words(results, "size 128", ".1%"),
        *scores,
        *laws,
        Picture(
            "scores",
            "Share of sets of 128 with every bit right over the weight of associativity, for the "
            "regulariser on the tree's states and on encoded elements. "
            f"{_in_words(results, 'size 128', '.1%')}",
            partial(_draw, results, "size 128"),
        ),
        Picture(
            "laws",
            "Mean associativity error over the weight of its regulariser, which sees the tree's "
            f"states or encoded elements. {_in_words(results, 'associativity', '.3f')}",
            partial(_draw, results, "associativity"),
        ),
    ]


def _values(results: Results, column: str, weight: str, what: str) -> list[float]:
    """A score or a law error, one a seed."""
    if what in LAWS:
        return results.laws(weight, column, what)
    return results.scores(weight, column, what)


def _in_words(results: Results, what: str, form: str) -> str:
    """The medians of a score or a law error over the weights; none is picked as the best."""
    said = []
    for column in KINDS:
        found = {row: _values(results, column, row, what) for row in results.rows}
        medians = {row: statistics.median(values) for row, values in found.items() if values}
        without = medians.pop(NONE, None)
        if without is not None and medians:
            others = ", ".join(f"{score:{form}} ({weight})" for weight, score in medians.items())
            said.append(f"On the {column}: {without:{form}} without it; {others}.")
    return f"{what[0].upper()}{what[1:]} by the weight of the regulariser. {' '.join(said)}"


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
