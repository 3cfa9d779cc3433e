"""The hint and the solution in the cell below an exercise."""

from __future__ import annotations

import re

from lcm_core.exercises.lessons import Exercise, Lesson

__all__ = ["hint_only", "solution_of"]

FOLDED = re.compile(r"<details><summary><b>A solution</b></summary>.*?</details>\n*", re.DOTALL)
PYTHON = re.compile(r"```python\n(.*?)```", re.DOTALL)


def solution_of(lesson: Lesson, exercise: Exercise) -> str:
    """The code that takes the place of the stub.

    Raises:
        ValueError: the next cell has not exactly one folded solution with one Python block.
    """
    below = lesson.cells[exercise.index + 1 : exercise.index + 2]
    folded = FOLDED.findall(below[0]["source"]) if below else []
    blocks = [block for text in folded for block in PYTHON.findall(text)]
    if not below or below[0]["cell_type"] != "markdown" or len(blocks) != 1:
        raise ValueError(
            f"{lesson.path.name}: expected a Markdown cell below exercise-{exercise.name} with one "
            f"folded solution in one ```python block, got {len(blocks)} blocks; add it there"
        )
    return str(blocks[0]).rstrip()


def hint_only(source: str) -> str:
    """The text of a hint cell without its solution."""
    return FOLDED.sub("", source).rstrip()
