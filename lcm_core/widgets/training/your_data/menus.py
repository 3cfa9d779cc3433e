"""The menus in which the reader says what is in which column."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import ipywidgets as widgets

from lcm_core.tasks import DataPreview
from lcm_core.tasks.addresses import read_address
from lcm_core.widgets.training.your_data.choice import Choice, Guard, ListChoice
from lcm_core.widgets.training.your_data.offers import SEVERAL, missing, offers, row_of, said_by

__all__ = ["Menus"]

TITLES = {
    "rows": ("A row is", "what a row of the file stands for"),
    "smiles": ("Molecules", "the column of SMILES strings"),
    "elements": ("Elements", "the column that holds the lists"),
    "group": ("Belongs to", "the column that says which set or graph a row belongs to"),
    "level": ("Target of", "whether each node has a target, or each graph"),
    "target": ("Target", "the column that is to be learned"),
    "kind": ("Kind", "yes or no, a number, or one of several classes"),
    "split": ("Split", "which items are for training, validation and test"),
}


class Menus:
    """What was found in a file, and what is said instead.

    Args:
        guard: wraps callbacks.
        on_change: called when the reader has said something.

    Attributes:
        by_name: menus, in the order of a row.
        all: to be placed in a row.
    """

    def __init__(self, guard: Guard, on_change: Callable[[], object]):
        self._on_change = on_change
        self._found: DataPreview | None = None
        self._said: Mapping[str, Any] = {}
        self.by_name = {
            name: Choice(title, tooltip, guard, self._changed)
            for name, (title, tooltip) in TITLES.items()
        }
        self.targets = ListChoice("Targets", "hold Ctrl or ⌘ for several", guard, self._changed)
        self.nodes = _text("Nodes", "nodes.csv", "the table with the nodes of these edges")
        self.options = _text(
            "Options", "encoding=latin-1", "what else can be said; docs/your_data.md has all"
        )
        self._texts = {"nodes": "", "options": ""}
        for name in self._texts:
            text = getattr(self, name)
            text.observe(guard(lambda change, name=name: self._typed(name, change)), names="value")
        self.forget()

    @property
    def all(self) -> list[widgets.Widget]:
        """In the order of a row."""
        menus = {name: choice.widget for name, choice in self.by_name.items()}
        rows, smiles, *others = menus.values()
        return [rows, smiles, self.nodes, *others, self.targets.widget, self.options]

    @property
    def chosen(self) -> dict[str, Any]:
        """The value of each menu."""
        chosen = {name: choice.value for name, choice in self.by_name.items()}
        return {
            **chosen,
            "targets": self.targets.value,
            "nodes": self.nodes.value,
            "options": self.options.value,
        }

    @property
    def missing(self) -> str:
        """What must be chosen first, in a sentence, or ""."""
        return missing(self.chosen)

    def said(self) -> dict[str, Any]:
        """Options for `preview_data`.

        Raises:
            ValueError: a further option is wrong.
        """
        return said_by(self.chosen)

    def forget(self) -> None:
        """Nothing is known of a file."""
        self._found = None
        self.by_name["target"].show([("", "")], "")  # not several
        self.targets.show([], ())
        self._display({})

    def show(self, found: DataPreview, said: Mapping[str, Any], row: str | None = None) -> None:
        """Offer the columns of a file, with what was found and what is said.

        Args:
            found: of the file.
            said: options that the reader gave.
            row: what a row is; None takes it from the preview.
        """
        self._found, self._said = found, said
        row = row_of(read_address(found.task)) if row is None else row
        several = self.by_name["target"].value == SEVERAL
        self._display(offers(found, said, row, several))

    def _display(self, offered: dict[str, Any]) -> None:
        for name, choice in {**self.by_name, "targets": self.targets}.items():
            choice.display(name in offered)
            if name in offered:
                choice.show(*offered[name])
        for name in self._texts:
            text = getattr(self, name)
            text.layout.display = "" if name in offered else "none"
            if name in offered:
                self._texts[name] = text.value = offered[name].value

    def _typed(self, name: str, change: Any) -> None:
        if change["new"] != self._texts[name]:
            self._texts[name] = change["new"]
            self._changed()

    def _changed(self) -> None:
        """The menus that go with what was chosen, before anything is read."""
        if self._found is not None and self.missing:
            self.show(self._found, self._said, self.by_name["rows"].value)
        self._on_change()


def _text(title: str, example: str, tooltip: str) -> widgets.Text:
    made = widgets.Text(
        description=title,
        placeholder=example,
        tooltip=tooltip,
        continuous_update=False,
        layout=widgets.Layout(width="260px"),
    )
    made.add_class(f"lcm-{title.lower()}")
    return made
