"""Which file: its path, one near the notebook, or one from the reader's computer."""

from __future__ import annotations

import html
from collections.abc import Callable
from pathlib import Path
from typing import IO

import ipywidgets as widgets

from lcm_core.terminal import Progress
from lcm_core.widgets.base.controls import button
from lcm_core.widgets.base.text_areas import ReadOut
from lcm_core.widgets.training.your_data.choice import Guard
from lcm_core.widgets.training.your_data.nearby import (
    free_place,
    nearby_files,
    place_of,
    same_contents,
    store,
)
from lcm_core.widgets.training.your_data.upload import Upload

__all__ = ["FileChoice"]


class FileChoice:
    """A field for a path, which offers the files near the notebook, and a button to upload one.

    What is uploaded goes into the folder of the notebook, and never over a file without a question.

    Args:
        guard: wraps callbacks.
        on_file: called with what was typed or chosen.
        on_progress: called with how much of an upload has come.
        on_come: called when all of it has.

    Attributes:
        all: to be placed in a row.
        asked: a question and its answers, in a row.
    """

    def __init__(
        self,
        guard: Guard,
        on_file: Callable[[str], object],
        on_progress: Callable[[Progress], object],
        on_come: Callable[[], object],
    ):
        self._on_file, self._on_come = on_file, on_come
        self._held: IO[bytes] | None = None  # what the question is about
        self._place = Path()
        self._read = ""  # what was reported last
        self.text = widgets.Combobox(
            description="Data file",
            placeholder="mine.csv",
            tooltip="the path of a table, or of a folder of graphs; files near the notebook are "
            "offered",
            continuous_update=False,
            layout=widgets.Layout(width="340px"),
        )
        self.text.add_class("lcm-data-file")
        self.upload = Upload(guard, on_progress, self._come)
        self.question = ReadOut("file-question", width="auto")
        self.replace = button("Replace", "write the file that you uploaded over the one there")
        self.rename = button("Keep both", "store it under another name")
        self.drop = button("Neither", "forget the file that you uploaded")
        self.text.observe(guard(lambda change: self._typed(change["new"])), names="value")
        self.replace.on_click(guard(lambda _: self._answer(self._place)))
        self.rename.on_click(guard(lambda _: self._answer(free_place(self._place))))
        self.drop.on_click(guard(lambda _: self._ask("")))
        self._ask("")

    @property
    def all(self) -> list[widgets.Widget]:
        """In the order of a row."""
        return [self.text, self.upload]

    @property
    def asked(self) -> list[widgets.Widget]:
        """In the order of a row."""
        return [self.question, self.replace, self.rename, self.drop]

    @property
    def value(self) -> str:
        """The path, or the address, that was typed or chosen."""
        return self.text.value.strip()

    def list_files(self) -> None:
        """Offer the files that are near now."""
        self.text.options = nearby_files(Path.cwd())

    def show(self, path: str) -> None:
        """Show a path, without reporting it."""
        self._read = path
        self.text.value = path

    def stop(self) -> None:
        """End an upload, and forget a question."""
        self.upload.stop()
        self._ask("")

    def _typed(self, text: str) -> None:
        if text.strip() != self._read:
            self._read = text.strip()
            self._ask("")
            self._on_file(self._read)

    def _come(self, name: str, file: IO[bytes]) -> None:
        """A file is here: use it, or ask what to do with the one that has its name."""
        self._on_come()
        self._ask("")
        self._held, self._place = file, place_of(name, Path.cwd())
        there = self._place.exists()
        if there and (self._place.is_dir() or not same_contents(self._place, file)):
            self.replace.disabled = self._place.is_dir()
            self._ask(f"There is another <b>{html.escape(self._place.name)}</b> already.")
            return
        if not there:
            store(file, self._place)
        self._use(self._place)

    def _answer(self, place: Path) -> None:
        if self._held is not None:
            store(self._held, place)
            self._use(place)

    def _use(self, place: Path) -> None:
        self._ask("")
        self.list_files()
        self.show(place.name)
        self._on_file(place.name)

    def _ask(self, words: str) -> None:
        """Show a question with its answers, or none."""
        if not words and self._held is not None:
            self._held.close()
            self._held = None
        self.question.say(words)
        for control in self.asked:
            control.layout.display = "" if words else "none"
