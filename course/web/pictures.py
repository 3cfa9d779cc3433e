"""Gives each panel of the executed notebooks a still picture, taken from its page in Chromium.

    python -m course.web.pictures build/html

writes the pages, and puts the pictures into the notebooks in `build/executed`. These then show each
panel where no widget can run: on a code host, in a PDF, in whatever nbconvert makes of them.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Sequence
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from PIL import Image
from playwright.sync_api import Browser, Page

from course.command import finish
from course.web.chromium import open_browser
from course.web.executed import EXECUTED, VIEW, asked_for
from course.web.pages import PAGES, write_pages

__all__ = ["add_pictures", "open_page", "pictures_on", "small_png", "take_pictures"]

LIGHTER = ((128, 1.0), (64, 1.0), (32, 1.0), (64, 0.7), (32, 0.5))  # colours, and size
WINDOW = {"width": 1180, "height": 1300}

#: Whether all panels are there, and each that is to have a figure has drawn it.
DRAWN = f"""() => {{
  const views = document.querySelectorAll('script[type="{VIEW}"]');
  const panels = [...document.querySelectorAll(".lcm-panel")];
  const shown = (part) => part.getBoundingClientRect().width > 0;
  const figures = "svg.main-svg, .lcm-view svg, .lcm-view canvas";
  return panels.length === views.length
    && panels.every((panel) => [...panel.querySelectorAll(figures)].some(shown));
}}"""
#: A still picture has no bar, and does not say that there is no kernel.
PLAIN = ".lcm-panel::before { content: none !important } .lcm-bar { display: none !important }"


def open_page(browser: Browser, file: Path, errors: list[str] | None = None) -> Page:
    """A page from disk with the network off, when all its panels are drawn.

    Args:
        errors: takes what the page logs as an error.
    """
    page = browser.new_context(viewport=WINDOW, offline=True).new_page()
    if errors is not None:
        page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: errors.append(f"page error: {error}"))
    page.goto(file.resolve().as_uri())
    page.wait_for_function(DRAWN, timeout=60_000)
    page.wait_for_timeout(1500)  # figures follow the width of the page
    return page


def pictures_on(page: Page) -> dict[str, bytes]:
    """A PNG of each panel of a page, by the identity of its widget."""
    page.add_style_tag(content=PLAIN)
    found = {}
    for view in page.query_selector_all(f'script[type="{VIEW}"]'):
        inside = view.evaluate_handle("view => view.parentElement.querySelector('.lcm-panel')")
        panel = inside.as_element()
        if panel is not None:
            model = json.loads(view.text_content() or "")["model_id"]
            found[model] = small_png(panel.screenshot())
    return found


def small_png(png: bytes, heaviest: int | None = None) -> bytes:
    """The same picture with fewer colours: a third of the bytes; smaller if it must be.

    By an octree: it keeps the colour of a few dots, which the median cut, Pillow's default, gives
    away for shades of the letters' grey.

    Args:
        heaviest: so many bytes at most.
    """
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    for colours, scale in LIGHTER:
        file = io.BytesIO()
        smaller = picture.resize([round(side * scale) for side in picture.size])
        fewer = smaller.quantize(colours, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
        fewer.save(file, "PNG", optimize=True)
        if heaviest is None or file.tell() <= heaviest:
            break
    return file.getvalue()


def add_pictures(notebook: NotebookNode, pictures: dict[str, bytes]) -> int:
    """Put pictures beside the views of an executed notebook; returns how many there are."""
    added = 0
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            picture = pictures.get(output.get("data", {}).get(VIEW, {}).get("model_id"))
            if picture is not None:
                output.data["image/png"] = base64.b64encode(picture).decode()
                added += 1
    return added


def take_pictures(folder: Path, paths: Sequence[Path], patience: float) -> None:
    """Write pages in a folder, and put their pictures into the executed notebooks."""
    pages = write_pages(folder, paths, patience)
    with open_browser() as browser:
        for path, file in zip(paths, pages, strict=True):
            stored = EXECUTED / path.name
            notebook = nbformat.read(stored, as_version=4)
            page = open_page(browser, file)
            count = add_pictures(notebook, pictures_on(page))
            page.context.close()
            nbformat.write(notebook, stored)
            print(f"{count} pictures in {stored}")


def main(arguments: Sequence[str] | None = None) -> None:
    """Make pages and pictures, as the command line says."""
    take_pictures(*asked_for(__doc__, PAGES, arguments))


if __name__ == "__main__":
    finish(main)
