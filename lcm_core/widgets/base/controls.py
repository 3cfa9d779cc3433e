"""Menus, buttons, rows and widths that panels share."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any, TypeVar

import ipywidgets as widgets

__all__ = ["LockedDropdown", "LockedList", "button", "compact", "menu", "row"]

Control = TypeVar("Control", bound=widgets.DOMWidget)


class Locked(widgets.Widget):
    """Takes no choice from the page while another thread changes the options."""

    def __init__(self, **options: Any):
        self.lock = threading.RLock()
        super().__init__(**options)

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """The state that the page sends."""
        with self.lock:
            super().set_state(sync_data)


class LockedDropdown(Locked, widgets.Dropdown):
    """A menu that a worker may change."""


class LockedList(Locked, widgets.SelectMultiple):
    """A list, of which several can be chosen, that a worker may change."""


def menu(
    title: str,
    options: Sequence[Any],
    value: Any,
    tooltip: str,
    width: str = "230px",
    kind: type[widgets.Dropdown] = widgets.Dropdown,
) -> widgets.Dropdown:
    """A menu whose class on the page is made of its title, such as `lcm-tree`."""
    made = kind(
        options=options,
        value=value,
        description=title,
        tooltip=tooltip,
        layout=widgets.Layout(width=width),
    )
    made.add_class("lcm-" + title.lower().replace(" ", "-"))
    return made


def compact(control: Control, width: int, name: str = "") -> Control:
    """Make a control `width` pixels wide, and its description as wide as its text.

    With a name, its class on the page is `lcm-name`.
    """
    control.style.description_width = "initial"
    control.layout.width = f"{width}px"
    if name:
        control.add_class(f"lcm-{name}")
    return control


def button(text: str, tooltip: str, icon: str = "", primary: bool = False) -> widgets.Button:
    """A button with a class of its own, such as `lcm-start`, for tests and styles.

    One button of a panel is primary: what most readers press first.
    """
    made = widgets.Button(
        description=text,
        tooltip=tooltip,
        icon=icon,
        button_style="primary" if primary else "",
        layout=widgets.Layout(width="auto"),
    )
    made.add_class("lcm-" + text.lower().replace(" ", "-"))
    return made


def row(*children: widgets.Widget) -> widgets.HBox:
    """Controls side by side; they wrap on a narrow page."""
    made = widgets.HBox(
        children, layout=widgets.Layout(flex_flow="row wrap", align_items="center", width="100%")
    )
    made.add_class("lcm-row")
    return made
