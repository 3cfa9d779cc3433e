"""The training panel in JupyterLab: the picture beside the curves, a race, files, followers."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.actions import (
    CAUGHT_UP,
    LEAST_FRAMES,
    choose,
    press,
    slide,
    state_is,
    wait_for_step,
    write,
    write_recipe,
)
from tests.browser.notebook_page import NotebookPage

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

Take = Callable[[Page, str], None]

RECIPE = "task=second_minimum bits=4 channels=8 steps=60 batch_size=32 log_every=2 eval_every=20"
WIDTHS = (600, 700, 800, 900, 1100, 1400)

#: Counts frames for two seconds.
FRAMES = """() => new Promise((done) => {
    const began = performance.now();
    let count = 0;
    const next = (now) => {
        count += 1;
        if (now - began < 2000) requestAnimationFrame(next);
        else done(count / ((now - began) / 1000));
    };
    requestAnimationFrame(next);
})"""


def dots(cell: Locator) -> list[str]:
    """Where the dots of the picture are."""
    return cell.locator(".lcm-picture path.lcm-mark").evaluate_all(
        "dots => dots.map((dot) => dot.getAttribute('transform'))"
    )


def overlaps(cell: Locator) -> list[str]:
    """Titles, legends, plots and the picture that cover each other or leave the panel."""
    return cell.locator(".lcm-panel").evaluate(
        """panel => {
            const area = panel.closest(".jp-OutputArea-output"), found = [];
            if (area.scrollWidth > area.clientWidth) found.push("a scrollbar");
            const parts = [...panel.querySelectorAll(
                ".lcm-training .lcm-view, .lcm-training .js-plotly-plot, .lcm-training + .lcm-bar"
            )];
            const boxes = parts.map((part) => part.getBoundingClientRect());
            boxes.forEach((a, i) => boxes.slice(0, i).forEach((b, j) => {
                const x = Math.min(a.right, b.right) - Math.max(a.left, b.left);
                const y = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
                if (x > 1 && y > 1) found.push(`${parts[i].className} over ${parts[j].className}`);
            }));
            for (const text of panel.querySelectorAll(".lcm-training .lcm-view text")) {
                const box = text.getBoundingClientRect();
                const frame = text.closest("svg").getBoundingClientRect();
                if (box.right > frame.right + 2 || box.bottom > frame.bottom + 2)
                    found.push(`cut: ${text.textContent}`);
            }
            return found;
        }"""
    )


def test_one_sees_the_untrained_operator_and_then_the_dots_move(
    workshop: NotebookPage, screenshot: Take
) -> None:
    page = workshop.page
    cell = workshop.add_cell(f"panel = TrainingPanel({RECIPE!r}, steps=100000)\npanel")
    expect(cell.locator(".lcm-picture path.lcm-mark")).to_have_count(5 * 14)
    state_is(cell, "ready")
    expect(cell.locator(".lcm-more")).to_be_hidden()
    untrained = dots(cell)
    press(cell, "start")
    state_is(cell, "running")
    expect(cell.locator("button.lcm-start")).to_have_text("Pause")
    wait_for_step(cell, 40)
    assert dots(cell) != untrained

    # Frames while it plays, and on the same machine while it stands still.
    playing = page.evaluate(FRAMES)
    press(cell, "start")
    state_is(cell, "paused")
    still = page.evaluate(FRAMES)
    print(f"{playing:.0f} frames a second while it plays, {still:.0f} while it stands still")
    assert playing >= min(LEAST_FRAMES, 0.9 * still)
    expect(cell.locator("button.lcm-start")).to_have_text("Resume")

    # A bracketing is chosen by keys and by the mouse.
    picture = cell.locator("svg.lcm-picture")
    expect(picture).to_contain_text("click a dot")
    expect(picture.locator(".lcm-ring").first).to_be_hidden()
    picture.focus()
    expect(picture.locator(".lcm-ring").first).to_be_visible()
    picture.press("ArrowRight")
    expect(picture).to_have_attribute("aria-valuenow", "2")
    expect(picture).to_have_attribute("aria-valuetext", re.compile(r"spreads off its mean"))
    picture.press("End")
    expect(picture).to_have_attribute("aria-valuenow", "14")
    picture.evaluate("picture => picture.blur()")
    expect(picture).to_contain_text("spreads off its mean")  # what was chosen stays in view
    expect(picture.locator(".lcm-ring")).to_have_count(5)
    expect(picture.locator(".lcm-ring").first).to_be_visible()

    # The solid turns under the hand.
    press(cell, "bar-more")
    choose(cell, "picture", "solid of all bracketings")
    expect(picture.locator("circle.lcm-mark")).to_have_count(14)
    nearest = picture.locator("circle.lcm-mark").last
    number = int(nearest.get_attribute("data-k") or 0)
    nearest.click()
    expect(picture).to_have_attribute("aria-valuenow", str(number + 1))
    before = picture.locator("circle.lcm-mark").first.get_attribute("cx")
    box = picture.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    for number in range(60):
        page.mouse.move(x + number, y + number / 3)
    page.mouse.up()
    caught_up = page.evaluate(
        """() => new Promise((done) => {
            const picture = document.querySelector("svg.lcm-picture"), began = performance.now();
            let last = picture.innerHTML, changed = began;
            const next = (now) => {
                if (picture.innerHTML !== last) { last = picture.innerHTML; changed = now; }
                if (now - began < 400) requestAnimationFrame(next);
                else done(changed - began);
            };
            requestAnimationFrame(next);
        })"""
    )
    print(f"a drag of 60 events is caught up after {caught_up:.0f} ms")
    assert caught_up <= CAUGHT_UP
    assert picture.locator("circle.lcm-mark").first.get_attribute("cx") != before
    choose(cell, "picture", "map of the associativity error")
    expect(picture.locator("image")).to_have_count(1)
    screenshot(page, "training-map")
    press(cell, "stop")
    state_is(cell, "stopped")
    workshop.add_cell("panel.close()")
    assert workshop.errors == []


def test_nothing_is_covered_or_cut_at_six_widths(workshop: NotebookPage) -> None:
    cell = workshop.add_cell(
        f"panel = TrainingPanel({RECIPE!r}, {RECIPE + ' readout=gru tree=left'!r})\npanel"
    )
    press(cell, "start")
    state_is(cell, "finished")
    with workshop.alone() as page:
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            page.wait_for_timeout(400)
            assert overlaps(cell) == [], f"{width} px"
    workshop.add_cell("panel.close()")


def test_a_deleted_cell_pauses_its_run(workshop: NotebookPage) -> None:
    cell = workshop.add_cell(f"panel = TrainingPanel({RECIPE!r}, steps=100000)\npanel")
    press(cell, "start")
    wait_for_step(cell, 4)
    workshop.remove_cell(workshop.cell_ids[-1])
    workshop.page.wait_for_timeout(4500)
    assert workshop.text_of("print(panel.state, panel.bar.views)") == "paused 0"
    workshop.add_cell("panel.close()")
    assert workshop.text_of("print(threads())") == "[]"


def test_a_tweak_moves_laws_and_score(workshop: NotebookPage, screenshot: Take) -> None:
    cell = workshop.add_cell("tweak = TweakOperator('lcm')\ntweak")
    said = cell.locator(".lcm-tweak")
    expect(said).to_contain_text("exact match")
    expect(cell.locator("svg.lcm-picture path.lcm-mark")).to_have_count(2 * 5 * 14)
    choose(cell, "silence-channel", "3")
    expect(said).to_contain_text("→")
    matrix = cell.locator("svg.lcm-picture").first
    matrix.focus()
    matrix.press("ArrowDown")
    expect(matrix).to_have_attribute("aria-label", re.compile("row 1, column 0"))
    screenshot(workshop.page, "tweak")
    press(cell, "undo-all")
    expect(said).not_to_contain_text("→")
    workshop.add_cell("tweak.close()")
    assert workshop.errors == []


def test_a_race_is_drawn_saved_loaded_and_followed(
    workshop: NotebookPage, screenshot: Take
) -> None:
    page = workshop.page
    workshop.add_cell(f"panel = TrainingPanel({RECIPE!r}, {RECIPE + ' readout=sum'!r})\npanel")
    shown = workshop.cell_ids[-1]
    cell = workshop.cell(shown)
    state_is(cell, "ready")

    # Menus and sliders speak of the chosen recipe.
    press(cell, "bar-more")
    choose(cell, "race-recipe", "2 sum")
    expect(cell.locator(".lcm-readout select")).to_have_value("sum")
    slide(cell, "rate-scale", "ArrowLeft")
    text = cell.locator(".lcm-recipe textarea")
    expect(text).to_have_value(re.compile(r"readout=sum.*rate_scale=0\.7"))
    choose(cell, "race-recipe", "1 symmetrized_gru rate_scale=1")
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
        "loss = panel.view.figures[0].widget.data[1]\n"
        "print(f'{last.step}|{last.task_loss:.4g}|{loss.y[-1]:.4g}|{last.metric:.3f}')"
    ).split("|")
    assert [numbers[0], numbers[1], numbers[1], numbers[4]] == told
    cell = workshop.cell(shown)
    drawn = cell.locator(".js-plotly-plot .scatterlayer .trace path.js-line")
    assert drawn.count() >= 2 + 4 + 4
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
    press(cell, "save")
    expect(cell.locator(".lcm-file-status")).to_contain_text("replace it?")
    press(cell, "keep")
    expect(cell.locator(".lcm-file-status")).to_contain_text("was kept")
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
