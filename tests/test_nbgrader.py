"""An assignment goes through nbgrader: handed out, handed in three times, and graded."""

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from course import NOTEBOOKS
from course.assignment import points, write_course
from course.solutions import solution_of
from lcm_core.exercises.lessons import lessons_in

ROOT = Path(__file__).parents[1]
LESSONS = [lesson for lesson in lessons_in(NOTEBOOKS) if len(lesson.exercises) > 1]


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


def hand_in(course, name, student, answers):
    """The released notebook, with these answers, by the ids of their cells."""
    notebook = json.loads((course / "release" / name / f"{name}.ipynb").read_text())
    for cell in notebook["cells"]:
        if cell["id"] in answers:
            cell["source"] = answers.pop(cell["id"])
    assert not answers
    folder = course / "submitted" / student / name
    folder.mkdir(parents=True)
    (folder / f"{name}.ipynb").write_text(json.dumps(notebook))


@pytest.mark.slow
@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.name)
def test_stubs_get_nothing_solutions_all_and_half_an_answer_half(lesson, tmp_path):
    name, exercises = lesson.name, lesson.exercises
    (tmp_path / "only").mkdir()
    shutil.copy(lesson.path, tmp_path / "only")
    course = tmp_path / "course"
    write_course(course, tmp_path / "only")
    nbgrader(course, "generate_assignment", name, "--create")

    released = (course / "release" / name / f"{name}.ipynb").read_text()
    assert "SOLUTION" not in released
    assert "A solution" not in released

    solutions = {f"exercise-{each.name}": solution_of(lesson, each) for each in exercises}
    half = len(exercises) // 2
    cheat = f"def {exercises[half].checked_by}(*args):\n    raise SystemExit\n"
    answers = {
        "stubs": {},
        "solutions": dict(solutions),
        "half": dict(list(solutions.items())[:half]) | {f"exercise-{exercises[half].name}": cheat},
    }
    for student, given in answers.items():
        hand_in(course, name, student, given)
    nbgrader(course, "autograde", name, "--create")
    nbgrader(course, "export", "--to", str(course / "grades.csv"))

    with (course / "grades.csv").open(newline="") as file:
        scores = {row["student_id"]: float(row["raw_score"]) for row in csv.DictReader(file)}
    every = sum(map(points, exercises))
    some = sum(map(points, exercises[:half]))
    assert scores == {"stubs": 0, "solutions": every, "half": some}
    assert 0 < some < every
