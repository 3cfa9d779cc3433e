"""A plugin of pytest: a result a line; tests that need a missing package are skipped by name."""

import json
from collections.abc import Generator
from importlib.util import find_spec
from typing import Any

import pytest

PACKAGES = ("anywidget", "beartype", "hypothesis", "ipywidgets", "nbformat", "plotly", "rdkit")
PACKAGES += ("scipy", "sklearn", "yaml")
MISSING = {name for name in PACKAGES if find_spec(name) is None}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--results", help="a file for the outcomes, as lines of JSON")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """A test that stumbles over the lack of a package is skipped."""
    try:
        return (yield)
    except Exception as error:
        if (name := missing_in(error)) is not None:
            pytest.skip(f"needs {name}")
        raise


def missing_in(error: BaseException | None) -> str | None:
    """The missing package that an error, or a cause of it, is about."""
    while error is not None:
        if isinstance(error, ModuleNotFoundError) and (error.name or "").split(".")[0] in MISSING:
            return str(error.name).split(".")[0]
        error = error.__cause__ or error.__context__
    return None


class Results:
    """Writes the outcome of each test as soon as it is known."""

    def __init__(self, path: str):
        self.path = path

    def write(self, test: str, outcome: str, why: str = "", trace: str = "") -> None:
        entry = {"test": test, "outcome": outcome, "why": why, "trace": trace}
        with open(self.path, "a") as file:
            file.write(json.dumps(entry) + "\n")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.write(report.nodeid, "failed", last_line(report), report.longreprtext)
        elif report.skipped:
            text = report.longrepr[2] if isinstance(report.longrepr, tuple) else "expected to fail"
            self.write(report.nodeid, "skipped", text.removeprefix("Skipped: "))
        elif report.when == "call":
            self.write(report.nodeid, "passed")

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            why = last_line(report)
            missing = [name for name in MISSING if f"No module named '{name}" in why]
            if missing:
                self.write(report.nodeid, "skipped", f"{report.nodeid} needs {missing[0]}")
            else:
                self.write(report.nodeid, "failed", why, report.longreprtext)


def last_line(report: Any) -> str:
    """The last line of an error, at most 300 characters."""
    crash = getattr(getattr(report.longrepr, "reprcrash", None), "message", None)
    lines = (crash or str(report.longrepr)).strip().splitlines() or [""]
    return (lines[0] if crash else lines[-1])[:300]


def pytest_configure(config: pytest.Config) -> None:
    path = config.getoption("--results")
    if path and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Results(path), "results of the check")
