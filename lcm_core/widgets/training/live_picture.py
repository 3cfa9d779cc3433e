"""The picture beside the curves, drawn anew between the steps of a run."""

from __future__ import annotations

from typing import Any

import ipywidgets as widgets
import numpy as np

from lcm_core.errors import unknown
from lcm_core.training.run_state import RunState, run_names
from lcm_core.widgets.base.controls import menu
from lcm_core.widgets.training.picture import AT_FIRST, HINTS, KINDS, Placed, picture_of, title_of
from lcm_core.widgets.training.run import Run
from lcm_core.widgets.training.views import PictureView

__all__ = ["LivePicture"]

HEIGHT = 316  # of the drawing, in pixels: as high as the plots beside it


class LivePicture:
    """Shows the operators of a run as they are.

    Args:
        kind: what is drawn at first, a value of `KINDS`.

    Attributes:
        view: to be placed in a panel; its `value` is what the reader did.
        menu: of what is drawn.
        state: the chosen way, and the angles of the solid.
        found: the numbers of each recipe, in the order of the race.
    """

    def __init__(self, kind: str):
        if kind not in KINDS.values():
            raise unknown("picture", kind, list(KINDS.values()))
        self.view = PictureView()
        self.menu: widgets.Dropdown = menu(
            "Picture", list(KINDS.items()), kind, "what is drawn beside the curves", "340px"
        )
        self.state: dict[str, float | None] = dict(AT_FIRST)
        self.found: list[Placed | None] = []
        self._before: dict[RunState, np.ndarray] = {}

    def touched(self) -> None:
        """Take over what the reader did on the page."""
        self.state |= {
            name: self.view.value[name] for name in self.state if name in self.view.value
        }
        if self.view.data:
            self.view.data = {**self.view.data, "state": dict(self.state)}

    def draw(self, run: Run, selected: int) -> None:
        """Show all operators of a run; to be called between its steps."""
        panels, self.found = [], []
        before, self._before = self._before, {}
        names = run_names([run_state.recipe for run_state in run.run_states])
        for number, (run_state, name) in enumerate(zip(run.run_states, names, strict=True)):
            data: dict[str, Any] = {"words": "the dots come with the data"}
            found = None
            if run_state.trainer is not None:
                data, found = picture_of(run_state.trainer, self.menu.value, before.get(run_state))
                self._before[run_state] = found.points
            self.found.append(found)
            title = f"{number + 1} {name}" if len(names) > 1 else ""
            panels.append({**data, "title": title})
        kind, word = self.menu.value, panels[selected].get("word", "bracketing")
        title = title_of(kind, word)
        self.view.show(
            kind=kind,
            title=title,
            label=f"{title}. {self.words(names)}",
            hint=HINTS[kind],
            height=HEIGHT,
            first=selected,
            panels=panels,
            state=dict(self.state),
        )

    def words(self, names: list[str]) -> str:
        """The numbers of the picture."""
        return "; ".join(
            f"{name}: answers of a set {found.spread:.3g} s from their mean"
            for name, found in zip(names, self.found, strict=True)
            if found is not None
        )
