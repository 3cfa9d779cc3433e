"""The playground in a real browser: typed formulas, sliders, clicks, and explorers that follow."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.actions import choose, press, slide, write
from tests.browser.notebook_page import FIGURE_TAKEN_AWAY, NotebookPage

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

Take = Callable[[Page, str], None]


def places(cell: Locator) -> dict[str, float]:
    """x, y and z, and the four results, as the sentence below the pictures says them."""
    text = cell.locator(".lcm-place-text").inner_text().replace("−", "-")
    found = re.findall(r"(x|y|z|x ⊕ y|y ⊕ x) = (-?[\d.]+)", text)
    return {name: float(value.rstrip(".")) for name, value in found}


def test_a_formula_is_typed_turned_clicked_and_followed(
    workshop: NotebookPage, screenshot: Take
) -> None:
    page = workshop.page
    workshop.add_cell("play = OperatorPlayground('x + y + a*x*y', a=0.5)\nplay")
    playground = workshop.cell_ids[-1]
    workshop.add_cell("tree = TreeExplorer('playground', leaves=4, tree='left')\ntree")
    explorer = workshop.cell_ids[-1]
    expect(workshop.cell(explorer).locator(".lcm-tree-text")).to_contain_text("the same answer")

    cell = workshop.cell(playground)
    words = cell.locator(".lcm-laws-in-words")
    expect(cell.locator(".js-plotly-plot .main-svg").first).to_be_visible()
    expect(words).to_contain_text("A commutative monoid")
    screenshot(page, "playground")

    slide(cell, "parameter-a", "ArrowRight", times=2)
    expect(cell.locator(".lcm-formula-recipe")).to_contain_text("a=0.6")
    slide(cell, "place-x", "Home")
    expect(cell.locator(".lcm-place-text")).to_contain_text("At x = −3, y = 1")
    assert places(cell)["x ⊕ y"] == pytest.approx(-3 + 1 + 0.6 * -3 * 1)

    write(cell, "formula", "x - a*y")
    expect(words).to_contain_text("broken at x = 0, y = 1: x ⊕ y = −0.6, but y ⊕ x = 1")
    expect(cell.locator(".lcm-parameter-a")).to_be_visible()
    press(cell, "counter-example")
    expect(cell.locator(".lcm-place-text")).to_contain_text("At x = 0, y = 1")

    cell.locator(".js-plotly-plot .nsewdrag").first.click()  # the middle of the first picture
    expect(cell.locator(".lcm-place-text")).to_contain_text("At x = 0, y = 0")
    drawn = workshop.text_of(
        "[float(play._figure.widget.data[1].x[0]), float(play._figure.widget.data[1].y[0]), "
        "float(abs(play._figure.widget.data[0].z - play.values).max())]"
    )
    assert drawn == "[0.0, 0.0, 0.0]"
    expect(workshop.cell(explorer).locator(".lcm-tree-text")).to_contain_text("another answer")

    cell = workshop.cell(playground)
    write(cell, "formula", "x.__class__")
    message = cell.locator(".lcm-formula-message")
    expect(message).to_contain_text("'.' at column 2 is refused: a formula has no attributes")
    expect(message).to_contain_text("The last one stays: x-a*y")
    screenshot(page, "playground-refused")
    choose(cell, "examples", "max(x, y)")
    expect(message).to_have_text("")
    expect(words).to_contain_text("e = −∞")
    expect(cell.locator(".lcm-parameter-a")).to_have_count(0)

    workshop.run_cell(playground)  # its label goes over to the new panel
    expect(workshop.cell(playground).locator(".lcm-formula-recipe")).to_contain_text("playground.")
    workshop.add_cell("tree.close(); play.close()")
    expect(workshop.cell(playground).locator(".js-plotly-plot")).to_have_count(0)
    assert workshop.text_of("print(threads(), list(operator_catalog.entries()))") == "[] []"
    workshop.forget(FIGURE_TAKEN_AWAY)
    assert workshop.stored_errors() == []
    assert workshop.errors == []


def test_an_operator_of_a_cell_is_judged_offered_and_replaced(
    workshop: NotebookPage, screenshot: Take
) -> None:
    workshop.add_cell("laws = LawExplorer(('sum',), channels=3, more=True)\nlaws")
    explorer = workshop.cell_ids[-1]
    source = "@offer_operator\ndef of_a_cell(x, y):\n    return {}\n"
    cell = workshop.add_cell(source.format("(x + y)/2"))
    expect(cell.locator(".jp-OutputArea-output")).to_contain_text(
        "(x ⊕ y) ⊕ z = 0.5, but x ⊕ (y ⊕ z) = 0.25"
    )
    screenshot(workshop.page, "playground-cell")
    choose(workshop.cell(explorer), "operator-2", "of_a_cell")
    ask = "print(laws.error, f\"{laws.reports['of_a_cell']['associativity'].mean:.3f}\")"
    assert float(workshop.text_of(ask)) > 0.1
    workshop.add_cell(source.format("x + y + x*y"))
    assert float(workshop.text_of(ask)) == 0
    workshop.add_cell("laws.close()")
    expect(workshop.cell(explorer).locator(".js-plotly-plot")).to_have_count(0)
    assert workshop.text_of("print(threads())") == "[]"
    workshop.forget(FIGURE_TAKEN_AWAY)
    assert workshop.stored_errors() == []
    assert workshop.errors == []
