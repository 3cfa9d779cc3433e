"""Runs notebooks, and stores them with all outputs and the state of every widget.

    python -m course.web.executed build/executed

Its exercises are solved while it runs, so that panels show what the text says; it keeps the stubs.
A stored notebook is used again until the notebook, the library or a version of a package changes.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

from course import NOTEBOOKS
from course.command import finish
from course.versions import notebooks_named, teacher, without_stills
from lcm_core.exercises.lessons import read_lesson
from lcm_core.exercises.progress import START_PAGE

__all__ = ["BUILD", "EXECUTED", "PATIENCE", "STATE", "VIEW", "asked_for", "execute", "executed"]

STATE = "application/vnd.jupyter.widget-state+json"
VIEW = "application/vnd.jupyter.widget-view+json"
BUILD = NOTEBOOKS.parent / "build"
EXECUTED = BUILD / "executed"
#: Of what outputs are made, beside the notebook.
SOURCES = (
    NOTEBOOKS.parent / "lcm_core",
    NOTEBOOKS.parent / "docs" / "results",
    Path(__file__),
    Path(__file__).with_name("in_kernel.py"),
)
#: Versions that show in outputs.
SHOWN = ("torch", "torch_geometric", "ipywidgets", "anywidget", "plotly", "nbclient")

#: Seconds of training, or of measuring, in each panel that has to be started.
PATIENCE = 40.0
#: The last cell.
ASK = f"""
import sys
sys.path.insert(0, {str(NOTEBOOKS.parent)!r})
from course.web.in_kernel import report
report({{patience}})
"""


def executed(path: Path, folder: Path, patience: float = PATIENCE) -> NotebookNode:
    """The notebook with its outputs: stored in `folder` before, or run now and stored.

    Args:
        patience: as in `execute`; what ran for longer is as good.
    """
    target = folder / path.name
    made_of = _digest(path)
    if target.exists():
        notebook = nbformat.read(target, as_version=4)
        kept = notebook.metadata.get("lcm", {})
        if kept.get("made_of") == made_of and kept.get("patience", 0) >= patience:
            return notebook
    notebook = execute(path, patience=patience)
    notebook.metadata.lcm = {"made_of": made_of, "patience": patience}
    target.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, target)
    return notebook


def execute(path: Path, timeout: int = 300, patience: float = PATIENCE) -> NotebookNode:
    """Run all cells in a fresh kernel; the file is not changed.

    It runs in a folder with copies of the notebooks beside it, and nothing else: the progress and
    the data of whoever runs it are theirs. Nothing is left there either.
    Exercises run with their solutions, and then are stubs again, without what their checks say.
    Then panels that begin empty are started: the reader of a page cannot press their buttons.

    Args:
        timeout: seconds for one cell; the runs of panels have more.
        patience: seconds of training, or of measuring, for each of these panels.

    Raises:
        nbclient.exceptions.CellExecutionError: a cell has failed.
    """
    notebook = nbformat.read(path, as_version=4)
    notebook.cells = without_stills(notebook.cells)  # its outputs will have the panels
    stubs = _solve(notebook, path)
    notebook.cells.append(nbformat.v4.new_code_cell(ASK.format(patience=patience)))
    with tempfile.TemporaryDirectory() as folder:
        for each in path.parent.glob("*.ipynb"):
            shutil.copy(each, folder)
        client = NotebookClient(
            notebook,
            timeout=int(timeout + 10 * patience),
            store_widget_state=False,
            resources={"metadata": {"path": folder}},
        )
        client.execute(env={**os.environ, "PYDEVD_DISABLE_FILE_VALIDATION": "1"})
    said = notebook.cells.pop().outputs[0].data
    for cell in notebook.cells:
        if cell.id in stubs:
            cell.source = stubs[cell.id]
            cell.outputs = [each for each in cell.outputs if VIEW in each.get("data", {})]
        for output in cell.get("outputs", []):
            view = output.get("data", {}).get(VIEW, {}).get("model_id")
            if view in said["application/json"]:
                output.data["text/plain"] = said["application/json"][view]
    notebook.metadata.widgets = {STATE: said[STATE]}
    return notebook


def _solve(notebook: NotebookNode, path: Path) -> dict[str, str]:
    """Put the solutions in the place of the stubs; returns the stubs, by their cells."""
    lesson, stubs = read_lesson(path), {}
    for exercise in lesson.exercises:
        (cell,) = (each for each in notebook.cells if each.id == f"exercise-{exercise.name}")
        stubs[cell.id] = cell.source
        cell.source = teacher(lesson, exercise)[0]["source"]
    return stubs


def _digest(path: Path) -> str:
    """Changes with the notebook, the library, and the versions of what is shown.

    The start page shows all notebooks, and changes with each.
    """
    shown = sorted(path.parent.glob("*.ipynb")) if path.name == START_PAGE else [path]
    cells = [without_stills(nbformat.read(each, as_version=4).cells) for each in shown]
    digest = hashlib.sha256(json.dumps(cells).encode())
    files = [file for each in SOURCES for file in ([each] if each.is_file() else each.rglob("*"))]
    for file in sorted(files):
        if file.is_file() and "__pycache__" not in file.parts:
            digest.update(file.read_bytes())
    digest.update(repr([(name, version(name)) for name in SHOWN]).encode())
    return digest.hexdigest()


def asked_for(
    about: str, folder: Path, arguments: Sequence[str] | None
) -> tuple[Path, list[Path], float]:
    """What the command line of a module here asks for: a folder, notebooks, and patience.

    Args:
        about: the docstring of the module.
        folder: where the command writes unless another is given.
        arguments: of the command line; None takes those of the process.

    Raises:
        ValueError: there is no such notebook.
    """
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("folder", type=Path, nargs="?", default=folder, help="to write in")
    parser.add_argument("--only", nargs="+", default=[""], help="parts of the notebooks' names")
    parser.add_argument(
        "--patience", type=float, default=PATIENCE, help="seconds for the run of a panel"
    )
    chosen = parser.parse_args(arguments)
    return chosen.folder, notebooks_named(chosen.only), chosen.patience


def main(arguments: Sequence[str] | None = None) -> None:
    """Run notebooks, as the command line says."""
    folder, paths, patience = asked_for(__doc__, EXECUTED, arguments)
    for path in paths:
        executed(path, folder, patience)
        print(folder / path.name)


if __name__ == "__main__":
    finish(main)
