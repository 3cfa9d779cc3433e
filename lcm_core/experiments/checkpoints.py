"""The trained models that come with the library: small ones, for notebooks to begin with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from lcm_core.experiments.framework.base import Experiment, Report, TrainingRun
from lcm_core.experiments.framework.registry import register_experiment
from lcm_core.experiments.framework.results import Results
from lcm_core.experiments.framework.tables import score_table, value_table
from lcm_core.experiments.second_minimum import DEFAULT
from lcm_core.files.checkpoints import read_checkpoint
from lcm_core.training.pretrained_models import pretrained, save_pretrained
from lcm_core.training.recipe import Recipe
from lcm_core.training.start import pretrained_names
from lcm_core.training.trainer import STATE_KEYS

__all__ = ["EXPERIMENT", "MODELS", "write"]

SET, GRAPH = "second minimum", "BBBP"
BUDGETS = {SET: 180.0, GRAPH: 60.0}  # CPU seconds of each

PLAIN = DEFAULT.replace(associativity=0)

#: name of the file → what it is, its column, its recipe
MODELS: Mapping[str, tuple[str, str, Recipe]] = {
    "lcm": ("LCM", SET, DEFAULT),
    "lcm_plain": ("LCM without associativity", SET, PLAIN),
    "tropical": ("tropical, an exact monoid", SET, PLAIN.replace(readout="tropical")),
    "gru": ("GRU, a fold", SET, PLAIN.replace(readout="gru_fold")),
    "gru_sire": ("GRU + SIRE, a fold", SET, PLAIN.replace(readout="gru_fold", sire=0.1)),
    "molecules": ("LCM", GRAPH, Recipe.parse("task=bbbp channels=32 associativity=0.1")),
    "molecules_lstm": (
        "LSTM, a fold",
        GRAPH,
        Recipe.parse("task=bbbp channels=32 readout=lstm_fold"),
    ),
    "molecules_tropical": (
        "tropical, an exact monoid",
        GRAPH,
        Recipe.parse("task=bbbp channels=32 readout=tropical"),
    ),
}

SPLITS = {SET: ("validation", "size 16", "size 32", "size 128"), GRAPH: ("validation", "test")}


def jobs() -> list[TrainingRun]:
    """One run a model."""
    return [
        TrainingRun(title, column, recipe, BUDGETS[column], SPLITS[column])
        for title, column, recipe in MODELS.values()
    ]


def report(results: Results) -> Report:
    """The score that each file states, and the law errors of what is in it."""
    names = ", ".join(
        f"`{name}` ({title}, {column})" for name, (title, column, _) in MODELS.items()
    )
    cells = {
        column: [(split, column, split) for split in splits] for column, splits in SPLITS.items()
    }
    laws = ("associativity", "identity", "order spread")
    return [
        "`lcm_core.pretrained(NAME)` reads them, and the menus of the explorers offer the "
        f"operators of those that are no folds as `trained: NAME`: {names}. Where there are "
        "several seeds, the best one on the validation sets is taken.",
        score_table(results, cells[SET], caption="Second minimum: share with every bit right."),
        score_table(results, cells[GRAPH], form=".3f", caption="BBBP: ROC-AUC."),
        value_table(
            results.rows,
            laws,
            lambda row, law: results.laws(row, SET, law),
            ".3f",
            best=lambda law: "min",
            caption="Law errors on the second minimum (unitless); the size share is in `set_size`.",
        ),
    ]


def write(results: Results, checkpoint: Callable[[str, str, int], Path]) -> None:
    """Each model, with its recipe and its scores, to its file in the library.

    Raises:
        ValueError: the last state of a run is gone, and the library does not have it yet.
    """
    for name, (row, column, _) in MODELS.items():
        run = max(results.of(row, column), key=lambda run: run.scores["validation"])
        path = checkpoint(row, column, run.seed)
        if not path.exists():
            if name in pretrained_names() and pretrained(name).recipe == run.recipe:
                continue
            raise ValueError(
                f"{row}, {column}, seed {run.seed} was trained, and its last state was expected at "
                f"{path}: remove the run from checkpoints.json to train it again"
            )
        state = read_checkpoint(path, STATE_KEYS)
        save_pretrained(
            name,
            state["model"],
            title=f"{row}, {column}",
            recipe=run.recipe,
            metric=run.metric,
            scores=run.scores,
            constants=run.constants,
        )


EXPERIMENT = Experiment(
    name="checkpoints",
    title="The models that come with the library",
    question="How good are the small trained models that the notebooks begin with?",
    jobs=jobs,
    report=report,
    seeds=1,
    finish=write,
)

register_experiment(EXPERIMENT)
