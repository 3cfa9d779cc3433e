"""The benchmark of notebooks: what one takes, and the memory of kernels that are there at once."""

import pytest

from benchmarks.notebooks import FOLDER, parse, run_at_once


def test_all_lessons_are_measured() -> None:
    assert len(parse([]).notebooks) == 13


@pytest.mark.slow
def test_two_kernels_run_a_notebook_at_once() -> None:
    runs = run_at_once(FOLDER / "00_start_here.ipynb", 2)
    for run in runs:
        assert 0 < run.first_panel < run.seconds
        assert 1e8 < run.memory < 1e9
