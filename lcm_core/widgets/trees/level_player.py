"""Moves a slider of levels to its end, one level after another, in a thread."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import ipywidgets as widgets

from lcm_core.widgets.base.panel import Panel
from lcm_core.widgets.base.worker import Worker

__all__ = ["LevelPlayer"]

#: A reduction is played in so many steps at most, and so many seconds.
MOST_STEPS, SLOWEST_STEP, WHOLE_PLAY = 40, 0.7, 8.0


class LevelPlayer:
    """What a button *Play* does: it begins at level 0 if the slider is at its end.

    Args:
        panel: whose slider it is; the play ends with it.
        slider: of levels.
        button: it reads *Stop* while the levels go by.
    """

    def __init__(self, panel: Panel, slider: widgets.IntSlider, button: widgets.Button):
        self._slider, self._button = slider, button
        self._worker = Worker(panel, "lcm play")
        panel.on_end(self._stop)

    def play_or_stop(self) -> None:
        """Starts, or stops what plays."""
        if self._worker.busy:
            self._worker.stop()
        else:
            self._worker.start(self._play)

    def wait(self, timeout: float) -> bool:
        """Waits for the end; False if it has not come in time (seconds)."""
        return self._worker.wait(timeout)

    def _stop(self) -> None:
        """Stops, and waits a moment: the thread sets the slider."""
        self._worker.stop()
        self._worker.wait(1.0)

    def _play(self, should_stop: Callable[[], bool]) -> None:
        self._button.description = "Stop"
        try:
            if self._slider.value == self._slider.max:
                self._slider.value = 0
            while self._slider.value < self._slider.max and not should_stop():
                self._wait_for_next(should_stop)
                if not should_stop():
                    after = self._slider.value + self._stride
                    self._slider.value = min(after, self._slider.max)
        finally:
            self._button.description = "Play"

    @property
    def _stride(self) -> int:
        return math.ceil(self._slider.max / MOST_STEPS)

    def _wait_for_next(self, should_stop: Callable[[], bool]) -> None:
        pause = min(SLOWEST_STEP, WHOLE_PLAY * self._stride / self._slider.max)
        wake = time.monotonic() + pause
        while time.monotonic() < wake and not should_stop():
            time.sleep(0.02)
