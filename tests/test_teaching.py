"""The teacher's pages: wrong answers fail as they say, links and starters lead somewhere."""

import ast
import os
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from course import NOTEBOOKS
from course.teaching import PAGES, verdict_on, wrong_answers
from lcm_core.exercises.lessons import lessons_in

LESSONS = {lesson.name: lesson for lesson in lessons_in(NOTEBOOKS)}
TEXTS = sorted(PAGES.glob("*.md"))
FOLDER = NOTEBOOKS.parent / "projects"
PROJECTS = (PAGES / "projects.md").read_text()
STARTERS = re.findall(r"^    python (projects/\S+\.py)$", PROJECTS, re.MULTILINE)
WRONG = [
    pytest.param(name, answer, id=f"{name[:2]}-{number}-{answer.exercise}")
    for name in LESSONS
    for number, answer in enumerate(wrong_answers((PAGES / f"{name}.md").read_text()), 1)
]


def words(text):
    return " ".join(text.split())


@pytest.mark.parametrize("name", LESSONS)
def test_a_page_has_three_misconceptions_and_the_minutes_that_the_notebook_states(name):
    page = (PAGES / f"{name}.md").read_text()
    assert len(list(wrong_answers(page))) == 3
    (minutes,) = re.findall(r"\*\*Minutes\.\*\* (?:The notebook says )?(\d+)", page)
    assert int(minutes) == LESSONS[name].minutes
    for part in (
        "**Aim.**",
        "**What to show.**",
        "## In class",
        "**What goes wrong.**",
        "## Three misconceptions",
        "## Answers to disc",
    ):
        assert part in page


def timetables(page):
    """The tables by the minute of a page, as lists of (first minute, last minute, row)."""
    rows = [
        (int(first), int(last), row)
        for row in page.split("\n")
        for first, last in re.findall(r"^\| (\d+)–(\d+) \|", row)
    ]
    starts = [number for number, row in enumerate(rows) if row[0] == 0]
    return [rows[a:b] for a, b in zip(starts, [*starts[1:], len(rows)], strict=True)]


def sections(rows, notebook):
    """The sections of a notebook that a plan's last column names."""
    named = set()
    for _, _, row in rows:
        for found in re.findall(rf"\b{notebook}, sections? (\d)(?: (and|to) (\d))?", row):
            first, word, last = found
            between = range(int(first), int(last) + 1) if word == "to" else ()
            named |= {int(first), *between} | ({int(last)} if last else set())
    return named


def add_up(rows):
    return all(row[1] == following[0] for row, following in pairwise(rows))


@pytest.mark.parametrize("name", LESSONS)
def test_the_minutes_of_a_class_add_up_and_suffice_for_the_notebook(name):
    (rows,) = timetables((PAGES / f"{name}.md").read_text())
    assert add_up(rows)
    assert rows[-1][1] >= LESSONS[name].minutes


def test_the_minutes_of_the_plans_add_up():
    plans = timetables((PAGES / "plans.md").read_text())
    assert [rows[-1][1] for rows in plans] == [90, 180]
    assert all(map(add_up, plans))


def test_the_plan_that_judges_the_weights_of_a_penalty_shows_the_penalty():
    """Section 5 of notebook 05 compares weights of the penalty that section 3 introduces."""
    ninety, _ = timetables((PAGES / "plans.md").read_text())
    assert 5 in sections(ninety, "05")
    assert 3 in sections(ninety, "05")


def test_the_longer_plan_keeps_all_of_the_shorter_one():
    _, longer = timetables((PAGES / "plans.md").read_text())
    assert longer[0][:2] == (0, 90)


@pytest.mark.parametrize(("name", "answer"), WRONG)
def test_a_wrong_answer_fails_with_the_words_of_the_page(name, answer):
    """After a change of a check: python -m course.teaching."""
    verdict = verdict_on(LESSONS[name], answer.exercise, answer.code)
    assert not verdict.passed
    assert words(verdict.text) == words(answer.said)


@pytest.mark.parametrize(
    "path", [*TEXTS, PAGES.parents[1] / "CONTRIBUTING.md"], ids=lambda p: p.name
)
def test_links_lead_to_files(path):
    for target in re.findall(r"\]\((?!https?:|#)([^)\s#]+)", path.read_text()):
        assert (path.parent / target).exists(), f"{path.name} links to {target}"


@pytest.mark.parametrize("name", LESSONS)
def test_a_page_names_the_questions_of_its_notebook(name):
    page = (PAGES / f"{name}.md").read_text()
    (line,) = re.findall(r"\*\*Questions\.\*\*(.*?)\n\n", page, re.DOTALL)
    ids = [cell["id"] for cell in LESSONS[name].cells if cell["id"].startswith("question-")]
    assert all(f"`{each.removeprefix('question-')}`" in line for each in ids)


def test_exercises_that_plans_name_exist():
    """Names in backquotes after the word exercise, in the plans and the pages."""
    known = {exercise.name for lesson in LESSONS.values() for exercise in lesson.exercises}
    named = {
        name
        for path in TEXTS
        for text in re.findall(
            r"[Ee]xercises? (`[\w-]+`(?:(?:, | and )`[\w-]+`)*)", path.read_text()
        )
        for name in re.findall(r"`([\w-]+)`", text)
    }
    assert len(named) > 20
    assert named <= known


def test_six_projects_have_a_starter_and_a_rubric_of_their_own():
    briefs = re.split(r"^## \d\. ", PROJECTS, flags=re.MULTILINE)[1:]
    assert len(briefs) == len(STARTERS) == 6
    for brief, starter in zip(briefs, STARTERS, strict=True):
        assert f"python {starter}" in brief
        for points in ("Full (6)", "Half (3)", "None (0)"):
            assert f"\n| {points} | " in brief
    assert sorted(STARTERS) == sorted(f"projects/{path.name}" for path in FOLDER.glob("*.py"))


@pytest.mark.parametrize("starter", STARTERS)
def test_a_starter_takes_public_names_only(starter):
    """Students read it: of the library it imports from `lcm_core` alone."""
    nodes = ast.walk(ast.parse((FOLDER.parent / starter).read_text()))
    sources = {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
    assert {each for each in sources if each.startswith("lcm_core")} == {"lcm_core"}


@pytest.mark.slow
@pytest.mark.parametrize("starter", STARTERS)
def test_a_starter_runs_within_two_minutes(starter, tmp_path):
    done = subprocess.run(
        [sys.executable, FOLDER.parent / starter],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(NOTEBOOKS.parent)},
        timeout=120,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "seed" in done.stdout or "best constant" in done.stdout


def test_the_cheat_sheet_fits_on_a_page():
    assert len(Path(PAGES / "cheat_sheet.md").read_text().split("\n")) < 50
