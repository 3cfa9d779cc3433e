"""The law explorer in a real browser: every view, by keyboard and mouse."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.actions import CAUGHT_UP, LEAST_FRAMES, choose, press
from tests.browser.notebook_page import NotebookPage

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

Take = Callable[[Page, str], None]

WIDTHS = (600, 700, 800, 900, 1100, 1400)

#: Notes when the pointer was let go and when the sentence changed last; counts frames.
WATCH = """cell => {
    const watched = window.lcmWatched = { up: 0, said: 0, frames: [] };
    cell.addEventListener("pointerup", () => { watched.up = performance.now(); }, true);
    new MutationObserver(() => { watched.said = performance.now(); }).observe(
        cell.querySelector(".lcm-laws-sentence"),
        { childList: true, subtree: true, characterData: true });
    const frame = (now) => { watched.frames.push(now); requestAnimationFrame(frame); };
    requestAnimationFrame(frame);
}"""


def drag(area: Locator, begin: tuple[float, float], end: tuple[float, float]) -> None:
    """Drags over an element in 60 events, between these shares of its width and height."""
    area.scroll_into_view_if_needed()
    box = area.bounding_box()
    assert box is not None
    at = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in (begin, end)]
    mouse = area.page.mouse
    mouse.move(*at[0])
    mouse.down()
    mouse.move(*at[1], steps=60)
    mouse.up()


def caught_up(cell: Locator) -> tuple[float, float]:
    """Milliseconds from letting go to the last change of the sentence; frames a second."""
    cell.page.wait_for_timeout(700)
    late, frames = cell.page.evaluate(
        """() => {
            const { up, said, frames } = window.lcmWatched;
            const during = frames.filter((each) => each <= up);
            const last = during.slice(-30);
            return [said - up, 1000 * (last.length - 1) / (last.at(-1) - last[0])];
        }"""
    )
    return late, frames


def test_a_pair_is_dragged_and_both_sides_follow(workshop: NotebookPage, screenshot: Take) -> None:
    cell = workshop.add_cell("panel = LawExplorer(('sum', 'gru'), channels=4)\npanel")
    shown = workshop.cell_ids[-1]
    expect(cell.locator(".js-plotly-plot")).to_have_count(0)
    expect(cell.locator(".lcm-pair-error").first).to_have_text("0 s")
    before = cell.locator(".lcm-pair-error").nth(1).text_content()
    screenshot(workshop.page, "law-pair")
    cell.evaluate(WATCH)
    drag(cell.locator(".lcm-pair-handle").nth(2), (0.5, 0.5), (3.0, -1.5))  # x of gru
    late, frames = caught_up(cell)
    assert late <= CAUGHT_UP
    assert frames >= LEAST_FRAMES
    errors = "print(*(f'{each.error:.3g} s' for each in panel.stage.apart.values()))"
    places = "print(panel.stage.points[0])"
    after, place = workshop.text_of(errors), workshop.text_of(places)
    assert place != "(-1.4, 0.8)"
    assert after != f"0 s {before}"
    cell = workshop.cell(shown)
    expect(cell.locator(".lcm-pair-error").nth(1)).to_have_text(after.removeprefix("0 s "))
    expect(cell.locator(".lcm-laws-sentence")).to_contain_text(
        f"{after.removeprefix('0 s ')} apart for gru"
    )

    # The same by keyboard; the handle in the other column is where this one is.
    handle = cell.locator(".lcm-pair-handle").first
    handle.focus()
    for _ in range(3):
        handle.press("Shift+ArrowDown")
    expect(handle).to_be_focused()
    transforms = [
        cell.locator(".lcm-pair-handle").nth(i).get_attribute("transform") for i in (0, 2)
    ]
    assert transforms[0].split()[1] == transforms[1].split()[1]
    assert workshop.text_of(places) != place
    cell = workshop.cell(shown)

    # Other laws have other states; a reloaded page shows the same.
    choose(cell, "law", "associativity")
    expect(cell.locator(".lcm-pair-handle")).to_have_count(6)
    expect(cell.locator(".lcm-laws-sentence")).to_contain_text(
        re.compile(r"\(x ⊕ y\) ⊕ z and x ⊕ \(y ⊕ z\) are [\d.e−-]+ s apart")
    )
    said = cell.locator(".lcm-laws-sentence").inner_text()
    workshop.reload()
    cell = workshop.cell(shown)
    expect(cell.locator(".lcm-pair-handle")).to_have_count(6)
    expect(cell.locator(".lcm-laws-sentence")).to_have_text(said)
    end(workshop)


def test_the_mark_of_a_map_keeps_up(workshop: NotebookPage, screenshot: Take) -> None:
    cell = workshop.add_cell(
        "panel = LawExplorer(('sum', 'gru', 'symmetrized_gru'), view='map', law='associativity')\n"
        "panel"
    )
    shown = workshop.cell_ids[-1]
    expect(cell.locator(".lcm-view image")).to_have_count(3)
    screenshot(workshop.page, "law-map")
    cell.evaluate(WATCH)
    drag(cell.locator(".lcm-map-area").nth(1), (0.5, 0.5), (0.2, 0.1))
    late, frames = caught_up(cell)
    assert late <= CAUGHT_UP
    assert frames >= LEAST_FRAMES
    said = workshop.text_of(
        "print(panel.stage.probe, f'{panel.stage.probes[\"gru\"].value:.3g} s for gru')"
    )
    assert said.startswith("(-1.8, 2.4)")
    cell = workshop.cell(shown)
    expect(cell.locator(".lcm-laws-sentence")).to_contain_text(said.split(") ")[1])
    expect(cell.locator(".lcm-pair-error").nth(1)).to_have_text(said.split(") ")[1][:-8])
    mark = cell.locator(".lcm-map-mark").first
    mark.focus()
    mark.press("Home")
    expect(mark).to_have_attribute("aria-valuenow", "-3.0")
    cell.locator(".lcm-bar-more").click()
    expect(cell.locator(".lcm-laws-text")).to_contain_text("At u = -3.0 σ, v = +2.4 σ")
    end(workshop)


def test_charts_searches_and_what_cannot_be_shown(workshop: NotebookPage, screenshot: Take) -> None:
    page = workshop.page
    cell = workshop.add_cell(
        "panel = LawExplorer(('sum', 'gru', 'symmetrized_gru'), channels=4, more=True)\npanel"
    )
    shown = workshop.cell_ids[-1]
    press(cell, "search-worst-case")
    expect(cell.locator(".lcm-search-status")).to_contain_text("search done", timeout=30_000)
    text = cell.locator(".lcm-laws-text")
    expect(text.locator(".lcm-worst summary")).to_be_visible()
    expect(cell.locator("button.lcm-stop-search")).to_be_disabled()
    press(cell, "search-worst-case")
    expect(cell.locator("button.lcm-stop-search")).to_be_enabled()
    press(cell, "stop-search")
    expect(cell.locator(".lcm-search-status")).to_contain_text("search stopped", timeout=10_000)

    choose(cell, "view", "means")
    expect(cell.locator(".js-plotly-plot .ytick")).to_have_count(16)
    screenshot(page, "law-means")
    said = workshop.text_of(
        "e = panel.reports['gru']['associativity']\n"
        "print(f'{e.mean:.3g}', f'{e.ci_low:.3g} to {e.ci_high:.3g}', f'{e.p95:.3g}')"
    )
    cell = workshop.cell(shown)
    row = cell.locator(".lcm-table tr", has_text="gru").filter(has_text="associativity").nth(0)
    mean, _, _, _, p95 = said.split()
    for number in (mean, said.removeprefix(mean).removesuffix(p95).strip(), p95):
        expect(row.get_by_text(number, exact=True).first).to_be_visible()

    choose(cell, "view", "distributions")
    expect(cell.locator(".js-plotly-plot .legendtext", has_text="95th percentile")).to_be_visible()
    screenshot(page, "law-distributions")
    cell.locator(".lcm-log-scale input").check()
    expect(cell.locator(".js-plotly-plot .xtick").first).to_be_visible()

    choose(cell, "population", "encoded")
    alert = cell.locator(".lcm-error [role=alert]")
    expect(alert).to_contain_text("the elements that the encoder of a task puts out")
    expect(cell.locator(".js-plotly-plot")).to_be_hidden()
    choose(cell, "population", "closure")
    expect(alert).to_have_count(0)
    expect(cell.locator(".lcm-laws-text")).to_contain_text("512 reductions of random subsets")
    end(workshop)


def test_figures_follow_the_width_in_every_view(workshop: NotebookPage) -> None:
    page = workshop.page
    cell = workshop.add_cell(
        "panel = LawExplorer(('sum', 'gru', 'max', 'mean'), samples=200)\npanel"
    )
    with any_size(page):
        for view in ("means", "map", "distributions", "pair", "means"):
            choose(cell, "view", view)
            for width in WIDTHS:
                page.set_viewport_size({"width": width, "height": 700})
                assert fits(cell.locator(".lcm-panel")), (view, width)
    end(workshop)


def test_a_click_on_a_compared_operator_opens_it_elsewhere(
    workshop: NotebookPage, screenshot: Take
) -> None:
    cell = workshop.add_cell(
        "import tempfile, pathlib\n"
        "from lcm_core.training import Recipe, Trainer\n"
        "folder = pathlib.Path(tempfile.mkdtemp())\n"
        "small = 'bits=4 channels=6 steps=4 batch_size=4 log_every=1 eval_splits=none readout='\n"
        "for name in ('symmetrized_gru', 'gru', 'sum'):\n"
        "    trainer = Trainer(Recipe.parse(small + name))\n"
        "    list(trainer.records())\n"
        "    trainer.save(folder / f'{name}.pt')\n"
        "many = CompareOperators(folder)\nmany"
    )
    shown = workshop.cell_ids[-1]
    expect(cell.locator(".lcm-compare-table tbody tr")).to_have_count(3)
    expect(cell.locator(".lcm-compare-dot")).to_have_count(3)
    cell.get_by_role("button", name="associativity").click()
    expect(cell.locator("[aria-sort=ascending]")).to_have_text("associativity ↑")
    expect(cell.locator(".lcm-compare-table tbody th").first).to_have_text("sum.pt")
    name = cell.get_by_role("button", name="sum.pt")
    name.focus()
    name.press("ArrowDown")
    workshop.page.keyboard.press("Enter")
    expect(cell.locator(".lcm-compare-chosen")).to_have_count(1)
    chosen = workshop.text_of("print(many.chosen)")
    assert chosen in ("gru.pt", "symmetrized_gru.pt")
    screenshot(workshop.page, "law-compare")
    workshop.add_cell("laws = LawExplorer('compared')\nlaws")
    assert workshop.text_of("print(laws.subjects['compared'].operator.name)") == chosen[:-3]
    cell = workshop.cell(shown)
    cell.locator(".lcm-compare-table td").first.click()
    expect(cell.locator(".lcm-compare-sentence")).to_contain_text("sum.pt is in all menus")
    assert workshop.text_of("print(laws.subjects['compared'].operator.name)") == "sum"
    workshop.add_cell("many.close()\nlaws.close()")
    assert workshop.text_of("print(threads())") == "[]"
    assert workshop.stored_errors() == []
    assert workshop.errors == []


def test_it_follows_what_is_offered(workshop: NotebookPage) -> None:
    workshop.add_cell(
        "operator_catalog.offer('live', lcm_core.make_operator('gru', 3))\n"
        "panel = LawExplorer(('sum', 'live'))\npanel"
    )
    shown = workshop.cell_ids[-1]
    error = "print(f'{panel.stage.apart[\"live\"].error:.3g} s')"
    before = workshop.text_of(error)
    number = workshop.cell(shown).locator(".lcm-pair-error").nth(1)
    expect(number).to_have_text(before)
    workshop.add_cell("operator_catalog.offer('live', lcm_core.make_operator('gru', 3))")
    workshop.remove_cell(workshop.cell_ids[-1])
    after = workshop.text_of(error)
    assert after != before
    expect(workshop.cell(shown).locator(".lcm-pair-error").nth(1)).to_have_text(after)
    workshop.add_cell("operator_catalog.withdraw('live')")
    end(workshop)


def fits(panel: Locator, seconds: float = 8) -> bool:
    """Whether the figure soon is as wide as the panel, and nothing wider than the cell."""
    for _ in range(round(seconds / 0.1)):
        over, *widths = panel.evaluate(
            """panel => {
                const area = panel.closest(".jp-OutputArea-output");
                const widths = [...panel.querySelectorAll(".main-svg, .lcm-view > svg")]
                    .map((each) => each.getBoundingClientRect().width).filter(Boolean);
                const over = area.scrollWidth - area.clientWidth;
                return [over, ...widths.map((each) => each / panel.clientWidth)];
            }"""
        )
        if over <= 0 and widths and all(0.95 < each <= 1.001 for each in widths):
            return True
        panel.page.wait_for_timeout(100)
    print("does not fit:", over, widths)
    return False


@contextmanager
def any_size(page: Page) -> Iterator[None]:
    size = page.viewport_size
    try:
        yield
    finally:
        if size is not None:
            page.set_viewport_size(size)


def end(workshop: NotebookPage) -> None:
    """Closes the panel: nothing is left of it, in the kernel or on the page."""
    workshop.add_cell("panel.close()")
    assert workshop.text_of("print(threads())") == "[]"
    assert workshop.stored_errors() == []
    assert workshop.errors == []
