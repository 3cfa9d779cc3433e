"""The start page in JupyterLab: the path, what is solved, and links that open notebooks."""

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import NOTEBOOKS, opened

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

SOLVE = """from lcm_core.exercises import check_bracketing

check_bracketing("((a (b c))(d e))")"""
RESTART = "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()"


def test_the_start_page_remembers_what_is_solved_and_leads_on(chromium: Browser, lab: str) -> None:
    with opened(chromium, lab, "index.ipynb", NOTEBOOKS) as notebook:
        table = notebook.cell("progress").locator("table")
        expect(table.locator("tbody tr")).to_have_count(13)
        row = table.locator("tbody tr").nth(2)
        expect(row).to_contain_text("0 of 4")
        expect(notebook.add_cell(SOLVE)).to_contain_text("Passed.")
        notebook.page.evaluate(RESTART)
        notebook.run_cell("progress")
        expect(row).to_contain_text("1 of 4")
        row.locator("a").click()
        expect(
            notebook.page.locator(".lm-TabBar-tabLabel", has_text="02_reduction")
        ).to_be_visible()
        assert notebook.errors == []
