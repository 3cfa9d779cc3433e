"""What a stranger's cells register, chosen and trained on the page."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.actions import choose, press, state_is
from tests.browser.notebook_page import NotebookPage
from tests.test_extending import SECTIONS

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

RECIPE = "bits=4 channels=8 steps=40 batch_size=16 log_every=10 eval_every=20"


def test_an_operator_and_data_of_cells_are_trained_from_the_menus(
    workshop: NotebookPage, screenshot: Callable[[Page, str], None]
) -> None:
    workshop.add_cell(
        f"from lcm_core.widgets import TrainingPanel\npanel = TrainingPanel({RECIPE!r})\npanel"
    )
    shown = workshop.cell_ids[-1]
    workshop.add_cell(SECTIONS["An operator"])
    workshop.add_cell(SECTIONS["Data in memory"])
    cell = workshop.cell(shown)
    choose(cell, "task", "diameters")
    choose(cell, "readout", "gated")
    press(cell, "start")
    state_is(cell, "finished")
    press(cell, "bar-more")
    expect(cell.locator(".lcm-training-text")).to_contain_text("root mean squared error")
    screenshot(workshop.page, "extending")
    assert workshop.text_of("print(panel.recipe.text()[:60])").startswith(
        "task=diameters readout=gated"
    )
    workshop.add_cell("panel.close()")
    assert workshop.stored_errors() == []
    assert workshop.errors == []
