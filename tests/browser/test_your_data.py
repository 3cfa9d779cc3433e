"""*Your data…* in JupyterLab: an upload, what was understood, a trained model; by keyboard."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.actions import choose, press, state_is, write
from tests.browser.notebook_page import NotebookPage

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

Take = Callable[[Page, str], None]

ENDS = ("", "O", "N", "F", "Cl", "Br")
ROWS = [
    f"C1{'C' * n}C1{end};{n / 3 + len(end):.2f}".replace(".", ",") + f";{('ja', 'nein')[n % 2]}"
    for n in range(1, 11)
    for end in ENDS
]
TABLE = "\r\n".join(["Struktur;Löslichkeit;giftig", *ROWS, "c1ccccc;1,0;ja", "CCO;n. b.;nein"])


def test_a_table_of_ones_own_is_uploaded_understood_and_trained(
    workshop: NotebookPage, tmp_path: Path, screenshot: Take
) -> None:
    page = workshop.page
    size = page.viewport_size
    mine = tmp_path / "messung.csv"
    mine.write_bytes(TABLE.encode("latin-1"))
    cell = workshop.add_cell(
        "panel = TrainingPanel('task=second_minimum bits=4 channels=8 steps=20 batch_size=16 "
        "log_every=5 eval_every=20')\npanel"
    )
    press(cell, "own-data")
    expect(cell.get_by_label("Data file")).to_be_focused()
    expect(cell.locator("button.lcm-use-it")).to_be_disabled()

    # From the reader's computer: the file lies beside the notebook.
    cell.get_by_label("Upload a file").set_input_files(mine)
    summary = cell.locator(".lcm-data-summary")
    expect(summary).to_contain_text("60 of 62 rows can be trained on (train 48, validation 6")
    expect(summary).to_contain_text("Latin-1; delimiter: semicolon")
    expect(cell.locator(".lcm-first-rows tbody tr")).to_have_count(10)
    assert workshop.text_of("print(open('messung.csv', 'rb').read().decode('latin-1')[:8])") == (
        "Struktur"
    )
    cell = workshop.cell(workshop.cell_ids[-1])
    choose(cell, "split", "by scaffold")
    expect(summary).to_contain_text("too few for a scaffold split")
    expect(cell.locator("button.lcm-use-it")).to_be_disabled()
    choose(cell, "split", "at random")
    choose(cell, "target", "giftig")
    expect(summary).to_contain_text("giftig (yes or no)")
    expect(cell.locator(".lcm-data-left-out li")).to_have_count(0)  # one row alone
    expect(cell.locator(".lcm-data-left-out")).to_contain_text("line 62: 'c1ccccc'")
    for width, height in ((1300, 1000), (900, 560)):
        page.set_viewport_size({"width": width, "height": height})
        cell.locator(".lcm-your-data").scroll_into_view_if_needed()
        scrolled = cell.locator(".jp-OutputArea-output").first.evaluate(
            "area => area.scrollWidth - area.clientWidth"
        )
        assert scrolled <= 0
        screenshot(page, f"your_data_{width}")
    page.set_viewport_size(size)

    # Another of that name is not written over without a question.
    mine.write_text("smiles,y\nCCO,1\n")
    cell.get_by_label("Upload a file").set_input_files(mine)
    expect(cell.locator(".lcm-file-question")).to_contain_text("There is another messung.csv")
    screenshot(page, "your_data_question")
    press(cell, "keep-both")
    expect(cell.get_by_label("Data file")).to_have_value("messung-2.csv")
    write(cell, "data-file", "messung.csv")
    expect(cell.locator("button.lcm-use-it")).to_be_enabled()
    press(cell, "use-it")
    expect(cell.locator(".lcm-your-data")).to_be_hidden()
    expect(cell.locator(".lcm-task select")).to_have_value(re.compile("messung.csv"))
    press(cell, "start")
    state_is(cell, "finished")
    assert workshop.text_of("print(len(panel.trainer.task), panel.recipe.task)").startswith(
        "60 csv:messung.csv?split=random"
    )
    workshop.add_cell("import os; os.remove('messung.csv'); os.remove('messung-2.csv')")
    assert workshop.errors == []
    assert workshop.stored_errors() == []
