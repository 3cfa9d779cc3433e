"""What a reader does with `00_start_here`, in a real browser, by keyboard and mouse."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.actions import press, state_is, step_of, wait_for_step, write_recipe
from tests.browser.notebook_page import FIGURE_TAKEN_AWAY, NotebookPage

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

Take = Callable[[Page, str], None]


def test_run_all_has_no_errors(start_here: NotebookPage, screenshot: Take) -> None:
    cell = start_here.cell("title")
    screenshot(start_here.page, "title")
    for name in ("reorder", "tree-explorer", "law-explorer", "training-panel"):
        cell = start_here.cell(name)
        expect(cell.locator(".lcm-view svg, .js-plotly-plot .main-svg").first).to_be_visible()
        expect(cell.locator(".lcm-error [role=alert]")).to_have_count(0)
        screenshot(start_here.page, name)
    assert start_here.stored_errors() == []
    assert start_here.errors == []


def test_an_atom_is_moved_and_the_answer_flips(start_here: NotebookPage, screenshot: Take) -> None:
    cell = start_here.cell("reorder")
    hidden = cell.locator(".lcm-atom > .lcm-focus").first
    expect(hidden).to_have_css("fill", "none")  # a shape that no rule paints hides the bonds
    said = cell.locator(".lcm-said")
    expect(said).to_have_text(["0% yes, so no", "8% yes, so no"])
    press(cell, "reorder")
    expect(said.first).to_contain_text("so yes")
    expect(said.first).to_have_class(re.compile("lcm-flipped"))
    expect(said.last).to_have_text("8% yes, so no")
    expect(cell.locator(".lcm-reorder-sentence")).to_contain_text("flipped")
    press(cell, "as-in-the-file")
    expect(said.first).to_have_text("0% yes, so no")
    first = cell.locator(".lcm-chip[aria-label^='N0, place 1 of 17']")
    first.focus()
    first.press("Shift+End")
    expect(cell.locator(".lcm-chip[aria-label^='N0, place 17 of 17']")).to_be_focused()
    expect(cell.locator(".lcm-reorder-sentence")).to_contain_text("orders")
    screenshot(start_here.page, "reorder-moved")
    assert start_here.errors == []


def test_operator_changes_by_keyboard(start_here: NotebookPage, screenshot: Take) -> None:
    cell = start_here.cell("tree-explorer")
    text = cell.locator(".lcm-tree-text")
    operator_menu = cell.locator(".lcm-operator select")
    operator_menu.focus()
    operator_menu.press_sequentially("gru")
    expect(operator_menu).to_have_value("gru")
    tree_menu = cell.locator(".lcm-tree select")
    tree_menu.focus()
    tree_menu.press("ArrowDown")
    expect(tree_menu).to_have_value("left")
    expect(text).to_contain_text("Depth 3")
    expect(text).to_contain_text("another answer")
    lead = cell.locator(".lcm-tree-lead")
    drawing = cell.locator(".lcm-view svg:not(.lcm-graph, .lcm-legend)").first
    expect(lead).to_contain_text("The balanced tree gives another answer")
    before = drawing.inner_html()
    operator_menu.focus()
    operator_menu.press_sequentially("sum")  # JupyterLab's own m makes a cell Markdown
    expect(operator_menu).to_have_value("sum")
    expect(text).not_to_contain_text("another answer")
    expect(text).to_contain_text("the same answer")
    expect(lead).to_have_text("The balanced tree gives the same answer.")
    expect(drawing).not_to_have_js_property("innerHTML", before)
    cell.locator("button.lcm-bar-more").press("Enter")
    press(cell, "reset-level")
    expect(text).to_contain_text("Level 0 of 3: the elements")
    press(cell, "forward")
    expect(text).to_contain_text("Level 1 of 3: made (N0 O2)")
    screenshot(start_here.page, "tree-sum-left")
    assert start_here.errors == []


def test_training_obeys_while_another_cell_runs(
    start_here: NotebookPage, screenshot: Take, tmp_path: Path
) -> None:
    page, cell = start_here.page, start_here.cell("training-panel")
    press(cell, "bar-more")
    press(cell, "start")
    state_is(cell, "running")
    wait_for_step(cell, 6)

    go_on = tmp_path / "go on"
    other = start_here.start_cell(
        "imports",
        "import pathlib, time\n"
        f"while not pathlib.Path({str(go_on)!r}).exists():\n"
        "    time.sleep(0.02)\n"
        "print('waited')",
    )
    cell = start_here.cell("training-panel")
    wait_for_step(cell, step_of(cell) + 6)
    press(cell, "start")  # Pause or Resume
    state_is(cell, "paused", timeout=6_000)
    expect(other.locator(".jp-InputPrompt")).to_have_text("[*]:")  # it still runs
    go_on.touch()
    expect(other.locator(".jp-OutputArea-output")).to_have_text("waited")
    cell = start_here.cell("training-panel")
    expect(cell.locator("button.lcm-start")).to_contain_text("Resume")
    while step_of(cell) % 5 == 0:  # its record may still be due: Step would go to that one
        press(cell, "start")  # Pause or Resume
        state_is(cell, "running")
        press(cell, "start")  # Pause or Resume
        state_is(cell, "paused")
    stood = step_of(cell)
    page.wait_for_timeout(300)  # it goes on standing still: nothing to wait for
    assert step_of(cell) == stood
    screenshot(page, "training-paused")

    slider = cell.locator(".lcm-associativity [role=slider]")
    slider.focus()
    slider.press("ArrowRight")
    press(cell, "step")
    wait_for_step(cell, stood + 1)
    state_is(cell, "paused")
    stepped = step_of(cell)
    assert stepped == (stood // 5 + 1) * 5
    expect(cell.locator(".lcm-recipe textarea")).to_have_value(
        re.compile(rf"@{stood} associativity=")
    )

    press(cell, "start")  # Resume
    state_is(cell, "running")
    wait_for_step(cell, stepped + 6)
    press(cell, "stop")
    state_is(cell, "stopped")
    expect(cell.locator(".lcm-training-text")).to_contain_text("loss")
    screenshot(page, "training-stopped")

    press(cell, "reset")
    state_is(cell, "ready")
    expect(cell.locator(".lcm-training-text")).to_contain_text("No records yet")
    expect(cell.locator(".lcm-recipe textarea")).not_to_have_value(re.compile("@"))

    press(cell, "start")
    state_is(cell, "running")
    assert start_here.errors == []
    start_here.run_cell("training-panel")  # ends the run, and makes a panel anew
    cell = start_here.cell("training-panel")
    state_is(cell, "ready")
    start_here.forget(FIGURE_TAKEN_AWAY)
    assert start_here.stored_errors() == []
    assert start_here.errors == []


def test_reload_shows_the_current_state(start_here: NotebookPage, screenshot: Take) -> None:
    cell = start_here.cell("training-panel")
    press(cell, "bar-more")
    write_recipe(cell, "task=bbbp channels=8 steps=6 batch_size=16 log_every=1 eval_every=3")
    state_is(cell, "ready")
    press(cell, "start")
    state_is(cell, "finished")
    start_here.reload()
    cell = start_here.cell("training-panel")
    state_is(cell, "finished")
    expect(cell.locator(".lcm-training-text")).to_contain_text("Step 6")
    loss_points = cell.locator(".js-plotly-plot .scatterlayer .trace").first
    path = loss_points.locator("path.js-line")
    expect(path).to_have_count(1)
    assert len(re.findall("[LHVM,]", path.get_attribute("d") or "")) >= 6
    screenshot(start_here.page, "training-reloaded")
    assert start_here.errors == []


def test_exception_in_training_is_shown(start_here: NotebookPage, screenshot: Take) -> None:
    cell = start_here.cell("training-panel")
    write_recipe(cell, "task=bbbp channels=8 steps=20 batch_size=8 learning_rate=1e30 clip=1e30")
    state_is(cell, "ready")
    press(cell, "start")
    state_is(cell, "failed")
    alert = cell.locator(".lcm-error [role=alert]")
    expect(alert).to_contain_text("This did not work")
    expect(alert).to_contain_text("step")
    alert.locator("summary").click()
    expect(alert).to_contain_text("Traceback")
    screenshot(start_here.page, "training-failed")

    write_recipe(cell, "task=bbbp readout=grru")
    expect(alert).to_contain_text("did you mean 'gru'")
    write_recipe(cell, "task=bbbp channels=8 steps=6 batch_size=16")
    expect(alert).to_have_count(0)
    assert start_here.errors == []
