"""Menus that a worker fills and the reader chooses from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets as widgets

from lcm_core.widgets.base.controls import LockedDropdown, LockedList, menu

__all__ = ["Choice", "Guard", "ListChoice"]

Guard = Callable[[Callable[..., object]], Callable[..., None]]


class Choice:
    """A menu of texts; it calls back for what the reader chooses, and for that alone.

    Args:
        title: of the menu.
        tooltip: what it is for.
        guard: wraps the callback.
        on_change: called after a choice.
    """

    def __init__(self, title: str, tooltip: str, guard: Guard, on_change: Callable[[], object]):
        self.widget: Any = self._make(title, tooltip)
        self._shown: Any = self.widget.value

        def changed(change: Any) -> None:
            if change["new"] != self._shown:
                self._shown = change["new"]
                on_change()

        self.widget.observe(guard(changed), names="value")

    def _make(self, title: str, tooltip: str) -> widgets.Widget:
        return menu(title, [("", "")], "", tooltip, "auto", LockedDropdown)

    @property
    def value(self) -> Any:
        """What is chosen."""
        return self.widget.value

    def show(self, options: Sequence[tuple[str, str]], value: Any) -> None:
        """Offer options, and choose one of them, without calling back."""
        with self.widget.lock, self.widget.hold_sync():
            if tuple(options) != self.widget.options:
                self._shown = self._first(options)
                self.widget.options = options  # which chooses the first
            self._shown = value
            self.widget.value = value

    def _first(self, options: Sequence[tuple[str, str]]) -> Any:
        return options[0][1]

    def display(self, shown: bool) -> None:
        """Show or hide it."""
        self.widget.layout.display = "" if shown else "none"


class ListChoice(Choice):
    """A list of texts of which several can be chosen: their tuple is its value."""

    def _make(self, title: str, tooltip: str) -> widgets.Widget:
        layout = widgets.Layout(width="auto")
        made = LockedList(description=title, tooltip=tooltip, rows=5, layout=layout)
        made.add_class("lcm-" + title.lower().replace(" ", "-"))
        return made

    def _first(self, options: Sequence[tuple[str, str]]) -> Any:
        return ()
