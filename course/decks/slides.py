"""A notebook as slides, by rules: each section's question, its picture, its exercise.

A section becomes a slide with its heading and its first sentences; a panel, an exercise or a short
result becomes a slide below it. All that is left out is in the notes of the speaker. The cells are
those of the notebook with JupyterLab's metadata of slides, so that they run live as well.
"""

from __future__ import annotations

import copy
import itertools
import re
from typing import Any

__all__ = ["LINES", "slides"]

Cell = dict[str, Any]

#: Lines of text, or of code, that fit on a slide below its heading.
LINES = 11
SECTION_LINES = 8  # of the text of a section
CODE_LINES = 15
LETTERS = 85  # of a line of text
CODE_LETTERS = 100

#: Paragraphs that are for readers of the notebook, and end what a slide says of a section.
ASIDES = (
    "**Try this",
    "**What you need",
    "**How to use",
    "**Where to go",
    "**Next",
    "**Exercise",
    "(*Run All*",
)
PLOTS = {"application/vnd.jupyter.widget-view+json", "image/png", "image/svg+xml"}
PICTURES = PLOTS | {"text/html", "text/markdown"}
FOLD = re.compile(r"<details>.*?</details>\n*", re.DOTALL)
SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z*`(⌈$\"])")
MINUTES = re.compile(r" \(\d+ minutes?\)$")


def slides(cells: list[Cell]) -> list[Cell]:
    """The slides of the cells of a notebook, as cells."""
    talk = _Talk()
    for cell in cells:
        if cell["cell_type"] == "markdown":
            talk.read("".join(cell["source"]))
        else:
            talk.show(cell)
    return talk.cells


class _Talk:
    """The slides so far, and what has been read since the last one.

    Attributes:
        section: the heading of the section.
        caption: what the next picture is about, and what to try.
    """

    def __init__(self) -> None:
        self.cells: list[Cell] = []
        self.section = ""
        self.caption = ""
        self.exercise = ""

    def read(self, source: str) -> None:
        """Make a slide of a text that begins a section; keep the words for the notes."""
        blocks = _blocks(FOLD.sub("", source))
        heading = blocks[0] if blocks and blocks[0].startswith("#") else ""
        self.caption = _first_try(blocks) or ("" if heading else _lead(blocks, 1))
        self.exercise = next((each for each in blocks if each.startswith("**Exercise")), "")
        if heading:
            self.section = MINUTES.sub("", heading.split("\n")[0].lstrip("# "))
            self._add(_section(self.section, blocks[1:], first=not self.cells), "slide")
        if self.cells:
            self._notes(source)

    def show(self, cell: Cell) -> None:
        """Make a slide of a code cell, if it has something to show that fits."""
        cell = copy.deepcopy(cell)
        code = "".join(cell["source"])
        mimes = {mime for output in cell.get("outputs", ()) for mime in output.get("data", ())}
        kind = "skip"
        if cell["id"].startswith("exercise-"):
            kind = "exercise"
        elif mimes & PICTURES:
            kind = "picture"
        elif cell["id"] != "imports" and _lines(code, CODE_LETTERS) + _printed(cell) <= CODE_LINES:
            kind = "result"
        if kind == "skip":
            cell["metadata"]["slideshow"] = {"slide_type": "skip"}
        else:
            words = _lead([self.exercise], 2) if kind == "exercise" else self.caption
            self._add(f"### {self.section}\n\n{words}".rstrip(), "subslide")
            cell["metadata"]["slideshow"] = {"slide_type": "-"}
            cell["metadata"]["tags"] = [f"slide-{kind}"]
            _keep_first_result(cell)
            self.caption = ""
        self.cells.append(cell)

    def _add(self, source: str, slide_type: str) -> None:
        self.cells.append(_markdown(len(self.cells), source, slide_type))

    def _notes(self, source: str) -> None:
        self.cells.append(_markdown(len(self.cells), source, "notes"))


def _markdown(number: int, source: str, slide_type: str) -> Cell:
    return {
        "cell_type": "markdown",
        "id": f"slide-{number}",
        "metadata": {"slideshow": {"slide_type": slide_type}},
        "source": source,
    }


def _section(heading: str, blocks: list[str], first: bool) -> str:
    """The text of a section's slide: its heading, and as much of its beginning as fits."""
    text = [*itertools.takewhile(lambda block: not block.startswith(ASIDES), blocks)]
    text = text or [_lead(blocks, 2)]
    kept, room = [], LINES if first else SECTION_LINES
    for block in text:
        if _lines(block, LETTERS) > room:
            kept.append(_shortened(block, room))
            break
        kept.append(block)
        room -= _lines(block, LETTERS)
    return "\n\n".join([f"{'#' if first else '##'} {heading}", *filter(None, kept)])


def _shortened(block: str, room: int) -> str:
    """What fits of a list or a paragraph; nothing of a table, a formula or a picture."""
    if re.match(r"- |\d+\. ", block):
        return _short_list(block, room)
    if block.startswith(("|", ">", "!", "$$", "    ")):
        return ""
    sentences = SENTENCE.split(" ".join(block.split()))
    fits = [
        count
        for count in range(1, len(sentences))
        if _lines(" ".join(sentences[:count]), LETTERS) <= room
    ]
    return " ".join(sentences[: max(fits, default=0)])


def _short_list(block: str, room: int) -> str:
    """The items of a list; if there is no room for all, the first sentence of as many as fit."""
    items = [" ".join(item.split()) for item in re.split(r"\n(?=- |\d+\. )", block)]
    if sum(_lines(item, LETTERS) for item in items) <= room:
        return "\n".join(items)
    kept: list[str] = []
    for item in items:
        mark, text = item.split(" ", 1)
        kept.append(f"{mark} {SENTENCE.split(text)[0]}")
        if sum(_lines(each, LETTERS) for each in kept) > room:
            return "\n".join(kept[:-1])
    return "\n".join(kept)


def _blocks(source: str) -> list[str]:
    """Paragraphs, lists and tables; a heading is a block of its own."""
    spaced = re.sub(r"^(#+ .*)\n(?!\n)", r"\1\n\n", source, flags=re.MULTILINE)
    return [block.rstrip() for block in re.split(r"\n{2,}", spaced) if block.strip()]


def _lead(blocks: list[str], sentences: int) -> str:
    """The first sentences of the first block."""
    first = " ".join(blocks[0].split()) if blocks else ""
    return " ".join(SENTENCE.split(first)[:sentences])


def _first_try(blocks: list[str]) -> str:
    """The first thing to try, or ""."""
    for at, block in enumerate(blocks):
        if block.startswith("**Try this"):
            items = re.split(r"\n(?=- )", "\n".join([block, *blocks[at + 1 : at + 2]]))[1:]
            if items:
                return f"**Try this**: {_lead([items[0].removeprefix('- ')], 2)}"
            return _lead([block], 2)
    return ""


def _keep_first_result(cell: Cell) -> None:
    """Of results with many tables and pictures, keep the first picture, or else the first table."""
    outputs = cell.get("outputs", [])
    texts = ["".join(each.get("data", {}).get("text/markdown", "")) for each in outputs]
    if any(texts):
        plots = [each for each in outputs if PLOTS & each.get("data", {}).keys()]
        tables = [each for each, text in zip(outputs, texts, strict=True) if "\n|--" in text]
        cell["outputs"] = [*plots, *tables, *outputs][:1]


def _lines(text: str, letters: int) -> int:
    return sum(1 + len(line) // letters for line in text.split("\n"))


def _printed(cell: Cell) -> int:
    """The lines that a cell prints."""
    texts = (
        output.get("text", output.get("data", {}).get("text/plain", ""))
        for output in cell.get("outputs", ())
    )
    return sum(_lines("".join(text), CODE_LETTERS) for text in texts)
