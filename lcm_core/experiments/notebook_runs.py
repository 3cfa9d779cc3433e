"""The runs that the notebooks speak of: short ones, by the recipes of their panels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from lcm_core.experiments.framework.base import Experiment, Report, Table, TrainingRun
from lcm_core.experiments.framework.registry import register_experiment
from lcm_core.experiments.framework.results import Results
from lcm_core.experiments.framework.tables import law_table, score_table
from lcm_core.training.recipe import Recipe

__all__ = ["EXPERIMENT", "RACES", "jobs"]

SIZES = ("validation", "size 32", "size 128")
MINIMUM = "task=second_minimum channels=32 batch_size=128 learning_rate=0.01"
ATOMS = "task=bbbp channels=32 batch_size=64"
NUMBERS = "task=second_minimum bits=4 channels=16 batch_size=128"
ONES = "task=parity bits=1 channels=16 batch_size=64 learning_rate=0.01"


class Race(NamedTuple):
    """Recipes of one panel.

    Attributes:
        notebook: whose panel it is.
        common: the part of the text that all recipes share.
        rows: the rest of each, by what it is called.
        steps: of each run.
        splits: that are scored.
    """

    notebook: str
    common: str
    rows: Mapping[str, str]
    steps: int
    splits: tuple[str, ...] = SIZES


#: By column.
RACES: Mapping[str, Race] = {
    "molecules": Race(
        "00_start_here",
        ATOMS,
        {f"associativity {weight}": f"associativity={weight}" for weight in ("0", "0.3", "10")},
        150,
        ("validation",),
    ),
    "weights": Race(
        "05_train_your_own_monoid",
        MINIMUM,
        {
            **{
                f"associativity {each}": f"associativity={each}" for each in ("0", "0.1", "1", "10")
            },
            "associativity 1, from step 1000 on": "@1000 associativity=1",
        },
        2000,
    ),
    "small values": Race(
        "05_train_your_own_monoid",
        MINIMUM,
        {
            f"{operator}, small values {share}": f"readout={operator} small_values={share}"
            for operator in ("k_smallest", "symmetrized_gru")
            for share in ("0", "0.3")
        },
        2000,
    ),
    "operators": Race(
        "05_train_your_own_monoid",
        MINIMUM,
        {name: f"readout={name}" for name in ("sum", "symmetrized_gru", "k_smallest", "gru")},
        1000,
    ),
    "folds": Race(
        "06_recurrent_aggregators",
        MINIMUM,
        {
            "GRU, fold": "readout=gru_fold",
            "GRU, fold, SIRE 0.1": "readout=gru_fold sire=0.1",
            "GRU, fold, SIRE 1": "readout=gru_fold sire=1",
            "symmetrised GRU, tree": "readout=symmetrized_gru",
        },
        1000,
    ),
    "formulas": Race(
        "10_operator_playground",
        NUMBERS,
        {
            name: f"readout={name}"
            for name in (
                "formula((x+y)/2)",
                "formula(log(exp(a*x)+exp(a*y))/a;a=-1)",
                "formula(x+y)",
                "formula(x+y+a*x*y;a=0.5)",
                "sum",
                "symmetrized_gru",
            )
        },
        300,
        ("validation",),
    ),
    "parity": Race(
        "11_exact_monoids",
        ONES,
        {
            **{n: f"readout={n}" for n in ("tropical", "fourier", "cayley", "symmetrized_gru")},
            "symmetrized_gru, associativity 1": "readout=symmetrized_gru associativity=1",
            "the same from step 200 on": "readout=symmetrized_gru @200 associativity=1",
        },
        400,
    ),
}


def jobs() -> list[TrainingRun]:
    """Every recipe, for the steps that its panel takes."""
    return [
        TrainingRun(
            row,
            column,
            Recipe.parse(f"{race.common} {rest}"),
            budget=None,
            splits=race.splits,
            steps=race.steps,
        )
        for column, race in RACES.items()
        for row, rest in race.rows.items()
    ]


def report(results: Results) -> Report:
    """Scores and law errors of each race."""
    return [
        "Each run takes the steps of its panel, on one thread.",
        *(table for column in results.columns for table in _tables(results, column)),
    ]


def _tables(results: Results, column: str) -> Iterator[Table]:
    race = RACES[column]
    rows = [row for row in race.rows if results.of(row, column)]
    if not rows:
        return
    yield score_table(
        results,
        [(split, column, split) for split in race.splits],
        rows,
        ".3f",
        caption=(
            f"{race.notebook}, {column}: {results.metric(column)} after {race.steps:,} steps of "
            f"`{race.common}`."
        ),
    )
    yield law_table(results, [column], f"{race.notebook}, {column}", rows)


EXPERIMENT = Experiment(
    name="notebook_runs",
    title="The runs of the notebooks",
    question="How do the short runs end that the notebooks make in their panels?",
    jobs=jobs,
    report=report,
)

register_experiment(EXPERIMENT)
