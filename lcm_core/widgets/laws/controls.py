"""The menus, sliders and buttons of the law explorer, the menus of operators aside."""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets as widgets

from lcm_core.laws.measure import LAWS
from lcm_core.widgets.base.controls import menu, row
from lcm_core.widgets.laws.subject import KINDS

__all__ = ["CHARTS", "VIEWS", "LawControls"]

VIEWS = ("pair", "means", "distributions", "map")
CHARTS = ("means", "distributions")  # have an axis of errors


class LawControls:
    """What is measured, and how it is shown.

    Args:
        population, samples, seed, view, law, log: to begin with; see `LawExplorer`.
        on_measure: called when something else is to be measured.
        on_draw: called when the same is to be shown otherwise.

    Attributes:
        row: law and view, and the scale of charts.
        more: the rest.
    """

    def __init__(
        self,
        population: str,
        samples: int,
        seed: int,
        view: str,
        law: str,
        log: bool,
        on_measure: Callable[[], None],
        on_draw: Callable[[], None],
    ):
        self.law_menu = menu("Law", LAWS, law, "the law whose error is shown", "auto")
        self.view_menu = menu("View", VIEWS, view, "what the figure shows", "auto")
        self.log_box = widgets.Checkbox(
            value=log,
            description="Log scale",
            tooltip="show errors on a logarithmic axis, on which small ones can be told apart",
            indent=False,
            layout=widgets.Layout(width="auto"),
        )
        self.population_menu = menu(
            "Population", KINDS, population, "the states on which the laws are tried", "auto"
        )
        self.samples_slider = widgets.IntSlider(
            value=samples,
            min=min(100, samples),
            max=max(5000, samples),
            step=100,
            description="Samples",
            continuous_update=False,
            tooltip="tuples of states drawn for each law",
            layout=widgets.Layout(width="260px"),
        )
        self.seed_box = widgets.BoundedIntText(
            value=seed,
            min=0,
            max=10**6,
            description="Seed",
            tooltip="of the drawing and weights",
            layout=widgets.Layout(width="150px"),
        )
        self.row = row(self.law_menu, self.view_menu, self.log_box)
        self.more = row(self.population_menu, self.samples_slider, self.seed_box)
        measured = [self.population_menu, self.samples_slider, self.seed_box]
        drawn = [self.law_menu, self.view_menu, self.log_box]
        for control in (*measured, *drawn):
            control.add_class("lcm-" + control.description.lower().replace(" ", "-"))
        for control in measured:
            control.observe(lambda _: on_measure(), names="value")
        for control in drawn:
            control.observe(lambda _: on_draw(), names="value")
