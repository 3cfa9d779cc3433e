"""Writes a course of nbgrader, one assignment a notebook, from the same notebooks.

    python -m course.assignment build/assignment

Then, in that folder, `nbgrader generate_assignment 01_aggregators_are_monoids --create` makes the
version to hand out, and `nbgrader autograde … --create` grades what came back: docs/teaching has
the rest. `pip install '.[grading]'`, in the project's folder, brings nbgrader. The answer and the
check of an exercise are two cells. The check is locked and graded there, and raises unless it
passes.
"""

from __future__ import annotations

import argparse
import copy
from pathlib import Path
from typing import Any

from course import NOTEBOOKS
from course.command import finish
from course.effort import head
from course.solutions import hint_only, solution_of
from course.versions import rewritten, write_notebook
from lcm_core.exercises.lessons import Exercise, Lesson, lessons_in

__all__ = ["assignment", "points", "write_course"]

CONFIG = '''"""The settings of this course for nbgrader; written by `make assignment`."""

c = get_config()
c.CourseDirectory.course_id = "learnable_monoids"
c.ClearSolutions.code_stub = {"python": "# Your code: change the lines above, or write below."}
c.ExecutePreprocessor.timeout = 300  # seconds for one cell
'''


def points(exercise: Exercise) -> int:
    """The points of an exercise: its difficulty; an optional one has none."""
    return int(exercise.effort["difficulty"]) if exercise.core else 0


def assignment(lesson: Lesson, exercise: Exercise) -> list[dict[str, Any]]:
    """The cells of the answer (stub, then solution between nbgrader's marks), check and hint."""
    code, below = (copy.deepcopy(lesson.cells[exercise.index + k]) for k in (0, 1))
    check = copy.deepcopy(code)
    code["source"] = (
        f"{head(exercise)}\n{exercise.stub}\n\n\n"
        f"### BEGIN SOLUTION\n{solution_of(lesson, exercise)}\n### END SOLUTION"
    )
    code["metadata"]["nbgrader"] = _marks(code["id"], solution=True)
    check["id"] = f"check-{exercise.name}"
    check["source"] = (
        f"from lcm_core.exercises import {exercise.checked_by}\n\n{exercise.check}.required()"
    )
    check["metadata"]["nbgrader"] = _marks(check["id"], points=points(exercise))
    below["source"] = hint_only(below["source"])
    return [code, check, below]


def write_course(target: Path, source: Path = NOTEBOOKS) -> list[Path]:
    """Write nbgrader's settings, and one assignment a lesson; returns the notebooks."""
    target.mkdir(parents=True, exist_ok=True)
    (target / "nbgrader_config.py").write_text(CONFIG, encoding="utf-8")
    written = []
    for lesson in lessons_in(source):
        written.append(target / "source" / lesson.name / lesson.path.name)
        write_notebook(lesson.path, rewritten(lesson, assignment), written[-1])
    return written


def _marks(name: str, solution: bool = False, points: int | None = None) -> dict[str, Any]:
    """What nbgrader (schema 3) asks of the metadata of a cell."""
    marks: dict[str, Any] = {
        "schema_version": 3,
        "grade_id": name,
        "cell_type": "code",
        "solution": solution,
        "grade": points is not None,
        "locked": points is not None,
        "task": False,
    }
    return marks if points is None else marks | {"points": points}


def main() -> None:
    """Write the course, as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m course.assignment", description=__doc__)
    parser.add_argument("folder", type=Path)
    target = parser.parse_args().folder
    print(f"{len(write_course(target))} assignments for nbgrader in {target}")


if __name__ == "__main__":
    finish(main)
