"""Runs the first notebook with the library installed from a wheel, away from the checkout.

    python -m tests.wheel

Everything happens in a temporary folder: a virtual environment with the wheel and its `notebooks`
extra and nothing else, the notebook, and the part of the tests that runs it.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

import nbformat

ROOT = Path(__file__).parents[1]

#: Reads data of each kind and prints where the library lies.
USE = """
import lcm_core
from lcm_core.tasks import make_task

for name in lcm_core.pretrained_names():
    lcm_core.pretrained(name)
for name in ("bbbp", "bace", "clintox"):
    make_task(name).graph(0)
print(lcm_core.__file__)
"""

#: The last cell of the notebook: nothing but the wheel can have been used.
PROOF = f"""{USE}
from pathlib import Path

venv = Path.cwd().parent / "venv"
(installed,) = venv.glob("lib/python*/site-packages/lcm_core/__init__.py")
assert Path(lcm_core.__file__).samefile(installed), lcm_core.__file__
"""


def files_of_the_library() -> list[Path]:
    """Files of `lcm_core` that git tracks or would add, relative to the checkout."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "lcm_core"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return [Path(line) for line in listed.stdout.splitlines() if (ROOT / line).is_file()]


def build_wheel(folder: Path) -> Path:
    """Build a wheel in an empty folder, from a copy: a build leaves files beside its sources.

    Needs setuptools, and no network.
    """
    sources = folder / "sources"
    for name in (*files_of_the_library(), "pyproject.toml", "README.md", "LICENSE"):
        (sources / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, sources / name)
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--wheel-dir", folder, sources], check=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


def elsewhere(*command: str | Path, folder: Path) -> None:
    """Run a command in a folder, without what points it to this checkout or this Python."""
    hidden = ("PYTHONPATH", "VIRTUAL_ENV")
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    subprocess.run(list(command), cwd=folder, env=environment, check=True)


def main(folder: Path) -> None:
    wheel = build_wheel(folder)
    venv.create(folder / "venv", with_pip=True)
    python = folder / "venv" / "bin" / "python"
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    constraints = ROOT / "constraints.txt"
    elsewhere(*pip, "--constraint", constraints, f"{wheel}[notebooks]", folder=folder)

    away = folder / "away"
    shutil.copytree(ROOT / "tests" / "notebooks", away / "tests" / "notebooks")
    shutil.copy(ROOT / "tests" / "__init__.py", away / "tests")
    notebook = nbformat.read(ROOT / "notebooks" / "00_start_here.ipynb", as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell(PROOF))
    nbformat.write(notebook, away / "00_start_here.ipynb")
    elsewhere(python, "-m", "tests.notebooks.run", "00_start_here.ipynb", folder=away)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="lcm-wheel-") as temporary:
        main(Path(temporary))
    print("The first notebook runs from the wheel.")
