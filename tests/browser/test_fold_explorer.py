"""FoldExplorer and the training panel of notebook 06, in JupyterLab."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.actions import choose, press
from tests.browser.conftest import NOTEBOOKS, opened

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

Take = Callable[[Page, str], None]


def test_notebook_06_draws_folds_and_offers_sire(
    chromium: Browser, lab: str, screenshot: Take
) -> None:
    with opened(chromium, lab, "06_recurrent_aggregators.ipynb", NOTEBOOKS) as notebook:
        cell = notebook.cell("explorer")
        expect(cell.locator(".js-plotly-plot")).to_have_count(3, timeout=60_000)
        lines = cell.locator(".js-plotly-plot").first.locator(".scatterlayer .trace")
        expect(lines).to_have_count(7)
        text = cell.locator(".lcm-fold-text")
        expect(text).to_contain_text("of the same 5 elements")
        expect(text.locator("tbody tr")).to_have_count(3)
        screenshot(notebook.page, "folds")
        before = text.inner_text()
        press(cell, "new-set")
        expect(text).not_to_have_text(before)

        race = notebook.cell("race")
        expect(race.locator(".lcm-sire")).to_be_visible(timeout=60_000)
        expect(race.locator(".lcm-associativity")).to_be_hidden()
        choose(race, "readout", "gru")
        expect(race.locator(".lcm-sire")).to_be_hidden()
        expect(race.locator(".lcm-associativity")).to_be_visible()
        screenshot(notebook.page, "folds-race")
        assert notebook.errors == []
