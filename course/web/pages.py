"""Writes every notebook, executed, as a page of HTML that opens from disk without a network.

    python -m course.web.pages build/html

Figures, controls and read-outs of panels come from their stored states. There is no kernel, so
controls do not answer; each panel says so.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path

from nbconvert import HTMLExporter
from nbformat import NotebookNode

from course import NOTEBOOKS
from course.command import finish
from course.web.executed import BUILD, EXECUTED, PATIENCE, STATE, asked_for, executed
from course.web.scripts import SCRIPTS, write_scripts
from lcm_core.exercises.lessons import read_lesson

__all__ = ["PACKAGES", "PAGES", "drop_script", "page_of", "write_pages"]

PAGES = BUILD / "html"
PACKAGES = BUILD / "npm"
LINK = re.compile(r"\]\((?!https?:|#)([^)\s]+)")


def page_of(notebook: NotebookNode, title: str, folder: Path) -> str:
    """The text of a page in `folder`, which has the scripts in a folder of its own.

    Args:
        notebook: executed, with the states of its widgets.
    """

    def moved(text: str) -> str:
        return LINK.sub(lambda found: f"]({_target(found[1], folder)}", text)

    notebook = deepcopy(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = moved(cell.source)
        for output in cell.get("outputs", []):
            if "text/markdown" in output.get("data", {}):
                output.data["text/markdown"] = moved(output.data["text/markdown"])
    drop_script(notebook)
    exporter = HTMLExporter(
        template_name="lcm",
        extra_template_basedirs=[str(Path(__file__).parent)],
        require_js_url=f"{SCRIPTS}/require.js",
        mathjax_url=f"{SCRIPTS}/mathjax.js",
        widget_renderer_url=f"{SCRIPTS}/html-manager.js",
    )
    return str(exporter.from_notebook_node(notebook, {"metadata": {"name": title}})[0])


def drop_script(notebook: NotebookNode) -> None:
    """Leave plotly's script out of the states of widgets: it is beside the page."""
    for model in notebook.metadata.get("widgets", {}).get(STATE, {}).get("state", {}).values():
        if "script" in model["state"]:
            model["state"]["script"] = ""


def write_pages(folder: Path, paths: Sequence[Path], patience: float = PATIENCE) -> list[Path]:
    """Write pages, and all that they load; returns the pages.

    Args:
        paths: of the notebooks.
        patience: seconds for the run of each panel that has one.
    """
    write_scripts(folder, PACKAGES)
    written = []
    for path in paths:
        notebook = executed(path, EXECUTED, patience)
        written.append(folder / f"{path.stem}.html")
        page = page_of(notebook, read_lesson(path).title, folder)
        written[-1].write_text(page, encoding="utf-8")
    return written


def _target(link: str, folder: Path) -> str:
    """Where a link of a notebook leads from a page: to another page, or to the file itself."""
    file, mark, place = link.partition("#")
    path = (NOTEBOOKS / file).resolve()
    if path.parent == NOTEBOOKS and path.suffix == ".ipynb":
        return f"{path.stem}.html{mark}{place}"
    if NOTEBOOKS in path.parents:
        return link
    return f"{Path(os.path.relpath(path, folder.resolve())).as_posix()}{mark}{place}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Write pages, as the command line says, and state their weights."""
    folder, paths, patience = asked_for(__doc__, PAGES, arguments)
    written = write_pages(folder, paths, patience)
    for file in [*written, *sorted((folder / SCRIPTS).iterdir())]:
        print(f"{file.stat().st_size / 1e6:7.2f} MB  {file}")


if __name__ == "__main__":
    finish(main)
