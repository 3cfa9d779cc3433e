"""Notebooks as pages: from disk, with the network off, every panel shows what it showed."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterator
from pathlib import Path

import nbclient
import nbformat
import pytest
from ipywidgets.embed import embed_minimal_html
from nbconvert import LatexExporter, MarkdownExporter
from nbformat import NotebookNode
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from course import NOTEBOOKS
from course.web.executed import STATE, VIEW, execute
from course.web.pages import PACKAGES, page_of
from course.web.pictures import add_pictures, open_page, pictures_on
from course.web.scripts import write_scripts
from lcm_core.widgets import BracketingExplorer

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

SOURCES = [
    "from lcm_core.widgets import *",
    'TreeExplorer("sum", values=[3, 9, 4])',
    'BracketingExplorer("symmetrized_gru", n=4)',
]
#: Shapes of our views that no rule of the style sheet paints: they are black, as SVG begins.
UNPAINTED = """() => [...document.querySelectorAll(".lcm-view :is(circle, rect, path, polygon)")]
  .filter((shape) => {
    const style = getComputedStyle(shape);
    return style.fill === "rgb(0, 0, 0)" && Number(style.fillOpacity) > 0
      && style.visibility === "visible" && shape.getBoundingClientRect().width > 0;
  })
  .map((shape) => shape.outerHTML.slice(0, 120))"""
NO_KERNEL = "This page has no kernel: the controls do not answer."


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of pages with its scripts."""
    made = tmp_path_factory.mktemp("pages")
    try:
        write_scripts(made, PACKAGES)
    except RuntimeError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"scripts of pages: {error}")
    return made


@pytest.fixture(scope="module")
def notebook(folder: Path) -> NotebookNode:
    """A small notebook, run."""
    cells = [nbformat.v4.new_code_cell(source) for source in SOURCES]
    cells.insert(1, nbformat.v4.new_markdown_cell("The sum $x + y$, and ![a tree](tree.png)."))
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), folder / "two.ipynb")
    return execute(folder / "two.ipynb", patience=0)


@pytest.fixture(scope="module")
def errors() -> list[str]:
    return []


@pytest.fixture(scope="module")
def page(
    chromium: Browser, folder: Path, notebook: NotebookNode, errors: list[str]
) -> Iterator[Page]:
    Image.new("RGB", (9, 9)).save(folder / "tree.png")
    file = folder / "two.html"
    file.write_text(page_of(notebook, "Two panels", folder), encoding="utf-8")
    page = open_page(chromium, file, errors)
    yield page
    page.context.close()


def test_panels_show_figure_controls_and_words_and_say_that_there_is_no_kernel(page, errors):
    panels = page.locator(".lcm-panel")
    expect(panels).to_have_count(2)
    for panel in panels.all():
        said = panel.evaluate("panel => getComputedStyle(panel, '::before').content")
        assert NO_KERNEL in said
        assert panel.locator("select, input").count() > 1
    expect(panels.first.locator(".lcm-view svg rect").first).to_be_visible()
    expect(panels.last.locator(".main-svg .point").first).to_be_visible()
    expect(panels.last).to_contain_text("Answers differ among the 5 bracketings.")
    expect(page.locator("mjx-container svg")).to_have_count(1)
    assert not errors


def test_no_menu_sticks_out_of_its_place(page):
    wide = page.locator(".lcm-panel .widget-dropdown").evaluate_all(
        """menus => menus.filter(menu => menu.scrollWidth > menu.clientWidth + 1)
            .map(menu => menu.textContent)"""
    )
    assert wide == []


def test_what_is_folded_unfolds_without_a_kernel(page, errors):
    panel = page.locator(".lcm-panel").first
    expect(panel.locator(".lcm-more")).to_be_hidden()
    panel.locator(".lcm-bar-more").click()
    expect(panel.locator(".lcm-more")).to_contain_text("Root state")
    expect(panel.locator(".lcm-bar-copy")).to_be_hidden()
    panel.locator(".lcm-bar-more").click()
    assert not errors


def test_pictures_go_into_the_notebook_for_whatever_shows_no_widgets(page, notebook):
    pictures = pictures_on(page)
    assert add_pictures(notebook, pictures) == 2
    for png in pictures.values():
        assert len(png) < 60_000
        assert Image.open(io.BytesIO(png)).width > 700
    shown = [out.data for cell in notebook.cells for out in cell.get("outputs", [])]
    assert all({VIEW, "image/png", "text/plain"} == set(data) for data in shown)
    text, resources = MarkdownExporter().from_notebook_node(notebook)
    assert text.count("![png]") == len(resources["outputs"]) == 2
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]  # prose needs pandoc
    latex = LatexExporter().from_notebook_node(nbformat.v4.new_notebook(cells=code))[0]
    assert latex.count(r"\adjustimage") == 2


def test_links_lead_from_page_to_page_and_back_to_other_files(tmp_path):
    links = "[a](02_reduction_trees.ipynb#top), [b](../docs/design.md), [c](https://example.org)"
    cells = [nbformat.v4.new_markdown_cell(links), nbformat.v4.new_code_cell("path")]
    shown = nbformat.v4.new_output("display_data", data={"text/markdown": "[d](index.ipynb)"})
    cells[1].outputs = [shown]
    text = page_of(nbformat.v4.new_notebook(cells=cells), "Links", tmp_path)
    assert 'href="02_reduction_trees.html#top"' in text
    assert 'href="https://example.org"' in text
    assert 'href="index.html"' in text
    away = re.search(r'href="([^"]+design\.md)"', text)
    assert away is not None
    assert (tmp_path / away[1]).resolve() == NOTEBOOKS.parent / "docs" / "design.md"


def test_one_panel_is_embedded_in_a_page_of_its_own(chromium, folder):
    panel = BracketingExplorer("symmetrized_gru", n=4)
    file = folder / "embedded.html"
    embed_minimal_html(file, views=[panel], embed_url="scripts/html-manager.js", cors=False)
    panel.close()
    local = '<script src="scripts/require.js"></script>'
    local += '<script>requirejs.config({paths: {anywidget: "scripts/anywidget"}})</script>'
    text = re.sub(r'<script src="https:[^"]*require[^>]*></script>', local, file.read_text())
    file.write_text(text, encoding="utf-8")
    errors: list[str] = []
    page = open_page(chromium, file, errors)
    expect(page.locator(".lcm-panel .main-svg .point").first).to_be_visible()
    assert not errors
    page.context.close()


@pytest.mark.slow
@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_every_notebook_opens_from_disk_without_an_error(path, chromium, folder):
    notebook = execute(path, patience=0)
    file = folder / f"{path.stem}.html"
    file.write_text(page_of(notebook, path.stem, folder), encoding="utf-8")
    errors: list[str] = []
    page = open_page(chromium, file, errors)
    views = [
        output.data[VIEW]["model_id"]
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if VIEW in output.get("data", {})
    ]
    assert page.evaluate(UNPAINTED) == []
    wide = page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0
    assert set(pictures_on(page)) == set(views)
    assert not errors
    page.context.close()


@pytest.mark.slow
def test_a_plain_headless_run_stores_what_a_page_can_show(chromium, folder):
    made = nbformat.v4.new_notebook(cells=list(map(nbformat.v4.new_code_cell, SOURCES)))
    nbclient.NotebookClient(made).execute()
    assert not any(
        model.get("buffers")  # they would be those of messages that have gone
        for model in made.metadata.widgets[STATE]["state"].values()
    )
    file = folder / "plain.html"
    file.write_text(page_of(made, "plain", folder), encoding="utf-8")
    errors: list[str] = []
    page = open_page(chromium, file, errors)
    expect(page.locator(".lcm-panel .main-svg .point").first).to_be_visible()
    assert not errors
    page.context.close()
