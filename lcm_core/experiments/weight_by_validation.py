"""The weight of associativity that validation would choose, and what it does to large sets."""

from __future__ import annotations

import statistics
from dataclasses import replace

from lcm_core.experiments.framework.base import Experiment, Report, TrainingRun
from lcm_core.experiments.framework.comparisons import chosen, validation_medians
from lcm_core.experiments.framework.registry import register_experiment
from lcm_core.experiments.framework.results import Results
from lcm_core.experiments.framework.tables import law_table, score_table
from lcm_core.experiments.second_minimum import DEFAULT

__all__ = ["EXPERIMENT"]

WEIGHTS = (0.0, 0.1, 0.3, 1.0, 3.0, 10.0)
STEPS = 3000
COLUMN = "second minimum"
SPLITS = ("validation", "size 16", "size 32", "size 128")
LARGE = "size 128"


def jobs() -> list[TrainingRun]:
    """Every weight on the states of the tree, as in `associativity_weight`."""
    return [
        TrainingRun(
            f"{weight:g}",
            COLUMN,
            replace(DEFAULT, associativity=weight),
            splits=SPLITS,
            steps=STEPS,
        )
        for weight in WEIGHTS
    ]


def report(results: Results) -> Report:
    """Scores with those of validation, laws, and the weight that validation chooses."""
    return [
        "The runs of `associativity_weight` with the regulariser on the states of the tree "
        f"({STEPS:,} steps), scored on validation sets too: new sets of the training sizes, 2 to "
        "16. Only these may choose a weight.",
        _in_words(results),
        score_table(
            results,
            [(split, COLUMN, split) for split in SPLITS],
            first="weight",
            caption="Share of sets with every bit right.",
        ),
        law_table(results, [COLUMN], "The weight of associativity", first="weight"),
    ]


def _in_words(results: Results) -> str:
    """The weight that validation chooses, beside what each weight has on large sets."""
    if results.finished < results.wanted:
        return "Not all runs are here yet: no weight is chosen, and nothing follows."
    weight = chosen(results, results.rows, COLUMN)
    large = {row: results.scores(row, COLUMN, LARGE) for row in results.rows}
    medians = {row: statistics.median(scores) for row, scores in large.items() if scores}
    best = max(medians, key=medians.__getitem__)
    found = "validation finds it, too" if best == weight else "validation does not find it"
    listed = ", ".join(f"{score:.1%} ({row})" for row, score in medians.items())
    return (
        f"By its median validation score the weight would be {weight}{_ties(results, weight)}. "
        f"On sets of 128, which may choose nothing, the weights have {listed}; the largest of "
        f"these belongs to {best}: "
        f"{found}."
    )


def _ties(results: Results, weight: str | None) -> str:
    """The weights with the same median validation score, of which `chosen` takes the first."""
    medians = validation_medians(results, results.rows, COLUMN)
    same = [row for row in medians if row != weight and medians[row] == medians.get(weight or "")]
    return f", the first of those with the same one ({', '.join(same)})" if same else ""


EXPERIMENT = Experiment(
    name="weight_by_validation",
    title="The weight of associativity, by validation",
    question="Which weight would validation choose, and how does that one do on large sets?",
    jobs=jobs,
    report=report,
)

register_experiment(EXPERIMENT)
