"""Writes the slides of the first notebooks: as pages, and as notebooks for JupyterLab.

    python -m course.deck build/slides

A page opens without a network; S shows the notes of the speaker. A notebook runs live where
jupyterlab-rise is installed (docs/teaching/slides.md).
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path
from typing import Any

import nbformat
from nbconvert import SlidesExporter

from course.slides import slides
from course.versions import NOTEBOOKS, write_notebook
from course.web.executed import executed
from course.web.pages import EXECUTED, PACKAGES
from course.web.scripts import write_scripts

__all__ = ["DECKS", "write_deck"]

DECKS = ("00", "01", "02", "03", "04", "05")
TEMPLATES = Path(__file__).parent / "web"


def write_deck(path: Path, target: Path) -> Path:
    """Write the slides of a notebook, NAME.html and NAME.ipynb; returns the page."""
    notebook = executed(path, EXECUTED)
    notebook.cells = [nbformat.from_dict(cell) for cell in slides(notebook.cells)]
    live = [_without_outputs(cell) for cell in notebook.cells]
    write_notebook(path, live, target / path.name)
    exporter = SlidesExporter(
        template_name="lcm_slides",
        extra_template_basedirs=[str(TEMPLATES)],
        require_js_url="scripts/require.js",
        mathjax_url="scripts/mathjax.js",
        widget_renderer_url="scripts/html-manager.js",
    )
    page = target / f"{path.stem}.html"
    text, _ = exporter.from_notebook_node(notebook, {"metadata": {"name": path.stem}})
    page.write_text(text, encoding="utf-8")
    return page


def _without_outputs(cell: dict[str, Any]) -> dict[str, Any]:
    plain = json.loads(json.dumps(cell))
    return plain | {"outputs": [], "execution_count": None} if "outputs" in plain else plain


def main() -> None:
    """Write all decks, as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m course.deck", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", default="", help="decks whose names contain this")
    chosen = parser.parse_args()
    write_scripts(chosen.folder / "scripts", PACKAGES)
    shutil.copy(TEMPLATES / "slides.css", chosen.folder / "scripts")
    for path in sorted(NOTEBOOKS.glob("[0-9]*.ipynb")):
        if path.name[:2] in DECKS and chosen.only in path.name:
            print(write_deck(path, chosen.folder))


if __name__ == "__main__":
    main()
