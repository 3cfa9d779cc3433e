"""The work on one job, as a generator of its progress: in this process or in another."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lcm_core.experiments.framework.base import Measurement
from lcm_core.experiments.framework.calibration import calibrate
from lcm_core.experiments.framework.endings import further_laws, resampled_scores
from lcm_core.training.recipe import Recipe
from lcm_core.training.record import Record
from lcm_core.training.run_state import RunState, read_runs, save_runs

__all__ = ["Calibrate", "Done", "Event", "Failed", "Measure", "Progress", "Train", "Work", "events"]

SAVE_EVERY = 15.0  # seconds
CURVE_POINTS = 30


@dataclass(frozen=True)
class Train:
    """Train a recipe and score it; the state is kept in a file on the way, and at the end."""

    recipe: str
    splits: tuple[str, ...]
    checkpoint: Path
    resampled: tuple[str, ...] = ()


@dataclass(frozen=True)
class Calibrate:
    """Time the steps of a recipe."""

    recipe: str
    budget: float


@dataclass(frozen=True)
class Measure:
    """Call the function of a measurement."""

    job: Measurement


Work = Train | Calibrate | Measure


@dataclass(frozen=True)
class Progress:
    """So many steps are done; `rate` is steps per second now."""

    step: int
    steps: int
    rate: float


@dataclass(frozen=True)
class Done:
    """The job is finished, and this is what it found."""

    values: dict[str, Any]


@dataclass(frozen=True)
class Failed:
    """The job ended with an error."""

    message: str


Event = Progress | Done | Failed


def events(work: Work) -> Iterator[Event]:
    """Does the work: any number of `Progress`, then `Done` or `Failed`."""
    try:
        if isinstance(work, Train):
            yield from _train(work)
        elif isinstance(work, Calibrate):
            seconds = calibrate(Recipe.parse(work.recipe), work.budget)
            yield Done({"seconds_per_step": seconds})
        else:
            began = time.perf_counter()
            values = work.job.measure()
            seconds = round(time.perf_counter() - began, 3)
            yield Done({"values": values, "wall_seconds": seconds})
    except Exception as error:  # whatever it is, the other jobs go on
        yield Failed(f"{type(error).__name__}: {error}")


def _train(work: Train) -> Iterator[Event]:
    recipe = Recipe.parse(work.recipe)
    run = _restored(recipe, work.checkpoint)
    trainer = run.trainer = run.make_trainer()
    saved = time.monotonic()
    yield Progress(trainer.step, recipe.steps, 0.0)
    for record in trainer.records():
        run.records.append(record)
        run.seconds += record.seconds
        rate = record.sets_per_second / recipe.batch_size
        yield Progress(trainer.step, recipe.steps, rate)
        if trainer.done or time.monotonic() - saved >= SAVE_EVERY:
            save_runs(work.checkpoint, [run])
            saved = time.monotonic()
    task = trainer.task
    yield Done(
        {
            "metric": task.metric_name,
            "higher_is_better": task.higher_is_better,
            "scores": _by_split(trainer.scores, work.splits),
            "constants": _by_split(trainer.constant_scores, work.splits),
            "resampled": {each: resampled_scores(trainer, each) for each in work.resampled},
            "laws": {**run.records[-1].laws, **further_laws(trainer)},
            "curve": _curve(run.records),
            "parameters": sum(p.numel() for p in trainer.model.parameters() if p.requires_grad),
            "cpu_seconds": round(sum(record.cpu_seconds for record in run.records), 3),
            "wall_seconds": round(sum(record.seconds for record in run.records), 3),
        }
    )


def _restored(recipe: Recipe, checkpoint: Path) -> RunState:
    """Where the run stands: at its checkpoint, or at its beginning if there is none that fits."""
    try:
        (run,) = read_runs(checkpoint)
        if run.recipe == recipe:
            run.make_trainer()
            return run
    except (FileNotFoundError, ValueError):
        pass  # of another version, or of another recipe: made anew
    return RunState(recipe)


def _by_split(
    scores: Callable[[str], dict[str, float]], splits: tuple[str, ...]
) -> dict[str, float]:
    return {name: score for split in splits for name, score in scores(split).items()}


def _curve(records: list[Record]) -> list[list[float]]:
    """`[step, mean task loss since the last of them]` of about 30 stretches of the run."""
    size = -(-len(records) // CURVE_POINTS)
    stretches = [records[start : start + size] for start in range(0, len(records), size)]
    return [
        [stretch[-1].step, float(f"{sum(r.task_loss for r in stretch) / len(stretch):.5g}")]
        for stretch in stretches
    ]
