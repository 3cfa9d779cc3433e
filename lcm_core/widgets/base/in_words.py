"""What a panel says, as plain text: for places where no widget can run."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from html.parser import HTMLParser

import ipywidgets as widgets

__all__ = ["plain_text", "words_of"]

WIDTH = 100  # letters of a line of prose
LINES = {"br", "dd", "details", "div", "dl", "dt", "h3", "h4", "li", "ol", "p", "pre", "ul"}


def words_of(box: widgets.Box) -> str:
    """The text of all read-outs from top to bottom, also of those that *More* unfolds."""
    texts = (plain_text(area.value) for area in _areas(box))
    return "\n\n".join(text for text in texts if text)


def plain_text(content: str) -> str:
    """HTML as lines of text; the columns of a table stand below each other."""
    reader = _Reader()
    reader.feed(content)
    reader.close()
    lines = [line for line in reader.lines if line.strip()]
    return "\n".join(lines)


def _areas(box: widgets.Box) -> Iterator[widgets.HTML]:
    for child in box.children:
        if not isinstance(child, widgets.Box | widgets.HTML) or _hidden(child):
            continue
        if isinstance(child, widgets.Box):
            yield from _areas(child)
        else:
            yield child


def _hidden(part: widgets.DOMWidget) -> bool:
    return part.layout.display == "none" or part.layout.visibility == "hidden"


class _Reader(HTMLParser):
    """Collects lines; inside a table, rows of cells."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self._line = ""
        self._rows: list[list[str]] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self._end_line()
            self._rows = []
        elif self._rows is not None:
            if tag == "tr":
                self._rows.append([])
            elif tag in ("td", "th") and self._rows:
                self._rows[-1].append("")
        elif tag in LINES:
            self._end_line()

    def handle_endtag(self, tag: str) -> None:
        if tag == "table" and self._rows is not None:
            self.lines += _aligned(self._rows)
            self._rows = None
        elif self._rows is None and tag in LINES:
            self._end_line()

    def handle_data(self, data: str) -> None:
        if self._rows is None:
            self._line += data
        elif self._rows and self._rows[-1]:
            self._rows[-1][-1] += data

    def close(self) -> None:
        super().close()
        self._end_line()

    def _end_line(self) -> None:
        text = " ".join(self._line.split())
        self.lines += textwrap.wrap(text, WIDTH, break_on_hyphens=False)
        self._line = ""


def _aligned(rows: list[list[str]]) -> list[str]:
    """The rows as lines: the first column to the left, numbers to the right."""
    rows = [[" ".join(cell.split()) for cell in row] for row in rows]
    columns = max(map(len, rows), default=0)
    widths = [max(len(row[k]) for row in rows if k < len(row)) for k in range(columns)]
    return [
        "  ".join(
            cell.rjust(width) if k else cell.ljust(width)
            for k, (cell, width) in enumerate(zip(row, widths, strict=False))
        ).rstrip()
        for row in rows
    ]
