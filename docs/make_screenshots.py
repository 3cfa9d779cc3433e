"""Makes docs/start_here.png from the real notebook in a real JupyterLab.

Run it as `python docs/make_screenshots.py`; it takes about a minute.
"""

from __future__ import annotations

import base64
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.browser.lab import open_browser, serve  # noqa: E402
from tests.browser.notebook_page import NotebookPage  # noqa: E402

NAME = "00_start_here.ipynb"


def main() -> None:
    """Runs the notebook, trains, and puts two of its cells side by side."""
    notebooks = ROOT / "notebooks"
    with (
        tempfile.TemporaryDirectory() as home,
        open_browser() as browser,
        serve(notebooks, Path(home)) as address,
    ):
        page = browser.new_page(viewport={"width": 1150, "height": 1300})
        page.set_default_timeout(120_000)
        notebook = NotebookPage(page, address, NAME, notebooks / NAME)
        notebook.open()
        notebook.command("application:toggle-left-area")
        notebook.run_all()
        cell = notebook.cell("training-panel")
        for name, state in (("start", "running"), ("pause", "paused")):
            cell.locator(f"button.lcm-{name}").click()
            cell.locator(f".lcm-state:text-is('{state}')").wait_for()
        slider = cell.locator(".lcm-associativity [role=slider]")
        slider.focus()
        for _ in range(6):  # 0.3
            slider.press("ArrowRight")
        cell.locator("button.lcm-pause").click()
        cell.locator(".lcm-state:text-is('finished')").wait_for()
        page.wait_for_timeout(1000)
        training = cell.locator(".lcm-panel").screenshot()
        cell = notebook.cell("tree-explorer")
        cell.locator(".lcm-tree select").select_option("left")
        cell.locator("button.lcm-shuffle").click()
        page.wait_for_timeout(1000)
        tree = cell.locator(".lcm-panel").screenshot()
        page.set_viewport_size({"width": 1000, "height": 600})
        page.set_content(
            "<body style='margin:8px;width:984px'>" + picture(tree) + picture(training)
        )
        page.wait_for_timeout(300)
        page.locator("body").screenshot(path=ROOT / "docs" / "start_here.png")


def picture(png: bytes) -> str:
    """An image element that holds its own data."""
    data = base64.b64encode(png).decode()
    return (
        "<img style='width:100%;border:1px solid #ddd;margin-bottom:8px;box-sizing:border-box' "
        f"src='data:image/png;base64,{data}'>"
    )


if __name__ == "__main__":
    main()
