"""The file of an experiment's results: JSON, one job a line, written whole or not at all."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

from lcm_core.experiments.framework.base import Experiment, Job, Measurement, TrainingRun
from lcm_core.experiments.framework.calibration import Calibration
from lcm_core.experiments.framework.folders import results_folder
from lcm_core.experiments.framework.registry import find_experiment
from lcm_core.experiments.framework.results import FinishedRun, Measured, Results, in_order
from lcm_core.files.atomic import atomic_write

__all__ = ["Locked", "Store", "locked", "read_results", "stored"]

FORMAT = "lcm_core experiment, format 1"


class Locked(RuntimeError):
    """Another command is at work on the same experiment."""


@dataclass
class Store:
    """What is known of an experiment, with one budget and on one kind of device.

    Args:
        experiment: its address, by which it is found.
        budget: seconds that take the place of those of the definition, or None.
        device: "cpu", "cuda", …
        seeds: the most that were asked for so far; 0 if those of the definition.
    """

    experiment: str
    budget: float | None = None
    device: str = "cpu"
    seeds: int = 0
    machines: list[dict[str, Any]] = field(default_factory=list)
    calibrations: list[Calibration] = field(default_factory=list)
    runs: list[FinishedRun] = field(default_factory=list)
    measurements: list[Measured] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Of its file and of its folder of checkpoints: tables never mix budgets or devices."""
        budget = f"-{self.budget:g}s" if self.budget is not None else ""
        device = f"-{self.device}" if self.device != "cpu" else ""
        return self._experiment_name + budget + device

    @property
    def _experiment_name(self) -> str:
        return re.split("[.:]", self.experiment)[-1]

    @property
    def special(self) -> bool:
        """Whether budget or device are other ones than by default."""
        return self.budget is not None or self.device != "cpu"

    def ask_for(self, seeds: int, by_default: int) -> None:
        """Remembers how many seeds were asked for, if by default there are others."""
        if self.special or seeds > by_default:
            self.seeds = max(self.seeds, seeds)

    @property
    def command(self) -> str:
        """The command that makes all that is in it; for a notebook's experiment, the call."""
        options = {"seeds": f"{self.seeds}"} if self.seeds else {}
        options |= {"budget": f"{self.budget:g}"} if self.budget is not None else {}
        options |= {"device": self.device} if self.device != "cpu" else {}
        if self.experiment.startswith("__main__"):
            texts = {"device": repr(self.device)}
            given = [f"{name}={texts.get(name, value)}" for name, value in options.items()]
            return f"run_experiment({', '.join([repr(self._experiment_name), *given])})"
        given = [f"--{name} {value}" for name, value in options.items()]
        return " ".join(["python -m lcm_core.experiments", self.experiment, *given])

    @classmethod
    def read(cls, path: Path) -> Store:
        """What a file holds.

        Raises:
            ValueError: it is no file of results, or of another format.
        """
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            if found.pop("format") != FORMAT:
                raise ValueError(f"expected the format {FORMAT!r}")
            found.pop("command")
            kinds = {"calibrations": Calibration, "runs": FinishedRun, "measurements": Measured}
            for name, kind in kinds.items():
                found[name] = [kind(**each) for each in found[name]]
            return cls(**found)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{path} is no file of results that can be read: {error}") from error

    def text(self) -> str:
        """The file's contents."""
        head: dict[str, Any] = {
            "format": FORMAT,
            "experiment": self.experiment,
            "command": self.command,
        }
        head |= {"budget": self.budget, "device": self.device, "seeds": self.seeds}
        lines = [f" {json.dumps(name)}: {json.dumps(value)}" for name, value in head.items()]
        lists: dict[str, Sequence[Any]] = {"machines": self.machines}
        for name in ("calibrations", "runs", "measurements"):
            lists[name] = [asdict(each) for each in getattr(self, name)]
        for name, values in lists.items():
            inner = ",\n".join(f"  {json.dumps(value, ensure_ascii=False)}" for value in values)
            lines.append(f" {json.dumps(name)}: [" + (f"\n{inner}\n ]" if inner else "]"))
        return "{\n" + ",\n".join(lines) + "\n}\n"

    def write(self, folder: Path) -> None:
        """Write `NAME.json` in the folder."""
        with atomic_write(folder / f"{self.name}.json") as unfinished:
            unfinished.write_text(self.text(), encoding="utf-8")

    def machine(self, described: dict[str, Any]) -> int:
        """The number of this machine in the file; it is added if it is new."""
        if described not in self.machines:
            self.machines.append(described)
        return self.machines.index(described)

    def jobs(self, experiment: Experiment) -> list[Job]:
        """The jobs of the definition, with this file's budget."""
        return [
            job.with_budget(self.budget)
            if isinstance(job, TrainingRun) and self.budget is not None
            else job
            for job in experiment.jobs()
        ]

    def calibration(self, run: TrainingRun) -> Calibration | None:
        """The current calibration of this run, or None."""
        for c in self.calibrations:
            if (c.row, c.column) == (run.row, run.column):
                return c if run.made(c.recipe, c.budget, self.device) else None
        return None

    def add_calibration(self, new: Calibration) -> None:
        """In place of one for the same row and column."""
        key = (new.row, new.column)
        self.calibrations = [c for c in self.calibrations if (c.row, c.column) != key] + [new]

    def finished_run(self, job: TrainingRun, seed: int) -> FinishedRun | None:
        """The result of this job as it is now, if it has all that is asked for."""
        for run in self.runs:
            if (run.row, run.column, run.seed) == (job.row, job.column, seed):
                made = job.made(run.recipe, run.budget, self.device)
                scored = set(job.splits) <= set(run.scores)
                scored = scored and set(job.resampled) <= set(run.resampled)
                return run if made and scored else None
        return None

    def add_run(self, new: FinishedRun) -> None:
        """In place of one of the same row, column and seed."""
        key = (new.row, new.column, new.seed)
        self.runs = [r for r in self.runs if (r.row, r.column, r.seed) != key] + [new]

    def finished_measurement(self, job: Measurement) -> Measured | None:
        """The result of this measurement as it is now, or None."""
        wanted = (job.row, job.column, job.about)
        found = (m for m in self.measurements if (m.row, m.column, m.about) == wanted)
        return next(found, None)

    def add_measurement(self, new: Measured) -> None:
        """In place of one of the same row and column."""
        key = (new.row, new.column)
        self.measurements = [m for m in self.measurements if (m.row, m.column) != key] + [new]

    def forget(self, jobs: Sequence[Job]) -> None:
        """Remove all that is known of these jobs, for all seeds."""
        labels = {(job.row, job.column) for job in jobs}
        self.calibrations = [c for c in self.calibrations if (c.row, c.column) not in labels]
        self.runs = [r for r in self.runs if (r.row, r.column) not in labels]
        self.measurements = [m for m in self.measurements if (m.row, m.column) not in labels]

    def sort(self, jobs: Sequence[Job]) -> None:
        """In the order of the definition, whatever was finished first; unknown ones last."""
        places = {(job.row, job.column): place for place, job in enumerate(jobs)}

        def place(each: Calibration | FinishedRun | Measured) -> tuple[int, int]:
            seed = each.seed if isinstance(each, FinishedRun) else 0
            return places.get((each.row, each.column), len(places)), seed

        self.calibrations.sort(key=place)
        self.runs.sort(key=place)
        self.measurements.sort(key=place)

    def results(self, experiment: Experiment) -> Results:
        """What is finished of the definition as it is now."""
        jobs = self.jobs(experiment)
        seeds = self.seeds or experiment.seeds
        training = [job for job in jobs if isinstance(job, TrainingRun)]
        measuring = [job for job in jobs if isinstance(job, Measurement)]
        runs = [self.finished_run(job, run.seed) for job in training for run in self._of(job)]
        measured = [self.finished_measurement(job) for job in measuring]
        return Results(
            rows=in_order(job.row for job in jobs),
            columns=in_order(job.column for job in jobs),
            runs=[run for run in runs if run is not None],
            measurements=[each for each in measured if each is not None],
            wanted=len(training) * seeds + len(measuring),
        )

    def _of(self, job: TrainingRun) -> list[FinishedRun]:
        found = [run for run in self.runs if (run.row, run.column) == (job.row, job.column)]
        return sorted(found, key=lambda run: run.seed)


def stored(experiment: Experiment, folder: Path | None = None) -> Store:
    """What the command of an experiment has written.

    Args:
        experiment: whose results these are.
        folder: where `NAME.json` lies (default: `results_folder` of the experiment).

    Raises:
        FileNotFoundError: there is no such file; the command that makes it is said.
        ValueError: it cannot be read.
    """
    nothing = Store(experiment.address)
    path = (folder or results_folder(experiment)) / f"{nothing.name}.json"
    if not path.exists():
        raise FileNotFoundError(f"expected {path}, which `{nothing.command}` makes; none there")
    return Store.read(path)


def read_results(name: str, folder: Path | None = None) -> Results:
    """What an experiment has found: the results in the file that `stored` reads.

    Raises:
        ValueError: an unknown name, or a file that cannot be read.
        FileNotFoundError: there is no such file; the command that makes it is said.
    """
    experiment = find_experiment(name)
    return stored(experiment, folder).results(experiment)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Only one command at a time has this folder; the lock goes with its process.

    Raises:
        Locked: another has it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("a+") as file:
        try:
            _lock(file)
        except OSError as error:
            raise Locked(
                f"another command is at work on {folder.name}: wait until it has ended, or end it"
            ) from error
        yield


def _lock(file: IO[str]) -> None:
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
    else:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
