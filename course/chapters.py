"""A notebook as a chapter of the book: numbered, with its buttons, its imports folded.

The head of each exercise says how difficult it is and how long it takes. A link to a work of the
bibliography is also a citation.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from course import NOTEBOOKS
from course.buttons import with_buttons
from course.effort import head
from course.web.pages import drop_script
from lcm_core.exercises.lessons import HEAD, Lesson, read_lesson
from lcm_core.exercises.progress import START_PAGE

__all__ = ["chapter", "with_citations", "works"]

BIBLIOGRAPHY = NOTEBOOKS.parent / "book" / "references.bib"
WORK = re.compile(r"^@\w+\{(\w+),\n(.*?)^\}", re.MULTILINE | re.DOTALL)
FIELD = re.compile(r"^ *(url|eprint) *= *\{(.+)\}", re.MULTILINE)
ARXIV = "https://arxiv.org/abs/"
ONLINE = re.compile(r"\[[^\[\]]+\]\((https?://[^)\s]+)\)")
NOTEBOOK = re.compile(r"\]\((\w+)\.ipynb\b")
HEADING = re.compile(r"^# ", re.MULTILINE)


def chapter(notebook: NotebookNode, path: Path) -> NotebookNode:
    """The chapter of the executed notebook `path`; the notebook is changed."""
    opening = notebook.cells[0]
    opening.source = with_buttons(opening.source, path.name)
    if path.name != START_PAGE:
        number = path.name[:2]
        opening.source = re.sub(
            "^# ", f"# {number} · ", opening.source, count=1, flags=re.MULTILINE
        )
        _mark_exercises(notebook.cells, read_lesson(path))
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = with_citations(cell.source)
        if cell.id == "imports":
            cell.metadata.tags = ["hide-input"]
        for output in cell.get("outputs", []):  # Sphinx follows links of texts, not of outputs
            data = output.get("data", {})
            if "text/markdown" in data:
                data["text/markdown"] = NOTEBOOK.sub(r"](\1.html", data["text/markdown"])
    drop_script(notebook)
    return notebook


@cache
def works() -> dict[str, str]:
    """The keys of the works of the bibliography, by their addresses."""
    entries = WORK.findall(BIBLIOGRAPHY.read_text(encoding="utf-8"))
    return {
        value if kind == "url" else ARXIV + value: key
        for key, fields in entries
        for kind, value in FIELD.findall(fields)
    }


def with_citations(text: str) -> str:
    """The text with a citation, in MyST, behind each link to a work of the bibliography."""

    def cited(found: re.Match[str]) -> str:
        key = works().get(found[1])
        return f"{found[0]} {{cite:p}}`{key}`" if key else found[0]

    return ONLINE.sub(cited, text)


def _mark_exercises(cells: list[NotebookNode], lesson: Lesson) -> None:
    """Move the head of each exercise into a cell of its own, above the code."""
    at = {cell.id: index for index, cell in enumerate(cells)}
    for exercise in reversed(lesson.exercises):
        words = f"{{.effort}}\n{head(exercise).removeprefix('# ')}"
        cell = nbformat.v4.new_markdown_cell(words, id=f"effort-{exercise.name}")
        code = cells[at[f"exercise-{exercise.name}"]]
        code.source = HEAD.sub("", code.source, count=1)
        cells.insert(at[code.id], cell)
