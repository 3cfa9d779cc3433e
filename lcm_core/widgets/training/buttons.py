"""Start and Pause in one button; Step, Stop and Reset, each enabled when it can act."""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets as widgets

from lcm_core.widgets.base.controls import button
from lcm_core.widgets.training.run import Run

__all__ = ["NOT_BEGUN", "RunButtons", "enable"]

#: By state: what the button of Start says, its icon, and what it does.
_START = {
    "ready": ("Start", "play", "train from here"),
    "loading": ("Pause", "pause", "stand still when the data are loaded"),
    "running": ("Pause", "pause", "keep all and stand still"),
    "paused": ("Resume", "play", "go on from where it stands still"),
}
_AGAIN = ("Start again", "play", "from step 0 of the recipe; this run goes off the page")

NOT_BEGUN = "nothing runs: press Start first"
OVER = "the run is over; Start again begins anew"


class RunButtons:
    """The buttons of a run.

    Args:
        guard: wraps each callback.
        run: gives the run on show.
        reset: puts one at step 0 in its place.
        say: tells at once what will happen after the step that is being done.

    Attributes:
        start: also pauses and resumes; Start on a run that has ended begins anew.
        step, stop, reset: to be placed in a row.
    """

    def __init__(
        self,
        guard: Callable[[Callable[..., object]], Callable[..., None]],
        run: Callable[[], Run],
        reset: Callable[[], None],
        say: Callable[[str], None],
    ):
        self._run, self._reset, self._say = run, reset, say
        self.start = button("Start", "train from here", "play", primary=True)
        self.start.layout.min_width = "112px"  # the widest of its words: nothing moves
        self.step = button("Step", "to the next record", "step-forward")
        self.stop = button("Stop", "end the run, keep its result", "stop")
        self.reset = button("Reset", "back to step 0 of the recipe", "undo")
        self.start.on_click(guard(self._start))
        self.step.on_click(guard(self._step))
        self.stop.on_click(guard(self._stop))
        self.reset.on_click(guard(lambda _: reset()))

    @property
    def further(self) -> tuple[widgets.Button, ...]:
        """All but Start, in the order of a row."""
        return (self.step, self.stop, self.reset)

    def show(self, run: Run) -> None:
        """What can be done now; the others say why not."""
        text, icon, tooltip = _START.get(run.state, _AGAIN)
        self.start.description, self.start.icon, self.start.tooltip = text, icon, tooltip
        enable(self.step, "to the next record, and pause there", OVER if run.ended else "")
        why = "" if run.live else OVER if run.ended else NOT_BEGUN
        enable(self.stop, "end the run, keep its result", why)
        enable(
            self.reset,
            "back to step 0 of the recipe",
            "it stands at step 0" if run.state == "ready" else "",
        )

    def _start(self, _: object) -> None:
        run = self._run()
        if run.state in ("loading", "running"):
            self._say("pausing after this step …")
            run.pause()
            return
        if run.ended:
            self._reset()
        self._run().go()

    def _step(self, _: object) -> None:
        if not self._run().ended:
            self._run().step()

    def _stop(self, _: object) -> None:
        if self._run().live:
            self._say("stopping after this step …")
            self._run().stop()


def enable(control: widgets.Button, tooltip: str, why_not: str) -> None:
    """Let a button act, or disable it with the reason in its tooltip."""
    control.disabled = bool(why_not)
    control.tooltip = f"cannot now: {why_not}" if why_not else tooltip
