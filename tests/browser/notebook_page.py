"""One notebook open in JupyterLab: run it, find its cells, see its errors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
from playwright.sync_api import ConsoleMessage, Locator, Page, expect

KERNEL_IDLE = """() => window.jupyterapp?.shell.currentWidget?.sessionContext
    ?.session?.kernel?.status === 'idle'"""

#: What a FigureWidget logs when it is changed while no view shows it: noise, not an error.
FIGURE_WITHOUT_VIEW = ("Resize must be passed a displayed plot div element",)

#: What plotly's view logs when JupyterLab takes it off the page, before the kernel hears of it,
#: while a drawing is on its way: noise too, allowed only where a cell that draws is run again.
FIGURE_TAKEN_AWAY = tuple(
    f"Error setting state: Cannot read properties of undefined (reading '{what}')"
    for what in ("length", "map")  # of the data that the view has no more
)

#: What anywidget logs when a busy page makes a widget later than after two seconds: it comes all
#: the same. Allowed only where all is on the page in the end.
MADE_LATE = "[anywidget] Failed to initialize model."


class NotebookPage:
    """A notebook in a page of JupyterLab."""

    def __init__(self, page: Page, address: str, path: str, source: Path):
        self.page, self.address, self.path = page, address, path
        self.cell_ids = [cell.id for cell in nbformat.read(source, as_version=4).cells]
        self.errors: list[str] = []
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.errors.append(f"page error: {error}"))

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not any(n in message.text for n in FIGURE_WITHOUT_VIEW):
            self.errors.append(message.text)

    def forget(self, noise: tuple[str, ...]) -> None:
        """Takes errors with exactly these texts off the list."""
        self.errors = [error for error in self.errors if error not in noise]

    def open(self) -> None:
        self.page.goto(f"{self.address}/lab/tree/{self.path}?reset")
        self.page.wait_for_function(KERNEL_IDLE, timeout=60_000)

    def run_all(self) -> None:
        """Returns when every cell has run."""
        self.command("notebook:run-all-cells")

    def reload(self) -> None:
        """Saves, and loads the page again; the kernel goes on."""
        self.command("docmanager:save")
        self.page.reload()
        self.page.wait_for_function(KERNEL_IDLE, timeout=60_000)

    @contextmanager
    def alone(self) -> Iterator[Page]:
        """The page without the file browser; its size is put back."""
        size = self.page.viewport_size
        self.page.evaluate("() => window.jupyterapp.shell.collapseLeft()")
        try:
            yield self.page
        finally:
            self.page.set_viewport_size(size)
            self.page.evaluate("() => window.jupyterapp.shell.expandLeft()")

    def command(self, name: str) -> None:
        self.page.evaluate("name => window.jupyterapp.commands.execute(name)", name)

    def cell(self, cell_id: str) -> Locator:
        """The cell, scrolled to."""
        number = self.cell_ids.index(cell_id)
        self.page.evaluate(
            """async number => {
                const notebook = window.jupyterapp.shell.currentWidget.content;
                notebook.activeCellIndex = number;
                await notebook.scrollToItem(number);
            }""",
            number,
        )
        found = self.page.locator(f".jp-Notebook .jp-Cell[data-windowed-list-index='{number}']")
        expect(found).to_be_visible(timeout=10_000)
        return found

    def run_cell(self, cell_id: str) -> int:
        """Runs one cell and returns its new execution count."""
        self.cell(cell_id)
        return self.page.evaluate(
            """async () => {
                await window.jupyterapp.commands.execute('notebook:run-cell');
                const notebook = window.jupyterapp.shell.currentWidget.content;
                return notebook.activeCell.model.executionCount;
            }"""
        )

    def start_cell(self, cell_id: str, source: str) -> Locator:
        """Gives a cell another source and runs it, without waiting for its end."""
        cell = self.cell(cell_id)
        self.page.evaluate(
            """source => {
                const notebook = window.jupyterapp.shell.currentWidget.content;
                notebook.activeCell.model.sharedModel.setSource(source);
                window.jupyterapp.commands.execute('notebook:run-cell');
            }""",
            source,
        )
        expect(cell.locator(".jp-InputPrompt")).to_have_text("[*]:")
        return cell

    def add_cell(self, source: str) -> Locator:
        """Appends a cell, runs it, and returns it when it has run."""
        cell_id = self.page.evaluate(
            """async source => {
                const notebook = window.jupyterapp.shell.currentWidget.content;
                const model = notebook.model.sharedModel;
                model.insertCell(model.cells.length, {cell_type: "code", source});
                return model.cells[model.cells.length - 1].id;
            }""",
            source,
        )
        self.cell_ids.append(cell_id)
        self.run_cell(cell_id)
        return self.cell(cell_id)

    def remove_cell(self, cell_id: str) -> None:
        """Takes a cell off the page."""
        number = self.cell_ids.index(cell_id)
        self.page.evaluate(
            "n => window.jupyterapp.shell.currentWidget.content.model.sharedModel.deleteCell(n)",
            number,
        )
        self.cell_ids.remove(cell_id)

    def text_of(self, source: str) -> str:
        """What a new cell with this source prints or shows."""
        cell = self.add_cell(source)
        text = cell.locator(".jp-OutputArea-output").first.inner_text(timeout=10_000).strip()
        self.remove_cell(self.cell_ids[-1])
        return text

    def stored_errors(self) -> list[str]:
        """Error outputs and texts on stderr of all cells."""
        return self.page.evaluate(
            """() => {
                const cells = window.jupyterapp.shell.currentWidget.content.model.cells;
                const found = [];
                for (let i = 0; i < cells.length; i++)
                    for (const out of cells.get(i).toJSON().outputs ?? [])
                        if (out.output_type === 'error' || out.name === 'stderr')
                            found.push(out.evalue ?? String(out.text));
                return found;
            }"""
        )
