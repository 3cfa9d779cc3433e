"""*Your data…*: from a file to a task of the recipe."""

from __future__ import annotations

import html
import time
from collections.abc import Callable, Mapping
from typing import Any

import ipywidgets as widgets

from lcm_core.tasks import DataPreview, preview_data
from lcm_core.tasks.addresses import is_address, read_address
from lcm_core.terminal import Progress, progress_to
from lcm_core.widgets.base.controls import button, row
from lcm_core.widgets.base.panel import Panel
from lcm_core.widgets.base.text_areas import ReadOut
from lcm_core.widgets.base.worker import Worker
from lcm_core.widgets.training.buttons import enable
from lcm_core.widgets.training.your_data.file_choice import FileChoice
from lcm_core.widgets.training.your_data.menus import Menus
from lcm_core.widgets.training.your_data.words import left_out_text, rows_table, summary_text

__all__ = ["Section"]

SAID_EVERY = 0.5  # seconds from one word of progress to the next

SPLITS = ("split", "split_column")
_HINT = (
    "A table of molecules or of sets, or a folder of graphs: choose one near the notebook, write "
    "its path, or upload one."
)
_USE = "end this run, and train on this file"


class Section:
    """A file, what was understood of it, and *Use it*.

    A worker reads the file; it tells its progress, and Cancel ends it.

    Args:
        panel: whose section it is.
        on_use: called with the name of the task, when the reader wants to train on the file.

    Attributes:
        rows_of_parts: to be placed one below another.
        found: the preview of the file; None while there is none.
    """

    def __init__(self, panel: Panel, on_use: Callable[[str], object]):
        guard = panel.guard
        self._on_use = on_use
        self.found: DataPreview | None = None
        self._next_word = 0.0
        self._last: tuple[str, dict[str, Any], bool] = ("", {}, True)  # what was read
        self.worker = Worker(panel, "lcm reading", on_error=lambda error: self._fail(panel, error))
        self.file = FileChoice(guard, self._choose, self._say_progress, self._rest)
        self.menus = Menus(guard, self._said_otherwise)
        self.cancel = button("Cancel", "cease reading")
        self.again = button("Read again", "the file as it is now", "refresh")
        self.use = button("Use it", _USE, "check")
        self.status = ReadOut("data-status", width="auto")
        self.progress = ReadOut("data-progress", live="off", width="auto")
        self.summary = ReadOut("data-summary")
        self.rows = ReadOut("data-rows", live="off")
        self.left_out = ReadOut("data-left-out", live="off")
        self.cancel.on_click(guard(lambda _: self._cancel()))
        self.again.on_click(guard(lambda _: self._read(*self._last)))
        self.use.on_click(guard(lambda _: self._use()))
        self.rows_of_parts = (
            row(*self.file.all, self.status, self.progress, self.cancel, self.again),
            row(*self.file.asked),
            row(*self.menus.all),
            self.summary,
            row(self.use),
            self.left_out,
            self.rows,
        )
        panel.on_end(self.file.stop)
        self._forget()

    def begin(self) -> None:
        """Offer the files that are near now, and go to the field for one."""
        self.file.list_files()
        self.file.text.focus()

    @property
    def controls(self) -> list[widgets.Widget]:
        """All that the reader may use."""
        buttons = [self.cancel, self.again, self.use]
        return [*self.file.all, *self.file.asked, *self.menus.all, *buttons]

    def _forget(self) -> None:
        """Show no file."""
        self.found = None
        self.menus.forget()
        for area in (self.summary, self.left_out, self.rows):
            area.say("")
        self.summary.say(_HINT)
        self._rest()

    def _wait(self, words: str, busy: bool = False) -> None:
        """Say what is going on, or what is to be done first."""
        self.status.say(words)
        self.progress.say("")
        self.cancel.layout.display = "" if busy else "none"
        self.again.layout.display = "" if self._last[0] and not busy else "none"
        enable(self.use, _USE, words)

    def _rest(self) -> None:
        """Nothing is going on: a file that can be used can be used."""
        self._wait("")
        if self.found is None:
            enable(self.use, _USE, "choose a file first")
        elif self.found.error:
            enable(self.use, _USE, "this file cannot be trained on like this")

    def _say_progress(self, progress: Progress) -> None:
        """The words of a progress, not too often."""
        now = time.monotonic()
        if now >= self._next_word:
            self._next_word = now + SAID_EVERY
            self.cancel.layout.display = ""
            self.progress.say(html.escape(str(progress)))

    def _cancel(self) -> None:
        self.worker.stop()
        self.file.stop()
        self._wait("cancelled")

    # Reading

    def _choose(self, path: str) -> None:
        """Another file: nothing is said about it."""
        self._last = ("", {}, True)
        self._forget()
        self.worker.stop()
        if path:
            self._read(path, {}, fresh=True)

    def _said_otherwise(self) -> None:
        """The same file, with what is said in the menus."""
        path = self.file.value
        if why := self.menus.missing:
            self.worker.stop()
            self.found = None
            self._wait(why)
            return
        said = self.menus.said()
        self._read(read_address(path).path if is_address(path) else path, said)

    def _read(self, path: str, said: dict[str, Any], fresh: bool = False) -> None:
        self.found, self._last = None, (path, said, fresh)
        self._wait("reading …", busy=True)

        def work(should_stop: Callable[[], bool]) -> None:
            def show(progress: Progress) -> None:
                if should_stop():
                    raise _Cancelled
                self._say_progress(progress)

            try:
                with progress_to(show):
                    found, meant = _read_with_advice(path, said, fresh)
            except _Cancelled:
                return
            if not should_stop():
                self._show(found, meant)

        self.worker.start(work)

    def _fail(self, panel: Panel, error: BaseException) -> None:
        self._wait("this file cannot be read")
        panel.show_error(error)

    def _show(self, found: DataPreview, said: Mapping[str, Any]) -> None:
        self.found = found
        used: dict[str, Any] = {}
        if found.header and is_address(found.task):
            used = dict(read_address(found.task).options)
            self.menus.show(found, said)
        else:
            self.menus.forget()
        self.summary.say(summary_text(found))
        self.left_out.say(left_out_text(found))
        self.rows.say(rows_table(found, used))
        self._rest()

    def _use(self) -> None:
        if self.found is not None and self.found.ok:
            self._on_use(self.found.task)


def _read_with_advice(
    path: str, said: dict[str, Any], fresh: bool
) -> tuple[DataPreview, dict[str, Any]]:
    """The preview, with a split that makes sense where the reader has said none.

    Returns:
        The preview, and the options that the menus show: of a fresh file, also the column of sets.
    """
    if is_address(path):
        found = preview_data(path)
        return found, dict(read_address(path).options) if found.header else {}
    found = preview_data(path, **said)
    sets = {name: what for name, what in found.suggested.items() if name not in SPLITS}
    if fresh and sets:
        said = {**said, **sets}
        found = preview_data(path, **said)
    if split := {name: what for name, what in found.suggested.items() if name in SPLITS}:
        found = preview_data(path, **said, **split)
    return found, said


class _Cancelled(Exception):
    """The reader wants no more of it."""
