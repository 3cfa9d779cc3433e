"""Gathers the sources of the book in one folder: notebooks with outputs, docs, and book/.

    python -m course.book build/book-source

Sphinx makes the book of it; `make book` does both.
"""

from __future__ import annotations

import argparse
import ast
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import nbformat

import lcm_core
from course import NOTEBOOKS
from course.chapters import chapter
from course.command import finish
from course.versions import notebooks_named
from course.web.executed import EXECUTED, executed
from course.web.pages import PACKAGES
from course.web.scripts import write_scripts

__all__ = ["gather", "replace_files", "rooms"]

ROOT = NOTEBOOKS.parent
LIBRARY = Path(lcm_core.__file__).parent
#: Pages from elsewhere in the project, which others link to.
OTHERS = ("README.md", "CONTRIBUTING.md", "lcm_core/tasks/molecules/data/PROVENANCE.md")
SCRIPTS = "_scripts"
LINK = re.compile(r"\]\((?!\w+:|#)([^)\s#]+)")
ROOM = """# `lcm_core.{room}`

```{{eval-rst}}
.. automodule:: lcm_core.{room}
   :members:
   :imported-members:
```
"""


def rooms() -> list[str]:
    """The packages of the library that export names."""
    return sorted(
        path.parent.name
        for path in LIBRARY.glob("*/__init__.py")
        if "__all__" in _assigned(ast.parse(path.read_text(encoding="utf-8")))
    )


def gather(target: Path, notebooks: list[Path]) -> int:
    """Write the sources into the folder `target`; returns the number of pages.

    Args:
        target: Sphinx's source folder.
        notebooks: those that become chapters; they run if their code or the library changed.
    """
    own = ROOT / "book"
    pages = {path.relative_to(own): path for path in own.rglob("*.md")}
    pages |= {path.relative_to(ROOT): path for path in (ROOT / "docs").rglob("*.md")}
    pages |= {Path(name): ROOT / name for name in OTHERS}
    texts = {name: path.read_text(encoding="utf-8") for name, path in pages.items()}
    for path in notebooks:
        run = chapter(executed(path, EXECUTED), path)
        texts[path.relative_to(ROOT)] = nbformat.writes(run)
    for room in rooms():
        texts[Path("reference") / f"{room}.md"] = ROOM.format(room=room)

    files = {name: text.encode() for name, text in texts.items()}
    for name, text in texts.items():
        files |= {linked: (ROOT / linked).read_bytes() for linked in _linked(name, text)}
    files[Path("references.bib")] = (own / "references.bib").read_bytes()
    replace_files(target, files)
    shutil.rmtree(target / SCRIPTS, ignore_errors=True)
    write_scripts(target / SCRIPTS, PACKAGES).rename(target / SCRIPTS / "panels")
    return len(texts)


def replace_files(folder: Path, files: dict[Path, bytes]) -> None:
    """Make a folder have these files; those that are the same stay, so that Sphinx skips them."""
    for old in folder.rglob("*"):
        if old.is_file() and old.relative_to(folder) not in files:
            old.unlink()
    for name, content in files.items():
        file = folder / name
        if not file.exists() or file.read_bytes() != content:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)


def _linked(page: Path, text: str) -> Iterator[Path]:
    """The files of the project that a page links to and that are no pages: pictures, code, data."""
    for link in LINK.findall(text):
        file = (ROOT / page.parent / link).resolve()
        if file.is_file() and file.suffix not in (".md", ".ipynb") and ROOT in file.parents:
            yield file.relative_to(ROOT)


def _assigned(module: ast.Module) -> set[str]:
    """The names that a module assigns to at its top level."""
    return {
        ast.unparse(target)
        for node in module.body
        if isinstance(node, ast.Assign)
        for target in node.targets
    }


def main() -> None:
    """Gather the sources, as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m course.book", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", default="", help="chapters whose names contain this")
    chosen = parser.parse_args()
    print(f"{gather(chosen.folder, notebooks_named([chosen.only]))} pages in {chosen.folder}")


if __name__ == "__main__":
    finish(main)
