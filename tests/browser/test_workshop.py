"""The workshop itself: a page to which tests add cells."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.actions import choose
from tests.browser.notebook_page import NotebookPage

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def test_an_operator_of_a_cell_is_in_the_menus_at_once(workshop: NotebookPage) -> None:
    workshop.add_cell(
        "from lcm_core.widgets import OperatorMenu, Panel\n"
        "heard = []\n"
        "class MenuPanel(Panel):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.menu = OperatorMenu(self, 'sum', lambda: heard.append(self.menu.label))\n"
        "        self.lay_out([self.menu.widget], [])\n"
        "    def draw(self):\n"
        "        pass\n"
        "panel = MenuPanel()\n"
        "panel"
    )
    shown = workshop.cell_ids[-1]
    workshop.add_cell(
        "from lcm_core.operators import Operator, register\n"
        "@register('difference')\n"
        "class Difference(Operator):\n"
        "    def forward(self, left, right):\n"
        "        return left - right\n"
    )
    choose(workshop.cell(shown), "operator", "difference")
    assert (
        workshop.text_of("print(heard, panel.menu.operator(1).name)") == "['difference'] difference"
    )
    workshop.add_cell("panel.close()")
    expect(workshop.cell(shown).locator("select")).to_have_count(0)
    assert workshop.text_of("print(threads())") == "[]"
    assert workshop.stored_errors() == []
    assert workshop.errors == []
