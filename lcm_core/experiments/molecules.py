"""Three tables of real molecules: the aggregation as readout, and of a node's neighbours."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from functools import partial
from typing import Any

from lcm_core.experiments.framework.base import Experiment, Job, Picture, Report, Table, TrainingRun
from lcm_core.experiments.framework.registry import register_experiment
from lcm_core.experiments.framework.results import Results
from lcm_core.experiments.framework.tables import NOTHING, effort, law_table, score_table
from lcm_core.experiments.molecule_data import DATA, FORM, against, data_jobs, data_table
from lcm_core.training.recipe import Recipe

__all__ = ["ARTEFACTS", "BUDGET", "EXPERIMENT", "FORM", "PLACES", "TABLES", "column"]

BUDGET = 40.0
SPLITS = ("test", "validation", "train")

TABLES = {"bbbp": "BBBP", "bace": "BACE", "clintox": "ClinTox"}
#: Tables on which a rule about notation is as good as the best network (notebook 09): nothing is
#: concluded.
ARTEFACTS = ("clintox",)
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
    shown.append(
        "ClinTox is shown, and nothing is concluded from it: whether the SMILES of a molecule has "
        "a lower-case aromatic letter tells its two classes apart as well as the best run here, "
        "and better than all others (notebook 09, section 6). The graphs have lost the letters, "
        "but not other habits of whoever wrote the table, such as charges: how much of a score is "
        "chemistry is not known."
    )
    for place in PLACES:
        shown += [
            score_table(
                results,
                [(TABLES[table], column(place, table), "test") for table in TABLES],
                form=FORM,
                first=place,
                caption=f"Test ROC-AUC by {_role(place)}.",
            ),
            f"{_best_in_words(results, place)} {_comparisons_in_words(results, place)}",
            Picture(
                place,
                f"Test ROC-AUC by {_role(place)}: a dot for the median on each table of molecules, "
                f"a bar from the worst to the best seed. {_best_in_words(results, place)}",
                partial(_draw, results, place),
            ),
        ]
    laws = law_table(
        results,
        [column(READOUT, table) for table in TABLES],
        "The readout, all tables together (those of the neighbours are in `equal_steps`)",
        first=READOUT,
    )
    return [*shown, laws, _effort_table(results), _overfitting(results)]


def _role(place: str) -> str:
    return "the readout" if place == READOUT else "the aggregation of neighbours"


def _best_in_words(results: Results, place: str) -> str:
    """The best aggregation of each table."""
    best: list[str] = []
    for table in TABLES:
        medians = _medians(results, column(place, table), "test")
        if len(medians) > 1:
            first = max(medians, key=medians.__getitem__)
            best.append(f"{first} on {TABLES[table]} ({medians[first]:{FORM}})")
    return f"The best medians: {', '.join(best)}." if best else "No two rows are finished yet."


def _comparisons_in_words(results: Results, place: str) -> str:
    """LCM against others on the tables from which something may be concluded."""
    said = []
    for other in ("GRU", "sum", PLAIN):
        found = [
            against(results, "LCM", other, column(place, t)) for t in TABLES if t not in ARTEFACTS
        ]
        if found := [each for each in found if each]:
            said.append(f"LCM against {other}: {'; '.join(found)}.")
    if not said:
        return ""
    return (
        f"{' '.join(said)} Intervals are of 95 %, over the seeds alone. Steps in brackets differ "
        "by more than 20 %: there, nothing follows about the aggregations."
    )


def _effort_table(results: Results) -> Table:
    """How often a run sees the training molecules, in how many steps and CPU seconds."""
    places = {column(place, table): TABLES[table] for place in PLACES for table in TABLES}

    def cell(row: str, label: str) -> str:
        counts, runs = results.measured(DATA, places[label]), results.of(row, label)
        if counts is None or not runs:
            return NOTHING
        cost, recipe = effort(results, row, label), Recipe.parse(runs[0].recipe)
        epochs = recipe.steps * recipe.batch_size / counts["splits"]["train"]
        return f"{cost.steps}, {cost.seconds} s, {epochs:.0f}"

    lines = [[row, *(cell(row, label) for label in places)] for row in results.rows if row in ROWS]
    caption = f"Steps, CPU seconds that they took (of {BUDGET:g} that were wanted), and epochs."
    return Table(["aggregation", *places], lines, caption)


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
