"""Three tables of real molecules: the aggregation as readout, and of a node's neighbours."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from functools import partial
from typing import Any

from lcm_core.experiments.framework.base import Experiment, Job, Picture, Report, Table, TrainingRun
from lcm_core.experiments.framework.registry import register_experiment
from lcm_core.experiments.framework.results import Results
from lcm_core.experiments.framework.tables import score_table, value_table
from lcm_core.experiments.molecule_data import DATA, FORM, against, data_jobs, data_table
from lcm_core.training.recipe import Recipe

__all__ = ["BUDGET", "EXPERIMENT", "FORM", "PLACES", "TABLES", "column"]

BUDGET = 40.0
SPLITS = ("test", "validation", "train")

TABLES = {"bbbp": "BBBP", "bace": "BACE", "clintox": "ClinTox"}
NETWORK = "channels=64 layers=3 batch_size=64 learning_rate=0.001"

PLAIN = "LCM without associativity"
#: What is compared, as fields of a recipe in which `{}` is the aggregation's place. The LCM's
#: associativity and the fold's SIRE are regularised with weights that were not tuned.
ROWS: Mapping[str, str] = {
    "sum": "{}=sum",
    "mean": "{}=mean",
    "max": "{}=max",
    "PNA": "{}=pna",
    "Set2Set": "{}=set2set",
    "GRU": "{}=gru_fold",
    "GRU + SIRE": "{}=gru_fold sire=0.1",
    "LCM": "{}=symmetrized_gru associativity=0.1",
    PLAIN: "{}=symmetrized_gru",
    "PyG's LCM": "{}=pyg_lcm",
}

READOUT, NEIGHBORS = "readout", "neighbours"
PLACES = {READOUT: "neighbors=sum readout", NEIGHBORS: "readout=mean neighbors"}
READOUT_ONLY = ("Set2Set",)


def column(place: str, table: str) -> str:
    """The label of a table of molecules and of where the aggregation stands."""
    return f"{TABLES[table]}, {place}"


def jobs() -> list[Job]:
    """Each aggregation in each place on each table, and counts of the molecules."""
    runs = [
        TrainingRun(
            row,
            column(place, table),
            Recipe.parse(f"task={table} {NETWORK} {fields.format(before)}"),
            BUDGET,
            SPLITS,
        )
        for place, before in PLACES.items()
        for table in TABLES
        for row, fields in ROWS.items()
        if place == READOUT or row not in READOUT_ONLY
    ]
    return [*data_jobs(TABLES), *runs]


# The report -------------------------------------------------------------------------------------


def report(results: Results) -> Report:
    """ROC-AUC in each place, and what can and cannot be told from it."""
    shown: list[str | Table | Picture] = [
        "A network of three rounds of message passing (`lcm_core.models.GraphModel`), 64 channels, "
        f"AdamW at a peak of 0.001, {BUDGET:g} CPU seconds on one thread for every run, so that a "
        "cheap aggregation sees the molecules more often. Nothing is chosen by the validation "
        "split, and the scores are those at the end. *Readout*: one state from all atoms of a "
        "molecule, the neighbours' messages being summed. *Neighbours*: the messages of an atom's "
        "neighbours, in all three rounds, the readout being the mean of the atoms (Set2Set, a "
        "readout, is left out there).",
        data_table(results, list(TABLES.values())),
    ]
    for place in PLACES:
        shown += [
            score_table(
                results,
                [(TABLES[table], column(place, table), "test") for table in TABLES],
                form=FORM,
                first=place,
                caption=f"Test ROC-AUC by {_role(place)}.",
            ),
            _in_words(results, place),
            Picture(
                place,
                f"Test ROC-AUC by {_role(place)}: a dot for the median on each table of molecules, "
                "a bar from the worst to the best seed. "
                f"{_in_words(results, place)}",
                partial(_draw, results, place),
            ),
        ]
    return [*shown, _epochs_table(results), _overfitting(results)]


def _role(place: str) -> str:
    return "the readout" if place == READOUT else "the aggregation of neighbours"


def _in_words(results: Results, place: str) -> str:
    """The best aggregation of each table, and LCM against others."""
    best: list[str] = []
    comparisons: dict[str, list[str]] = {"GRU": [], "sum": [], PLAIN: []}
    for table in TABLES:
        where = column(place, table)
        medians = _medians(results, where, "test")
        if len(medians) < 2:
            continue
        first = max(medians, key=medians.__getitem__)
        level = [
            row
            for row in medians
            if row != first
            and max(results.scores(row, where, "test")) >= min(results.scores(first, where, "test"))
        ]
        tied = f", within the spread of the seeds of {len(level)} others" if level else ""
        best.append(f"{first} on {TABLES[table]} ({medians[first]:{FORM}}{tied})")
        for other, found in comparisons.items():
            if says := against(results, "LCM", other, where):
                found.append(says)
    if not best:
        return "No two rows are finished yet."
    said = f"The best medians: {', '.join(best)}."
    for other, found in comparisons.items():
        if found:
            said += f" LCM against {other}: {'; '.join(found)}."
    return said


def _epochs_table(results: Results) -> Table:
    """How often a run sees the training molecules in its time."""

    def epochs(row: str, label: str) -> list[float]:
        place, table = next((p, t) for p in PLACES for t in TABLES if f"{TABLES[t]}, {p}" == label)
        counts = results.measured(DATA, TABLES[table])
        recipes = [Recipe.parse(run.recipe) for run in results.of(row, column(place, table))[:1]]
        if counts is None:
            return []
        return [r.steps * r.batch_size / counts["splits"]["train"] for r in recipes]

    return value_table(
        results.rows,
        [column(place, table) for place in PLACES for table in TABLES],
        epochs,
        ".0f",
        lambda heading: None,
        "aggregation",
        f"Epochs in {BUDGET:g} CPU seconds.",
    )


def _overfitting(results: Results) -> str:
    """Training against test scores: how much of what was learned is about other molecules."""
    said = []
    for table, name in TABLES.items():
        pairs = [
            (run.scores["train"], run.scores["test"])
            for place in PLACES
            for run in results.of(column=column(place, table))
        ]
        if pairs:
            train, test = (statistics.median(values) for values in zip(*pairs, strict=True))
            said.append(f"{name} {train:{FORM}} against {test:{FORM}}")
    if not said:
        return ""
    return f"ROC-AUC on training against test molecules, medians over all runs: {'; '.join(said)}."


def _medians(results: Results, where: str, split: str) -> dict[str, float]:
    found = {row: results.scores(row, where, split) for row in ROWS}
    return {row: statistics.median(scores) for row, scores in found.items() if scores}


def _draw(results: Results, place: str) -> Any:
    from lcm_core.figures import dots_figure

    groups = {
        TABLES[table]: {
            row: scores
            for row in ROWS
            if (scores := results.scores(row, column(place, table), "test"))
        }
        for table in TABLES
    }
    return dots_figure(groups, "test ROC-AUC (a constant answer: 0.5)", ".2f")


EXPERIMENT = Experiment(
    name="molecules",
    title="Molecules: BBBP, BACE, ClinTox",
    question=(
        "On real molecules, with scaffolds that training never saw: how good is each aggregation "
        "as the readout, and as the aggregation of an atom's neighbours?"
    ),
    jobs=jobs,
    report=report,
)

register_experiment(EXPERIMENT)
