"""How long an exercise takes, by its kind, and how difficult it is."""

from __future__ import annotations

import ast
import difflib
from typing import Any

from lcm_core.exercises.lessons import Exercise

__all__ = ["MINUTES", "effort_by_rule", "head", "kind_of"]

#: Minutes of each kind of exercise, for a student who knows Python.
MINUTES = {
    "values": 3,  # find numbers, a text or a table
    "line": 4,  # change a line or two of a function or a method
    "function": 6,  # write the body of a function
    "class": 8,  # write an operator with lift, ⊕ and lower
}
FEW = 3  # changed lines, up to which a function is of kind "line"


def kind_of(exercise: Exercise, solution: str) -> str:
    """The kind of an exercise, from what its solution defines and how much of it is new."""
    body = ast.parse(solution).body
    if not any(isinstance(each, ast.FunctionDef | ast.ClassDef) for each in body):
        return "values"
    if _changed(exercise.stub, solution) <= FEW:
        return "line"
    methods = sum(
        isinstance(part, ast.FunctionDef)
        for each in body
        if isinstance(each, ast.ClassDef)
        for part in each.body
    )
    return "class" if methods > 1 else "function"


def effort_by_rule(exercise: Exercise, solution: str) -> dict[str, Any]:
    """Difficulty 1 to 3, minutes and need, for an exercise whose author has not set them."""
    changed = _changed(exercise.stub, solution)
    return {
        "difficulty": 1 if changed <= 1 else 2 if changed <= FEW else 3,
        "minutes": MINUTES[kind_of(exercise, solution)],
        "need": "core",
    }


def head(exercise: Exercise) -> str:
    """The line at the head of an exercise, such as `# ●●○ about 6 minutes, core`.

    Raises:
        ValueError: the cell's metadata does not say it.
    """
    effort = exercise.effort
    if effort.keys() != {"difficulty", "minutes", "need"}:
        raise ValueError(
            "expected difficulty, minutes and need in the metadata `lcm` of "
            f"exercise-{exercise.name}, got {effort}; run python -m course.metadata"
        )
    dots = "●" * effort["difficulty"] + "○" * (3 - effort["difficulty"])
    return f"# {dots} about {effort['minutes']} minutes, {effort['need']}"


def _changed(stub: str, solution: str) -> int:
    """Lines of the solution that are not in the stub."""
    lines = difflib.ndiff(stub.split("\n"), solution.split("\n"))
    return sum(line.startswith("+ ") and bool(line[2:].strip()) for line in lines)
