"""Runs the jobs of an experiment that have no result yet, and writes each result as it comes."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from lcm_core.experiments.framework.base import Experiment, Job, Measurement, TrainingRun
from lcm_core.experiments.framework.calibration import Calibration
from lcm_core.experiments.framework.dask_workers import DaskWorkers
from lcm_core.experiments.framework.folders import checkpoints_folder, results_folder
from lcm_core.experiments.framework.machine import describe_machine
from lcm_core.experiments.framework.progress import Jobs
from lcm_core.experiments.framework.registry import find_experiment
from lcm_core.experiments.framework.results import FinishedRun, Measured, Results
from lcm_core.experiments.framework.store import Store, locked
from lcm_core.experiments.framework.work import (
    Calibrate,
    Done,
    Failed,
    Measure,
    Progress,
    Train,
    Work,
)
from lcm_core.experiments.framework.workers import InProcess, ProcessPool, Workers
from lcm_core.training.device import pick_device
from lcm_core.training.recipe import Recipe

__all__ = ["JobsFailed", "run_experiment"]

RECORD_EVERY = 5.0  # seconds of training, about
RECORDS = 20  # at least, if there are as many steps


class JobsFailed(RuntimeError):
    """Some jobs of an experiment failed; the results of the others are kept.

    Args:
        messages: one a job.
    """

    def __init__(self, messages: Sequence[str]):
        self.messages = messages
        super().__init__("\n".join([f"{len(messages)} jobs failed:", *messages]))


@dataclass(frozen=True)
class Item:
    """A job that is to be done; the seed of a measurement is 0."""

    job: Job
    seed: int = 0

    @property
    def label(self) -> str:
        measures = isinstance(self.job, Measurement)
        return self.job.label if measures else f"{self.job.label} · seed {self.seed}"


def run_experiment(
    experiment: Experiment | str,
    *,
    seeds: int | None = None,
    device: str = "cpu",
    budget: float | None = None,
    jobs: int = 1,
    only: str = "",
    again: bool = False,
    output: Path | None = None,
    checkpoints: Path | None = None,
    scheduler: str | None = None,
) -> Results:
    """Do all jobs of an experiment that have no result yet; returns all results.

    Ctrl-C and kills lose nothing but seconds: the same call goes on from there, to the same
    results. A job is done again where its recipe has changed. Changes of code go unnoticed: say
    `again=True` after them.

    Args:
        experiment: an experiment, its name, or the module that registers it.
        seeds: how many, from 0 on; None for those of the experiment.
        device: "cpu", "cuda", "mps" or "auto"; results of others than "cpu" have their own file.
        budget: seconds of each training run, in place of the defined ones; these results have
            their own file.
        jobs: training runs side by side, each in a process of its own if more than 1.
        only: rows and columns whose label contains this text.
        again: forget what these rows and columns have, and do them from the beginning.
        output: the folder of the results (default: `docs/results` for the library's experiments,
            `results` for others, in the checkout or else in the working folder).
        checkpoints: the folder of half-done jobs.
        scheduler: the address of a Dask scheduler, in whose workers the training runs are done, in
            place of `jobs`. The workers must see the folder of half-done jobs.

    Raises:
        JobsFailed: some did; all others are done.
        Locked: another process runs the same experiment, with this budget and device.
        ValueError: an unknown name, a device that is not here, `only` that leaves nothing, two jobs
            of one label, several processes for an experiment of a notebook, or a file of results
            that cannot be read.
        KeyboardInterrupt: passed on, when all is written.
    """
    if isinstance(experiment, str):
        experiment = find_experiment(experiment)
    for name, value in (("seeds", seeds), ("budget", budget), ("jobs", jobs)):
        if value is not None and not 0 < value < math.inf:
            raise ValueError(f"expected {name} to be a number above 0, got {value}")
    if (jobs > 1 or scheduler) and experiment.module == "__main__":
        raise ValueError(
            f"expected jobs=1 and no scheduler: {experiment.name!r} is registered in a notebook or "
            "a script, which other processes cannot import; move it into a module"
        )
    if jobs > 1 and scheduler:
        raise ValueError("expected jobs or scheduler, got both: each worker of Dask does one run")
    device = pick_device(device).type
    store = Store(experiment.address, _special_budget(experiment, budget), device)
    output = output or results_folder(experiment)
    folder = (checkpoints or checkpoints_folder()) / store.name
    with locked(folder):
        for half_written in (*folder.glob(".*.pt.*"), *output.glob(f".{store.name}.json.*")):
            half_written.unlink(missing_ok=True)
        if (path := output / f"{store.name}.json").exists():
            store = replace(Store.read(path), experiment=experiment.address)
        store.ask_for(seeds or experiment.seeds, experiment.seeds)
        runner = Runner(experiment, store, output, folder.absolute(), scheduler)
        if again:
            runner.forget(only)
        return runner.run(seeds or experiment.seeds, jobs, only)


class Runner:
    """One call of `run_experiment`: what is left to do, and what becomes of it.

    Args:
        experiment: whose jobs are done.
        store: what is known of it.
        output: the folder to which the store is written.
        checkpoints: the folder of the states of its runs.
        scheduler: of Dask, if its workers are to train.
    """

    def __init__(
        self,
        experiment: Experiment,
        store: Store,
        output: Path,
        checkpoints: Path,
        scheduler: str | None = None,
    ):
        self.scheduler = scheduler
        self.experiment, self.store = experiment, store
        self.output, self.checkpoints = output, checkpoints
        self.machine = describe_machine(store.device)  # now: files may change while it runs
        self.order = store.jobs(experiment)
        self.failed: list[str] = []
        self._of: dict[Work, Item] = {}  # what the workers are at

    def run(self, seeds: int, processes: int, only: str) -> Results:
        """All that is left: measurements alone, then training runs side by side."""
        jobs = self._jobs(only)
        training = [job for job in jobs if isinstance(job, TrainingRun)]
        runs = [Item(job, seed) for seed in range(seeds) for job in training]
        measurements = [Item(job) for job in jobs if isinstance(job, Measurement)]
        left = [item for item in (*measurements, *runs) if not self._finished(item)]
        with Jobs(
            len(runs) + len(measurements), done=len(runs) + len(measurements) - len(left)
        ) as bar:
            self._do([item for item in left if isinstance(item.job, Measurement)], InProcess(), bar)
            runs_left = [item for item in left if isinstance(item.job, TrainingRun)]
            if runs_left:
                self._do(runs_left, self._workers(min(processes, len(runs_left))), bar)
        results = self.store.results(self.experiment)
        finish, done = self.experiment.finish, results.finished >= results.wanted
        if finish is not None and done and not self.store.special:
            finish(results, self.checkpoint)
        if self.failed:
            raise JobsFailed(self.failed)
        return results

    def _workers(self, count: int) -> Workers:
        if self.scheduler is not None:
            return DaskWorkers(self.scheduler, self.experiment.module)
        return InProcess() if count == 1 else ProcessPool(count, self.experiment.module)

    def checkpoint(self, row: str, column: str, seed: int) -> Path:
        """The file with the state of a run, kept after its end."""
        return self.checkpoints / f"{_file_name(row, column)}-seed{seed}.pt"

    def forget(self, only: str) -> None:
        """Remove the results, calibrations and checkpoints of the jobs that `only` chooses."""
        jobs = self._jobs(only)
        self.store.forget(jobs)
        self.store.write(self.output)
        for job in jobs:
            for path in self.checkpoints.glob(f"{_file_name(job.row, job.column)}-seed*.pt"):
                path.unlink()

    def _jobs(self, only: str) -> Sequence[Job]:
        jobs = self.order
        labels = [(job.row, job.column) for job in jobs]
        if twice := [label for label in labels if labels.count(label) > 1]:
            raise ValueError(f"{self.experiment.name} defines {twice[0]} more than once")
        chosen = [job for job in jobs if only.lower() in job.label.lower()]
        if not chosen:
            raise ValueError(
                f"no row or column contains {only!r}; there are "
                + ", ".join(job.label for job in jobs)
            )
        return chosen

    def _finished(self, item: Item) -> bool:
        if isinstance(item.job, TrainingRun):
            return self.store.finished_run(item.job, item.seed) is not None
        return self.store.finished_measurement(item.job) is not None

    def _do(self, items: list[Item], workers: Workers, bar: Jobs) -> None:
        waiting = list(items)
        try:
            while waiting or self._of:
                while workers.free and (begun := self._next(waiting)):
                    item, work = begun
                    self._of[work] = item
                    workers.start(work)
                for work, event in workers.events():
                    self._hear(work, event, waiting, bar)
        finally:
            workers.close()

    def _next(self, waiting: list[Item]) -> tuple[Item, Work] | None:
        """The first that can be begun. A run waits for the calibration of its row and column."""
        calibrating = {work for work in self._of if isinstance(work, Calibrate)}
        for item in waiting:
            work = self._work(item)
            if isinstance(work, Calibrate):
                if work in calibrating:
                    continue
            else:
                waiting.remove(item)
            return item, work
        return None

    def _work(self, item: Item) -> Work:
        job = item.job
        if isinstance(job, Measurement):
            return Measure(job)
        recipe = job.on(self.store.device)
        calibration, steps = None, job.steps
        if job.budget is not None:
            calibration = self.store.calibration(job)
            if calibration is None:
                return Calibrate(recipe.text(full=True), job.budget)
            steps = calibration.steps
        assert steps is not None
        recipe = replace(
            recipe,
            seed=item.seed,
            steps=steps,
            log_every=_log_every(steps, calibration),
            eval_every=steps,
            eval_splits="none",
        )
        checkpoint = self.checkpoint(job.row, job.column, item.seed)
        return Train(recipe.text(full=True), job.splits, checkpoint, job.resampled)

    def _hear(
        self, work: Work, event: Progress | Done | Failed, waiting: list[Item], bar: Jobs
    ) -> None:
        item = self._of[work]
        if isinstance(event, Progress):
            bar.progress(item.label, event)
            return
        del self._of[work]
        if isinstance(event, Failed):
            self._fail(work, item, event, waiting, bar)
            return
        if isinstance(work, Calibrate):
            self._keep_calibration(work, item, event)
        else:
            self._keep(work, item, event)
            bar.finish(item.label)
        self.store.sort(self.order)
        self.store.write(self.output)

    def _fail(self, work: Work, item: Item, event: Failed, waiting: list[Item], bar: Jobs) -> None:
        failed = [item]
        if isinstance(work, Calibrate):  # then there are no steps for any seed
            failed = [other for other in waiting if other.job == item.job]
            waiting[:] = [other for other in waiting if other.job != item.job]
        for each in failed:
            self.failed.append(f"{each.label}: {event.message}")
            bar.finish(each.label, f"failed: {self.failed[-1]}")

    def _keep_calibration(self, work: Calibrate, item: Item, event: Done) -> None:
        job, seconds = item.job, float(f"{event.values['seconds_per_step']:.4g}")
        assert isinstance(job, TrainingRun)
        event_steps = [event.step for event in job.recipe.events]
        steps = max(1, round(work.budget / seconds), *event_steps)
        self.store.add_calibration(
            Calibration(job.row, job.column, work.recipe, work.budget, seconds, steps)
        )

    def _machine(self, work: Work) -> int:
        """The number of this machine in the store, with the threads of the work."""
        threads = Recipe.parse(work.recipe).threads or 1 if isinstance(work, Train) else 1
        return self.store.machine({**self.machine, "threads": threads})

    def _keep(self, work: Work, item: Item, event: Done) -> None:
        job, values = item.job, dict(event.values)
        elsewhere = values.pop("machine", None)  # where a worker of another machine did it
        kept = {
            "row": job.row,
            "column": job.column,
            "machine": self._machine(work) if elsewhere is None else self.store.machine(elsewhere),
            "date": f"{datetime.now(UTC):%Y-%m-%d}",
            **values,
        }
        if isinstance(work, Train):
            assert isinstance(job, TrainingRun)
            run = FinishedRun(seed=item.seed, recipe=work.recipe, budget=job.budget, **kept)
            self.store.add_run(run)
        else:
            assert isinstance(job, Measurement)
            self.store.add_measurement(Measured(about=job.about, **kept))


def _file_name(row: str, column: str) -> str:
    words = re.sub(r"[^a-z0-9]+", "-", f"{row} {column}".lower()).strip("-")[:60]
    digest = sha256(f"{row}\n{column}".encode()).hexdigest()[:8]
    return f"{words}-{digest}"


def _special_budget(experiment: Experiment, budget: float | None) -> float | None:
    """None if it is the budget that all runs have anyway."""
    runs = [job for job in experiment.jobs() if isinstance(job, TrainingRun)]
    return None if all(run.budget == budget for run in runs) else budget


def _log_every(steps: int, calibration: Calibration | None) -> int:
    often = max(1, steps // RECORDS)
    if calibration is None:
        return often
    return min(often, max(1, round(RECORD_EVERY / calibration.seconds_per_step)))
