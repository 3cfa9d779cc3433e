"""A formula for ⊕ to play with: its pictures, its laws in words, and a place in every menu."""

from __future__ import annotations

import html
import inspect
from collections.abc import Sequence
from functools import partial
from typing import Any

import ipywidgets as widgets
import numpy as np

from lcm_core.figures import plane_figure
from lcm_core.laws.in_words import laws_in_words
from lcm_core.operators import FormulaError, FormulaOperator
from lcm_core.operators.formula_parser import parse_formula
from lcm_core.operators.formula_tree import Formula
from lcm_core.widgets.base.controls import button, row
from lcm_core.widgets.base.live_figure import LiveFigure
from lcm_core.widgets.base.panel import Panel
from lcm_core.widgets.base.text_areas import ReadOut
from lcm_core.widgets.operators.catalog import operator_catalog
from lcm_core.widgets.playground.parts import parameter_slider, pictures, place_slider, sentence

__all__ = ["OperatorPlayground"]

LABEL = "playground"
POINTS = 61  # along each axis
PLACES = {"x": 2.0, "y": 1.0, "z": -1.0}  # to begin with

EXAMPLES = (
    "x + y + a*x*y",
    "log(exp(a*x) + exp(a*y))/a",
    "(x + y)/(1 + a*x*y)",
    "sqrt(x**2 + y**2)",
    "max(x, y)",
    "x + y - a",
    "a*x + a*y",
    "a*x + (1 - a)*y",
    "x*y/(x + y)",
    "x - y",
)
CHOOSE = "(choose one)"


class OperatorPlayground(Panel):
    """Reads a formula in x and y, shows it over the plane, and says which laws it keeps.

    Its other names are parameters, each with a slider. The operator is in the menus of all
    explorers at once, under the panel's label, and they follow it. While the text is no formula,
    the last one stays.

    Args:
        formula: such as `x + y + a*x*y`; see `lcm_core.operators.formula_parser`.
        low, high: the ends of both axes, and of the sliders of x, y and z.
        at: where the sliders of x, y and z begin (default: 2, 1 and −1, or the end nearest to it).
        **parameters: the values of its parameters to begin with (default: 1).

    Attributes:
        operator: the operator on show, for one channel.
        laws: its laws in words.
        label: what explorers call it.
        axis: the numbers of both axes.
        values, order, brackets: what the three pictures show, one row for each y.
        formula_error: what is wrong with the text, or empty.

    Raises:
        FormulaError: the formula to begin with is none.
        ValueError: axes or a place that cannot be.
    """

    def __init__(
        self,
        formula: str = EXAMPLES[0],
        low: float = -3.0,
        high: float = 3.0,
        at: Sequence[float] | None = None,
        **parameters: Any,
    ):
        super().__init__()
        if not isinstance(formula, str):
            raise TypeError(f"expected a formula as text, such as 'x + y', got {formula!r}")
        if not -1000 <= low < high <= 1000:
            raise ValueError(f"expected low < high within ±1000, got {low} and {high}")
        places = PLACES
        if at is not None:
            if len(at) != len(PLACES) or not all(low <= each <= high for each in at):
                raise ValueError(
                    f"expected at to be x, y and z from {low:g} to {high:g}, got {at!r}"
                )
            places = dict(zip(PLACES, map(float, at), strict=True))
        self.axis = np.linspace(low, high, POINTS).round(9)  # so that x + y can be exactly 0
        self.operator = FormulaOperator(1, formula, **parameters)
        self.formula_error = ""
        self._sliders: dict[str, widgets.FloatSlider] = {}
        self._formula_text = formula  # of the formula on show
        self._make_parts(formula, parameters, places)
        self._first_at = self.at if at is None else None
        self.label = operator_catalog.free_label(LABEL)
        self.on_end(lambda: operator_catalog.withdraw(self.label))

    def _make_parts(
        self, formula: str, parameters: dict[str, float], places: dict[str, float]
    ) -> None:
        self.formula_text = widgets.Text(
            value=formula,
            description="x ⊕ y =",
            tooltip="a formula in x and y; other names are parameters",
            layout=widgets.Layout(width="55%", min_width="320px"),
        )
        self.formula_text.add_class("lcm-formula")
        self.examples_menu = widgets.Dropdown(
            options=[CHOOSE, *EXAMPLES], description="Examples", tooltip="formulas to begin with"
        )
        self.examples_menu.add_class("lcm-examples")
        for name, value in parameters.items():
            self._sliders[name] = self._parameter_slider(name, value)
        self.parameters_row = row()
        low, high = float(self.axis[0]), float(self.axis[-1])
        self.place_sliders = {n: place_slider(n, at, low, high) for n, at in places.items()}
        self.example_button = button("Counter-example", "put x, y and z where a law is broken")
        self._figure = LiveFigure()
        self.message = ReadOut("formula-message")
        self.place_text = ReadOut("place-text")
        self.read_out = ReadOut("laws-in-words")
        self.recipe_text = ReadOut("formula-recipe", live="off")
        self.connect(self._read, self.formula_text)
        self.connect(self._take_example, self.examples_menu)
        self.connect(self._show, *self.place_sliders.values())
        self.connect(self._go_to_example, self.example_button)
        self.lay_out(
            [row(self.formula_text, self.examples_menu), self.message, self.parameters_row],
            [
                self._figure.widget,
                row(*self.place_sliders.values(), self.example_button),
                self.place_text,
                self.read_out,
                self.recipe_text,
            ],
        )

    @property
    def parameters(self) -> dict[str, float]:
        """The parameters of the formula on show, as their sliders stand."""
        return {name: self._sliders[name].value for name in self.operator.formula.parameters}

    @property
    def at(self) -> tuple[float, float, float]:
        """x, y and z."""
        x, y, z = (slider.value for slider in self.place_sliders.values())
        return x, y, z

    def arguments(self) -> dict[str, Any]:
        """The formula on show, its parameters, and x, y and z.

        Raises:
            ValueError: a parameter of the formula has the name of another argument.
        """
        parameters = self.parameters
        for name in parameters:
            if name in inspect.signature(type(self).__init__).parameters:
                raise ValueError(
                    f"no line of code can set the parameter {name!r}: the panel has an argument of "
                    "this name. Call the parameter something else in the formula"
                )
        return {
            "formula": self._formula_text,
            "at": None if self.at == self._first_at else self.at,
            "parameters": {name: value for name, value in parameters.items() if value != 1},
        }

    # What the controls do

    def _read(self) -> None:
        """What was typed; if it is no formula, the message says why, and nothing else changes."""
        try:
            formula = parse_formula(self.formula_text.value)
        except FormulaError as error:
            self.formula_error = str(error)
            self.message.say(
                "<span style='color:var(--lcm-warning)'><b>No formula:</b> "
                f"{html.escape(str(error))}.</span> "
                f"The last one stays: {html.escape(self.operator.formula.text)}"
            )
            return
        self.formula_error = ""
        self._formula_text = self.formula_text.value
        self.message.say("")
        self._use(formula)

    def _take_example(self) -> None:
        if self.examples_menu.value != CHOOSE:
            self.formula_text.value = self.examples_menu.value

    def _go_to_example(self) -> None:
        """Moves x, y and z to the first counter-example that the sliders reach."""
        for words in self.laws.laws.values():
            numbers = [float(state) for state in words.at]
            if words.holds is False and all(self.axis[0] <= n <= self.axis[-1] for n in numbers):
                with self.quietly():
                    for name, value in zip(PLACES, numbers, strict=False):
                        self.place_sliders[name].value = value
                break
        self._show()

    def _clicked(self, _: object, points: Any, __: object) -> None:
        """Moves x and y to a point of a picture."""
        if points.xs and points.ys:
            with self.quietly():
                self.place_sliders["x"].value = points.xs[0]
                self.place_sliders["y"].value = points.ys[0]
            self._show()

    def draw(self) -> None:
        """Shows the formula, with its parameters as their sliders stand, and offers it."""
        self._use(self.operator.formula)
        for picture in self._figure.widget.data[::2]:  # a cross after each
            picture.on_click(self.locked(self._clicked))

    def _use(self, formula: Formula) -> None:
        for name in formula.parameters:
            if name not in self._sliders:
                self._sliders[name] = self._parameter_slider(name, 1.0)
        shown = tuple(self._sliders[name] for name in formula.parameters)
        if shown != self.parameters_row.children:
            self.parameters_row.children = shown
        parameters: dict[str, Any] = {n: self._sliders[n].value for n in formula.parameters}
        self.operator = FormulaOperator(1, formula, **parameters)
        self.laws = laws_in_words(self.operator)
        self._show()
        self.read_out.say(self.laws.html())
        self.recipe_text.say(
            f"In the menus of all explorers: <b>{self.label}</b>. In a recipe: "
            f"<code style='user-select:all'>readout={html.escape(self.operator.name)}</code>"
        )
        operator_catalog.offer(self.label, partial(_make, formula, parameters))

    # What is shown

    def _show(self) -> None:
        """The pictures, the cross, and the numbers at x, y and z."""
        z = self.at[2]
        self.values, self.order, self.brackets = pictures(self.operator, self.axis, z)
        self._figure.show(plane_figure(self.axis, self.values, self.order, self.brackets, self.at))
        self.place_text.say(sentence(self.operator, self.at))

    def _parameter_slider(self, name: str, value: float) -> widgets.FloatSlider:
        slider = parameter_slider(name, value)
        self.connect(self.draw, slider)
        self.on_end(slider.close)  # it may be off the page then
        return slider


def _make(formula: Formula, parameters: dict[str, Any], channels: int) -> FormulaOperator:
    operator = FormulaOperator(channels, formula, **parameters)
    return operator.eval().requires_grad_(False)
