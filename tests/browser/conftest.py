from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.lab import find_chromium, open_browser, serve
from tests.browser.notebook_page import NotebookPage

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
WINDOW = {"width": 1300, "height": 1000}

IMPORTS = """
import gc
import threading
import torch
import lcm_core
from lcm_core.widgets import *
from lcm_core.widgets.base.panel import Panel
from lcm_core.widgets.operators.catalog import operator_catalog

def threads():
    return sorted(thread.name for thread in threading.enumerate() if thread.name.startswith("lcm"))

def close_panels():
    for panel in [each for each in gc.get_objects() if isinstance(each, Panel)]:
        panel.close()
"""


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    if find_chromium() is None:
        if os.environ.get("CI"):
            pytest.fail("no Chromium on this machine: .ci/run installs it")
        pytest.skip("no Chromium: apt-get install chromium, or playwright install chromium")
    expect.set_options(timeout=20_000)
    with open_browser() as browser:
        yield browser


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serve(NOTEBOOKS, tmp_path_factory.mktemp("lab")) as address:
        yield address


@pytest.fixture(scope="session")
def start_here(chromium: Browser, lab: str) -> Iterator[NotebookPage]:
    """`00_start_here`, open and run once for all tests."""
    with opened(chromium, lab, "00_start_here.ipynb", NOTEBOOKS) as notebook:
        yield notebook


@pytest.fixture(
    scope="session",
    params=[True, pytest.param(False, marks=pytest.mark.slow)],
    ids=["subshells", "no-subshells"],
)
def shared_workshop(
    chromium: Browser,
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[NotebookPage]:
    """A notebook with every widget imported, to which tests add cells: one kernel for all."""
    folder = tmp_path_factory.mktemp("workshop")
    cell = nbformat.v4.new_code_cell(IMPORTS, id="imports")
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    notebook = nbformat.v4.new_notebook(cells=[cell], metadata=metadata)
    nbformat.write(notebook, folder / "workshop.ipynb")
    home = tmp_path_factory.mktemp("workshop_lab")
    with (
        serve(folder, home, subshells=request.param) as address,
        opened(chromium, address, "workshop.ipynb", folder) as page,
    ):
        yield page


@pytest.fixture
def workshop(shared_workshop: NotebookPage) -> Iterator[NotebookPage]:
    """The workshop; what a failed test leaves in it does not fail those that follow."""
    yield shared_workshop
    shared_workshop.add_cell("close_panels()")
    while len(shared_workshop.cell_ids) > 1:
        shared_workshop.remove_cell(shared_workshop.cell_ids[-1])
    shared_workshop.page.mouse.move(0, 0)  # or the next panel is born under the pointer
    shared_workshop.errors.clear()


@contextlib.contextmanager
def opened(chromium: Browser, address: str, name: str, folder: Path) -> Iterator[NotebookPage]:
    """A notebook, open and run, in a page of its own."""
    page = chromium.new_page(viewport=WINDOW)
    page.set_default_timeout(60_000)
    notebook = NotebookPage(page, address, name, folder / name)
    notebook.open()
    notebook.run_all()
    yield notebook
    page.close()


@pytest.fixture(scope="session")
def screenshot(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Page, str], None]:
    """Keeps a picture of the page, in the folder that LCM_SCREENSHOTS names if it is set."""
    folder = Path(os.environ.get("LCM_SCREENSHOTS") or tmp_path_factory.mktemp("screenshots"))
    folder.mkdir(parents=True, exist_ok=True)

    def take(page: Page, name: str) -> None:
        page.screenshot(path=folder / f"{name}.png")

    return take
