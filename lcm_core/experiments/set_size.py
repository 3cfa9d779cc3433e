"""How much of a learned operator's results is the size of the set, with and without a penalty."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from lcm_core.experiments import graph_properties, hiv, set_tasks
from lcm_core.experiments.checkpoints import MODELS
from lcm_core.experiments.framework.base import (
    Experiment,
    Job,
    Measurement,
    Report,
    Table,
    TrainingRun,
)
from lcm_core.experiments.framework.endings import SIZE_SHARE, further_laws
from lcm_core.experiments.framework.registry import register_experiment
from lcm_core.experiments.framework.results import Results
from lcm_core.experiments.framework.tables import score_table, value_table
from lcm_core.laws.of_aggregation import mean_errors
from lcm_core.training.pretrained_models import pretrained

__all__ = ["EXPERIMENT", "STEPS"]

LCM, LATE, EARLY = "LCM", "LCM + associativity", "LCM, associativity from the start"
ROWS = (LCM, LATE, EARLY)
#: Steps of `LCM` and of `LCM + associativity` in the experiment `set_tasks`.
STEPS: Mapping[str, tuple[int, int]] = {
    "second minimum": (6503, 4713),
    "parity": (6890, 5263),
    "sum modulo 4": (5808, 5008),
    "distinct elements": (6684, 5177),
    "median": (5415, 5072),
    "above the mean": (6940, 5386),
}
#: On graphs: steps of the rows with a learned ⊕ in the experiments that these columns come from,
#: and what ⊕ aggregates there: the laws of a run are those of its learned ⊕.
GRAPHS: Mapping[str, tuple[str, Mapping[str, int]]] = {
    graph_properties.COLUMN: ("neighbours", {"LCM": 2335, "LCM + associativity": 2104}),
    hiv.COLUMN: ("the nodes of a graph", {"LCM": 4374, "LCM without associativity": 5278}),
}
LIBRARY = "models of the library"
LAWS = ("associativity", "identity", "order spread", SIZE_SHARE)
SPLITS = ("validation", "size 32", "size 128")


def jobs() -> list[Job]:
    """The models of the library; three operators on each question about sets; those on graphs."""
    models = [
        Measurement(
            name,
            LIBRARY,
            partial(_of_pretrained, name),
            f"laws and size share of pretrained({name!r})",
        )
        for name in MODELS
    ]
    recipes = {(job.row, job.column): job.recipe for job in set_tasks.jobs()}
    runs = []
    for column, (plain, penalised) in STEPS.items():
        late = recipes[LATE, column]
        rows = {
            LCM: (recipes[LCM, column], plain),
            LATE: (late, penalised),
            EARLY: (late.replace(events=(), associativity=1.0), penalised),
        }
        for row, (recipe, steps) in rows.items():
            runs.append(TrainingRun(row, column, recipe, splits=SPLITS, steps=steps))
    of_graphs = {
        (job.row, job.column): job.recipe
        for job in (*graph_properties.jobs(), *hiv.jobs())
        if isinstance(job, TrainingRun)
    }
    for column, (_, rows_and_steps) in GRAPHS.items():
        for row, steps in rows_and_steps.items():
            recipe = of_graphs[row, column]
            runs.append(TrainingRun(row, column, recipe, splits=("validation",), steps=steps))
    return [*models, *runs]


def _of_pretrained(name: str) -> dict[str, Any]:
    trainer = pretrained(name).trainer
    own = mean_errors(trainer.model.aggregation, *trainer.encoded_elements(), trainer.recipe.seed)
    return {**dict(own), **further_laws(trainer)}


def report(results: Results) -> Report:
    """The share of every model and run, beside its law errors and scores."""
    shown: list[str | Table] = [
        "*Size share*: the share of the variance of results that is the size of the set, on "
        "validation sets (`lcm_core.size_share`). A penalty on associativity can be met by an ⊕ "
        "that measures the size. The rows and recipes are those of `set_tasks`, with their steps; "
        f"“{EARLY}” has the regulariser from step 0 on, for the steps of “{LATE}”, where it begins "
        "at step 1,500. The race of `exact_parity` asks the same of parity, in a smaller network.",
        value_table(
            list(MODELS),
            LAWS,
            lambda name, law: _measured(results, name, law),
            ".2g",
            lambda law: None,
            "model",
            "The models that come with the library: mean law errors and size share (unitless).",
        ),
    ]
    columns = [column for column in STEPS if results.of(column=column)]
    if not columns:
        return [*shown, "The runs on the questions about sets are not made yet."]
    errors = {
        law: value_table(
            ROWS,
            columns,
            partial(_laws, results, law),
            ".3f",
            lambda column: None,
            law,
            f"By question: {law}.",
        )
        for law in (SIZE_SHARE, "associativity")
    }
    scores = score_table(
        results,
        [(column, column, "validation") for column in columns],
        ROWS,
        caption="Scores on validation sets, new ones of the training sizes.",
    )
    return [*shown, _in_words(results), *errors.values(), scores, *_on_graphs(results)]


def _on_graphs(results: Results) -> list[Table]:
    """The same of operators that aggregate neighbours, or the nodes of a graph."""
    return [
        value_table(
            list(rows),
            LAWS,
            partial(_laws_of_column, results, column),
            ".2g",
            lambda law: None,
            column,
            f"{column}: ⊕ aggregates {elements}. Those of BBBP and BACE are in `equal_steps`.",
        )
        for column, (elements, rows) in GRAPHS.items()
        if results.of(column=column)
    ]


def _laws_of_column(results: Results, column: str, row: str, law: str) -> list[float]:
    return results.laws(row, column, law)


def _laws(results: Results, law: str, row: str, column: str) -> list[float]:
    return results.laws(row, column, law)


def _measured(results: Results, name: str, law: str) -> list[float]:
    found = results.measured(name, LIBRARY) or {}
    return [found[law]] if law in found else []


def _in_words(results: Results) -> str:
    """Where the penalty from the start ends in a measure of size."""
    said = []
    for column in STEPS:
        shares = [results.laws(row, column, SIZE_SHARE) for row in ROWS]
        if all(shares):
            said.append(f"{column} {', '.join(f'{share[0]:.0%}' for share in shares)}")
    if not said:
        return ""
    return (
        f"Size share of {LCM}, of {LATE}, and with it from the start, of seed 0: {'; '.join(said)}."
    )


EXPERIMENT = Experiment(
    name="set_size",
    title="What results are made of: the size of the set",
    question=(
        "How much of the variance of results is the size of the set, and does a penalty on "
        "associativity turn ⊕ into a measure of size?"
    ),
    jobs=jobs,
    report=report,
    seeds=1,
)

register_experiment(EXPERIMENT)
