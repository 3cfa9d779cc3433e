"""The wrong answers in the teacher's pages, and what the checks say of them.

    python -m course.teaching

writes the checks' words of today into `docs/teaching/NN_….md`, below each wrong answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from course import NOTEBOOKS
from course.command import finish, take_no_arguments
from lcm_core.exercises import Verdict
from lcm_core.exercises.lessons import Lesson, read_lesson

__all__ = ["PAGES", "WrongAnswer", "verdict_on", "with_verdicts", "wrong_answers"]

PAGES = Path(__file__).parents[1] / "docs" / "teaching"
#: An answer to an exercise, and what the check says of it.
ANSWER = re.compile(r"(Exercise `([\w-]+)`:\n\n```python\n(.*?)```\n\n)> ([^\n]*)\n", re.DOTALL)


class WrongAnswer(NamedTuple):
    """An answer to an exercise that reveals a misconception, and the words of its check."""

    exercise: str
    code: str
    said: str


def wrong_answers(page: str) -> Iterator[WrongAnswer]:
    """The wrong answers of a teacher's page."""
    for found in ANSWER.finditer(page):
        yield WrongAnswer(found[2], found[3], found[4])


def verdict_on(lesson: Lesson, name: str, answer: str) -> Verdict:
    """What the check of an exercise says of an answer, after the imports of the notebook."""
    exercise = next(each for each in lesson.exercises if each.name == name)
    scope = _imported(lesson.path) | {"__name__": "__main__"}
    exec(answer, scope)
    verdict = eval(exercise.check, scope)
    assert isinstance(verdict, Verdict)
    return verdict


@cache
def _imported(path: Path) -> dict[str, Any]:
    cells = read_lesson(path).cells
    scope: dict[str, Any] = {"__name__": "__main__"}
    exec(next(cell["source"] for cell in cells if cell["cell_type"] == "code"), scope)
    return scope


def with_verdicts(page: str, lesson: Lesson) -> str:
    """The page, with what the checks say today."""

    def said(found: re.Match[str]) -> str:
        return f"{found[1]}> {verdict_on(lesson, found[2], found[3]).text}\n"

    return ANSWER.sub(said, page)


def main() -> None:
    """Refresh all pages."""
    take_no_arguments("course.teaching", __doc__)
    for path in sorted(PAGES.glob("[0-9]*.md")):
        page = path.read_text(encoding="utf-8")
        fresh = with_verdicts(page, read_lesson(NOTEBOOKS / f"{path.stem}.ipynb"))
        if fresh != page:
            path.write_text(fresh, encoding="utf-8")
            print(f"{path.name} is up to date now")


if __name__ == "__main__":
    finish(main)
