"""The course's versions and minutes, derived from the notebooks."""

import ast
import dataclasses
import json
import re
import shutil

import pytest

from course import assignment, buttons, minutes, versions
from course.effort import MINUTES, effort_by_rule, head, kind_of
from course.links import with_living_links
from course.metadata import fill_in
from course.solutions import solution_of
from lcm_core.exercises.lessons import Exercise, lessons_in, read_lesson

LESSONS = lessons_in(versions.NOTEBOOKS)
EVERY = [
    pytest.param(lesson, exercise, id=f"{lesson.name[:2]}-{exercise.name}")
    for lesson in LESSONS
    for exercise in lesson.exercises
]


def joined(cells):
    return "\n".join("".join(cell["source"]) for cell in cells)


def test_each_exercise_has_a_check_of_its_own():
    """Progress knows an exercise by the name of its check."""
    names = [exercise.checked_by for lesson in LESSONS for exercise in lesson.exercises]
    assert len(names) == len(set(names)) > 50


@pytest.mark.parametrize(("lesson", "exercise"), EVERY)
def test_each_exercise_says_its_difficulty_minutes_and_need(lesson, exercise):
    effort = exercise.effort
    assert effort.keys() == {"difficulty", "minutes", "need"}, "run python -m course.metadata"
    assert effort["difficulty"] in (1, 2, 3)
    assert effort["minutes"] in MINUTES.values()
    assert effort["need"] in ("core", "optional")
    first = lesson.cells[exercise.index]["source"].split("\n", 1)[0]
    assert first == head(exercise), "run python -m course.metadata"


def test_students_get_hints_and_no_solution(tmp_path):
    for path in versions.write_version(versions.student, tmp_path)[:-1]:
        lesson = next(each for each in LESSONS if each.path.name == path.name)
        text = joined(json.loads(path.read_text())["cells"])
        assert "A solution</b>" not in text
        assert text.count("Hint</b>") == joined(lesson.cells).count("Hint</b>")
        for exercise in lesson.exercises:
            assert exercise.stub in text
            assert solution_of(lesson, exercise) not in text
            assert exercise.check in text


def test_teachers_get_solved_exercises_and_the_stubs(tmp_path):
    for path in versions.write_version(versions.teacher, tmp_path)[:-1]:
        written = read_lesson(path)
        source = next(each for each in LESSONS if each.path.name == path.name)
        for exercise, original in zip(written.exercises, source.exercises, strict=True):
            assert exercise.stub == solution_of(source, original)
            assert exercise.check == original.check
            assert original.stub in written.cells[exercise.index + 1]["source"]
            assert written.cells[exercise.index]["source"].startswith(head(original) + "\n")


def test_cells_without_exercises_are_the_same_in_all_versions(tmp_path):
    versions.write_version(versions.student, tmp_path)
    for lesson in LESSONS:
        written = json.loads((tmp_path / lesson.path.name).read_text())["cells"]
        changed = {lesson.cells[each.index + k]["id"] for each in lesson.exercises for k in (0, 1)}
        kept = versions.without_stills(lesson.cells)
        for one, other in zip(written, kept, strict=True):
            away = "](../" in other["source"]  # becomes words
            assert other["id"] in changed or one == other or away


COPIES = {
    "student": lambda folder: versions.write_version(versions.student, folder),
    "teacher": lambda folder: versions.write_version(versions.teacher, folder),
    "assignment": assignment.write_course,
}
RELATIVE = re.compile(r"\]\((?!https?:|#)([^)\s#]+)")


@pytest.mark.parametrize("copy", COPIES)
def test_links_of_a_version_lead_to_files_of_its_folder_and_others_are_words(copy, tmp_path):
    count = 0
    for path in COPIES[copy](tmp_path / "class"):
        text = joined(json.loads(path.read_text())["cells"])
        for target in RELATIVE.findall(text):
            assert (path.parent / target).exists(), f"{path.name} links to {target}"
            assert ".." not in target, f"{path.name} links to {target}, which is not given out"
            count += 1
        if path.name.startswith("05_"):
            assert "data, tasks, experiments and panels: docs/extending.md has a" in text
            assert "06_recurrent_aggregators" in text
    assert (count > 20) == (copy != "assignment")


@pytest.mark.parametrize("copy", COPIES)
def test_with_an_address_links_to_what_stays_behind_lead_there(copy, tmp_path, monkeypatch):
    monkeypatch.setattr(buttons, "REPOSITORY", "somebody/somewhere")
    paths = COPIES[copy](tmp_path / "class")
    text = joined(cell for path in paths for cell in json.loads(path.read_text())["cells"])
    there = "https://github.com/somebody/somewhere/blob/main"
    assert f"[docs/extending.md]({there}/docs/extending.md)" in text
    start = f"[index]({there}/notebooks/index.ipynb)"
    assert (start in text) == (copy == "assignment")
    assert set(RELATIVE.findall(text)) <= {path.name for path in paths}


def test_a_link_keeps_its_place_on_the_page_and_code_stays(monkeypatch):
    page, code = LESSONS[0].path, "`state[..., :1](x)`"
    link = "[read](../docs/panels.md#tree)"
    assert with_living_links(f"{code} {link}", page, ()) == f"{code} read"
    monkeypatch.setattr(buttons, "REPOSITORY", "somebody/somewhere")
    assert with_living_links(link, page, ()).endswith("/blob/main/docs/panels.md#tree)")


def test_a_version_keeps_the_progress_of_its_folder(tmp_path):
    (tmp_path / "progress.json").write_text("mine")
    versions.write_version(versions.student, tmp_path)
    assert (tmp_path / "progress.json").read_text() == "mine"


@pytest.mark.parametrize(("lesson", "exercise"), EVERY)
def test_an_assignment_has_an_answer_and_a_locked_check(lesson, exercise):
    answer, check, below = assignment.assignment(lesson, exercise)
    one, other = (cell["metadata"]["nbgrader"] for cell in (answer, check))
    assert (one["solution"], one["grade"], one["locked"]) == (True, False, False)
    assert (other["solution"], other["grade"], other["locked"]) == (False, True, True)
    assert other["points"] == (exercise.effort["difficulty"] if exercise.core else 0)
    ast.parse(answer["source"]), ast.parse(check["source"])
    assert check["source"].endswith(").required()")
    assert "A solution" not in below["source"]


def test_a_notebook_without_a_solution_is_refused_with_its_name(tmp_path):
    shutil.copy(LESSONS[0].path, tmp_path)
    path = tmp_path / LESSONS[0].path.name
    path.write_text(path.read_text().replace("```python", "```"))
    lesson = read_lesson(path)
    with pytest.raises(ValueError, match=r"00_start_here\.ipynb: .* exercise-operator"):
        solution_of(lesson, lesson.exercises[0])


def test_metadata_are_filled_in_where_they_are_missing_and_nothing_else_changes(tmp_path):
    path = shutil.copy(LESSONS[2].path, tmp_path / LESSONS[2].path.name)
    text = path.read_text()
    assert fill_in(path) == []
    assert path.read_text() == text
    notebook = json.loads(text)
    index = LESSONS[2].exercises[1].index
    kept = notebook["cells"][index]["metadata"].pop("lcm")
    notebook["cells"][index]["source"].pop(0)
    path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n")
    assert fill_in(path) == [LESSONS[2].exercises[1].name]
    filled = json.loads(path.read_text())
    assert filled["cells"][index]["metadata"].pop("lcm").keys() == kept.keys()
    assert filled["cells"][index]["source"].pop(0).startswith("# ")
    assert filled == notebook


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.name)
def test_a_notebook_has_questions_whose_wrong_answers_say_what_they_reveal(lesson):
    """A cell `question-…`: **Question.**, then three folded answers, one of which begins Yes."""
    assert 2 <= len(lesson.questions) <= 3
    for text in lesson.questions:
        assert re.match(r"\*\*Question\.\*\* .*\?\n\n<details>", text)
        letters = re.findall(r"<details><summary>([A-Z])\. .+</summary>\n\n", text)
        assert letters == ["A", "B", "C"]
        answers = re.findall(r"</summary>\n\n(.*?)\n\n</details>", text, re.DOTALL)
        assert sorted(re.match(r"(Yes|No)\b", answer)[1] for answer in answers) == [
            "No",
            "No",
            "Yes",
        ]
        assert all(len(answer.split()) >= 8 for answer in answers)


def test_the_right_answer_is_not_to_be_guessed_by_its_letter():
    right = r"<summary>([A-Z])\. [^\n]+</summary>\n\nYes"
    letters = [re.findall(right, "".join(lesson.questions)) for lesson in LESSONS]
    everywhere = "".join(map("".join, letters))
    assert all(len(everywhere) / 4 < everywhere.count(letter) for letter in "ABC")
    assert all(len(set(each)) > 1 for each in letters)


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.name)
def test_each_section_states_its_minutes(lesson):
    stated = [each for each in minutes.sections(lesson) if each.stated]
    for each in stated:
        assert abs(each.minutes - each.stated) <= max(1, 0.2 * each.minutes), each
    untimed = {each.title for each in minutes.sections(lesson)} - {each.title for each in stated}
    assert untimed <= {"What you have learned", "7. Challenges"}
    assert abs(sum(each.stated for each in stated) - lesson.minutes) <= 0.2 * lesson.minutes


ASSIGNED = "a = 1", "b = 2", "c = 3", "d = 4"
KINDS = {
    "values": ("e = 0", "e = 1"),
    "line": ("def f(x):\n    return x", "def f(x):\n    return 2 * x"),
    "function": ("def f(x):\n    return x", "\n    ".join(["def f(x):", *ASSIGNED])),
    "class": ("class A:\n    pass", "class A:\n def f(s):\n  a\n  b\n def g(s):\n  c"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_kind_of_an_exercise_says_its_minutes(kind):
    stub, solution = KINDS[kind]
    exercise = Exercise("it", 0, stub, "check_it(f)")
    assert kind_of(exercise, solution) == kind
    assert effort_by_rule(exercise, solution)["minutes"] == MINUTES[kind]


def notebook_of(tmp_path, *cells):
    made = [
        {"cell_type": kind, "id": f"cell-{index}", "metadata": {}, "source": [source]}
        for index, (kind, source) in enumerate(cells)
    ]
    path = tmp_path / "00_mine.ipynb"
    path.write_text(json.dumps({"cells": made}))
    return read_lesson(path)


def test_minutes_are_words_panels_and_exercises(tmp_path):
    lesson = notebook_of(
        tmp_path,
        ("markdown", "# Mine\n\nIt takes about 5 minutes."),
        ("markdown", "word " * 394 + "<details>" + "folded " * 500 + "</details>"),
        ("code", "TreeExplorer('sum')\nLawExplorer(('sum',))\nprint(1)"),
    )
    found = minutes.estimate(lesson)
    assert (found.words, found.panels, found.stated) == (400, 2, 5)
    assert found.minutes == 4
    asked = dataclasses.replace(lesson, questions=["**Question.** Why?"])
    assert minutes.estimate(asked).minutes == 4.5
    assert found.fits


def test_the_minutes_of_all_notebooks_are_compared_with_what_they_state():
    found = [minutes.estimate(lesson) for lesson in LESSONS]
    assert all(each.words > 500 and each.panels and each.exercises and each.fits for each in found)
    assert found[0].minutes <= 12  # the first one is short
    lines = minutes.table(found).split("\n")
    assert len(lines) == len(LESSONS) + 4
