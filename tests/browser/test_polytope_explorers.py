"""BracketingExplorer and OrderExplorer in JupyterLab, by keyboard and mouse."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.actions import choose, press, slide
from tests.browser.notebook_page import NotebookPage

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

Take = Callable[[Page, str], None]


def read_out(cell: Locator) -> Locator:
    return cell.locator(".lcm-polytope-text")


def vertices(cell: Locator) -> Locator:
    """The drawn vertices: the second trace of the first figure."""
    figure = cell.locator(".js-plotly-plot").first
    return figure.locator(".scatterlayer .trace").nth(1).locator("path.point")


def test_bracketings_by_keyboard_and_mouse(workshop: NotebookPage, screenshot: Take) -> None:
    cell = workshop.add_cell("panel = BracketingExplorer('symmetrized_gru', n=5)\npanel")
    shown = workshop.cell_ids[-1]
    expect(vertices(cell)).to_have_count(14, timeout=30_000)
    expect(read_out(cell)).to_contain_text("Answers differ among the 14 bracketings")
    screenshot(workshop.page, "bracketings-5")

    choose(cell, "vertex", "(a (b (c (d e))))")
    expect(read_out(cell)).to_contain_text("Chosen: (a (b (c (d e)))), result")
    before = vertices(cell).first.get_attribute("transform")
    slide(cell, "turn", "ArrowRight", times=3)
    expect(vertices(cell).first).not_to_have_attribute("transform", before or "")
    press(cell, "next-neighbour")
    expect(read_out(cell)).not_to_contain_text("Chosen: (a (b (c (d e))))")

    vertices(cell).nth(0).hover(force=True)  # what is on top is plotly's own layer for the mouse
    vertices(cell).nth(0).click(force=True)
    expect(read_out(cell)).to_contain_text("Chosen: ((((a b) c) d) e), result")
    label = cell.locator(".lcm-vertex select option:checked")
    expect(label).to_have_text("((((a b) c) d) e)")

    choose(cell, "operator", "sum")
    expect(read_out(cell)).to_contain_text("One answer for all 14 bracketings, to rounding")
    colours = vertices(cell).evaluate_all("points => points.map(p => p.style.fill)")
    assert len(set(colours)) == 1
    screenshot(workshop.page, "bracketings-5-sum")

    choose(cell, "operator", "gru")
    choose(cell, "elements", "6")
    expect(vertices(cell)).to_have_count(42)
    screenshot(workshop.page, "bracketings-6")
    choose(cell, "elements", "4")
    expect(vertices(cell)).to_have_count(5)
    screenshot(workshop.page, "bracketings-4")
    choose(cell, "operator", "symmetrized_gru")
    cell.locator(".lcm-unordered input").focus()
    cell.locator(".lcm-unordered input").press("Space")
    expect(vertices(cell)).to_have_count(15)
    expect(read_out(cell)).to_contain_text("every jump is an error of associativity alone")
    screenshot(workshop.page, "bracketings-unordered")

    far, jump = re.search(
        r"mean ([\d.e-]+), at .* Largest jump ([\d.e-]+),", read_out(cell).inner_text()
    ).groups()
    told = workshop.text_of(
        "data = panel._figure.widget.data\n"
        "print(*(f'{max(trace.marker.color):.3g}' for trace in (data[1], data[0])))"
    )
    assert told == f"{far} {jump}"
    finish(workshop, shown)


def test_orders_follow_an_operator_that_changes(workshop: NotebookPage, screenshot: Take) -> None:
    workshop.add_cell(
        "from lcm_core import make_operator\n"
        "torch.manual_seed(0)\n"
        "operator_catalog.offer('mine', make_operator('symmetrized_gru', 4))"
    )
    cell = workshop.add_cell("panel = OrderExplorer('mine', tree='balanced')\npanel")
    shown = workshop.cell_ids[-1]
    expect(vertices(cell)).to_have_count(24, timeout=30_000)
    expect(read_out(cell)).to_contain_text("24 of 36 swaps change nothing")
    expect(read_out(cell)).to_contain_text("their largest jump is 0.")
    screenshot(workshop.page, "orders-4-balanced")
    choose(cell, "tree", "left (((• •) •) •)")
    expect(read_out(cell)).to_contain_text("12 of 36 swaps change nothing")
    screenshot(workshop.page, "orders-4-left")

    before = vertices(cell).evaluate_all("points => points.map(p => p.style.fill)")
    workshop.text_of("operator_catalog.offer('mine', make_operator('gru', 4)); print('offered')")
    cell = workshop.cell(shown)
    expect(read_out(cell)).not_to_contain_text("12 of 36 swaps change nothing")
    assert vertices(cell).evaluate_all("points => points.map(p => p.style.fill)") != before
    choose(cell, "elements", "3")
    expect(vertices(cell)).to_have_count(6)
    screenshot(workshop.page, "orders-3")
    workshop.text_of("operator_catalog.withdraw('mine'); print('withdrawn')")
    finish(workshop, shown)


def finish(workshop: NotebookPage, shown: str) -> None:
    """Closes the panel and looks for what it left behind."""
    workshop.page.mouse.move(0, 0)  # plotly tells of the mouse until it leaves the figure
    workshop.add_cell("panel.close()")
    expect(workshop.cell(shown).locator(".lcm-panel")).to_have_count(0)
    assert workshop.text_of("print(threads())") == "[]"
    assert workshop.stored_errors() == []
    assert workshop.errors == []
