"""The notebooks as lessons: title, minutes and exercises, read from their files."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["Exercise", "Lesson", "lessons_in", "read_lesson"]

PREFIX = "exercise-"


@dataclass(frozen=True)
class Exercise:
    """A code cell `exercise-…`: a stub, and a call of its check in the last line.

    Args:
        index: of the cell in the notebook.
        effort: the cell's metadata `lcm`: difficulty (1 to 3), minutes, need (core or optional).
    """

    name: str
    index: int
    stub: str
    check: str
    effort: dict[str, Any] = field(default_factory=dict)

    @property
    def checked_by(self) -> str:
        """The name of the check, by which progress knows the exercise."""
        return self.check.partition("(")[0]

    @property
    def core(self) -> bool:
        return self.effort.get("need") != "optional"


@dataclass(frozen=True)
class Lesson:
    """A notebook of the course; `minutes` is what it states, or None."""

    path: Path
    title: str
    minutes: int | None
    cells: list[dict[str, Any]]
    exercises: list[Exercise]

    @property
    def name(self) -> str:
        return self.path.stem


def lessons_in(folder: str | Path) -> list[Lesson]:
    """The lessons of a folder in their order: the notebooks whose names begin with a digit.

    Raises:
        FileNotFoundError: the folder has none.
    """
    paths = sorted(Path(folder).glob("[0-9]*.ipynb"))
    if not paths:
        raise FileNotFoundError(
            f"expected notebooks such as 00_start_here.ipynb in {Path(folder)}, got none; "
            "give the folder that holds them"
        )
    return [read_lesson(path) for path in paths]


def read_lesson(path: str | Path) -> Lesson:
    """Read a notebook's title, stated minutes and exercises."""
    path = Path(path)
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    for cell in cells:
        cell["source"] = "".join(cell["source"])
    opening = cells[0]["source"]
    title = re.search(r"^# (.+)$", opening, re.MULTILINE)
    minutes = re.search(r"about (\d+) minutes", opening)
    return Lesson(
        path,
        title[1] if title else path.stem,
        int(minutes[1]) if minutes else None,
        cells,
        [
            _exercise(cell, index, path.name)
            for index, cell in enumerate(cells)
            if cell["cell_type"] == "code" and cell["id"].startswith(PREFIX)
        ],
    )


def _exercise(cell: dict[str, Any], index: int, name: str) -> Exercise:
    stub, _, check = cell["source"].rstrip().rpartition("\n")
    if not re.match(r"check_\w+\(.*\)$", check):
        raise ValueError(
            f"{name}: expected a call check_…(…) in the last line of {cell['id']}, got {check!r}; "
            "give the exercise its check, or the cell an id that does not begin with exercise-"
        )
    return Exercise(
        cell["id"].removeprefix(PREFIX),
        index,
        stub.rstrip(),
        check,
        cell["metadata"].get("lcm", {}),
    )
