from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.lab import find_chromium, open_browser, serve
from tests.browser.notebook_page import NotebookPage

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
WINDOW = {"width": 1300, "height": 1000}


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    if find_chromium() is None:
        if os.environ.get("CI"):
            pytest.fail("no Chromium on this machine: .ci/run installs it")
        pytest.skip("no Chromium: apt-get install chromium, or playwright install chromium")
    with open_browser() as browser:
        yield browser


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serve(NOTEBOOKS, tmp_path_factory.mktemp("lab")) as address:
        yield address


@pytest.fixture(scope="session")
def start_here(chromium: Browser, lab: str) -> Iterator[NotebookPage]:
    """`00_start_here`, open and run once for all tests."""
    page = chromium.new_page(viewport=WINDOW)
    page.set_default_timeout(20_000)
    name = "00_start_here.ipynb"
    notebook = NotebookPage(page, lab, name, NOTEBOOKS / name)
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
