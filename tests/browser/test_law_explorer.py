"""The law explorer in a real browser: every view, by keyboard and mouse."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.actions import choose, press, slide
from tests.browser.notebook_page import NotebookPage

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

Take = Callable[[Page, str], None]


def click_on_map(cell: Locator, number: int, across: float, up: float) -> None:
    """Clicks into a heat map, at these shares of its width and height."""
    area = cell.locator(".js-plotly-plot .nsewdrag").nth(number)
    area.scroll_into_view_if_needed()
    box = area.bounding_box()
    assert box is not None
    area.page.mouse.click(box["x"] + across * box["width"], box["y"] + (1 - up) * box["height"])


def test_views_maps_and_searches(workshop: NotebookPage, screenshot: Take) -> None:
    page = workshop.page
    cell = workshop.add_cell(
        "panel = LawExplorer(('sum', 'gru', 'symmetrized_gru'), channels=4)\npanel"
    )
    shown = workshop.cell_ids[-1]
    text = cell.locator(".lcm-laws-text")
    expect(cell.locator(".js-plotly-plot .barlayer .bars")).to_have_count(3)
    screenshot(page, "law-means")

    # Search by keyboard; the diamonds come, and with them where they are.
    press(cell, "search-worst-case")
    expect(cell.locator(".lcm-search-status")).to_contain_text("search done", timeout=30_000)
    expect(text.locator(".lcm-worst summary")).to_be_visible()
    press(cell, "search-worst-case")
    press(cell, "stop-search")
    expect(cell.locator(".lcm-search-status")).to_contain_text("search stopped", timeout=10_000)

    choose(cell, "view", "distributions")
    expect(cell.locator(".js-plotly-plot .legendtext", has_text="95th percentile")).to_be_visible()
    expect(cell.locator(".js-plotly-plot .barlayer .bars")).to_have_count(0)
    screenshot(page, "law-distributions")
    said = workshop.text_of(
        "e = panel.reports['gru']['associativity']\n"
        "print(f'{e.mean:.3g}', f'{e.ci_low:.3g} to {e.ci_high:.3g}', f'{e.p95:.3g}')"
    )
    cell = workshop.cell(shown)
    row = cell.locator(".lcm-table tr", has_text="gru").filter(has_text="associativity").nth(0)
    mean, _, _, _, p95 = said.split()
    for number in (mean, said.removeprefix(mean).removesuffix(p95).strip(), p95):
        expect(row.get_by_text(number, exact=True).first).to_be_visible()

    choose(cell, "view", "map")
    text = cell.locator(".lcm-laws-text")
    expect(text).to_contain_text("Error of associativity for x on a plane")
    expect(cell.locator(".js-plotly-plot .heatmaplayer image")).to_have_count(3)
    expect(text).to_contain_text("At u = +0.0 σ, v = +0.0 σ")
    click_on_map(cell, 1, across=0.25, up=0.7)
    expect(text).not_to_contain_text("At u = +0.0 σ, v = +0.0 σ")
    behind = "print(*(f'{panel.probes[n].value:.4g}' for n in ('sum', 'gru', 'symmetrized_gru')))"
    position = "print('At u = {:+.1f} σ, v = {:+.1f} σ'.format(*panel.probes['gru'].position))"
    at, numbers = workshop.text_of(position), workshop.text_of(behind)
    cell = workshop.cell(shown)
    text = cell.locator(".lcm-laws-text")
    expect(text).to_contain_text(at)
    for number in numbers.split():
        expect(text).to_contain_text(number)
    screenshot(page, "law-map")

    slide(cell, "probe-u", "ArrowRight", 2)
    slide(cell, "probe-v", "Home")
    expect(text).to_contain_text("v = -3.0 σ")
    expect(text).not_to_contain_text(at)
    choose(cell, "law", "commutativity")
    expect(text).to_contain_text("the distance of x ⊕ y and y ⊕ x")
    expect(text).to_contain_text("symmetrized_gru: 0 everywhere")

    # Back: nothing of the maps stays.
    choose(cell, "view", "means")
    expect(cell.locator(".js-plotly-plot .heatmaplayer image")).to_have_count(0)
    expect(cell.locator(".js-plotly-plot .annotation-text")).to_have_count(0)
    expect(cell.locator(".js-plotly-plot .xaxislayer-above .xtick")).to_have_count(4)

    choose(cell, "population", "encoded")
    alert = cell.locator(".lcm-error [role=alert]")
    expect(alert).to_contain_text("the elements that the encoder of a task puts out")
    choose(cell, "population", "closure")
    expect(alert).to_have_count(0)
    expect(text).to_contain_text("512 reductions of random subsets")
    end(workshop)


def test_it_follows_what_is_offered(workshop: NotebookPage) -> None:
    workshop.add_cell(
        "operator_catalog.offer('live', lcm_core.make_operator('gru', 3))\n"
        "panel = LawExplorer(('sum', 'live'), view='map')\npanel"
    )
    shown = workshop.cell_ids[-1]
    mean = "print(f'{panel.maps[\"live\"].values.min():.3g}')"
    before = workshop.text_of(mean)
    text = workshop.cell(shown).locator(".lcm-laws-text")
    expect(text).to_contain_text(f"live: {before} to")
    workshop.add_cell("operator_catalog.offer('live', lcm_core.make_operator('gru', 3))")
    workshop.remove_cell(workshop.cell_ids[-1])
    after = workshop.text_of(mean)
    assert after != before
    expect(workshop.cell(shown).locator(".lcm-laws-text")).to_contain_text(f"live: {after} to")
    workshop.add_cell("operator_catalog.withdraw('live')")
    end(workshop)


def end(workshop: NotebookPage) -> None:
    """Closes the panel: nothing is left of it, in the kernel or on the page."""
    workshop.add_cell("panel.close()")
    assert workshop.text_of("print(threads())") == "[]"
    assert workshop.stored_errors() == []
    assert workshop.errors == []
