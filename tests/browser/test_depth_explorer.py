"""The depth explorer in a real browser: measured, stopped and looked at by keyboard."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.actions import choose, press
from tests.browser.notebook_page import NotebookPage

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def test_it_measures_stops_and_shows(
    workshop: NotebookPage, screenshot: Callable[[Page, str], None]
) -> None:
    cell = workshop.add_cell("panel = DepthExplorer(channels=4, largest=512)\npanel")
    shown = workshop.cell_ids[-1]
    status, text = cell.locator(".lcm-depth-status"), cell.locator(".lcm-depth-text")
    expect(text).to_contain_text("Nothing is measured yet")
    expect(cell.locator(".js-plotly-plot")).to_have_count(3)
    press(cell, "measure")
    expect(status).to_have_text("measured", timeout=60_000)
    expect(text).to_contain_text("Chain, 512 elements: depth 511 against 9 of the tree")
    expect(cell.locator(".js-plotly-plot .scatterlayer .trace")).to_have_count(6 + 6 + 3)
    choose(cell, "size", "8 elements")
    expect(
        cell.locator(".js-plotly-plot .xtitle", has_text="place in the set of 8")
    ).to_be_visible()
    screenshot(workshop.page, "depth-explorer")

    choose(cell, "largest", "131,072")
    press(cell, "measure")
    begun = re.compile(r"Chain, [\d,]{3,} elements")  # 128, or more by the time that it is seen
    expect(text).to_contain_text(begun, timeout=30_000)
    press(cell, "stop")
    expect(status).to_contain_text("stopped", timeout=60_000)  # a recurrent network ends its run
    assert workshop.text_of("print(len(panel.costs['tree']) < 9, panel.error == '')") == "True True"
    workshop.add_cell("panel.close()")
    expect(workshop.cell(shown).locator(".lcm-panel")).to_have_count(0)
    assert workshop.text_of("print(threads())") == "[]"
    assert workshop.stored_errors() == []
    assert workshop.errors == []
