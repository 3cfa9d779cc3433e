"""One piece of long work at a time, in a thread that can be asked to stop."""

from __future__ import annotations

import threading
from collections.abc import Callable

from lcm_core.threads import begin_thread, keeping_threads
from lcm_core.widgets.base.panel import Panel

__all__ = ["Worker"]

Work = Callable[[Callable[[], bool]], None]


class Worker:
    """Runs work in a thread; starting anew first ends what still runs.

    Args:
        panel: whose work it is; the work is asked to stop when the panel is closed.
        name: of the threads.
        on_error: called, in the thread, with what the work raised (default: the panel shows it).
    """

    def __init__(
        self, panel: Panel, name: str, on_error: Callable[[BaseException], None] | None = None
    ):
        self._name, self._on_error = name, on_error or panel.show_error
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        panel.on_end(self.stop)

    @property
    def busy(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def start(self, work: Work) -> None:
        """Runs `work(should_stop)`; it looks at `should_stop()` now and then, and returns when that
        is True.
        """
        self.stop()
        before, stop = self._thread, threading.Event()

        def run() -> None:
            if before is not None:
                before.join()
            try:
                if not stop.is_set():
                    work(stop.is_set)
            except Exception as error:
                self._on_error(error)

        self._stop = stop
        self._thread = begin_thread(keeping_threads(run), self._name, stop=stop.set)

    def stop(self) -> None:
        """Asks the work to stop; returns at once."""
        self._stop.set()

    def wait(self, timeout: float | None = None) -> bool:
        """Waits for the work to end; False if it has not ended in time (seconds)."""
        if self._thread is not None:
            self._thread.join(timeout)
        return not self.busy
