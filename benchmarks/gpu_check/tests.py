"""Part "tests": every test of the project that can run on this machine."""

import ast
import importlib.util
import json
import subprocess
import sys
import tempfile
from collections import Counter
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from benchmarks.gpu_check.findings import Finding, Notebook

ROOT = Path(__file__).parents[2]
PLUGIN = "benchmarks.gpu_check.tests_plugin"
MARKS = "not slow and not browser and not pinned"
#: First what a GPU may change, in case that the time does not suffice for all.
FIRST = (
    "gpu triton fused kernels recent engine reduction layout aggregation ordinary_module "
    "captured stored_graphs definition operators combined_operators laws law_maps certification "
    "training regularisers sire run_state set_tasks tasks graph_properties"
).split()
LEFT_OUT = {
    "test_project.py": "looks at the repository's files, not at the library",
    "test_wheel.py": "builds a wheel",
    "test_speed.py": "times the CPU",
}
MOST_TRACES = 10
DRY = ("test_sire.py", "test_layout.py", "test_seeding.py")


def check(notebook: Notebook, device: str, seconds: float) -> None:
    """Run them for so many seconds at most."""
    folder = ROOT / "tests"
    files = sorted(folder.glob("test_*.py"), key=place)
    if device == "cpu":
        files = [file for file in files if file.name in DRY]
    chosen = []
    for file in files:
        missing = sorted(missing_of(file))
        if file.name in LEFT_OUT:
            notebook.leave_out(file.name, LEFT_OUT[file.name])
        elif missing:
            notebook.leave_out(file.name, f"needs {', '.join(missing)}")
        else:
            chosen.append(str(file))
    notebook.leave_out("tests/browser, tests/notebooks", "need Chromium and Jupyter")
    with tempfile.TemporaryDirectory() as temporary:
        results = Path(temporary) / "results.jsonl"
        finished = run(chosen, results, seconds)
        summarise(notebook, results, finished)


def place(file: Path) -> tuple[int, str]:
    name = file.stem.removeprefix("test_")
    return FIRST.index(name) if name in FIRST else len(FIRST), name


def run(files: list[str], results: Path, seconds: float) -> bool:
    """Run pytest; False if it was stopped when the time was over."""
    command = [sys.executable, "-m", "pytest", *files, "-q", "-m", MARKS]
    command += ["--continue-on-collection-errors"]
    command += ["-o", "addopts=", "-p", "no:cacheprovider", "-p", PLUGIN, "--results", str(results)]
    if find_spec("xdist") is not None:
        command += ["-n", "auto", "--maxprocesses", "16"]
    if find_spec("pytest_timeout") is not None:
        command += ["--timeout", "60"]
    with subprocess.Popen(command, cwd=ROOT) as process:
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            return False
    if code not in (0, 1, 2):  # 1 and 2: tests failed, or files of tests, which the results say
        raise RuntimeError(f"pytest ended with {code}: its output is above")
    return True


def summarise(notebook: Notebook, results: Path, finished: bool) -> None:
    text = results.read_text() if results.exists() else ""
    found = [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]
    count = Counter(each["outcome"] for each in found)
    failed = [each for each in found if each["outcome"] == "failed"]
    skipped = Counter(each["why"] for each in found if each["outcome"] == "skipped")
    for why, number in sorted(skipped.items()):
        notebook.leave_out(f"{number} tests", why)
    measured = f"{count['passed']:,} passed, {len(failed)} failed, {count['skipped']} skipped"
    if not finished:
        measured += "; stopped when the time was over"
    holds = False if failed or not found else True if finished else None
    notebook.add(Finding("every test that can run here passes", measured, holds))
    if failed:
        lines = ["Tests that failed:", ""]
        for each in failed:
            lines += [f"- `{each['test']}`: {each['why']}"]
        notebook.tell(lines)
    for each in failed[:MOST_TRACES]:
        end = each["trace"].splitlines()[-25:]
        notebook.tell([f"`{each['test']}`:", "", *(f"    {line}" for line in end)])


# What a file of tests needs ---------------------------------------------------------------------


def missing_of(file: Path) -> set[str]:
    """Packages that the file imports at its top, directly or by modules of ours, and are missing.

    >>> missing_of(Path(__file__))
    set()
    """
    found: set[str] = set()
    seen: set[Path] = set()
    waiting = [file]
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        for module in imported(path):
            own = ours(module)
            waiting += own
            if not own and not there(module.split(".")[0]):
                found.add(module.split(".")[0])
    return found


def imported(path: Path) -> list[str]:
    """Modules that a file imports at its top; `from a import b` may mean the module a.b, too."""
    modules = []
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Import):
            modules += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            modules.append(node.module)
            modules += [
                inner
                for alias in node.names
                if ours(node.module) and ours(inner := f"{node.module}.{alias.name}")
            ]
    return modules


@cache
def ours(module: str) -> list[Path]:
    """The files that importing a module of this repository runs, those of its packages too."""
    parts = module.split(".")
    if not (ROOT / parts[0] / "__init__.py").exists():
        return []
    files = [ROOT.joinpath(*parts[:n], "__init__.py") for n in range(1, len(parts) + 1)]
    if not files[-1].exists():
        files[-1] = ROOT.joinpath(*parts).with_suffix(".py")
    return files if all(file.exists() for file in files) else []


@cache
def there(package: str) -> bool:
    return importlib.util.find_spec(package) is not None
