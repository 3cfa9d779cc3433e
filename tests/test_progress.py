"""Solved exercises are remembered beside the start page, on this machine alone."""

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from course.progress import write_csv
from course.web.executed import execute
from lcm_core.exercises import check_identities, check_witness, show_progress
from lcm_core.exercises.progress import PROGRESS, solved

ROOT = Path(__file__).parents[1]
RIGHT = [1, 5], [4, 5], [3]  # for check_witness


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A copy of two notebooks and the start page, where the kernel is."""
    here = tmp_path / "notebooks"
    here.mkdir()
    for name in ("00_start_here", "01_aggregators_are_monoids", "index"):
        shutil.copy(ROOT / "notebooks" / f"{name}.ipynb", here)
    monkeypatch.chdir(here)
    return here


def test_what_passes_is_remembered_once_and_what_fails_is_not(folder):
    assert not check_witness([1, 5], [1, 5], [2]).passed
    assert not (folder / PROGRESS).exists()
    assert check_witness(*RIGHT).passed
    first = solved(folder)
    assert first.keys() == {"check_witness"}
    assert check_witness(*RIGHT).passed
    assert not check_witness([1, 5], [1, 5], [2]).passed
    assert solved(folder) == first


def test_the_path_says_what_is_solved_and_what_is_to_do(folder):
    check_witness(*RIGHT)
    path = show_progress()
    assert [path.solved_in(lesson) for lesson in path.lessons] == [0, 1]
    assert "witness" not in path.to_do(path.lessons[1])
    assert "mean" in path.to_do(path.lessons[1])
    assert "variance" not in path.to_do(path.lessons[1]), "it is optional"
    shown = path._repr_markdown_()
    assert "(01_aggregators_are_monoids.ipynb) | 45 | 1 of 5 |" in shown
    assert "1 of 6 exercises solved; 57 minutes in all." in shown
    assert "1 of 5 solved" in str(path)


def in_a_new_kernel(folder, code):
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_progress_survives_a_new_kernel_and_the_folder_s_being_moved(folder, monkeypatch):
    check_witness(*RIGHT)
    monkeypatch.chdir(ROOT)
    moved = folder.parent / "another place"
    shutil.move(folder, moved)
    said = in_a_new_kernel(
        moved,
        "import math\n"
        "from lcm_core.exercises import check_identities, show_progress\n"
        "right = {'sum': 0, 'product': 1, 'min': math.inf, 'concatenation': ''}\n"
        "print(check_identities(right), show_progress(), sep='\\n')",
    )
    assert "2 of 6 exercises solved" in said
    assert solved(moved).keys() == {"check_witness", "check_identities"}


def test_a_folder_without_a_start_page_stays_as_it_is(folder):
    (folder / "index.ipynb").unlink()
    assert check_witness(*RIGHT).passed
    assert not (folder / PROGRESS).exists()


def test_where_nothing_can_be_written_a_check_still_passes_and_says_so(folder, monkeypatch):
    def refuse(path):
        raise PermissionError("read-only")

    monkeypatch.setattr("lcm_core.exercises.progress.atomic_write", refuse)
    verdict = check_witness(*RIGHT)
    assert verdict.passed
    assert "could not be remembered in progress.json: read-only" in verdict.text


def test_a_broken_file_is_left_alone_and_named(folder):
    (folder / PROGRESS).write_text("[1, 2")
    verdict = check_witness(*RIGHT)
    assert verdict.passed
    assert "rename or delete that file" in verdict.text
    assert (folder / PROGRESS).read_text() == "[1, 2"
    with pytest.raises(ValueError, match=r"progress\.json"):
        show_progress()


def test_a_check_keeps_its_name_and_arguments():
    assert check_identities.__name__ == "check_identities"
    assert "does nothing" in (check_identities.__doc__ or "")


def test_a_grader_gets_an_error_and_a_notebook_does_not(capsys):
    failed, passed = check_witness([1, 5], [1, 5], [2]), check_witness(*RIGHT)
    with pytest.raises(AssertionError, match="Not yet: both have 5"):
        failed.required()
    assert passed.required() is None
    assert capsys.readouterr().out.startswith("Passed: ")


def test_progress_is_exported_as_csv(folder):
    check_witness(*RIGHT)
    write_csv([folder], folder.parent / "progress.csv")
    with (folder.parent / "progress.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 6
    (row,) = (each for each in rows if each["solved"])
    assert (row["folder"], row["exercise"], row["need"]) == ("notebooks", "witness", "core")
    assert row["solved"] == json.loads((folder / PROGRESS).read_text())["solved"]["check_witness"]


def test_what_is_built_shows_nobodys_progress_and_leaves_none(folder):
    kept = json.dumps({"solved": {"check_mean": "2026-11-27T06:00:00+00:00"}})
    (folder / PROGRESS).write_text(kept)
    page = nbformat.read(folder / "index.ipynb", as_version=4)
    code = f"from lcm_core.exercises import check_witness\nprint(check_witness{RIGHT})"
    page.cells.append(nbformat.v4.new_code_cell(code))
    nbformat.write(page, folder / "index.ipynb")
    shown = str(execute(folder / "index.ipynb", patience=0).cells)
    assert "0 of 6 exercises solved" in shown
    assert "Passed: " in shown
    assert (folder / PROGRESS).read_text() == kept
