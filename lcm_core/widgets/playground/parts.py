"""The parts of the playground: the numbers of its pictures, its sentence, and its sliders."""

from __future__ import annotations

import ipywidgets as widgets
import numpy as np
import torch
from torch import Tensor

from lcm_core.laws.measure import difference
from lcm_core.laws.wording import LETTERS, number
from lcm_core.operators import FormulaOperator
from lcm_core.rounding import FORMULA

__all__ = ["parameter_slider", "pictures", "place_slider", "sentence"]

#: Beyond this size, the two sides of associativity cannot be told apart.
TOO_LARGE = 1e6


def pictures(operator: FormulaOperator, axis: np.ndarray, z: float) -> tuple[np.ndarray, ...]:
    """x ⊕ y, |x ⊕ y − y ⊕ x| and |(x ⊕ y) ⊕ z − x ⊕ (y ⊕ z)|, each `(n, n)`, a row for each y."""
    y, x = torch.meshgrid(torch.from_numpy(axis), torch.from_numpy(axis), indexing="ij")
    third = torch.full_like(x, z)
    with torch.no_grad():
        values = operator(x, y)
        order = _apart(values, operator(y, x))
        inner = operator(y, third)
        sides = operator(values, third), operator(x, inner)
        large = torch.stack([values, inner, *sides]).abs().amax(0) > TOO_LARGE
        brackets = _apart(*sides).masked_fill(large, torch.nan)
    return values.numpy(), order.numpy(), brackets.numpy()


def _apart(one: Tensor, other: Tensor) -> Tensor:
    """The distance of two numbers; 0 where it is only rounding."""
    apart = difference(one, other).abs()
    size = 1 + torch.maximum(one.abs(), other.abs())
    return torch.where(apart <= FORMULA * size, 0.0, apart)


def sentence(operator: FormulaOperator, at: tuple[float, float, float]) -> str:
    """Both sides of commutativity and of associativity at x, y and z, as HTML."""
    with torch.no_grad():
        x, y, z = torch.tensor(at, dtype=torch.float64).unbind()
        left, right = operator(operator(x, y), z), operator(x, operator(y, z))
        pair = operator(x, y), operator(y, x)
    said = [number(float(value), 5) for value in (*pair, left, right)]
    place = ", ".join(f"{name} = {number(value)}" for name, value in zip(LETTERS, at, strict=True))
    return (
        f"At {place}: x ⊕ y = <b>{said[0]}</b>, y ⊕ x = <b>{said[1]}</b>; "
        f"(x ⊕ y) ⊕ z = <b>{said[2]}</b>, x ⊕ (y ⊕ z) = <b>{said[3]}</b>."
    )


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
