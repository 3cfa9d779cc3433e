"""The training panel in JupyterLab: a race, its plots and table, files, and followers."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.actions import choose, press, slide, state_is, write, write_recipe
from tests.browser.notebook_page import NotebookPage

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

Take = Callable[[Page, str], None]

RECIPE = "task=second_minimum bits=4 channels=8 steps=60 batch_size=32 log_every=2 eval_every=20"


def test_a_race_is_drawn_saved_loaded_and_followed(
    workshop: NotebookPage, screenshot: Take
) -> None:
    page = workshop.page
    workshop.add_cell(f"panel = TrainingPanel({RECIPE!r}, {RECIPE + ' readout=sum'!r})\npanel")
    shown = workshop.cell_ids[-1]
    cell = workshop.cell(shown)
    state_is(cell, "ready")

    # Menus and sliders speak of the chosen recipe.
    choose(cell, "race-recipe", "2 sum")
    expect(cell.locator(".lcm-readout select")).to_have_value("sum")
    slide(cell, "rate-scale", "ArrowLeft")
    text = cell.locator(".lcm-recipe textarea")
    expect(text).to_have_value(re.compile(r"readout=sum.*rate_scale=0\.7"))
    choose(cell, "race-recipe", "1 symmetrized_gru")
    expect(cell.locator(".lcm-readout select")).to_have_value("symmetrized_gru")
    cell.get_by_label("Show in explorers").press("Space")

    # Mouse.
    cell.locator("button.lcm-start").click()
    state_is(cell, "finished")
    expect(cell.locator(".lcm-follow-status")).to_contain_text("training: symmetrized_gru")
    row = cell.locator(".lcm-training-text tr").nth(2)
    expect(row).to_contain_text("sum rate_scale=0.7")
    numbers = row.locator("td").all_inner_texts()
    told = workshop.text_of(
        "last = panel.run.run_states[1].records[-1]\n"
        "curves = {trace.name: trace for trace in panel._figure.widget.data if trace.legendgroup}\n"
        "loss = [trace for trace in panel._figure.widget.data if trace.legendgroup][6]\n"
        "print(f'{last.step}|{last.task_loss:.4g}|{loss.y[-1]:.4g}|{last.metric:.3f}')"
    ).split("|")
    assert [numbers[0], numbers[1], numbers[1], numbers[4]] == told
    cell = workshop.cell(shown)
    drawn = cell.locator(".js-plotly-plot .scatterlayer .trace path.js-line")
    assert drawn.count() >= 12
    screenshot(page, "training-race")

    # What is offered is in another panel's menu.
    workshop.add_cell("tree = TreeExplorer('training: symmetrized_gru')\ntree")
    expect(workshop.cell(workshop.cell_ids[-1]).locator(".lcm-operator select")).to_have_value(
        "training: symmetrized_gru"
    )
    workshop.add_cell("tree.close()")

    # Files, and the text that restores the panel.
    cell = workshop.cell(shown)
    write(cell, "file", "checkpoints/race.pt")
    press(cell, "save")
    expect(cell.locator(".lcm-file-status")).to_contain_text("saved at step 60")
    saved = text.input_value()
    write_recipe(cell, RECIPE)
    state_is(cell, "ready")
    expect(cell.locator(".lcm-race-recipe")).to_be_hidden()
    press(cell, "load")
    state_is(cell, "finished")
    expect(text).to_have_value(saved)
    expect(cell.locator(".lcm-training-text tr").nth(2)).to_contain_text(numbers[1])
    write(cell, "file", "checkpoints/none.pt")
    press(cell, "load")
    expect(cell.locator(".lcm-error [role=alert]")).to_contain_text("there is no file")
    screenshot(page, "training-no-file")
    press(cell, "reset")
    state_is(cell, "ready")
    expect(cell.locator(".lcm-error [role=alert]")).to_have_count(0)

    workshop.add_cell("panel.close()")
    assert workshop.text_of("print(threads(), list(operator_catalog.entries()))") == "[] []"
    assert workshop.stored_errors() == []
    assert workshop.errors == []
