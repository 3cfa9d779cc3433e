"""What an experiment is: jobs that make numbers, and a report that shows them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any

from lcm_core.experiments.framework.results import Results
from lcm_core.registry import LIBRARY
from lcm_core.training.recipe import Recipe

__all__ = [
    "Experiment",
    "Job",
    "Measurement",
    "Picture",
    "Report",
    "Results",
    "Summary",
    "Table",
    "TrainingRun",
    "plain",
]


@dataclass(frozen=True)
class TrainingRun:
    """One row × column of a table: the runner makes one job of it for each seed.

    Args:
        row: what is compared, such as `LCM` or `GRU + SIRE`.
        column: the group: a task, a dataset, a budget.
        recipe: what is trained. The runner sets its seed, its device, its steps, and how often it
            records and evaluates.
        budget: CPU seconds of training on one thread (seconds of the clock on a GPU). The steps
            that take as long are calibrated once for a row and column, stored in the results,
            and the same for all seeds. None if `steps` are given.
        splits: what is scored when training has ended, such as `("size 32", "test")`.
        steps: a number of steps in place of a budget.
        resampled: those of the splits that are also scored on resamples of their items, so that
            rows can be compared in pairs.

    Raises:
        ValueError: not exactly one of `budget` and `steps` is given and positive, or no splits.
    """

    row: str
    column: str
    recipe: Recipe
    budget: float | None = None
    splits: tuple[str, ...] = ()
    steps: int | None = None
    resampled: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        given = [each for each in (self.budget, self.steps) if each is not None]
        if len(given) != 1 or given[0] <= 0:
            raise ValueError(
                f"{self.label}: expected either a budget (seconds) or a number of steps, more than "
                f"0, got budget={self.budget}, steps={self.steps}"
            )
        if not self.splits:
            raise ValueError(f"{self.label}: expected splits to score, got none")

    @property
    def label(self) -> str:
        return f"{self.row} · {self.column}"

    def with_budget(self, budget: float) -> TrainingRun:
        """The same run for so many seconds."""
        return replace(self, budget=budget, steps=None)

    def on(self, device: str) -> Recipe:
        """The recipe on this device, without what the runner sets."""
        return plain(replace(self.recipe, device=device))

    def made(self, recipe: str, budget: float | None, device: str) -> bool:
        """Whether a stored result, of this recipe (its text), is still valid for this run.

        A field that recipes got since then counts as its default.
        """
        try:
            stored = _parsed(recipe)
        except (ValueError, TypeError):  # a field or an operator that is no more
            return False
        as_long = self.steps is None or self.steps == stored.steps
        return budget == self.budget and as_long and plain(stored) == self.on(device)


@dataclass(frozen=True)
class Measurement:
    """A job that is no training run: times, gradients, worst cases. It runs once, and alone.

    Args:
        row, column: as of a `TrainingRun`.
        measure: returns what JSON can hold. It runs in a process with one thread.
        about: what is measured, in words, sizes and repeats among them; kept with the result,
            which is made anew where these words have changed.
    """

    row: str
    column: str
    measure: Callable[[], dict[str, Any]]
    about: str = ""

    @property
    def label(self) -> str:
        return f"{self.row} · {self.column}"


Job = TrainingRun | Measurement


@dataclass(frozen=True)
class Table:
    """A table of a report, as Markdown will show it.

    Args:
        headings: of the columns.
        rows: one text for each heading.
        caption: a sentence above it.
    """

    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str = ""


@dataclass(frozen=True)
class Picture:
    """A picture of a report.

    Args:
        name: of its file, after the name of the experiment: letters, digits, `_`.
        alt: its text, for whoever does not see it: what is drawn, and what it shows.
        draw: makes the plotly figure; called only where pictures are made, so that a report in
            words needs no plotly.
    """

    name: str
    alt: str
    draw: Callable[[], Any]


#: Paragraphs of Markdown, tables and pictures, in their order.
Report = Sequence[str | Table | Picture]


@dataclass(frozen=True)
class Experiment:
    """A question, the jobs that answer it, and how the answer is shown.

    `register_experiment` makes it known by its name.

    Args:
        name: letters, digits and `_`; also that of its file of results.
        title: a heading.
        question: one or two sentences of Markdown.
        jobs: called each time anew: it may read what is registered, but not long data.
        report: from results, which may be incomplete, to what is shown.
        seeds: how many, from 0 on.
        finish: called when all jobs are done, with the results and a function that gives the
            checkpoint file of a row, column and seed; but not for other budgets or devices.
        module: the module that registers it, which worker processes import (default: the module
            of `jobs`). That of a notebook or a script is `__main__`.
    """

    name: str
    title: str
    question: str
    jobs: Callable[[], Sequence[Job]]
    report: Callable[[Results], Report]
    seeds: int = 3
    finish: Callable[[Results, Callable[[str, str, int], Any]], None] | None = None
    module: str = ""

    def __post_init__(self) -> None:
        if not self.module:
            object.__setattr__(self, "module", _module_of(self.jobs))

    @property
    def in_library(self) -> bool:
        return self.module.startswith(LIBRARY)

    @property
    def address(self) -> str:
        """The text by which commands find it: NAME in the library, else MODULE or MODULE:NAME."""
        if self.in_library:
            return self.name
        own = self.module.rpartition(".")[2] == self.name
        return self.module if own else f"{self.module}:{self.name}"


@dataclass(frozen=True)
class Summary:
    """A section over several experiments, at the top of the report.

    Args:
        title: its heading.
        sources: the names of the experiments.
        report: from the results of those that have any, by name, to what is shown.
        changes: what differs from the last report, and why; Markdown, on the page alone.
    """

    title: str
    sources: Sequence[str]
    report: Callable[[Mapping[str, Results]], Sequence[str | Table]]
    changes: str = ""


def plain(recipe: Recipe) -> Recipe:
    """A recipe without what the runner sets for each run; it sets `device` for all.

    Its steps are the default number, or more if its last event is later than that.
    """
    steps = max([Recipe().steps, *(event.step for event in recipe.events)])
    return replace(recipe, steps=steps, **SET_BY_RUNNER)


def _module_of(function: Any) -> str:
    while isinstance(function, partial):
        function = function.func
    return getattr(function, "__module__", None) or "__main__"


SET_BY_RUNNER: Mapping[str, Any] = {
    field: getattr(Recipe(), field) for field in ("seed", "log_every", "eval_every", "eval_splits")
}


@cache
def _parsed(recipe: str) -> Recipe:
    return Recipe.parse(recipe)
