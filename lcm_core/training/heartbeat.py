"""Signs of life of the processes of a run, kept in the store through which they met."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from lcm_core.threads import begin_thread

if TYPE_CHECKING:  # some builds of torch have none
    from torch.distributed import Store

__all__ = ["Heartbeat"]

BEAT = 0.5  # seconds
SILENCE = 10 * BEAT  # so long without a beat: the process has ended, or hangs


class Heartbeat:
    """Tells the other ranks that this one is alive, and finds out which one is not.

    A thread counts up a number in the store. What ended the run is written there once, by
    whoever finds it first, so that all ranks give the same reason.

    Args:
        store: of the run; this object alone uses it.
        rank: of this process.
        count: number of processes.
        keeper: the process that keeps the store, in words: the store ends with it.
    """

    def __init__(self, store: Store, rank: int, count: int, keeper: str):
        self._store, self._rank, self._keeper = store, rank, keeper
        self._reason = ""  # what ended the run, as far as this rank knows
        self._others = [other for other in range(count) if other != rank]
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        begin_thread(self._beat, "heartbeat", stop=self._stopped.set)

    def stop(self, reason: str = "") -> None:
        """End the beats.

        Args:
            reason: why this process ends before the run does, for the others.
        """
        self._stopped.set()
        if reason:
            with suppress(RuntimeError):  # the store is gone: then the others know anyway
                self._write(reason)
                self._wait_for_readers()

    def find_lost(self, patience: float) -> str:
        """What ended an exchange that failed: a sentence that names the rank, if one is lost.

        Args:
            patience: seconds that an exchange may take.
        """
        try:
            before = {other: self._beats(other) for other in self._others}
            silent, deadline = self._others, time.monotonic() + SILENCE
            while silent and time.monotonic() < deadline:
                if reason := self._read():
                    return reason
                time.sleep(BEAT / 5)
                silent = [other for other in silent if self._beats(other) == before[other]]
            if not silent:
                return self._write(
                    f"a connection broke, or a rank did not come within {patience:g} s, although "
                    "all ranks are alive; --patience gives them more time"
                )
            names = " and ".join(f"rank {other}" for other in silent)
            return self._write(f"{names} ended, or hangs: no sign of life for {SILENCE:g} s")
        except RuntimeError as error:
            gone = f"{self._keeper} ended, which kept the store of the run ({error})"
            return self._reason or gone

    def _beat(self) -> None:
        with suppress(RuntimeError):  # the store is gone: the next exchange says so
            while not self._stopped.wait(BEAT):
                self._store.add(f"beats of {self._rank}", 1)
                self._read()

    def _wait_for_readers(self) -> None:
        """If the store ends with this process: until those that are alive have read the reason."""
        if self._keeper != f"rank {self._rank}":
            return
        deadline = time.monotonic() + SILENCE
        while self._store.add("readers", 0) <= len(self._others) and time.monotonic() < deadline:
            time.sleep(BEAT / 5)

    def _beats(self, rank: int) -> int:
        return self._store.add(f"beats of {rank}", 0)

    def _read(self) -> str:
        if self._reason or not self._store.check(["reason"]):
            return self._reason
        return self._know(self._store.get("reason"))

    def _write(self, reason: str) -> str:
        """The reason that was written first."""
        return self._know(self._store.compare_set("reason", "", reason))

    def _know(self, reason: bytes) -> str:
        with self._lock:
            if not self._reason:
                self._reason = reason.decode()
                self._store.add("readers", 1)
        return self._reason
