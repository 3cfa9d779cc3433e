"""Every notebook runs from top to bottom in a fresh kernel, in time and without any error."""

from pathlib import Path

import pytest

from tests.notebooks.run import run_notebook

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").rglob("*.ipynb"))
BROKEN = Path(__file__).parent / "notebooks" / "broken.ipynb"

#: Seconds for all cells of a notebook. The aim is 15 on 2 free cores; tests run side by side.
LIMIT = 45


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_without_an_error_anywhere_and_in_time(path: Path) -> None:
    run = run_notebook(path)
    print(run)
    assert not run.problems, str(run)
    assert run.seconds < LIMIT, str(run)


#: The kinds of places where `broken.ipynb` goes wrong, and what is to be read there.
BROKEN_PLACES = [
    ("output", "ValueError: broken in a cell"),
    ("output", "ValueError: broken in a callback"),
    ("output", "ValueError: broken in an Output widget"),
    ("Output widget", "ValueError: broken in stored outputs"),
    ("thread", "ValueError: broken in a thread"),
    ("stderr", "ValueError: broken in a thread"),
    ("stderr", "broken on stderr, later"),
    ("asyncio task", "ValueError: broken in a task"),
    ("asyncio task", "ValueError: broken in a forgotten task"),
    ("panel", "broken in a panel"),
    ("panel", "broken in a worker of a panel"),
    ("finaliser", "ValueError: broken in a finaliser"),
    ("log of broken", "broken in a log"),
    ("leak", "lcm-broken-leak"),
]


@pytest.mark.slow
def test_the_broken_notebook_is_caught_in_every_place_and_in_no_other() -> None:
    run = run_notebook(BROKEN)
    for kind, text in BROKEN_PLACES:
        caught = any(kind == where and text in what for where, what in run.problems)
        assert caught, f"{kind}: {text!r} was not caught\n{run}"
    assert all("broken" in what for _, what in run.problems), str(run)
    assert {"imports", "panel", "cell"} <= set(run.seconds_of)
