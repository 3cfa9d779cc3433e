"""Commands: what they write is readable in any encoding and any terminal; how they hear Ctrl-C."""

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import TracebackType
from typing import Any, TextIO

__all__ = [
    "INTERRUPTED",
    "Progress",
    "is_live",
    "print_anything",
    "progress_to",
    "stopping_between_steps",
]

INTERRUPTED = 130  # the exit status after Ctrl-C, as a shell gives it

EVERY = 10.0  # seconds from one plain line to the next


def print_anything() -> None:
    """Let standard output take every character: one that its encoding lacks becomes `?`.

    Without this, `⊕` is an error in a terminal of code page 1252. Streams that write Unicode, and
    those that are no files of text, such as a notebook's, stay as they are.
    """
    for stream in (sys.stdout, sys.stderr):
        encoding = (getattr(stream, "encoding", None) or "utf-8").lower()
        strict = getattr(stream, "errors", None) == "strict"
        if strict and not encoding.startswith("utf") and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


@contextmanager
def stopping_between_steps(twice_at_once: bool = True) -> Iterator[Callable[[], bool]]:
    """Context manager: Ctrl-C raises nothing; the function that it gives says if it was pressed.

    In the middle of a step, an exception could leave a file half written, or be lost in C++.

    Args:
        twice_at_once: whether a second Ctrl-C raises KeyboardInterrupt.
    """
    pressed = False

    def hear(number: int, frame: object) -> None:
        nonlocal pressed
        if pressed and twice_at_once:
            raise KeyboardInterrupt
        pressed = True

    if threading.current_thread() is not threading.main_thread():  # it hears of no signal
        yield lambda: False
        return
    before = signal.signal(signal.SIGINT, hear)
    try:
        yield lambda: pressed
    finally:
        signal.signal(signal.SIGINT, before)


def is_live(stream: Any) -> bool:
    """Whether what was written can be written over: in a terminal, or in a notebook's cell."""
    if type(stream).__module__.startswith("ipykernel"):
        return True
    return bool(stream is not None and hasattr(stream, "isatty") and stream.isatty())


class Progress:
    """Progress on standard error: a bar, or plain lines without a terminal.

    Args:
        total: when it is done.
        title: said before the numbers; may be "".
        unit: what is counted, such as "molecules".
        done: to begin with.
        hidden: write nothing; `progress_to` has it still.
        every: seconds from one plain line to the next.
    """

    def __init__(
        self,
        total: int,
        title: str = "",
        unit: str = "steps",
        done: float = 0,
        hidden: bool = False,
        every: float = EVERY,
    ):
        self.total, self.title, self.unit, self.done = total, title, unit, done
        self._show, self._every = _shown_by.get(), every
        self._stream: TextIO = sys.stderr
        self._bar: Any = None
        hidden = hidden or self._show is not None
        self._plain = not hidden and not is_live(self._stream)
        self._written_at, self._written = time.monotonic(), done
        self._note = ""
        if not hidden and not self._plain:
            from tqdm import tqdm

            self._bar = tqdm(
                total=total, initial=done, desc=title or None, unit=f" {unit}", dynamic_ncols=True
            )

    def __enter__(self) -> "Progress":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._plain and self.done != self._written:
            self._write()
        if self._bar is not None:
            self._bar.close()

    def __str__(self) -> str:
        """Such as `graphs of mine.csv: 4,000 of 9,000 molecules`."""
        title, note = self.title and f"{self.title}: ", self._note and f", {self._note}"
        return f"{title}{self.done:,} of {self.total:,} {self.unit}{note}"

    def to(self, done: float, note: str = "", now: bool = False) -> None:
        """So much is done.

        Args:
            done: from 0 to `total`.
            note: a few words, written behind the numbers.
            now: write a plain line, however recent the last one is.
        """
        self.done, self._note = int(done) if done == int(done) else done, note
        if self._show is not None:
            self._show(self)
        elif self._bar is not None:
            self._bar.set_postfix_str(note, refresh=False)
            self._bar.n = self.done
            self._bar.update(0)  # draws, if it is time
        elif self._plain and (now or time.monotonic() - self._written_at >= self._every):
            self._write()

    def say(self, text: str) -> None:
        """Write a line that stays, above the bar, to standard output."""
        if self._bar is not None:
            self._bar.write(text)
        else:
            print(text, flush=True)

    def _write(self) -> None:
        print(self, file=self._stream, flush=True)
        self._written_at, self._written = time.monotonic(), self.done


_shown_by: ContextVar[Callable[[Progress], object] | None] = ContextVar("shown_by", default=None)


@contextmanager
def progress_to(show: Callable[[Progress], object]) -> Iterator[None]:
    """Within it, give all progress of this thread to `show(progress)`, and write nothing.

    What `show` raises ends the work.
    """
    token = _shown_by.set(show)
    try:
        yield
    finally:
        _shown_by.reset(token)
