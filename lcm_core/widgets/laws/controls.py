"""The menus, sliders and buttons of the law explorer, the menus of operators aside."""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets as widgets

from lcm_core.laws.maps import REACH, RESOLUTION
from lcm_core.laws.measure import LAWS
from lcm_core.widgets.base.controls import menu, row
from lcm_core.widgets.laws.subject import KINDS

__all__ = ["VIEWS", "WIDTH", "LawControls"]

VIEWS = ("means", "distributions", "map")
WIDTH = "208px"  # four side by side on a laptop


class LawControls:
    """What is measured, and how it is shown.

    Args:
        population, samples, seed, view, law: to begin with; see `LawExplorer`.
        on_measure: called when something else is to be measured.
        on_draw: called when the same is to be shown otherwise.
    """

    def __init__(
        self,
        population: str,
        samples: int,
        seed: int,
        view: str,
        law: str,
        on_measure: Callable[[], None],
        on_draw: Callable[[], None],
    ):
        self._on_draw, self._quiet = on_draw, False
        self.view_menu = menu("View", VIEWS, view, "what the figure shows", WIDTH)
        self.law_menu = menu("Law", LAWS, law, "whose error is mapped", WIDTH)
        self.population_menu = menu(
            "Population", KINDS, population, "the states on which the laws are tried", WIDTH
        )
        self.samples_slider = widgets.IntSlider(
            value=samples,
            min=min(100, samples),
            max=max(5000, samples),
            step=100,
            description="Samples",
            continuous_update=False,
            tooltip="tuples of states drawn for each law",
            layout=widgets.Layout(width=WIDTH),
        )
        self.seed_box = widgets.BoundedIntText(
            value=seed,
            min=0,
            max=10**6,
            description="Seed",
            tooltip="of the drawing and weights",
            layout=widgets.Layout(width="170px"),
        )
        self.u_slider, self.v_slider = _probe_slider("u"), _probe_slider("v")
        self.rows = [
            row(self.view_menu, self.population_menu, self.samples_slider, self.seed_box),
            row(self.law_menu, self.u_slider, self.v_slider),
        ]
        measured = [self.population_menu, self.samples_slider, self.seed_box]
        drawn = [self.view_menu, self.law_menu, self.u_slider, self.v_slider]
        for control in (*measured, *drawn):
            control.add_class("lcm-" + control.description.lower().replace(" ", "-"))
        for control in measured:
            control.observe(lambda _: on_measure(), names="value")
        for control in drawn:
            control.observe(self._draw, names="value")
        self._show_rows()

    @property
    def probe(self) -> tuple[int, int]:
        """Row and column of the marked pixel of a map."""
        u, v = self.u_slider, self.v_slider
        return round((v.value - v.min) / v.step), round((u.value - u.min) / u.step)

    def move_probe(self, u: float, v: float) -> None:
        """Marks the pixel at (u, v); one drawing, not two."""
        self._quiet = True
        self.u_slider.value, self.v_slider.value = u, v
        self._quiet = False
        self._draw()

    def _draw(self, _: object = None) -> None:
        if not self._quiet:
            self._show_rows()
            self._on_draw()

    def _show_rows(self) -> None:
        self.rows[1].layout.display = "flex" if self.view_menu.value == "map" else "none"


def _probe_slider(name: str) -> widgets.FloatSlider:
    return widgets.FloatSlider(
        value=0.0,
        min=-REACH,
        max=REACH,
        step=2 * REACH / (RESOLUTION - 1),
        description=f"Probe {name}",
        readout_format="+.1f",
        tooltip=f"{name} of the marked pixel; a click on a map moves it too",
    )
