"""The sliders of the playground: of the parameters of a formula, and of x, y and z."""

from __future__ import annotations

import ipywidgets as widgets


def parameter_slider(name: str, value: float) -> widgets.FloatSlider:
    """From -3 to 3, or as far as its first value."""
    slider = widgets.FloatSlider(
        value=value,
        min=min(-3.0, value),
        max=max(3.0, value),
        step=0.05,
        description=name,
        tooltip=f"the parameter {name} of the formula",
    )
    slider.add_class(f"lcm-parameter-{name}")
    return slider


def place_slider(name: str, value: float, low: float, high: float) -> widgets.FloatSlider:
    """As long as the axes; it begins at the value, or at the end that is nearest to it."""
    slider = widgets.FloatSlider(
        value=min(max(value, low), high),
        min=low,
        max=high,
        step=(high - low) / 120,
        description=name,
        tooltip=f"the number {name} in the sentence below",
        readout_format=".3g",
        style={"description_width": "20px"},
        layout=widgets.Layout(width="240px"),
    )
    slider.add_class(f"lcm-place-{name}")
    return slider
