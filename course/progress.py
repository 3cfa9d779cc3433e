"""Prints the progress in folders of notebooks, and exports it as CSV.

    python -m course.progress
    python -m course.progress collected/* --csv progress.csv

A folder holds notebooks, their start page and the `progress.json` that passing checks wrote. A CSV
row is an exercise of a folder, with the time (UTC) of its first pass, or nothing.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Sequence
from pathlib import Path

from course import NOTEBOOKS
from course.command import finish
from lcm_core.exercises import show_progress

__all__ = ["rows", "write_csv"]

COLUMNS = ("folder", "notebook", "exercise", "need", "minutes", "solved")


def rows(folders: Sequence[Path]) -> list[dict[str, object]]:
    """One row an exercise of each folder."""
    found: list[dict[str, object]] = []
    for folder in folders:
        path = show_progress(folder)
        found += [
            {
                "folder": folder.name or str(folder.resolve()),
                "notebook": lesson.name,
                "exercise": exercise.name,
                "need": exercise.effort.get("need", ""),
                "minutes": exercise.effort.get("minutes", ""),
                "solved": path.passed.get(exercise.checked_by, ""),
            }
            for lesson in path.lessons
            for exercise in lesson.exercises
        ]
    return found


def write_csv(folders: Sequence[Path], target: Path) -> None:
    """Write the rows of all folders."""
    with target.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows(folders))


def main() -> None:
    """Print the progress of each folder, and write the CSV if one is asked for."""
    parser = argparse.ArgumentParser(prog="python -m course.progress", description=__doc__)
    parser.add_argument("folders", type=Path, nargs="*", default=[NOTEBOOKS])
    parser.add_argument("--csv", type=Path, help="write this file as well")
    chosen = parser.parse_args()
    for folder in chosen.folders:
        print(f"{folder}\n{show_progress(folder)}\n")
    if chosen.csv:
        write_csv(chosen.folders, chosen.csv)
        print(f"written to {chosen.csv}")


if __name__ == "__main__":
    finish(main)
