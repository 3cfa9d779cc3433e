"""A race of one to four recipes, in one thread, that can be paused, stepped and stopped."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Literal

from lcm_core.terminal import Progress, progress_to
from lcm_core.threads import begin_thread, keeping_threads
from lcm_core.training.run_state import RunState

__all__ = ["Run"]

State = Literal["ready", "loading", "running", "paused", "stopped", "finished", "failed"]
Order = Literal["wait", "run", "step", "pause", "stop"]

#: States in which a run trains, or can go on.
LIVE = ("loading", "running", "paused")
LOADING_SHOWN_EVERY = 0.5  # seconds

#: States in which a run stays.
ENDED = ("stopped", "finished", "failed")


class Run:
    """Train several recipes in turn in a worker thread, and report every change.

    The recipe with the fewest steps advances to its next record, then again the one with the
    fewest. Orders take effect between steps (and between the parts of an evaluation).

    Args:
        run_states: the recipes, and how far each has come.
        notify: called with this run, in the worker, after a change of state, a record, or a step.
        after: an older run whose thread must have ended before this one begins.

    Attributes:
        loading: what of the data is being read, and how far it is; "" while nothing is.
    """

    def __init__(
        self,
        run_states: Sequence[RunState],
        notify: Callable[[Run], None],
        after: Run | None = None,
    ):
        self.run_states = list(run_states)
        self.state: State = "ready"
        self._notify, self._after = notify, after
        self._error: BaseException | None = None
        self._wake = threading.Condition()
        self._order: Order = "pause"
        self._errands: list[Callable[[], None]] = []
        self._thread: threading.Thread | None = None
        self.loading = ""
        self._next_word = 0.0
        self._over = False  # the thread has done its last errand
        self._pace: float | None = None
        self._paced: tuple[RunState, int] | None = None  # the step that has waited for its turn
        self._due = 0.0  # when the next step may begin

    # Orders: they return at once, from whatever thread they are given

    def prepare(self) -> None:
        """Make the trainers ahead of `go`, so that the untrained operators can be looked at."""
        with self._wake:
            if self._thread is None and not self.ended:
                self._order = "wait"
                self._begin()

    def go(self) -> None:
        """Start, or go on after a pause."""
        self._give("run")

    def step(self) -> None:
        """Train each recipe to its next record, and pause there."""
        self._give("step")

    def pause(self) -> None:
        """Stand still between two steps."""
        if self.live:
            self._give("pause")

    def load(self) -> None:
        """Make the trainers, and stand still."""
        self._give("pause")

    def stop(self) -> None:
        """End the run and keep its result."""
        if self._thread is not None:
            self._give("stop")

    def set_pace(self, pace: float | None) -> None:
        """Do at most so many steps of each recipe a second; None is full speed."""
        with self._wake:
            self._pace, self._due = pace, 0.0
            self._wake.notify_all()

    def change(self, run_state: RunState, field: str, value: float) -> None:
        """Set one of `LIVE_FIELDS` from the next step on; the trainer records it as an event."""
        with self._wake:
            if run_state.trainer is None:
                # This refuses what is not allowed.
                run_state.recipe.with_event(run_state.recipe.steps, field, value)
                run_state.wanted.append((field, value))
            else:
                run_state.trainer.set(field, value)

    def between_steps(self, errand: Callable[[], None]) -> None:
        """Has `errand()` called when no step is being done: by the worker, or, if there is none,
        at once.
        """
        with self._wake:
            if self._thread is not None and not self._over:
                self._errands.append(errand)
                self._wake.notify_all()
                return
        errand()

    def wait(self, timeout: float | None = None) -> bool:
        """Waits for the end of the thread; False if it has not ended in time (seconds)."""
        if self._thread is not None:
            self._thread.join(timeout)
            return not self._thread.is_alive()
        return True

    @property
    def live(self) -> bool:
        return self.state in LIVE

    @property
    def ended(self) -> bool:
        return self.state in ENDED

    @property
    def error(self) -> BaseException | None:
        """The exception that ended the run, or that of the first recipe that failed."""
        errors = (run_state.error for run_state in self.run_states if run_state.error is not None)
        return self._error or next(errors, None)

    def _give(self, order: Order) -> None:
        with self._wake:
            if self.ended:
                return
            self._order = order
            if self.state == "ready":
                self.state = "loading"
            self._wake.notify_all()
            if self._thread is None:
                self._begin()

    def _begin(self) -> None:
        self._thread = begin_thread(keeping_threads(self._work), "lcm training", stop=self.stop)

    # The worker

    def _work(self) -> None:
        try:
            if self._after is not None:
                self._after.wait()
                self._after = None
            self._notify(self)
            self._load()
            self._notify(self)
            while self._unfinished() and (order := self._next_order()) != "stop":
                self._train(order)
            failed = all(run_state.error is not None for run_state in self.run_states)
            self._enter("stopped" if self._unfinished() else "failed" if failed else "finished")
        except _Stopped:
            self._enter("stopped")
        except Exception as error:
            self._error = error
            self._enter("failed")
        finally:
            with self._wake:
                self._over = True
            self._run_errands()

    def _load(self) -> None:
        for run_state in self.run_states:
            if self._order == "stop":
                return
            try:
                with progress_to(self._show_loading):
                    trainer = run_state.make_trainer()
            finally:
                self.loading = ""
            with self._wake:
                for field, value in run_state.wanted:
                    trainer.set(field, value)
                run_state.trainer = trainer

    def _show_loading(self, progress: Progress) -> None:
        """Tell how far it is, not too often; Stop ends it."""
        if self._order == "stop":
            raise _Stopped
        now = time.monotonic()
        if now >= self._next_word:
            self._next_word = now + LOADING_SHOWN_EVERY
            self.loading = str(progress)
            self._notify(self)

    def _unfinished(self) -> list[RunState]:
        return [run_state for run_state in self.run_states if not run_state.over]

    def _next_order(self) -> Order:
        """Stand still while told to, and run errands meanwhile."""
        while True:
            order = self._order
            if order == "pause" and self.state != "paused":
                self._enter("paused")
            elif order not in ("pause", "wait"):
                return order
            self._run_errands()
            with self._wake:
                while self._order == order and not self._errands:
                    self._wake.wait()

    def _run_errands(self) -> None:
        while True:
            with self._wake:
                if not self._errands:
                    return
                errand = self._errands.pop(0)
            errand()

    def _train(self, order: Order) -> None:
        """Trains until something else is asked for."""
        self._enter("running")
        if order == "step":
            for run_state in self._unfinished():
                self._advance(run_state, order)
            with self._wake:
                if self._order == "step":
                    self._order = "pause"
            return
        while self._order == order and (run_states := self._unfinished()):
            self._advance(min(run_states, key=lambda run_state: run_state.step), order)

    def _advance(self, run_state: RunState, order: Order) -> None:
        """Train to the next record, unless another order comes."""
        began, before = time.monotonic(), run_state.seconds

        def asked() -> bool:
            run_state.seconds = before + time.monotonic() - began
            self._run_errands()
            if self._order == order:  # else there is no time to draw
                self._notify(self)
            if order == "run":
                self._keep_pace(run_state)
            return self._order != order

        assert run_state.trainer is not None
        try:
            record = next(run_state.trainer.records(should_stop=asked), None)
        except Exception as error:
            run_state.error = error
        else:
            if record is not None:
                run_state.records.append(record)
        self._notify(self)

    def _keep_pace(self, run_state: RunState) -> None:
        """In slow motion, wait until the next step is due. Orders end this; errands are run."""
        pace, step = self._pace, (run_state, run_state.step)
        if pace is None or step == self._paced:
            return
        self._paced = step

        def others() -> bool:
            return self._order != "run" or self._pace != pace

        while not others() and (left := self._due - time.monotonic()) > 0:
            with self._wake:
                self._wake.wait_for(lambda: others() or self._errands, left)
            self._run_errands()
        period = 1 / (pace * len(self.run_states))
        self._due = max(self._due, time.monotonic()) + period

    def _enter(self, state: State) -> None:
        with self._wake:
            self.state = state
        self._notify(self)


class _Stopped(Exception):
    """Loading was stopped."""
