"""Writes the slides of the first notebooks: as pages, and as notebooks for JupyterLab.

    python -m course.decks.deck build/slides

A page opens without a network. A notebook runs live where jupyterlab-rise is installed
(docs/teaching/slides.md).
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path
from typing import Any

import nbformat
from nbconvert import SlidesExporter

from course.command import finish
from course.decks.slides import slides
from course.versions import notebooks_named, write_notebook
from course.web.executed import EXECUTED, executed
from course.web.pages import PACKAGES, drop_script
from course.web.scripts import Package, files_of, write_scripts

__all__ = ["DECKS", "write_deck"]

#: reveal.js: MIT licence, which the files name.
REVEAL = Package(
    "reveal.js", "5.2.1", "359b575dd51bbda32f89b2fd4c7dc46ad7389a805572158916c29252f7a27333"
)
FILES = ("dist/reveal.css", "dist/reveal.js", "plugin/notes/notes.js")
DECKS = ("00", "01", "02", "03", "04", "05")
HERE = Path(__file__).parent


def write_deck(path: Path, target: Path) -> Path:
    """Write the slides of a notebook, NAME.html and NAME.ipynb; returns the page."""
    notebook = executed(path, EXECUTED)
    drop_script(notebook)
    notebook.cells = [nbformat.from_dict(cell) for cell in slides(notebook.cells)]
    beside = [each.name for each in path.parent.glob("*.ipynb") if each.name[:2] in DECKS]
    cells = [_without_outputs(cell) for cell in notebook.cells]
    write_notebook(path, cells, target / path.name, beside)
    exporter = SlidesExporter(
        template_name="lcm_slides",
        exclude_anchor_links=True,
        extra_template_basedirs=[str(HERE)],
        require_js_url="scripts/require.js",
        mathjax_url="scripts/mathjax.js",
        widget_renderer_url="scripts/html-manager.js",
        reveal_url_prefix="scripts",
        reveal_theme="lcm",
    )
    text, _ = exporter.from_notebook_node(notebook, {"metadata": {"name": path.stem}})
    page = target / f"{path.stem}.html"
    page.write_text(text, encoding="utf-8")
    return page


def write_look(decks: Path) -> None:
    """Write what all decks share: reveal.js, its theme, and the scripts of panels."""
    folder = write_scripts(decks, PACKAGES)
    reveal = files_of(REVEAL, PACKAGES)
    for name in FILES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(reveal[name])
    (folder / "dist" / "theme").mkdir(exist_ok=True)
    shutil.copy(HERE / "slides.css", folder / "dist" / "theme" / "lcm.css")
    shutil.copy(HERE / "slides.js", folder)


def _without_outputs(cell: dict[str, Any]) -> dict[str, Any]:
    return cell | {"outputs": [], "execution_count": None} if "outputs" in cell else cell


def main() -> None:
    """Write all decks, as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m course.decks.deck", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", default="", help="decks whose names contain this")
    chosen = parser.parse_args()
    paths = [path for path in notebooks_named([chosen.only]) if path.name[:2] in DECKS]
    if not paths:
        raise ValueError(
            f"expected a notebook with slides ({', '.join(DECKS)}), got {chosen.only!r}"
        )
    write_look(chosen.folder)
    for path in paths:
        print(write_deck(path, chosen.folder))


if __name__ == "__main__":
    finish(main)
