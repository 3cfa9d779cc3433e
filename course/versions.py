"""Writes the notebooks for students, without solutions, or for teachers, with them.

    python -m course.versions student build/student
    python -m course.versions teacher build/teacher

In the teacher's version each exercise is solved, and the stub is folded below it.
"""

from __future__ import annotations

import argparse
import copy
import json
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from course.command import finish
from course.effort import head
from course.solutions import hint_only, solution_of
from lcm_core.exercises.lessons import Exercise, Lesson, lessons_in
from lcm_core.exercises.progress import START_PAGE

__all__ = [
    "NOTEBOOKS",
    "STILL_PICTURE",
    "notebooks_named",
    "rewritten",
    "student",
    "teacher",
    "without_stills",
    "write_notebook",
]

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
#: The tag of cells that show a panel on paper (course/web/stills.py); versions leave them out.
STILL_PICTURE = "still-picture"

#: The cells of an exercise, and the text below it, in a version.
Rewrite = Callable[[Lesson, Exercise], list[dict[str, Any]]]


def student(lesson: Lesson, exercise: Exercise) -> list[dict[str, Any]]:
    """The stub and the hint."""
    code, below = (copy.deepcopy(lesson.cells[exercise.index + k]) for k in (0, 1))
    solution_of(lesson, exercise)  # it must be there to be left out
    below["source"] = hint_only(below["source"])
    return [code, below]


def teacher(lesson: Lesson, exercise: Exercise) -> list[dict[str, Any]]:
    """The solution, and below it the stub, the hint and what is said of the solution."""
    code, below = (copy.deepcopy(lesson.cells[exercise.index + k]) for k in (0, 1))
    solution = solution_of(lesson, exercise)
    code["source"] = f"{head(exercise)}\n{solution}\n\n\n{exercise.check}"
    below["source"] = (
        "<details><summary><b>The stub that students see</b></summary>\n\n"
        f"```python\n{exercise.stub}\n```\n\n</details>\n\n{below['source']}"
    )
    return [code, below]


def rewritten(lesson: Lesson, rewrite: Rewrite) -> list[dict[str, Any]]:
    """All cells of a lesson, those of its exercises rewritten, without still pictures."""
    cells, done = [], 0
    for exercise in lesson.exercises:
        cells += lesson.cells[done : exercise.index]
        cells += rewrite(lesson, exercise)
        done = exercise.index + 2
    return without_stills([*cells, *lesson.cells[done:]])


def without_stills(cells: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The cells without the still pictures below panels."""
    return [cell for cell in cells if STILL_PICTURE not in cell["metadata"].get("tags", ())]


def write_notebook(source: Path, cells: list[dict[str, Any]], target: Path) -> None:
    """Write the notebook `source` with other cells; links to other folders keep their targets."""
    notebook = json.loads(source.read_text(encoding="utf-8"))
    away = Path(os.path.relpath(source.parent.parent, target.parent)).as_posix()
    notebook["cells"] = [
        cell | {"source": cell["source"].replace("](../", f"]({away}/")}
        if cell["cell_type"] == "markdown"
        else cell
        for cell in cells
    ]
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def notebooks_named(parts: Sequence[str]) -> list[Path]:
    """The notebooks whose names contain one of these texts; "" is in all.

    Raises:
        ValueError: no name contains one of the texts.
    """
    every = sorted(NOTEBOOKS.glob("*.ipynb"))
    for part in parts:
        if not any(part in path.name for path in every):
            names = ", ".join(path.stem for path in every)
            raise ValueError(f"expected a part of one of the names {names}, got {part!r}")
    return [path for path in every if any(part in path.name for part in parts)]


def write_version(rewrite: Rewrite, target: Path, source: Path = NOTEBOOKS) -> list[Path]:
    """Write all lessons, and the start page, into a folder; returns the files.

    Notebooks of an earlier run are replaced; other files, such as progress, stay.
    """
    written = []
    for lesson in lessons_in(source):
        written.append(target / lesson.path.name)
        write_notebook(lesson.path, rewritten(lesson, rewrite), written[-1])
    shutil.copy(source / START_PAGE, target / START_PAGE)
    return [*written, target / START_PAGE]


def main() -> None:
    """Write one version, as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m course.versions", description=__doc__)
    parser.add_argument("version", choices=("student", "teacher"))
    parser.add_argument("folder", type=Path)
    chosen = parser.parse_args()
    rewrite = {"student": student, "teacher": teacher}[chosen.version]
    written = write_version(rewrite, chosen.folder)
    print(f"{len(written)} notebooks for the {chosen.version} in {chosen.folder}")


if __name__ == "__main__":
    finish(main)
