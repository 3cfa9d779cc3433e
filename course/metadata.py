"""Gives each exercise difficulty, minutes and need, in its metadata and in its first line.

    python -m course.metadata

Metadata that are there stay, and the first line says what they say. Nothing else changes.
"""

from __future__ import annotations

import json
from pathlib import Path

from course import NOTEBOOKS
from course.command import finish, take_no_arguments
from course.effort import effort_by_rule, head
from course.solutions import solution_of
from lcm_core.exercises.lessons import HEAD, read_lesson

__all__ = ["fill_in"]


def fill_in(path: Path) -> list[str]:
    """Add what is missing to a notebook; returns the names of its exercises that changed.

    Raises:
        ValueError: the file is not written as JupyterLab writes it, so that more would change.
    """
    text = path.read_text(encoding="utf-8")
    notebook = json.loads(text)
    if _written(notebook) != text:
        raise ValueError(f"expected {path.name} as JupyterLab writes it; open and save it there")
    lesson = read_lesson(path)
    changed = []
    for exercise in lesson.exercises:
        if not exercise.effort:
            exercise.effort.update(effort_by_rule(exercise, solution_of(lesson, exercise)))
        cell = notebook["cells"][exercise.index]
        source = f"{head(exercise)}\n{HEAD.sub('', ''.join(cell['source']), count=1)}"
        fresh = {"lcm": exercise.effort}, source.splitlines(keepends=True)
        if fresh != (cell["metadata"], cell["source"]):
            cell["metadata"], cell["source"] = fresh
            changed.append(exercise.name)
    if changed:
        path.write_text(_written(notebook), encoding="utf-8")
    return changed


def _written(notebook: dict[str, object]) -> str:
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def main() -> None:
    """Fill in all notebooks, and say which exercises changed."""
    take_no_arguments("course.metadata", __doc__)
    for path in sorted(NOTEBOOKS.glob("[0-9]*.ipynb")):
        for name in fill_in(path):
            print(f"{path.name}: {name}")


if __name__ == "__main__":
    finish(main)
