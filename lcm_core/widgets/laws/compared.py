"""Trained operators to be compared: read from files, or taken from the menus."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from lcm_core.laws.measure import law_report
from lcm_core.laws.populations import closure_population
from lcm_core.operators import Operator
from lcm_core.training.pretrained_models import pretrained
from lcm_core.training.run_state import RunState, read_runs, run_names
from lcm_core.training.trainer import Trainer
from lcm_core.widgets.operators.catalog import TRAINED, Entry, operator_catalog, pretrained_labels

__all__ = ["LABEL", "Compared", "Source", "compared", "sources_in", "sources_on_offer"]

LABEL = "compared"  # of the chosen operator in all menus
MOST_FILES = 200
LAWS = ("commutativity", "associativity")


@dataclass(frozen=True, eq=False)
class Source:
    """A trained operator that is still to be read.

    Args:
        name: on the page.
        read: gives its entry, and a trainer that can measure its score if the entry has none.
    """

    name: str
    read: Callable[[], tuple[Entry, Trainer | None]]


@dataclass(frozen=True, eq=False)
class Compared:
    """A trained operator, with its law errors and its score.

    Args:
        name: on the page.
        entry: the operator, and encoded elements of its task.
        commutativity, associativity: mean errors over reductions of those elements.
        score: on the validation split; None where nobody knows it.
    """

    name: str
    entry: Entry
    commutativity: float
    associativity: float
    score: float | None

    @property
    def task(self) -> str:
        """The task with its metric, such as `bbbp: ROC-AUC`; "" where nobody knows it."""
        return "" if self.entry.facts is None else self.entry.facts.task

    @property
    def step(self) -> int | None:
        """Steps of training."""
        return None if self.entry.facts is None else self.entry.facts.step


def sources_in(path: Path) -> Iterator[Source | tuple[str, str]]:
    """The runs in a file, or in all files `*.pt` of a folder; or a name and why it has none.

    Raises:
        FileNotFoundError: there is no such file or folder.
        ValueError: the folder has no such files, or too many.
    """
    if not path.exists():
        raise FileNotFoundError(f"there is no file or folder {path} in {Path.cwd()}")
    files = sorted(path.glob("*.pt")) if path.is_dir() else [path]
    if not files:
        raise ValueError(f"the folder {path} has no checkpoints (files whose names end in .pt)")
    if len(files) > MOST_FILES:
        raise ValueError(f"expected at most {MOST_FILES} checkpoints, got {len(files)} in {path}")
    for file in files:
        try:
            runs = read_runs(file)
        except (ValueError, OSError) as error:
            yield file.name, str(error).removeprefix(f"{file} ")
            continue
        names = run_names([run.recipe for run in runs])
        for run, name in zip(runs, names, strict=True):
            whole = file.name if len(runs) == 1 else f"{file.name}: {name}"
            yield Source(whole, partial(_of_run, run))


def sources_on_offer() -> Iterator[Source]:
    """The trained operators in all menus: training runs that are followed, and the library's."""
    for label, entry in operator_catalog.entries().items():
        if not label.startswith(LABEL) and isinstance(entry.operator, Operator):
            yield Source(label, partial(_as_offered, entry))
    for label in pretrained_labels():
        yield Source(label, partial(_of_library, label))


def compared(source: Source, samples: int, should_stop: Callable[[], bool]) -> Compared | None:
    """Read one and measure it; None if it was stopped.

    Raises:
        ValueError: it does not fit this version, is a fold, or came without elements.
        OSError: the data of its task are missing.
    """
    entry, trainer = source.read()
    if not isinstance(entry.operator, Operator) or entry.elements is None:
        raise ValueError("it came without elements of a task, on which its laws could be tried")
    score = None if entry.facts is None else entry.facts.score
    if score is None and trainer is not None:
        score = trainer.evaluate("validation", should_stop)
        if score is None:
            return None
    population = closure_population(entry.elements)
    report = law_report(entry.operator, population, LAWS, samples=samples)
    commutativity, associativity = (report[law].mean for law in LAWS)
    return Compared(source.name, entry, commutativity, associativity, score)


def _of_run(run: RunState) -> tuple[Entry, Trainer]:
    trainer = run.make_trainer()
    return Entry.of(trainer, run.score), trainer


def _as_offered(entry: Entry) -> tuple[Entry, None]:
    return entry, None


def _of_library(label: str) -> tuple[Entry, None]:
    model = pretrained(label.removeprefix(TRAINED))
    entry = Entry.of(model.trainer, model.scores["validation"])
    assert entry.facts is not None
    return replace(entry, facts=replace(entry.facts, step=model.trainer.recipe.steps)), None
