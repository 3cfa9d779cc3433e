"""The panels of single lessons in JupyterLab: reordered atoms, two ways to an answer, messages."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.actions import choose, press
from tests.browser.notebook_page import NotebookPage

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

Take = Callable[[Page, str], None]


def middle(part: Locator) -> tuple[float, float]:
    box = part.bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def drag(page: Page, part: Locator, to: Locator) -> None:
    """Drags by mouse."""
    part.scroll_into_view_if_needed()
    page.mouse.move(*middle(part))
    page.mouse.down()
    page.mouse.move(*middle(to), steps=6)
    page.mouse.up()


def test_an_atom_is_dragged_along_the_list(workshop: NotebookPage, screenshot: Take) -> None:
    cell = workshop.add_cell("panel = ReorderExplorer()\npanel")
    chip = cell.locator(".lcm-chip[aria-label^='N0,']")
    drag(workshop.page, chip, cell.locator(".lcm-chip[aria-label*='place 9 of']"))
    expect(chip).to_have_attribute("aria-label", "N0, place 9 of 17")
    expect(cell.locator(".lcm-reorder-sentence")).to_contain_text("orders")
    screenshot(workshop.page, "reorder-dragged")
    assert workshop.text_of("print(panel.order.tolist().index(0))") == "8"
    assert workshop.errors == []


def test_numbers_change_sides_and_both_ways_are_gone(
    workshop: NotebookPage, screenshot: Take
) -> None:
    cell = workshop.add_cell("panel = UnionExplorer()\npanel")
    top, bottom = cell.locator(".lcm-way-top"), cell.locator(".lcm-way-bottom")
    choose(cell, "aggregator", "mean, by averaging")
    expect(top).to_have_text("4")
    expect(bottom).to_have_text("3.833")
    five = cell.locator(".lcm-chip[aria-label='5 in A']")
    five.press("ArrowUp")
    expect(top).to_have_text("4.2")
    expect(cell.locator(".lcm-chip[aria-label='6 in A']")).to_be_focused()
    cell.locator(".lcm-chip[aria-label='6 in A']").press("Enter")
    expect(cell.locator(".lcm-union-sentence")).to_contain_text("3")
    expect(cell.locator(".lcm-chip[aria-label='6 in B']")).to_have_count(3)
    workshop.page.wait_for_timeout(500)  # until chips are drawn by what the kernel says
    drag(
        workshop.page,
        cell.locator(".lcm-chip[aria-label='2 in B']"),
        cell.locator(".lcm-chip[aria-label='1 in A']"),
    )
    expect(cell.locator(".lcm-chip[aria-label='2 in A']")).to_have_count(1)
    press(cell, "go-both-ways")
    expect(bottom).to_be_visible()
    expect(cell.locator(".lcm-token")).to_have_count(0)
    screenshot(workshop.page, "union")
    assert workshop.errors == []


def test_messages_play_to_the_end_and_the_slider_goes_back(
    workshop: NotebookPage, screenshot: Take
) -> None:
    cell = workshop.add_cell("panel = MessageExplorer()\npanel")
    sentence = cell.locator(".lcm-message-sentence")
    expect(sentence).to_contain_text("each knows only itself")
    press(cell, "play")
    expect(sentence).to_contain_text("Round 1 of 3")
    expect(sentence).to_contain_text("one state for the whole molecule")
    expect(cell.locator("button.lcm-play")).to_have_text("Play")
    expect(cell.locator(".lcm-view .lcm-said")).to_contain_text("no")
    screenshot(workshop.page, "messages")
    handle = cell.locator(".lcm-step-of-messages [role=slider]")
    handle.focus()
    handle.press("Home")
    expect(sentence).to_contain_text("each knows only itself")
    handle.press("ArrowRight")
    expect(sentence).to_contain_text("Round 1 of 3")
    assert workshop.errors == []
