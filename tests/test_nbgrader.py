"""An assignment goes through nbgrader: handed out, handed in three times, and graded."""

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from course.assignment import points, write_course
from course.solutions import solution_of
from course.versions import NOTEBOOKS
from lcm_core.exercises.lessons import read_lesson

ROOT = Path(__file__).parents[1]
NAME = "02_reduction_trees"


def nbgrader(course, *arguments):
    """Run a command of nbgrader in the folder of the course."""
    environment = os.environ | {
        "PYTHONPATH": str(ROOT),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",  # has alembic
        "JUPYTER_CONFIG_DIR": str(course / "config"),
    }
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", *arguments],
        cwd=course,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def hand_in(course, student, answers):
    """The released notebook, with these answers, by the ids of their cells."""
    notebook = json.loads((course / "release" / NAME / f"{NAME}.ipynb").read_text())
    for cell in notebook["cells"]:
        if cell["id"] in answers:
            cell["source"] = answers.pop(cell["id"])
    assert not answers
    folder = course / "submitted" / student / NAME
    folder.mkdir(parents=True)
    (folder / f"{NAME}.ipynb").write_text(json.dumps(notebook))


@pytest.mark.slow
def test_stubs_get_nothing_solutions_all_and_half_an_answer_half(tmp_path):
    lesson = read_lesson(NOTEBOOKS / f"{NAME}.ipynb")
    (tmp_path / "only").mkdir()
    shutil.copy(lesson.path, tmp_path / "only")
    course = tmp_path / "course"
    write_course(course, tmp_path / "only")
    nbgrader(course, "generate_assignment", NAME, "--create")

    released = (course / "release" / NAME / f"{NAME}.ipynb").read_text()
    assert "SOLUTION" not in released
    assert "A solution" not in released

    solutions = {
        f"exercise-{exercise.name}": solution_of(lesson, exercise) for exercise in lesson.exercises
    }
    first = lesson.exercises[0]
    cheat = f"def {first.checked_by}(*args):\n    raise SystemExit\n"
    hand_in(course, "stubs", {})
    hand_in(course, "solutions", dict(solutions))
    hand_in(
        course,
        "half",
        dict(list(solutions.items())[:2]) | {f"exercise-{lesson.exercises[2].name}": cheat},
    )
    nbgrader(course, "autograde", NAME, "--create")
    nbgrader(course, "export", "--to", str(course / "grades.csv"))

    with (course / "grades.csv").open(newline="") as file:
        scores = {row["student_id"]: float(row["raw_score"]) for row in csv.DictReader(file)}
    every = sum(map(points, lesson.exercises))
    assert scores == {
        "stubs": 0,
        "solutions": every,
        "half": sum(map(points, lesson.exercises[:2])),
    }
    assert 0 < scores["half"] < every
