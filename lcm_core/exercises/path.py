"""The start page's table: the path through the notebooks, their minutes, and what is solved."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lcm_core.exercises.lessons import Lesson, lessons_in
from lcm_core.exercises.progress import solved

__all__ = ["CoursePath", "show_progress"]


@dataclass(frozen=True)
class CoursePath:
    """The lessons of a folder, and the names of the checks that passed there."""

    lessons: list[Lesson]
    passed: dict[str, str]

    def solved_in(self, lesson: Lesson) -> int:
        return sum(each.checked_by in self.passed for each in lesson.exercises)

    def to_do(self, lesson: Lesson) -> list[str]:
        """The names of the core exercises that are not solved yet."""
        return [
            each.name
            for each in lesson.exercises
            if each.core and each.checked_by not in self.passed
        ]

    def __str__(self) -> str:
        lines = [
            f"{lesson.name:32} {lesson.minutes or '?':>3} min   "
            f"{self.solved_in(lesson)} of {len(lesson.exercises)} solved"
            for lesson in self.lessons
        ]
        return "\n".join([*lines, self._total()])

    __repr__ = __str__

    def _repr_markdown_(self) -> str:
        lines = ["| notebook | minutes | solved | core exercises to do |", "|---|---|---|---|"]
        for lesson in self.lessons:
            count, number = self.solved_in(lesson), lesson.name[:2]
            to_do = ", ".join(self.to_do(lesson)) or "✓ none"
            lines.append(
                f"| [{number} {lesson.title}]({lesson.path.name}) | {lesson.minutes or '?'} "
                f"| {count} of {len(lesson.exercises)} | {to_do} |"
            )
        return "\n".join([*lines, "", self._total()])

    def _total(self) -> str:
        count = sum(map(self.solved_in, self.lessons))
        every = sum(len(lesson.exercises) for lesson in self.lessons)
        minutes = sum(lesson.minutes or 0 for lesson in self.lessons)
        return f"{count} of {every} exercises solved; {minutes} minutes in all."


def show_progress(folder: str | Path = ".") -> CoursePath:
    """The path through the notebooks of a folder, with the exercises solved there.

    Raises:
        FileNotFoundError: the folder has no notebooks.
        ValueError: its `progress.json` cannot be read.
    """
    return CoursePath(lessons_in(folder), solved(folder))
