"""How far the jobs of an experiment are: those done, the one at work, its steps per second.

In a terminal it is a bar; without one, a plain line a minute, and one for each job that has ended.
"""

from __future__ import annotations

from types import TracebackType

from lcm_core.experiments.framework.work import Progress as Steps
from lcm_core.terminal import Progress

__all__ = ["Jobs"]

EVERY = 60.0  # seconds from one plain line to the next, while jobs are at work


class Jobs:
    """Counts jobs, and the done part of those that are at work.

    Args:
        total: all jobs.
        done: those that were finished before.
    """

    def __init__(self, total: int, done: int):
        self._parts: dict[str, float] = {}
        self._finished = done
        self._shown = Progress(total, unit="jobs", done=done, every=EVERY)

    def __enter__(self) -> Jobs:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._shown.__exit__(kind, error, trace)

    def progress(self, label: str, steps: Steps) -> None:
        """A job has come so far."""
        self._parts[label] = steps.step / steps.steps
        rate = f", {steps.rate:.3g} steps/s" if steps.rate else ""
        self._draw(f"{label}: step {steps.step:,} of {steps.steps:,}{rate}")

    def finish(self, label: str, text: str = "") -> None:
        """A job has ended; `text` stays on the terminal."""
        self._parts.pop(label, None)
        self._finished += 1
        if text:
            self._shown.say(text)
        self._draw(label, now=True)

    def _draw(self, note: str, now: bool = False) -> None:
        self._shown.to(round(self._finished + sum(self._parts.values()), 1), note, now)
