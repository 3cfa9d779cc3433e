"""The bar in the terminal: jobs done, the one at work, its steps per second, the time left.

Without a terminal, a plain line for each job that has ended.
"""

from __future__ import annotations

import sys
from types import TracebackType

from tqdm import tqdm

from lcm_core.experiments.framework.work import Progress
from lcm_core.terminal import is_live

__all__ = ["Bar"]

FORMAT = "{percentage:3.0f}%|{bar}| {n:.1f}/{total} jobs [{elapsed}<{remaining}{postfix}]"


class Bar:
    """Counts jobs, and the done part of those that are at work.

    Args:
        total: all jobs.
        done: those that were finished before.
    """

    def __init__(self, total: int, done: int):
        self._parts: dict[str, float] = {}
        self._finished, self._total = done, total
        self._live = is_live(sys.stderr)
        self._tqdm = tqdm(
            total=total, initial=done, bar_format=FORMAT, unit="job", dynamic_ncols=True,
            disable=not self._live,
        )  # fmt: skip

    def __enter__(self) -> Bar:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._tqdm.close()

    def progress(self, label: str, progress: Progress) -> None:
        """A job has come so far."""
        self._parts[label] = progress.step / progress.steps
        rate = f", {progress.rate:.3g} steps/s" if progress.rate else ""
        text = f"{label}: step {progress.step:,} of {progress.steps:,}{rate}"
        self._tqdm.set_postfix_str(text, refresh=False)
        self._draw()

    def finish(self, label: str, text: str = "") -> None:
        """A job has ended; `text` stays on the terminal."""
        self._parts.pop(label, None)
        self._finished += 1
        if text:
            self._tqdm.write(text)
        if not self._live:
            print(f"{self._finished} of {self._total} jobs: {label}", file=sys.stderr, flush=True)
        self._draw()

    def _draw(self) -> None:
        self._tqdm.update(self._finished + sum(self._parts.values()) - self._tqdm.n)
