"""Writes a folded still picture below each panel of a notebook, so that it reads on paper.

    python -m course.web.stills --only 02_ 04_ --patience 300

Where nothing runs (a code host, a printed page) the reader unfolds "What you should see". The
pictures lie in `notebooks/pictures`; the cells carry the tag `still-picture`, by which everything
that is made of the notebooks knows them. Run it again after a change of a notebook.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import nbformat
from nbformat import NotebookNode

from course.command import finish
from course.versions import STILL_PICTURE, without_stills
from course.web.executed import EXECUTED, VIEW, asked_for
from course.web.pages import PAGES
from course.web.pictures import small_png, take_pictures

__all__ = ["Still", "stills_of", "write_stills"]

FOLDER = "pictures"  # beside the notebooks
HEAVIEST = 60_000  # bytes of a picture
LONGEST = 600  # letters of an alternative text


class Still(NamedTuple):
    """A picture of a panel, and its text."""

    cell: str
    png: bytes
    alt: str


def stills_of(notebook: NotebookNode) -> Iterator[Still]:
    """The pictures of an executed notebook, by the cells that display the panels."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if VIEW in data and "image/png" in data:
                png = small_png(base64.b64decode(data["image/png"]), HEAVIEST)
                yield Still(cell.id, png, _alternative(data["text/plain"]))


def write_stills(path: Path, stills: list[Still]) -> None:
    """Write the pictures, and a cell below each cell that has some; earlier ones are replaced."""
    folder = path.parent / FOLDER
    folder.mkdir(exist_ok=True)
    for old in folder.glob(f"{path.stem}-*.png"):
        old.unlink()
    notebook = json.loads(path.read_text(encoding="utf-8"))
    cells = []
    for cell in without_stills(notebook["cells"]):
        cells.append(cell)
        below = [still for still in stills if still.cell == cell["id"]]
        images = []
        for number, still in enumerate(below, start=1):
            name = f"{path.stem}-{cell['id']}{f'-{number}' if len(below) > 1 else ''}.png"
            (folder / name).write_bytes(still.png)
            images.append(f"![{still.alt}]({FOLDER}/{name})\n")
        if images:
            cells.append(_folded(cell["id"], images))
    notebook["cells"] = cells
    path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _folded(cell: str, images: list[str]) -> dict[str, Any]:
    text = (
        "<details><summary>What you should see</summary>\n\n" + "\n".join(images) + "\n</details>"
    )
    return {
        "cell_type": "markdown",
        "id": f"still-{cell}",
        "metadata": {"tags": [STILL_PICTURE]},
        "source": text.splitlines(keepends=True),
    }


def _alternative(words: str) -> str:
    """The first sentences of a panel's words, without tables, as an image's text in Markdown."""
    name, _, said = words.partition("\n")
    lines = [line for line in said.splitlines() if line and "  " not in line]
    text = " ".join(lines or [name]).translate(str.maketrans("[]", "()"))
    if len(text) > LONGEST:
        text = text[:LONGEST].rpartition(". ")[0] or text[:LONGEST]
    return text.rstrip(".") + "."


def main(arguments: Sequence[str] | None = None) -> None:
    """Take pictures of notebooks, and write them into these, as the command line says."""
    folder, paths, patience = asked_for(__doc__, PAGES, arguments)
    take_pictures(folder, paths, patience)
    for path in paths:
        stills = list(stills_of(nbformat.read(EXECUTED / path.name, as_version=4)))
        write_stills(path, stills)
        print(f"{len(stills)} still pictures in {path}")


if __name__ == "__main__":
    finish(main)
