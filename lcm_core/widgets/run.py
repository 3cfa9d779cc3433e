"""One training run from step 0 to its end, in a thread, that can be paused, stepped and stopped."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Literal

from lcm_core.recipe import Recipe
from lcm_core.training import Record, Trainer

State = Literal["ready", "loading", "running", "paused", "stopped", "finished", "failed"]
Order = Literal["run", "step", "pause", "stop"]

#: States in which a run still has a thread.
LIVE = ("loading", "running", "paused")


class Run:
    """Drives a `Trainer` in a worker thread and tells when something has changed.

    All orders are looked at between steps (and between the batches of an evaluation).

    Args:
        recipe: what to train.
        notify: called with this run, in the worker, after a change of state, a record, or a step.
        after: an older run whose thread must have ended before this one begins.
    """

    def __init__(self, recipe: Recipe, notify: Callable[[Run], None], after: Run | None = None):
        self.recipe = recipe
        self.state: State = "ready"
        self.trainer: Trainer | None = None
        self.records: list[Record] = []
        self.error: BaseException | None = None
        self.seconds = 0.0  # spent training, pauses aside
        self._notify, self._after = notify, after
        self._wake = threading.Condition()
        self._order: Order = "pause"
        self._changes: list[tuple[str, float]] = []  # wanted before the trainer was there
        self._thread: threading.Thread | None = None

    # Orders: they return at once, from whatever thread they are given

    def go(self) -> None:
        """Start, or go on after a pause."""
        self._give("run")

    def step(self) -> None:
        """Go on to the next record, and pause there."""
        self._give("step")

    def pause(self) -> None:
        """Stand still between two steps."""
        self._give("pause")

    def stop(self) -> None:
        """End the run and keep its result."""
        self._give("stop")

    def change(self, field: str, value: float) -> None:
        """Set one of `LIVE_FIELDS` from the next step on; the trainer records it as an event."""
        with self._wake:
            if self.trainer is None:
                # This refuses what is not allowed.
                self.recipe.with_event(self.recipe.steps, field, value)
                self._changes.append((field, value))
            else:
                self.trainer.set(field, value)

    def wait(self, timeout: float | None = None) -> bool:
        """Waits for the end of the thread; False if it has not ended in time (seconds)."""
        if self._thread is not None:
            self._thread.join(timeout)
            return not self._thread.is_alive()
        return True

    @property
    def live(self) -> bool:
        return self.state in LIVE

    def _give(self, order: Order) -> None:
        with self._wake:
            if self.state in ("stopped", "finished", "failed"):
                return
            if self._thread is None and order in ("pause", "stop"):
                return
            self._order = order
            self._wake.notify_all()
            if self._thread is None:
                self.state = "loading"
                self._thread = threading.Thread(target=self._work, name="lcm training", daemon=True)
                self._thread.start()

    # The worker

    def _work(self) -> None:
        try:
            if self._after is not None:
                self._after.wait()
                self._after = None
            self._notify(self)
            trainer = self._load()
            while not _over(trainer) and (order := self._next_order()) != "stop":
                self._train(trainer, order)
            self._enter("finished" if _over(trainer) else "stopped")
        except Exception as error:
            self.error = error
            self._enter("failed")

    def _load(self) -> Trainer:
        trainer = Trainer(self.recipe)
        with self._wake:
            for field, value in self._changes:
                trainer.set(field, value)
            self.trainer = trainer
        return trainer

    def _next_order(self) -> Order:
        """Waits while paused."""
        if self._order == "pause":
            self._enter("paused")
        with self._wake:
            self._wake.wait_for(lambda: self._order != "pause")
            return self._order

    def _train(self, trainer: Trainer, order: Order) -> None:
        """Trains until something else is asked for."""
        self._enter("running")
        began, before = time.monotonic(), self.seconds

        def asked() -> bool:
            self.seconds = before + time.monotonic() - began
            self._notify(self)
            return self._order != order

        for record in trainer.records(should_stop=asked):
            self.records.append(record)
            self._notify(self)
            if order == "step":
                with self._wake:
                    if self._order == "step":
                        self._order = "pause"
                break

    def _enter(self, state: State) -> None:
        with self._wake:
            self.state = state
        self._notify(self)


def _over(trainer: Trainer) -> bool:
    """All steps are done, and the last one is reported."""
    return trainer.done and trainer.recorded_step == trainer.step
