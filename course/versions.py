"""Writes the notebooks for students, without solutions, or for teachers, with them.

    python -m course.versions student build/student
    python -m course.versions teacher build/teacher

In the teacher's version each exercise is solved, and the stub is folded below it. The folders can
be given out: links that lead out of them become words (course/links.py).
"""

from __future__ import annotations

import argparse
import copy
import json
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

from course import NOTEBOOKS
from course.command import finish
from course.effort import head
from course.links import with_living_links
from course.solutions import hint_only, solution_of
from lcm_core.exercises.lessons import Exercise, Lesson, lessons_in, read_lesson
from lcm_core.exercises.progress import START_PAGE

__all__ = [
    "STILL_PICTURE",
    "notebooks_named",
    "rewritten",
    "student",
    "teacher",
    "without_stills",
    "write_notebook",
]

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


def write_notebook(
    source: Path, cells: list[dict[str, Any]], target: Path, beside: Collection[str] = ()
) -> None:
    """Write the notebook `source` with other cells; links to what stays behind are none there.

    Args:
        source: the original.
        cells: of the copy, each source as one text.
        target: the file of the copy.
        beside: the names of the other files that are copied into its folder.
    """
    notebook = json.loads(source.read_text(encoding="utf-8"))
    notebook["cells"] = [
        cell | {"source": with_living_links(cell["source"], source, beside)}
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
    cells = {lesson.path: rewritten(lesson, rewrite) for lesson in lessons_in(source)}
    cells[source / START_PAGE] = read_lesson(source / START_PAGE).cells
    names = [path.name for path in cells]
    for path in cells:
        write_notebook(path, cells[path], target / path.name, names)
    return [target / name for name in names]


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
