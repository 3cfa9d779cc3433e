"""What commands write: readable in any encoding, and plain where there is no terminal."""

import sys
import time
from types import TracebackType
from typing import Any, TextIO

__all__ = ["Progress", "is_live", "print_anything"]

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


def is_live(stream: Any) -> bool:
    """Whether what was written can be written over: in a terminal, or in a notebook's cell."""
    if type(stream).__module__.startswith("ipykernel"):
        return True
    return bool(stream is not None and hasattr(stream, "isatty") and stream.isatty())


class Progress:
    """Progress on standard error: a bar, or a plain line every ten seconds without a terminal.

    Args:
        total: when it is done.
        title: said before the numbers; may be "".
        unit: what is counted, such as "molecules".
        done: to begin with.
        hidden: write nothing.
    """

    def __init__(
        self, total: int, title: str = "", unit: str = "steps", done: int = 0, hidden: bool = False
    ):
        self.total, self.title, self.unit, self.done = total, title, unit, done
        self._stream: TextIO = sys.stderr
        self._bar: Any = None
        self._plain = not hidden and not is_live(self._stream)
        self._written_at, self._written = time.monotonic(), -1
        self._note = ""
        if not hidden and not self._plain:
            from tqdm import tqdm

            self._bar = tqdm(total=total, initial=done, desc=title or None, unit=f" {unit}")

    def __enter__(self) -> "Progress":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._plain and self.done != self._written and self.done:
            self._write()
        if self._bar is not None:
            self._bar.close()

    def to(self, done: int, note: str = "") -> None:
        """So much is done.

        Args:
            done: from 0 to `total`.
            note: a few words, written behind the numbers.
        """
        self.done, self._note = done, note
        if self._bar is not None:
            self._bar.set_postfix_str(note, refresh=False)
            self._bar.update(done - self._bar.n)
        elif self._plain and time.monotonic() - self._written_at >= EVERY:
            self._write()

    def _write(self) -> None:
        title, note = self.title and f"{self.title}: ", self._note and f", {self._note}"
        print(f"{title}{self.done:,} of {self.total:,} {self.unit}{note}", file=self._stream)
        self._stream.flush()
        self._written_at, self._written = time.monotonic(), self.done
