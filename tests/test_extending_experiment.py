"""The experiment of docs/extending.md, as a notebook's cell and as a module."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from lcm_core.experiments import Results, experiment_names, find_experiment, run_experiment
from lcm_core.experiments.__main__ import main
from lcm_core.experiments.framework import folders
from lcm_core.experiments.framework.registry import EXPERIMENTS
from lcm_core.widgets import show_results
from lcm_core.widgets.results import show

ROOT = Path(__file__).parents[1]
NAME = "tree_shapes"
(CODE,) = re.findall(
    r"^## An experiment\n.*?^```python\n(.*?)^```$",
    (ROOT / "docs" / "extending.md").read_text(encoding="utf-8"),
    re.DOTALL | re.MULTILINE,
)


SHORT = CODE.replace("steps=1000", "steps=20")
COMMAND = f"run_experiment('{NAME}')"


@pytest.fixture(autouse=True)
def forgotten():
    yield
    EXPERIMENTS.remove(NAME)
    sys.modules.pop(NAME, None)


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A folder that results and checkpoints lie in."""
    monkeypatch.setattr(folders, "home", lambda: tmp_path)
    return tmp_path


@pytest.fixture
def shown(monkeypatch):
    texts: list[str] = []
    monkeypatch.setattr(show, "display", lambda part: texts.append(part.data))
    return texts


def run_cell() -> None:
    exec(SHORT, {"__name__": "__main__"})


def timeless(results: Results) -> list[dict]:
    return [run.timeless() for run in results.runs]


def test_it_is_short():
    assert len(CODE.splitlines()) <= 25
    assert SHORT != CODE


def test_a_cell_registers_it_runs_it_and_shows_it(home, shown, monkeypatch):
    run_cell()
    run_cell()
    assert experiment_names()[-1] == NAME
    show_results(NAME)
    assert shown == [f"No results of *{NAME}* are here. This makes them:\n\n    {COMMAND}"]
    results = run_experiment(NAME)
    assert results.finished == results.wanted == 4
    assert repr(results) == "<Results: 4 of 4 jobs; rows balanced, left; columns 4 bits>"
    assert (home / "results" / f"{NAME}.json").exists()
    with monkeypatch.context() as patch:
        patch.setattr("lcm_core.training.Trainer._advance", lambda *_: pytest.fail("trained again"))
        assert timeless(run_experiment(find_experiment(NAME))) == timeless(results)
    shown.clear()
    show_results(NAME)
    assert f"Made by\n\n    {COMMAND}\n\n4 of 4 results are here." in shown[0]
    assert all(f"| {tree} |" in shown[1] for tree in ("balanced", "left"))
    with pytest.raises(ValueError, match="move it into a module"):
        run_experiment(NAME, jobs=2)


def test_what_is_done_again_has_the_same_scores(home):
    run_cell()
    first = run_experiment(NAME, only="balanced")
    again = run_experiment(NAME, only="balanced", again=True)
    assert timeless(again) == timeless(first)
    assert [run.wall_seconds for run in again.runs] != [run.wall_seconds for run in first.runs]


def test_a_module_runs_from_the_command_line_and_gives_what_the_cell_gives(
    tmp_path, shown, monkeypatch, capsys
):
    (tmp_path / f"{NAME}.py").write_text(SHORT, encoding="utf-8")
    output, checkpoints = tmp_path / "results", tmp_path / "checkpoints"
    flags = ["--output", str(output), "--checkpoints", str(checkpoints)]
    done = subprocess.run(
        [sys.executable, "-m", "lcm_core.experiments", NAME, *flags],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    monkeypatch.syspath_prepend(tmp_path)
    show_results(NAME, folder=output)
    assert "Made by\n\n    python -m lcm_core.experiments tree_shapes\n\n4 of 4" in shown[0]
    from_module = run_experiment(NAME, output=output, checkpoints=checkpoints)
    assert main([NAME, "--list"]) == 0
    assert f"\n{NAME}: Shapes of trees\n" in capsys.readouterr().out
    EXPERIMENTS.remove(NAME)
    run_cell()
    from_cell = run_experiment(NAME, output=tmp_path / "cell", checkpoints=tmp_path / "cell")
    assert timeless(from_cell) == timeless(from_module)
