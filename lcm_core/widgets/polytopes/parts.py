"""Controls of the explorers of bracketings and orders, with their widths and classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import ipywidgets as widgets

from lcm_core.figures.polytope import SCALES

Control = TypeVar("Control", bound=widgets.DOMWidget)


def compact(control: Control, width: int, name: str = "") -> Control:
    """Makes a control this many pixels wide, its description as wide as its text; with a name, its
    class on the page is `lcm-name`.
    """
    control.style.description_width = "initial"
    control.layout.width = f"{width}px"
    if name:
        control.add_class(f"lcm-{name}")
    return control


def size_menu(sizes: Sequence[int], n: int) -> widgets.Dropdown:
    """How many elements there are."""
    made = widgets.Dropdown(
        options=sizes, value=n, description="Elements", tooltip="elements in the set"
    )
    return compact(made, 120, "elements")


def seed_box(seed: int) -> widgets.BoundedIntText:
    """The seed."""
    made = widgets.BoundedIntText(
        value=seed, min=0, max=10**6, description="Seed", tooltip="of the values and weights"
    )
    return compact(made, 110, "seed")


def vertex_menu() -> widgets.Dropdown:
    """The chosen vertex; without a description until there is a shape."""
    return compact(widgets.Dropdown(tooltip="whose tree is drawn"), 250, "vertex")


def angle_slider(description: str, low: int, high: int, tooltip: str) -> widgets.IntSlider:
    """An angle, in degrees."""
    made = widgets.IntSlider(
        min=low, max=high, step=5, description=description, tooltip=tooltip, readout=False
    )
    return compact(made, 170, description.lower())


def scale_menu() -> widgets.Dropdown:
    """The scale of the colours."""
    made = widgets.Dropdown(
        options=SCALES, description="Colours", tooltip="what the brightest colour stands for"
    )
    return compact(made, 200, "colours")
