"""How many steps take so many seconds: timed once, before the first run of a row and column."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

from lcm_core.training.recipe import Recipe
from lcm_core.training.trainer import Trainer

__all__ = ["Calibration", "calibrate"]

WARM_UP = 3  # turns that are not counted
TURNS = 15  # at least so many are
SHARE, LEAST, MOST = 0.05, 0.5, 4.0  # of the budget; seconds
GROUPS = 5  # the median of so many means
NEVER = 10**9
STEPS_A_TURN_ON_A_GPU = 20  # whose work is waited for only at a record


@dataclass(frozen=True)
class Calibration:
    """The steps of all runs of a row and column.

    Attributes:
        recipe, budget: of the runs that it is for.
        seconds_per_step: CPU seconds on the CPU, seconds of the clock on other devices.
    """

    row: str
    column: str
    recipe: str
    budget: float
    seconds_per_step: float
    steps: int


def calibrate(recipe: Recipe, budget: float) -> float:
    """Seconds that a training step of `recipe` takes.

    On the CPU these are CPU seconds, which another process on the machine changes little. Means of
    five stretches of training are taken, and the median of these.

    Args:
        recipe: on whatever device. Its events are there from the start, as for most of a run, so
            that a penalty that begins later is paid for; its schedule plays no part.
        budget: of the runs, in seconds: no more than a small part of it is spent here.
    """
    seconds: list[float] = []
    enough = min(MOST, max(LEAST, SHARE * budget))
    for turn, spent in enumerate(_turns(recipe)):
        if turn >= WARM_UP:
            seconds.append(spent)
        if len(seconds) >= TURNS and sum(seconds) >= enough:
            break
    size = len(seconds) // GROUPS
    groups = [seconds[start * size : (start + 1) * size] for start in range(GROUPS)]
    return statistics.median(map(statistics.mean, groups))


def _turns(recipe: Recipe) -> Iterator[float]:
    """Seconds a step, turn by turn."""
    on_cpu = recipe.device == "cpu"
    steps = 1 if on_cpu else STEPS_A_TURN_ON_A_GPU
    events = tuple(event._replace(step=0) for event in recipe.events)
    recipe = replace(recipe, steps=NEVER, events=events, eval_every=NEVER, eval_splits="none")
    trainer = Trainer(replace(recipe, log_every=steps))
    began = time.perf_counter()
    for record in trainer.records():
        now = time.perf_counter()
        yield record.cpu_seconds if on_cpu else (now - began) / steps
        began = time.perf_counter()
