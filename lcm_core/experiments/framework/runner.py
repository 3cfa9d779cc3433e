"""Runs the jobs of an experiment that have no result yet, and writes each result as it comes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from lcm_core.experiments.framework.base import Experiment, Job, Measurement, TrainingRun
from lcm_core.experiments.framework.calibration import Calibration
from lcm_core.experiments.framework.machine import describe_machine
from lcm_core.experiments.framework.progress import Bar
from lcm_core.experiments.framework.results import FinishedRun, Measured
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
from lcm_core.training.trainer import pick_device

__all__ = ["Options", "run_experiment"]

RECORD_EVERY = 5.0  # seconds of training, about
RECORDS = 20  # at least, if there are as many steps


@dataclass(frozen=True)
class Options:
    """How an experiment is run.

    Args:
        output: the folder of the results.
        checkpoints: the folder of half-done jobs.
        name: by which its workers find the experiment: its own, or that of its module.
        seeds: None for those of the experiment.
        device: "auto", "cpu", "cuda", …
        budget: seconds in place of those of the definition, or None.
        jobs: worker processes.
        only: rows and columns whose label contains this text.
    """

    output: Path
    checkpoints: Path
    name: str
    seeds: int | None = None
    device: str = "cpu"
    budget: float | None = None
    jobs: int = 1
    only: str = ""


@dataclass(frozen=True)
class Item:
    """A job that is to be done; the seed of a measurement is 0."""

    job: Job
    seed: int = 0

    @property
    def label(self) -> str:
        measures = isinstance(self.job, Measurement)
        return self.job.label if measures else f"{self.job.label} · seed {self.seed}"


def run_experiment(experiment: Experiment, options: Options) -> int:
    """Does all jobs that have no result; returns how many failed.

    Ctrl-C and kills lose nothing but seconds: the same call goes on from there, to the same
    results.

    Raises:
        Locked: another process runs the same experiment, with this budget and device.
        ValueError: a device that is not here, `only` that leaves nothing, two jobs of one label,
            or a file of results that cannot be read.
        KeyboardInterrupt: passed on, when all is written.
    """
    device = pick_device(options.device).type
    store = Store(options.name, _special_budget(experiment, options.budget), device)
    with locked(options.checkpoints / store.name):
        _tidy(options, store)
        if (path := options.output / f"{store.name}.json").exists():
            store = Store.read(path)
        store.ask_for(options.seeds or experiment.seeds, experiment.seeds)
        return Runner(experiment, options, store).run()


class Runner:
    """One call of `run_experiment`: what is left to do, and what becomes of it."""

    def __init__(self, experiment: Experiment, options: Options, store: Store):
        self.experiment, self.options, self.store = experiment, options, store
        self.machine = store.machine(describe_machine(store.device))
        self.order = store.jobs(experiment)
        self.failed = 0
        self._of: dict[Work, Item] = {}  # what the workers are at

    def run(self) -> int:
        """All that is left: measurements alone, then training runs side by side."""
        jobs = self._jobs()
        seeds = range(self.options.seeds or self.experiment.seeds)
        runs = [Item(j, seed) for seed in seeds for j in jobs if isinstance(j, TrainingRun)]
        measurements = [Item(job) for job in jobs if isinstance(job, Measurement)]
        left = [item for item in (*measurements, *runs) if not self._finished(item)]
        with Bar(
            len(runs) + len(measurements), done=len(runs) + len(measurements) - len(left)
        ) as bar:
            self._do([item for item in left if isinstance(item.job, Measurement)], InProcess(), bar)
            training = [item for item in left if isinstance(item.job, TrainingRun)]
            if training:
                count = min(self.options.jobs, len(training))
                self._do(training, InProcess() if count == 1 else ProcessPool(count), bar)
        results = self.store.results(self.experiment)
        finish, done = self.experiment.finish, results.finished >= results.wanted
        if finish is not None and done and not self.store.special:
            finish(results, self.checkpoint)
        return self.failed

    def checkpoint(self, row: str, column: str, seed: int) -> Path:
        """The file with the state of a run, kept after its end."""
        words = re.sub(r"[^a-z0-9]+", "-", f"{row} {column}".lower()).strip("-")[:60]
        digest = sha256(f"{row}\n{column}".encode()).hexdigest()[:8]
        return self.options.checkpoints / self.store.name / f"{words}-{digest}-seed{seed}.pt"

    def _jobs(self) -> Sequence[Job]:
        jobs = self.order
        labels = [(job.row, job.column) for job in jobs]
        if twice := [label for label in labels if labels.count(label) > 1]:
            raise ValueError(f"{self.experiment.name} defines {twice[0]} more than once")
        chosen = [job for job in jobs if self.options.only.lower() in job.label.lower()]
        if not chosen:
            raise ValueError(
                f"no row or column contains {self.options.only!r}; there are "
                + ", ".join(job.label for job in jobs)
            )
        return chosen

    def _finished(self, item: Item) -> bool:
        if isinstance(item.job, TrainingRun):
            return self.store.finished_run(item.job, item.seed) is not None
        return self.store.finished_measurement(item.job) is not None

    def _do(self, items: list[Item], workers: Workers, bar: Bar) -> None:
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
        name, job = self.options.name, item.job
        if isinstance(job, Measurement):
            return Measure(name, job.row, job.column)
        recipe = job.on(self.store.device)
        calibration, steps = None, job.steps
        if job.budget is not None:
            calibration = self.store.calibration(job)
            if calibration is None:
                return Calibrate(name, recipe.text(full=True), job.budget)
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
        return Train(name, recipe.text(full=True), job.splits, checkpoint)

    def _hear(
        self, work: Work, event: Progress | Done | Failed, waiting: list[Item], bar: Bar
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
        self.store.write(self.options.output)

    def _fail(self, work: Work, item: Item, event: Failed, waiting: list[Item], bar: Bar) -> None:
        failed = [item]
        if isinstance(work, Calibrate):  # then there are no steps for any seed
            failed = [other for other in waiting if other.job == item.job]
            waiting[:] = [other for other in waiting if other.job != item.job]
        for each in failed:
            self.failed += 1
            bar.finish(each.label, f"failed: {each.label}: {event.message}")

    def _keep_calibration(self, work: Calibrate, item: Item, event: Done) -> None:
        job, seconds = item.job, float(f"{event.values['seconds_per_step']:.4g}")
        assert isinstance(job, TrainingRun)
        event_steps = [event.step for event in job.recipe.events]
        steps = max(1, round(work.budget / seconds), *event_steps)
        self.store.add_calibration(
            Calibration(job.row, job.column, work.recipe, work.budget, seconds, steps)
        )

    def _keep(self, work: Work, item: Item, event: Done) -> None:
        job = item.job
        kept = {
            "row": job.row,
            "column": job.column,
            "machine": self.machine,
            "date": f"{datetime.now(UTC):%Y-%m-%d}",
            **event.values,
        }
        if isinstance(work, Train):
            assert isinstance(job, TrainingRun)
            run = FinishedRun(seed=item.seed, recipe=work.recipe, budget=job.budget, **kept)
            self.store.add_run(run)
        else:
            assert isinstance(job, Measurement)
            self.store.add_measurement(Measured(about=job.about, **kept))


def _tidy(options: Options, store: Store) -> None:
    """Removes what a kill left half written."""
    half = [*(options.checkpoints / store.name).glob(".*.pt.*")]
    for path in (*half, *options.output.glob(f".{store.name}.json.*")):
        path.unlink(missing_ok=True)


def _special_budget(experiment: Experiment, budget: float | None) -> float | None:
    """None if it is the budget that all runs have anyway."""
    runs = [job for job in experiment.jobs() if isinstance(job, TrainingRun)]
    return None if all(run.budget == budget for run in runs) else budget


def _log_every(steps: int, calibration: Calibration | None) -> int:
    often = max(1, steps // RECORDS)
    if calibration is None:
        return often
    return min(often, max(1, round(RECORD_EVERY / calibration.seconds_per_step)))
