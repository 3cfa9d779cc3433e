"""The button *Your data…*, and the section that it unfolds."""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets as widgets

from lcm_core.widgets.base.controls import button
from lcm_core.widgets.base.ipykernel_inside import answer_while_cells_run
from lcm_core.widgets.base.panel import Panel
from lcm_core.widgets.training.your_data.section import Section

__all__ = ["YourData"]


class YourData:
    """A button that unfolds a section, which is made when it is first wanted.

    Its parts are 90 widgets, which most readers of a panel never look at.

    Args:
        panel: whose section it is.
        on_use: called with the name of the task, when the reader wants to train on a file.

    Attributes:
        button: to be placed beside the menu of tasks.
        box: the section, hidden until it is opened.
        section: what is in it; None before.
    """

    def __init__(self, panel: Panel, on_use: Callable[[str], object]):
        self._panel, self._on_use = panel, on_use
        self.section: Section | None = None
        self.button = button(
            "Your data…", "train on a table of molecules or sets, or on graphs, from a file"
        )
        self.button.add_class("lcm-own-data")
        self.button.on_click(panel.guard(lambda _: self._toggle()))
        self.box = widgets.VBox(layout=widgets.Layout(width="100%", display="none"))
        self.box.add_class("lcm-your-data")

    def _toggle(self) -> None:
        if self.section is None:
            self.section = Section(self._panel, self._use)
            self.box.children = self.section.rows_of_parts
            answer_while_cells_run(self.section.controls)
        if self.box.layout.display == "none":
            self.box.layout.display = ""
            self.section.begin()
        else:
            self.box.layout.display = "none"

    def _use(self, task: str) -> None:
        self._on_use(task)
        self.box.layout.display = "none"
