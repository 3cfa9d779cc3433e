"""Start, Pause, Step, Stop and Reset."""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets as widgets

from lcm_core.widgets.base.controls import button
from lcm_core.widgets.training.run import Run

__all__ = ["RunButtons"]


class RunButtons:
    """The buttons of a run. Start and Step on a run that has ended begin anew.

    Args:
        guard: wraps each callback.
        run: gives the run on show.
        reset: puts one at step 0 in its place.
        say: tells at once what will happen after the step that is being done.

    Attributes:
        start, pause, step, stop, reset: to be placed in a row.
    """

    def __init__(
        self,
        guard: Callable[[Callable[..., object]], Callable[..., None]],
        run: Callable[[], Run],
        reset: Callable[[], None],
        say: Callable[[str], None],
    ):
        self._run, self._reset, self._say = run, reset, say
        self.start = button("Start", "train from here", "play")
        self.pause = button("Pause", "keep all and stand still", "pause")
        self.step = button("Step", "to the next record", "step-forward")
        self.stop = button("Stop", "end the run, keep its result", "stop")
        self.reset = button("Reset", "back to step 0 of the recipe", "undo")
        self.start.on_click(guard(self._start))
        self.pause.on_click(guard(self._pause))
        self.step.on_click(guard(self._step))
        self.stop.on_click(guard(self._stop))
        self.reset.on_click(guard(lambda _: reset()))

    @property
    def all(self) -> tuple[widgets.Button, ...]:
        """In the order of a row."""
        return (self.start, self.pause, self.step, self.stop, self.reset)

    def show(self, run: Run) -> None:
        """Pause goes on where it stands still."""
        paused = run.state == "paused"
        self.pause.description = "Resume" if paused else "Pause"
        self.pause.icon = "play" if paused else "pause"

    def _start(self, _: object) -> None:
        self._run_that_can_go_on().go()

    def _step(self, _: object) -> None:
        self._run_that_can_go_on().step()

    def _run_that_can_go_on(self) -> Run:
        if self._run().ended:
            self._reset()
        return self._run()

    def _pause(self, _: object) -> None:
        run = self._run()
        if run.state == "paused":
            run.go()
        elif run.live:
            self._say("pausing after this step …")
            run.pause()

    def _stop(self, _: object) -> None:
        if self._run().live:
            self._say("stopping after this step …")
            self._run().stop()
