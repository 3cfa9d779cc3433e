"""Estimates the minutes of each notebook, and compares them with what it states.

    python -m course.minutes

A minute for 200 words of prose (folded text aside) and for each panel, half a minute for each
question, and the minutes in the metadata of the exercises, optional ones included. What is said of
each section in its heading is estimated in the same way.
"""

from __future__ import annotations

import argparse
import ast
import re
from dataclasses import dataclass
from pathlib import Path

import lcm_core.widgets
from course import NOTEBOOKS
from course.command import finish
from lcm_core.exercises.lessons import Lesson, lessons_in

__all__ = ["Estimate", "Section", "estimate", "sections", "table"]

WORDS_A_MINUTE = 200
MINUTES_A_PANEL = 1
MINUTES_A_QUESTION = 0.5
TOLERANCE = 0.2
FOLDED = re.compile(r"<details>.*?</details>", re.DOTALL)
HEADING = re.compile(r"^## (.+?)(?: \((\d+) minutes?\))?$", re.MULTILINE)
#: Code, formulas, links' addresses, HTML and marks: not read as words.
MARKUP = re.compile(r"```.*?```|\$\$.*?\$\$|\]\([^)]*\)|<[^>]+>|[|#*`_\[\]-]", re.DOTALL)


@dataclass
class Section:
    """A section of a notebook: its estimated minutes, and what its heading states, or None."""

    title: str
    minutes: float
    stated: int | None


@dataclass(frozen=True)
class Estimate:
    """What the minutes of a notebook are made of; `optional` are part of `exercises`."""

    name: str
    words: int
    panels: int
    questions: int
    exercises: int
    optional: int
    stated: int | None

    @property
    def minutes(self) -> float:
        looking = self.panels * MINUTES_A_PANEL + self.questions * MINUTES_A_QUESTION
        return self.words / WORDS_A_MINUTE + looking + self.exercises

    @property
    def fits(self) -> bool:
        """Whether the notebook states the minutes within 20 %."""
        return self.stated is not None and (
            abs(self.minutes - self.stated) <= TOLERANCE * self.stated
        )


def estimate(lesson: Lesson) -> Estimate:
    """Count the words, panels and exercises of a lesson."""
    prose = [cell["source"] for cell in lesson.cells if cell["cell_type"] == "markdown"]
    return Estimate(
        lesson.name,
        sum(map(_words, prose)),
        sum(_panels(cell["source"]) for cell in lesson.cells if cell["cell_type"] == "code"),
        len(lesson.questions),
        sum(each.effort.get("minutes", 0) for each in lesson.exercises),
        sum(each.effort.get("minutes", 0) for each in lesson.exercises if not each.core),
        lesson.minutes,
    )


def sections(lesson: Lesson) -> list[Section]:
    """The sections of a lesson with their estimated minutes; its opening is left out."""
    found = [Section("", 0.0, None)]
    exercises = {each.index: each.effort.get("minutes", 0) for each in lesson.exercises}
    for index, cell in enumerate(lesson.cells):
        if cell["cell_type"] == "code":
            panels = _panels(cell["source"]) * MINUTES_A_PANEL
            found[-1].minutes += panels + exercises.get(index, 0)
            continue
        before, *rest = HEADING.split(cell["source"])
        found[-1].minutes += _words(before) / WORDS_A_MINUTE
        for title, stated, text in zip(rest[::3], rest[1::3], rest[2::3], strict=True):
            minutes = _words(f"{title} {text}") / WORDS_A_MINUTE
            found.append(Section(title, minutes, int(stated) if stated else None))
        if cell["source"] in lesson.questions:
            found[-1].minutes += MINUTES_A_QUESTION
    return found[1:]


def table(estimates: list[Estimate]) -> str:
    """The estimates as a Markdown table, and how many fit."""
    lines = [
        "| notebook | words | panels | questions | exercises, min | of these optional | estimate "
        "| stated | |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for each in estimates:
        verdict = "within 20 %" if each.fits else f"{each.minutes / (each.stated or 1) - 1:+.0%}"
        lines.append(
            f"| {each.name} | {each.words:,} | {each.panels} | {each.questions} | {each.exercises} "
            f"| {each.optional} | {each.minutes:.0f} | {each.stated} | {verdict} |"
        )
    fitting = sum(each.fits for each in estimates)
    return "\n".join([*lines, "", f"{fitting} of {len(estimates)} within 20 %."])


def _words(text: str) -> int:
    return len(MARKUP.sub(" ", FOLDED.sub(" ", text)).split())


def _panels(code: str) -> int:
    plain = "\n".join(line for line in code.split("\n") if not line.startswith(("%", "!")))
    return sum(
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in lcm_core.widgets.__all__
        and node.func.id[0].isupper()
        for node in ast.walk(ast.parse(plain))
    )


def main() -> None:
    """Print the table of a folder."""
    parser = argparse.ArgumentParser(prog="python -m course.minutes", description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=NOTEBOOKS)
    print(table([estimate(lesson) for lesson in lessons_in(parser.parse_args().folder)]))


if __name__ == "__main__":
    finish(main)
