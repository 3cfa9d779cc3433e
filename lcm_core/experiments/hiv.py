"""The 41,127 molecules of HIV, in full: one long run for each of a few readouts."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from lcm_core.experiments.framework.base import Experiment, Job, Picture, Report, TrainingRun
from lcm_core.experiments.framework.endings import SIZE_SHARE
from lcm_core.experiments.framework.registry import register_experiment
from lcm_core.experiments.framework.results import Results
from lcm_core.experiments.framework.tables import (
    alike_in_steps,
    law_table,
    median_steps,
    score_table,
    with_effort,
)
from lcm_core.experiments.molecule_data import DATA, FORM, data_jobs, data_table
from lcm_core.tasks.molecules.auc_uncertainty import auc_standard_error
from lcm_core.training.recipe import Recipe

__all__ = ["BUDGET", "COLUMN", "EXPERIMENT", "FORM", "jobs"]

BUDGET = 400.0
COLUMN = "HIV"
SPLITS = ("test", "validation")
NETWORK = "task=hiv channels=64 layers=3 neighbors=sum batch_size=128 learning_rate=0.001"

ROWS: Mapping[str, str] = {
    "sum": "readout=sum",
    "GRU": "readout=gru_fold",
    "LCM": "readout=symmetrized_gru associativity=0.1",
    "LCM without associativity": "readout=symmetrized_gru",
    "PNA": "readout=pna",
}


def jobs() -> list[Job]:
    """One run for each readout, and counts of the molecules."""
    runs = [
        TrainingRun(row, COLUMN, Recipe.parse(f"{NETWORK} {fields}"), BUDGET, SPLITS)
        for row, fields in ROWS.items()
    ]
    return [*data_jobs({"hiv": COLUMN}), *runs]


def report(results: Results) -> Report:
    """ROC-AUC of each readout, and how uncertain the test split leaves it."""
    table = score_table(
        results,
        [(split, COLUMN, split) for split in SPLITS],
        form=FORM,
        first="readout",
        caption=f"ROC-AUC after {BUDGET:g} CPU seconds{_epochs(results)}.",
    )
    return [
        "The network of the experiment `molecules`, the aggregation as readout, messages summed. "
        "The loss is not weighted by class although only one molecule in 28 is positive: "
        "ROC-AUC depends on the order of the answers alone, which a common factor hardly moves.",
        data_table(results, [COLUMN]),
        with_effort(table, results, COLUMN),
        law_table(results, [COLUMN], "The readout at the end of training", first="readout"),
        *_shares_in_words(results),
        _in_words(results),
        Picture(
            "readout",
            "Test ROC-AUC of each readout on HIV, a dot for each (a bar from the worst to the best "
            f"seed where there are several). {_in_words(results)}",
            partial(_draw, results),
        ),
    ]


def _shares_in_words(results: Results) -> list[str]:
    """Whose size share is not in the table."""
    runs = results.of(column=COLUMN)
    without = {run.seed for run in runs if SIZE_SHARE not in run.laws}
    if not without or len(without) == len({run.seed for run in runs}):
        return []
    return [
        f"The size share was not measured yet in seed {', '.join(map(str, sorted(without)))}; "
        "`set_size` has those of its LCMs."
    ]


def _in_words(results: Results) -> str:
    """The order of the readouts, and which differences the test molecules alone would explain."""
    counts = results.measured(DATA, COLUMN)
    medians = {
        row: statistics.median(scores)
        for row in ROWS
        if (scores := results.scores(row, COLUMN, "test"))
    }
    if not medians or counts is None:
        return "No run is finished yet."
    order = sorted(medians, key=medians.__getitem__, reverse=True)
    listed = ", ".join(f"{row} {medians[row]:{FORM}}" for row in order)
    ones = counts["positives"]["test"]
    error = auc_standard_error(medians[order[0]], ones, counts["splits"]["test"] - ones)
    seeds = max(len(results.of(row, COLUMN)) for row in ROWS)
    return (
        f"In order: {listed}. With {ones:,} positive test molecules the standard error of the "
        f"first is {error:.3f}, so that differences below about {2 * error:.2f} say little"
        + (", the less so as there is one seed." if seeds == 1 else ".")
        + _steps_in_words(results, order)
    )


def _steps_in_words(results: Results, rows: Sequence[str]) -> str:
    """That nothing follows from the order where the steps differ by more than 20 %."""
    steps = [median_steps(results, row, COLUMN) for row in rows]
    if alike_in_steps(min(steps), max(steps)):
        return ""
    return (
        f" In the same time the rows took {min(steps):,.0f} to {max(steps):,.0f} steps: from their "
        "order nothing follows about the aggregations."
    )


def _epochs(results: Results) -> str:
    counts = results.measured(DATA, COLUMN)
    said = []
    for row in ROWS:
        if counts is not None and (runs := results.of(row, COLUMN)):
            recipe = Recipe.parse(runs[0].recipe)
            epochs = recipe.steps * recipe.batch_size / counts["splits"]["train"]
            said.append(f"{row} {epochs:.1f}")
    return f"; epochs: {', '.join(said)}" if said else ""


def _draw(results: Results) -> Any:
    from lcm_core.figures import dots_figure

    rows = {row: scores for row in ROWS if (scores := results.scores(row, COLUMN, "test"))}
    return dots_figure({COLUMN: rows}, "test ROC-AUC (a constant answer: 0.5)", ".3f")


EXPERIMENT = Experiment(
    name="hiv",
    title="HIV: 41,127 molecules",
    question="Does the order of the readouts hold on a table of molecules twenty times as large?",
    jobs=jobs,
    report=report,
    seeds=3,
)

register_experiment(EXPERIMENT)
