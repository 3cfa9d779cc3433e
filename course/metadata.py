"""Gives each exercise without them difficulty, minutes and need, in the metadata of its cell.

    python -m course.metadata

Nothing else in a notebook changes, and an exercise that has its metadata keeps them.
"""

from __future__ import annotations

import json
from pathlib import Path

from course.effort import effort_by_rule
from course.solutions import solution_of
from course.versions import NOTEBOOKS
from lcm_core.exercises.lessons import read_lesson

__all__ = ["fill_in"]


def fill_in(path: Path) -> list[str]:
    """Add what is missing to a notebook; returns the names of its exercises that had nothing.

    Raises:
        ValueError: the file is not written as JupyterLab writes it, so that more would change.
    """
    text = path.read_text(encoding="utf-8")
    notebook = json.loads(text)
    if _written(notebook) != text:
        raise ValueError(f"expected {path.name} as JupyterLab writes it; open and save it there")
    lesson = read_lesson(path)
    missing = [exercise for exercise in lesson.exercises if not exercise.effort]
    for exercise in missing:
        effort = effort_by_rule(exercise, solution_of(lesson, exercise))
        notebook["cells"][exercise.index]["metadata"]["lcm"] = effort
    if missing:
        path.write_text(_written(notebook), encoding="utf-8")
    return [exercise.name for exercise in missing]


def _written(notebook: dict[str, object]) -> str:
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def main() -> None:
    """Fill in all notebooks, and say which exercises were new."""
    for path in sorted(NOTEBOOKS.glob("[0-9]*.ipynb")):
        for name in fill_in(path):
            print(f"{path.name}: {name}")


if __name__ == "__main__":
    main()
