"""The tree explorer in JupyterLab: by keyboard and mouse, and how fast it answers."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.actions import CAUGHT_UP, LEAST_FRAMES, choose, delays, press, slide, write
from tests.browser.notebook_page import NotebookPage

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

Take = Callable[[Page, str], None]

WIDTHS = (600, 700, 800, 900, 1100, 1400)

#: Counts frames of the page until the button reads Play again; returns frames a second.
COUNT_FRAMES = """panel => new Promise(resolve => {
    const button = panel.querySelector("button.lcm-play");
    let frames = 0, began = null;
    const next = now => {
        if (began === null && button.textContent === "Stop") began = now;
        if (began !== null && button.textContent === "Play")
            return resolve(1000 * frames / (now - began));
        if (began !== null) frames += 1;
        requestAnimationFrame(next);
    };
    requestAnimationFrame(next);
    button.click();
})"""

#: What the picture says of the parts that must not overlap or be cut.
OVERFLOW = """panel => {
    const area = panel.closest(".jp-OutputArea-output");
    const wide = area.scrollWidth - area.clientWidth;
    const parts = [...panel.querySelectorAll(".lcm-view svg text, .lcm-view svg .lcm-mark")];
    const cut = parts.filter(part => {
        const box = part.getBoundingClientRect();
        const around = part.closest("svg").getBoundingClientRect();
        return box.width && (box.left < around.left - 1 || box.right > around.right + 1);
    });
    return [wide, cut.length];
}"""


def text_of(cell: Locator) -> Locator:
    return cell.locator(".lcm-tree-text")


def lead_of(cell: Locator) -> Locator:
    return cell.locator(".lcm-tree-lead")


def names_of(cell: Locator) -> list[str]:
    """Leaves as they stand on the page, from left to right."""
    return cell.locator(".lcm-leaf").evaluate_all(
        """leaves => leaves
            .map(leaf => [leaf.getBoundingClientRect(), leaf.querySelector(".lcm-leaf-name")])
            .map(([box, name]) => [box.left, name.textContent])
            .sort((a, b) => a[0] - b[0]).map(each => each[1])"""
    )


def middle(part: Locator) -> tuple[float, float]:
    box = part.bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def leaf(cell: Locator, name: str) -> Locator:
    return cell.locator(".lcm-leaf", has=cell.page.locator(f"text='{name}'")).first


def set_theme(page: Page, name: str) -> None:
    page.evaluate(
        """name => window.jupyterapp.commands.execute("apputils:change-theme", {theme: name})""",
        name,
    )
    page.wait_for_timeout(1000)  # JupyterLab takes the old style sheet off later


def finish(workshop: NotebookPage, shown: str) -> None:
    """Closes the panel and looks for what it left behind."""
    workshop.add_cell("panel.close()")
    expect(workshop.cell(shown).locator(".lcm-panel")).to_have_count(0)
    assert workshop.text_of("print(threads())") == "[]"
    assert workshop.stored_errors() == []
    assert workshop.errors == []


def test_two_trees_by_keyboard(workshop: NotebookPage, screenshot: Take) -> None:
    cell = workshop.add_cell(
        "panel = TreeExplorer('gru', leaves=8, tree='left', compare='balanced', more=True)\npanel"
    )
    shown = workshop.cell_ids[-1]
    text = text_of(cell)
    expect(text).to_contain_text("Beside it: balanced, depth 3")
    expect(cell.locator(".lcm-delta", has_text="Δ")).to_have_count(6)
    screenshot(workshop.page, "tree-compare")
    told = re.search(r"\{a, b, c, d\}: (\d+\.\d+)", text.inner_text()).group(1)
    expect(cell.locator(".lcm-delta", has_text=f"Δ {told}")).to_have_count(2)
    expect(lead_of(cell)).to_contain_text("apart: they part over {a, b, c, d}")

    choose(cell, "operator", "sum")
    expect(text).to_contain_text("{a, b}: 0; {a, b, c, d}: 0.")
    expect(lead_of(cell)).to_have_text("The two trees give the same answer.")
    choose(cell, "compare", "(none)")
    expect(text).not_to_contain_text("Beside it")
    expect(cell.locator(".lcm-delta", has_text="Δ")).to_have_count(0)

    choose(cell, "operator", "gru")
    choose(cell, "colour", "deviation")
    expect(text).to_contain_text("what the balanced tree makes of the same leaves")
    told = re.search(r"largest (\d+\.\d+) at", text.inner_text()).group(1)
    expect(cell.locator(".lcm-cell", has_text=told).first).to_be_visible()

    choose(cell, "tree", "typed")
    write(cell, "bracketing", "((a b)(c (d e)))")
    expect(text).to_contain_text("Bracketing ((a b)(c (d e)))")
    write(cell, "bracketing", "((a b)(c (d e))")
    alert = cell.locator(".lcm-error [role=alert]")
    expect(alert).to_contain_text("a ')' is missing")
    screenshot(workshop.page, "tree-typed-error")
    write(cell, "bracketing", "(b a)")
    expect(alert).to_have_count(0)
    expect(text).to_contain_text("Depth 1")

    choose(cell, "tree", "left")
    choose(cell, "elements", "typed")
    write(cell, "values", "x: 1, y: 2, z: 3")
    choose(cell, "operator", "sum")
    expect(text).to_contain_text("Root state (6.000)")
    press(cell, "play")
    expect(cell.locator(".lcm-waiting")).not_to_have_count(0)  # it begins with the leaves
    expect(cell.locator(".lcm-waiting")).to_have_count(0)
    expect(text).to_contain_text("Level 2 of 2: made ((x y) z)")
    expect(cell.locator("button.lcm-play")).to_have_text("Play")
    finish(workshop, shown)


def test_leaves_and_brackets_are_moved_by_mouse_and_keyboard(
    workshop: NotebookPage, screenshot: Take
) -> None:
    cell = workshop.add_cell("panel = TreeExplorer('gru', leaves=5, tree='left')\npanel")
    shown, mouse = workshop.cell_ids[-1], workshop.page.mouse
    expect(lead_of(cell)).to_contain_text("The balanced tree gives another answer")
    height = cell.locator(".lcm-panel").bounding_box()["height"]
    (x, y), (to, _) = middle(leaf(cell, "a")), middle(leaf(cell, "d"))
    mouse.move(x, y)
    mouse.down()
    mouse.move(to, y, steps=10)
    workshop.page.wait_for_timeout(250)
    assert names_of(cell) == list("bcdae")  # before the button is released
    expect(cell.locator(".lcm-node").last).to_contain_class("lcm-dragged")  # above all others
    screenshot(workshop.page, "tree-drag")
    mouse.up()
    expect(lead_of(cell)).to_contain_text("The first order gives another answer")
    assert workshop.text_of("panel.order.tolist()") == "[1, 2, 3, 0, 4]"

    cell = workshop.cell(shown)
    first = leaf(cell, "b")
    first.focus()
    first.press("Shift+ArrowRight")
    first.press("Alt+ArrowRight")
    expect(first).to_be_focused()
    workshop.page.wait_for_timeout(400)
    assert names_of(cell) == list("cdbae")
    first.press("ArrowUp")
    focused = cell.locator(".lcm-node:focus")
    expect(focused).to_have_attribute("aria-label", re.compile(r"^\(\(c d\) b\) = "))
    focused.press("Enter")
    expect(cell.locator(".lcm-bracketing input")).to_have_value("(((c d)(b a)) e)")
    expect(cell.locator(".lcm-tree select")).to_have_value("typed")
    expect(focused).to_have_attribute("aria-label", re.compile(r"^\(b a\) = "))
    focused.press("Enter")  # the same bracket, back
    expect(cell.locator(".lcm-bracketing input")).to_have_value("((((c d) b) a) e)")
    workshop.page.wait_for_timeout(400)  # until it has turned
    mouse.click(*middle(focused))
    expect(cell.locator(".lcm-bracketing input")).not_to_have_value("((((c d) b) a) e)")
    more = cell.locator(".lcm-panel").bounding_box()["height"] - height
    assert 0 <= more < 60, "only the field of the bracketing was added"
    cell.get_by_role("button", name="Copy as code").click()
    expect(cell.locator(".lcm-bar code")).to_contain_text("order=[2, 3, 1, 0, 4]")
    finish(workshop, shown)


def test_neighbourhoods_by_mouse(workshop: NotebookPage, screenshot: Take) -> None:
    cell = workshop.add_cell("panel = TreeExplorer('sum', graph='karate', node=5)\npanel")
    shown = workshop.cell_ids[-1]
    nodes, leaves = cell.locator(".lcm-graph .lcm-node"), cell.locator(".lcm-leaf")
    expect(text_of(cell)).to_contain_text("the 4 neighbours of 5 in the karate club")
    expect(leaves).to_have_count(4)
    screenshot(workshop.page, "tree-karate")
    nodes.nth(11).click()
    expect(text_of(cell)).to_contain_text("the one neighbour of 11 in the karate club")
    expect(cell.locator(".lcm-node select option:checked")).to_have_text("11")
    expect(leaves).to_have_count(1)
    nodes.nth(11).press("ArrowRight")
    focused = cell.locator(".lcm-graph .lcm-node:focus")
    name = focused.locator(".lcm-cell").text_content()
    focused.press("Enter")
    expect(cell.locator(".lcm-node select option:checked")).to_have_text(name)
    choose(cell, "node", "0")
    expect(leaves).to_have_count(16)
    screenshot(workshop.page, "tree-karate-0")
    boxes = nodes.locator(".lcm-place").evaluate_all(
        "marks => marks.map(mark => mark.getBoundingClientRect()).map(b => [b.x, b.y, b.width])"
    )
    for i, (x, y, wide) in enumerate(boxes):
        for u, v, other in boxes[:i]:
            far = ((x + wide / 2 - u - other / 2) ** 2 + (y + wide / 2 - v - other / 2) ** 2) ** 0.5
            assert far >= 0.95 * (wide + other) / 2
    finish(workshop, shown)


def test_a_tree_of_255_nodes_keeps_up(workshop: NotebookPage, screenshot: Take) -> None:
    cell = workshop.add_cell("panel = TreeExplorer('gru', leaves=128, more=True)\npanel")
    shown, page = workshop.cell_ids[-1], workshop.page
    expect(text_of(cell)).to_contain_text("Level 7 of 7")
    screenshot(page, "tree-128")
    panel = cell.locator(".lcm-panel")
    times = delays(
        cell,
        ".lcm-view svg",
        lambda turn: slide(cell, "level", "ArrowLeft" if turn % 8 < 4 else "ArrowRight"),
        times=40,
    )
    print(f"slider to picture: median {times[20]:.0f} ms, 95th percentile {times[37]:.0f} ms")
    assert times[37] < CAUGHT_UP, times

    frames = panel.evaluate(COUNT_FRAMES)
    print(f"frames a second while it plays: {frames:.0f}")
    assert frames >= LEAST_FRAMES

    x, y = middle(cell.locator(".lcm-leaf").nth(10))
    to, _ = middle(cell.locator(".lcm-leaf").nth(110))
    page.mouse.move(x, y)
    page.mouse.down()
    for step in range(1, 61):
        page.mouse.move(x + (to - x) * step / 60, y)
    late = panel.evaluate(
        """panel => new Promise(resolve => {
            const began = performance.now();
            const look = () => panel.querySelector(".lcm-stale")
                ? requestAnimationFrame(look) : resolve(performance.now() - began);
            requestAnimationFrame(() => requestAnimationFrame(look));
        })"""
    )
    page.mouse.up()
    print(f"a drag of 60 events: numbers {late:.0f} ms after its end")
    assert late < CAUGHT_UP
    assert workshop.text_of("panel.order.tolist().index(10)") == "110"
    finish(workshop, shown)


def test_it_fits_every_width_and_follows_theme_and_page(workshop: NotebookPage) -> None:
    page, size = workshop.page, workshop.page.viewport_size
    cell = workshop.add_cell(
        "panel = TreeExplorer('gru', leaves=8, tree='left', compare='balanced')\npanel"
    )
    shown = workshop.cell_ids[-1]
    workshop.add_cell("panel")
    cell = workshop.cell(shown)
    panel = cell.locator(".lcm-panel")
    try:
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 760})
            page.wait_for_timeout(400)
            assert panel.evaluate(OVERFLOW) == [0, 0], f"{width} px"
    finally:
        page.set_viewport_size(size)
    mark = workshop.cell(shown).locator(".lcm-mark").first
    expect(mark).to_be_visible()
    before = mark.evaluate("mark => getComputedStyle(mark).stroke")
    set_theme(page, "JupyterLab Dark")
    expect(mark).not_to_have_css("stroke", before)
    set_theme(page, "JupyterLab Light")
    expect(mark).to_have_css("stroke", before)
    first = leaf(cell, "a")
    first.focus()
    first.press("Shift+ArrowRight")
    other = workshop.cell(workshop.cell_ids[-1])
    page.wait_for_timeout(600)
    assert names_of(other)[:8] == list("bacdefgh")  # the second view of the same panel
    finish(workshop, shown)
