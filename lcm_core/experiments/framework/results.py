"""What an experiment has found so far: finished jobs, by row, column and seed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from lcm_core.errors import unknown

__all__ = ["FinishedRun", "Measured", "Results", "in_order"]


@dataclass(frozen=True)
class FinishedRun:
    """A finished training run.

    Attributes:
        row, column, seed: which one it is.
        budget: seconds of training that were wanted, or None if it was a number of steps.
        recipe: text of the whole recipe: `python -m lcm_core.train "RECIPE"` repeats the run.
        metric: what the scores are called; larger is better if `higher_is_better`.
        scores, constants: by split: of the trained model, and of the best constant answer. Where
            a task scores parts of its answer, these follow, as "test: diameter".
        laws: mean law errors at the end of training (unitless), with the order spread and the size
            share; those of a node's neighbours are called "neighbours: associativity" and so on.
        curve: `[step, task loss]`, the loss as a mean since the last of them.
        parameters: how many numbers are trained.
        cpu_seconds, wall_seconds: of the training steps, evaluation aside. CPU seconds are those
            of the whole process.
        machine: which of the file's machines, from 0.
        date: when it ended, as `2026-11-24`.
        resampled: by split, the scores on resamples of its items, the same ones in every run.
    """

    row: str
    column: str
    seed: int
    budget: float | None
    recipe: str
    metric: str
    higher_is_better: bool
    scores: dict[str, float]
    constants: dict[str, float]
    laws: dict[str, float] = field(default_factory=dict)
    curve: list[list[float]] = field(default_factory=list)
    parameters: int = 0
    cpu_seconds: float = 0.0
    wall_seconds: float = 0.0
    machine: int = 0
    date: str = ""
    resampled: dict[str, list[float]] = field(default_factory=dict)

    def timeless(self) -> dict[str, Any]:
        """What is the same whenever, and however often interrupted, the run is made."""
        times = ("cpu_seconds", "wall_seconds", "machine", "date")
        return {name: value for name, value in asdict(self).items() if name not in times}


@dataclass(frozen=True)
class Measured:
    """A finished measurement: `about` it in words, and `values`, what its function returned."""

    row: str
    column: str
    about: str
    values: dict[str, Any]
    wall_seconds: float = 0.0
    machine: int = 0
    date: str = ""


@dataclass(frozen=True, repr=False)
class Results:
    """What a report is made of; jobs that are no longer defined are not in it.

    Args:
        rows, columns: in the order of the definition, whether or not there is a result.
        runs, measurements: what is finished.
        wanted: how many jobs there are when all is done.
    """

    rows: Sequence[str]
    columns: Sequence[str]
    runs: Sequence[FinishedRun] = ()
    measurements: Sequence[Measured] = ()
    wanted: int = 0

    def __repr__(self) -> str:
        """Short, for the end of a cell."""
        rows, columns = ", ".join(self.rows), ", ".join(self.columns)
        return f"<Results: {self.finished} of {self.wanted} jobs; rows {rows}; columns {columns}>"

    @property
    def finished(self) -> int:
        return len(self.runs) + len(self.measurements)

    def only(self, column: str) -> Results:
        """Those of one column.

        Raises:
            ValueError: there is no such column.
        """
        if column not in self.columns:
            raise unknown("column", column, self.columns)
        measurements = [each for each in self.measurements if each.column == column]
        return replace(
            self, columns=[column], runs=self.of(column=column), measurements=measurements
        )

    def of(self, row: str | None = None, column: str | None = None) -> list[FinishedRun]:
        """The finished runs of a row, a column, or both, by seed."""
        found = [
            run
            for run in self.runs
            if (row is None or run.row == row) and (column is None or run.column == column)
        ]
        return sorted(found, key=lambda run: run.seed)

    def scores(self, row: str, column: str, split: str) -> list[float]:
        """The scores of a split, one a seed."""
        return [run.scores[split] for run in self.of(row, column) if split in run.scores]

    def laws(self, row: str, column: str, law: str) -> list[float]:
        """Mean errors of a law (or the "order spread") at the end of training, one a seed."""
        return [run.laws[law] for run in self.of(row, column) if law in run.laws]

    def resampled(self, row: str, column: str, split: str) -> list[list[float]]:
        """The scores of a split on resamples of its items, a list a seed.

        Empty unless every run of the row has them.
        """
        runs = self.of(row, column)
        if not all(split in run.resampled for run in runs):
            return []
        return [run.resampled[split] for run in runs]

    def constant(self, column: str, split: str) -> float | None:
        """The score of the best constant answer; None before there is a run."""
        found = (run.constants[split] for run in self.of(column=column) if split in run.constants)
        return next(found, None)

    def higher_is_better(self, column: str) -> bool:
        """Whether larger scores are better (so before there is a run)."""
        return all(run.higher_is_better for run in self.of(column=column))

    def metric(self, column: str) -> str:
        """What the scores are called; "score" before there is a run."""
        return next((run.metric for run in self.of(column=column)), "score")

    def splits(self, column: str) -> list[str]:
        """All splits that a run of the column was scored on, in their order; without parts."""
        scored = dict.fromkeys(split for run in self.of(column=column) for split in run.scores)
        return [split for split in scored if ": " not in split]

    def measured(self, row: str, column: str) -> dict[str, Any] | None:
        """What a measurement returned; None before it is made."""
        found = (m.values for m in self.measurements if (m.row, m.column) == (row, column))
        return next(found, None)


def in_order(labels: Iterable[str]) -> list[str]:
    """Each label once, in the order of the first ones."""
    return list(dict.fromkeys(labels))
