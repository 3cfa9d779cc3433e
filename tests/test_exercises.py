"""Every exercise of every notebook: its stub fails its check with a lesson, its solution passes.

The convention: the first code cell of a notebook imports all that its exercises need. An exercise
is a code cell `exercise-<name>` whose last line calls its check, and needs nothing else. The
Markdown cell after it has a hint and a solution: one Python block that takes the place of all above
the check. No other code cell is called `exercise-…`.
"""

import ast
import re
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat import NotebookNode

from lcm_core.exercises import Verdict

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").rglob("[0-9]*.ipynb"))


@cache
def cells_of(path: Path) -> list[NotebookNode]:
    return nbformat.read(path, as_version=4).cells


EXERCISES = [
    pytest.param(path, index, id=f"{path.stem}-{cell.id}")
    for path in NOTEBOOKS
    for index, cell in enumerate(cells_of(path))
    if cell.cell_type == "code" and cell.id.startswith("exercise-")
]


def verdict_on(path: Path, above: str, check: str) -> Any:
    """What a cell of `above` and the check says, after the imports of the notebook."""
    imports = next(cell.source for cell in cells_of(path) if cell.cell_type == "code")
    scope: dict[str, Any] = {"__name__": "__main__"}
    exec(imports, scope)
    exec(above, scope)
    return eval(check, scope)


def parts(path: Path, index: int) -> tuple[str, str, str]:
    """The stub, the check, and the text below the exercise."""
    stub, check = cells_of(path)[index].source.rstrip().rsplit("\n", 1)
    below = cells_of(path)[index + 1]
    assert below.cell_type == "markdown"
    return stub, check, below.source


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_has_exercises(path: Path) -> None:
    count = sum(parameter.values[0] == path for parameter in EXERCISES)
    assert count >= (1 if path.stem == "00_start_here" else 3)


@pytest.mark.parametrize(("path", "index"), EXERCISES)
def test_the_stub_fails_with_a_lesson_and_the_solution_passes(path: Path, index: int) -> None:
    stub, check, below = parts(path, index)
    assert re.match(r"check_\w+\(", check)
    ast.parse(check, mode="eval")
    assert "<summary><b>Hint</b></summary>" in below
    _, solutions = below.split("<summary><b>A solution</b></summary>")
    (solution,) = re.findall(r"```python\n(.*?)```", solutions, re.DOTALL)

    before = verdict_on(path, stub, check)
    assert isinstance(before, Verdict)
    assert not before.passed
    assert len(before.text) > 40, "a message that teaches"
    after = verdict_on(path, solution, check)
    assert after.passed, after.text
