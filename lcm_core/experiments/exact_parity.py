"""Parity by exact monoids and by a GRU, over five seeds and with one and two threads."""

from __future__ import annotations

import statistics

from lcm_core.experiments.framework.base import Experiment, Report, TrainingRun
from lcm_core.experiments.framework.registry import register_experiment
from lcm_core.experiments.framework.results import Results
from lcm_core.experiments.framework.tables import law_table, score_table
from lcm_core.experiments.notebook_runs import RACES
from lcm_core.training.recipe import Recipe

__all__ = ["EXPERIMENT"]

RACE = RACES["parity"]
THREADS = {"one thread": 1, "two threads": 2}
FOURIER = "fourier"
LARGE = ("size 32", "size 128")
GUESSING = 0.5


def jobs() -> list[TrainingRun]:
    """The race of notebook 11 with each number of threads."""
    return [
        TrainingRun(
            row,
            column,
            Recipe.parse(f"{RACE.common} threads={threads} {rest}"),
            splits=RACE.splits,
            steps=RACE.steps,
        )
        for column, threads in THREADS.items()
        for row, rest in RACE.rows.items()
    ]


def report(results: Results) -> Report:
    """Scores by threads, and in how many seeds `fourier` is right or wrong."""
    tables = [
        score_table(
            results,
            [(split, column, split) for split in RACE.splits],
            form=".3f",
            caption=f"Accuracy, {column}.",
        )
        for column in THREADS
        if results.of(column=column)
    ]
    columns = [column for column in THREADS if results.of(column=column)]
    return [
        f"The race of notebook 11: `{RACE.common}`, {RACE.steps:,} steps, five seeds. The last "
        "digits of a result depend on the number of threads, since sums are split among them, and "
        "training may amplify them.",
        _alike_in_words(results),
        _fourier_in_words(results),
        *tables,
        law_table(results, columns, "Both numbers of threads together"),
    ]


def _alike_in_words(results: Results) -> str:
    """How many runs end with the same scores with one thread and with two."""
    one, two = (
        {(run.row, run.seed): run.scores for run in results.of(column=column)} for column in THREADS
    )
    both = [key for key in one if key in two]
    if not both:
        return ""
    same = sum(one[key] == two[key] for key in both)
    return f"Of {len(both)} runs made with both, {same} have the same scores with both."


def _fourier_in_words(results: Results) -> str:
    """Each seed's accuracy of `fourier` on large sets, for both numbers of threads."""
    said = []
    for split in LARGE:
        for column in THREADS:
            scores = results.scores(FOURIER, column, split)
            if not scores:
                continue
            below = sum(score < GUESSING for score in scores)
            said.append(
                f"{split}, {column}: {', '.join(f'{score:.3f}' for score in scores)} (median "
                f"{statistics.median(scores):.3f}; worse than guessing in {below} of {len(scores)})"
            )
    return f"`{FOURIER}`, seed by seed: {'; '.join(said)}." if said else ""


EXPERIMENT = Experiment(
    name="exact_parity",
    title="Parity by exact monoids",
    question=(
        "How often does an exact monoid that has learned parity on small sets fail on large ones, "
        "and does the number of threads decide?"
    ),
    jobs=jobs,
    report=report,
    seeds=5,
)

register_experiment(EXPERIMENT)
