"""The figures of the law explorer: one for each view, made when it is first wanted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

import ipywidgets as widgets
import numpy as np

from lcm_core.figures import law_distributions_figure, laws_figure
from lcm_core.laws.maps import REACH, RESOLUTION, LawMap, Probe
from lcm_core.laws.measure import LAWS
from lcm_core.rounding import SHOWN
from lcm_core.widgets.base.live_figure import LiveFigure
from lcm_core.widgets.base.panel import Panel
from lcm_core.widgets.laws.pair import LETTERS, Apart, Clouds, Points, read_points, sides_of
from lcm_core.widgets.laws.subject import Subject
from lcm_core.widgets.laws.views import MapView, PairView, answer

__all__ = ["Stage"]

RULER = 1.5  # spreads, at least, along the ruler of distances

Found = TypeVar("Found")


class Stage:
    """Shows one view at a time, and keeps what was computed for it.

    Args:
        panel: whose figures they are.
        points: where the states of the pair are.
        probe: (u, v) of the mark on maps.
        on_touch: called, locked, after a state or the mark was moved.

    Attributes:
        box: to be placed in the panel.
        points: where the states of the pair are, as (u, v).
        probe: (u, v) of the marked pixel.
        apart: by operator, the two sides for these states; empty in other views.
        maps: by operator, its `LawMap`; empty in other views.
        probes: by operator, the numbers behind the marked pixel of its map.
        missing: by operator, why there is neither.
    """

    def __init__(
        self,
        panel: Panel,
        points: Points,
        probe: tuple[float, float],
        on_touch: Callable[[], None],
    ):
        self._panel, self._on_touch = panel, on_touch
        self.points = points
        self._pixel = _pixel_at(probe)
        self._subjects: dict[str, Subject] = {}
        self._law = ""
        self._clouds: dict[str, Clouds] = {}
        self.apart: dict[str, Apart] = {}
        self.maps: dict[str, LawMap] = {}
        self.probes: dict[str, Probe] = {}
        self.missing: dict[str, str] = {}
        self.pair_view: PairView | None = None
        self.map_view: MapView | None = None
        self.figure: LiveFigure | None = None
        self.chart: widgets.Box | None = None
        self.box = widgets.VBox(layout=widgets.Layout(width="100%"))

    @property
    def probe(self) -> tuple[float, float]:
        row, column = self._pixel
        return _place_of(column), _place_of(row)

    def show(self, view: str, law: str, subjects: Mapping[str, Subject], log: bool) -> None:
        """Show a view of these operators; the others are hidden."""
        self._subjects, self._law = dict(subjects), law
        self._clouds, self.apart, self.maps, self.probes, self.missing = {}, {}, {}, {}, {}
        if view == "pair" or not subjects:  # without any, it is empty
            shown: widgets.DOMWidget = self._show_pair()
        elif view == "map":
            shown = self._show_map()
        else:
            shown = self._show_chart(view, log)
        if shown not in self.box.children:
            self.box.children = (*self.box.children, shown)
        for child in self.box.children:
            child.layout.display = None if child is shown else "none"

    # The pair

    def _show_pair(self) -> PairView:
        if self.pair_view is None:
            self.pair_view = PairView()
            self._panel.connect(self._dragged, self.pair_view)
        law = self._law
        self._clouds = self._found(lambda subject: subject.clouds(law))
        with self.pair_view.hold_sync():
            self._compute_pair()
            largest = [
                value
                for name, apart in self.apart.items()
                for value in (apart.error, self._subjects[name].report[law].mean)
                if np.isfinite(value)
            ]
            self.pair_view.show(
                law=law,
                letters=list(LETTERS[law]),
                sides=sides_of(law),
                top=max(RULER, *largest) if largest else RULER,
                rounding=SHOWN,
                columns=[self._pair_column(name) for name in self._subjects],
            )
        return self.pair_view

    def _pair_column(self, name: str) -> dict[str, object]:
        if name in self.missing:
            return {"name": name, "why": self.missing[name]}
        clouds = self._clouds[name]
        return {
            "name": name,
            "states": clouds.state_dots,
            "results": clouds.result_dots,
            "line": not clouds.states.scales[1] > 0,
            "mean": self._subjects[name].report[self._law].mean,
        }

    def _dragged(self) -> None:
        assert self.pair_view is not None
        self.points = read_points(self.pair_view.value.get("points"))
        self._compute_pair()
        self._on_touch()

    def _compute_pair(self) -> None:
        assert self.pair_view is not None
        self.apart = {name: clouds.apart(self.points) for name, clouds in self._clouds.items()}
        found = [self.apart.get(name) for name in self._subjects]
        self.pair_view.answer = answer(
            law=self._law,
            points=self.points,
            columns=[each and {"error": each.error, "places": each.places} for each in found],
        )

    # Maps

    def _show_map(self) -> MapView:
        if self.map_view is None:
            self.map_view = MapView()
            self._panel.connect(self._probed, self.map_view)
        law = self._law
        self.maps = self._found(lambda subject: subject.map(law))
        with self.map_view.hold_sync():
            self._compute_probes()
            finite = [m.values[np.isfinite(m.values)].max(initial=0.0) for m in self.maps.values()]
            self.map_view.show(
                law=law,
                top=max([10 * SHOWN, *finite]),
                rounding=SHOWN,
                columns=[self._map_column(name) for name in self._subjects],
            )
        return self.map_view

    def _map_column(self, name: str) -> dict[str, object]:
        if name in self.missing:
            return {"name": name, "why": self.missing[name]}
        found = self.maps[name]
        return {
            "name": name,
            "u": np.round(found.u.astype(float), 4),
            "v": np.round(found.v.astype(float), 4),
            "values": _three_digits(found.values),
            "dots": np.round(found.plane.positions.double().numpy(), 3),
        }

    def _probed(self) -> None:
        assert self.map_view is not None
        row, column = (int(each) for each in self.map_view.value["pixel"])
        self._pixel = min(max(row, 0), RESOLUTION - 1), min(max(column, 0), RESOLUTION - 1)
        self._compute_probes()
        self._on_touch()

    def _compute_probes(self) -> None:
        assert self.map_view is not None
        row, column = self._pixel
        self.probes = {
            name: found.probe(min(row, len(found.v) - 1), column)
            for name, found in self.maps.items()
        }
        self.map_view.answer = answer(pixel=self._pixel)

    # Charts

    def _show_chart(self, view: str, log: bool) -> widgets.Box:
        if self.figure is None:
            self.figure = LiveFigure()
            layout = widgets.Layout(width="100%")
            self.chart = widgets.VBox([self.figure.widget], layout=layout)
        reports = {name: subject.report for name, subject in self._subjects.items()}
        if view == "means":
            self.figure.show(laws_figure(reports, LAWS, self._law, log))
        else:
            self.figure.show(law_distributions_figure(reports, self._law, log))
        assert self.chart is not None
        return self.chart

    def _found(self, find: Callable[[Subject], Found]) -> dict[str, Found]:
        """What there is of each operator; `missing` says why the rest is not there."""
        found = {}
        for name, subject in self._subjects.items():
            try:
                found[name] = find(subject)
            except ValueError as error:
                self.missing[name] = str(error)
        return found


def _pixel_at(probe: tuple[float, float]) -> tuple[int, int]:
    u, v = (min(max(float(each), -REACH), REACH) for each in probe)
    step = 2 * REACH / (RESOLUTION - 1)
    return round((v + REACH) / step), round((u + REACH) / step)


def _place_of(index: int) -> float:
    return round(2 * REACH * index / (RESOLUTION - 1) - REACH, 3) + 0.0


def _three_digits(values: np.ndarray) -> list[list[float]]:
    return [[float(f"{value:.3g}") for value in row] for row in values]
