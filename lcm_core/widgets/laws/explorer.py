"""Law errors of up to four operators side by side: means, distributions, maps, worst cases."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
from torch import Tensor

from lcm_core.errors import unknown
from lcm_core.figures import law_distributions_figure, law_maps_figure, laws_figure
from lcm_core.laws.maps import LawMap, Probe
from lcm_core.laws.measure import LAWS, LawReport, arity
from lcm_core.operators import Operator
from lcm_core.widgets.base.controls import button, row
from lcm_core.widgets.base.live_figure import LiveFigure
from lcm_core.widgets.base.panel import Panel
from lcm_core.widgets.base.text_areas import ReadOut
from lcm_core.widgets.base.worker import Worker
from lcm_core.widgets.laws import text as law_text
from lcm_core.widgets.laws.controls import VIEWS, WIDTH, LawControls
from lcm_core.widgets.laws.subject import KINDS, Subject, subjects
from lcm_core.widgets.operators.menu import OperatorChoice, OperatorMenu

__all__ = ["LawExplorer"]

MOST_OPERATORS = 4
SEARCH_STEPS = 100


class LawExplorer(Panel):
    """Law errors over a population of states, with the numbers in words below.

    Args:
        operators: up to four: names, operators, or files of checkpoints; or one of these alone.
        channels: the width of the elements, if neither `elements` nor an operator says it.
        population: `gaussian`, `encoded` (elements of a task, lifted) or `closure` (reductions of
            random subsets); by default `closure` if there are elements of a task, else `gaussian`.
        elements: `(m, channels)`, such as the outputs of a task's encoder; if left out, those that
            came with a checkpoint or a training run, or Gaussian ones.
        samples: how many tuples of states are drawn for each law.
        seed: of the drawing and of the operators' weights.
        view: `means`, `distributions` or `map` (a law's error over a plane through the states).
        law: of the map.

    Attributes:
        controls: what is measured and shown, but for the operators; see `LawControls`.
        operator_menus: the four `OperatorMenu`s.
        subjects: by label, each operator on show with the population that it is tried on.
        reports: by label, its `LawReport`.
        maps: by label, its `LawMap`; empty in other views.
        probes: by label, the numbers behind the marked pixel of its map.
    """

    def __init__(
        self,
        operators: OperatorChoice | Sequence[OperatorChoice] = ("sum", "gru", "symmetrized_gru"),
        channels: int = 8,
        population: str | None = None,
        elements: Tensor | None = None,
        samples: int = 1000,
        seed: int = 0,
        view: str = "means",
        law: str = "associativity",
    ):
        super().__init__()
        if isinstance(operators, str | Path | Operator):
            operators = (operators,)
        if not 1 <= len(operators) <= MOST_OPERATORS:
            raise ValueError(f"expected 1 to {MOST_OPERATORS} operators, got {len(operators)}")
        if population is not None and population not in KINDS:
            raise unknown("population", population, KINDS)
        if view not in VIEWS:
            raise unknown("view", view, VIEWS)
        arity(law)  # raises for an unknown one
        self._elements = None if elements is None else elements.detach().cpu()
        self._channels = channels
        self.subjects: dict[str, Subject] = {}
        self.maps: dict[str, LawMap] = {}
        self.probes: dict[str, Probe] = {}
        self._no_map: dict[str, str] = {}
        self._worker = Worker(self, "lcm law search", self._failed)
        self._make_menus(operators)
        self._make_controls(population, samples, seed, view, law)

    def _make_menus(self, operators: Sequence[OperatorChoice]) -> None:
        own = [operator for operator in operators if isinstance(operator, Operator)]
        self.operator_menus: list[OperatorMenu] = []
        for place in range(MOST_OPERATORS):
            menu = OperatorMenu(
                self,
                operators[place] if place < len(operators) else None,
                partial(self._offered_anew, place),
                description=f"Operator {place + 1}",
                none=True,
                also=own,
            )
            menu.widget.layout.width = WIDTH
            self.operator_menus.append(menu)

    def _make_controls(
        self, population: str | None, samples: int, seed: int, view: str, law: str
    ) -> None:
        brought = self._elements is not None or any(
            menu.elements is not None for menu in self.operator_menus
        )
        usual = "closure" if brought else "gaussian"
        self.search_button = button("Search worst case", "gradient ascent on each error")
        self.stop_button = button("Stop search", "keep what was found")
        self.connect(self.search, self.search_button)
        self.connect(self.stop, self.stop_button)
        self.status = ReadOut("search-status", width="auto")
        self._figure = LiveFigure()
        self.read_out = ReadOut("laws-text")
        self.controls = LawControls(
            population or usual,
            samples,
            seed,
            view,
            law,
            self.locked(self.draw),
            self.locked(self._show),
        )
        self.lay_out(
            [
                row(*(menu.widget for menu in self.operator_menus)),
                *self.controls.rows,
                row(self.search_button, self.stop_button, self.status),
            ],
            [self._figure.widget, self.read_out],
        )

    @property
    def reports(self) -> dict[str, LawReport]:
        return {name: subject.report for name, subject in self.subjects.items()}

    # What the controls do

    def search(self) -> None:
        """Looks for the largest errors, in a thread; the figure grows operator by operator."""
        chosen = dict(self.subjects)

        def work(should_stop: Callable[[], bool]) -> None:
            for name, subject in chosen.items():
                self.status.say(f"searching the worst case of {html.escape(name)} …")
                self._search(name, subject, should_stop)
                if self._closed:
                    return
                if should_stop():
                    self.status.say("search stopped: the largest found so far are shown")
                    return
            left = [name for name, subject in chosen.items() if not self._shows(name, subject)]
            changed = f"; changed meanwhile: {html.escape(', '.join(left))}" if left else ""
            self.status.say(f"search done: diamonds mark the largest error found{changed}")

        self._worker.start(work)

    def _search(self, name: str, subject: Subject, should_stop: Callable[[], bool]) -> None:
        """One operator; what is found is of no use if another has taken its place meanwhile."""
        report = subject.measure(
            search_steps=SEARCH_STEPS,
            should_stop=lambda: should_stop() or not self._shows(name, subject),
        )
        with self.lock:
            if self._shows(name, subject):
                subject.report = report
                self._show()

    def _shows(self, name: str, subject: Subject) -> bool:
        return not self._closed and self.subjects.get(name) is subject

    def stop(self) -> None:
        """Ends the search and keeps what it found."""
        self._worker.stop()

    def _failed(self, error: BaseException) -> None:
        self.status.say("the search failed")
        self.show_error(error)

    def _offered_anew(self, place: int) -> None:
        """Another choice, or the same that has changed: also in place."""
        self.draw(anew=self.operator_menus[place].label)

    def draw(self, anew: str = "") -> None:
        """Measures what is chosen now; what has been measured already is kept, but for `anew`."""
        found: dict[str, Subject] = {}
        try:
            chosen = subjects(
                self.operator_menus,
                self._elements,
                self._channels,
                self.controls.population_menu.value,
                self.controls.seed_box.value,
                self.controls.samples_slider.value,
            )
            for name, subject in chosen:
                known = self.subjects.get(name) if name != anew else None
                found[name] = known if known and subject.same(known) else subject
                found[name].report  # noqa: B018 - measures, or says why it cannot
            self._stale = False
        except Exception:
            found, self._stale = {}, True
            raise
        finally:
            self.subjects = found  # at once: a search looks, and a reader may
            if not self._worker.busy:
                self.status.say("")
            self._show()

    def _clicked(self, _: object, points: object, __: object) -> None:
        """A click on a pixel moves the mark there."""
        u, v = getattr(points, "xs", []), getattr(points, "ys", [])
        if not len(u):
            return
        self.controls.move_probe(float(u[0]), float(v[0]))

    # What is shown

    def _show(self) -> None:
        view = self.controls.view_menu.value
        self.maps, self.probes, self._no_map = {}, {}, {}
        if view == "map":
            self._map()
        self._figure.show(self._drawing(view))
        for trace in self._figure.widget.data:
            if trace.type == "heatmap":
                trace.on_click(self.locked(self._clicked))
        self.read_out.say(self._text(view))

    def _map(self) -> None:
        for name, subject in self.subjects.items():
            try:
                found = subject.map(self.controls.law_menu.value)
            except ValueError as error:
                self._no_map[name] = str(error)
                continue
            line, column = self.controls.probe
            self.maps[name] = found
            self.probes[name] = found.probe(min(line, len(found.v) - 1), column)

    def _drawing(self, view: str) -> go.Figure:
        if view == "means":
            return laws_figure(self.reports, LAWS)
        if view == "distributions":
            return law_distributions_figure(self.reports, LAWS)
        maps = {name: self.maps.get(name) for name in self.subjects}
        positions: dict[str, np.ndarray] = {
            name: found.plane.positions.numpy() for name, found in self.maps.items()
        }
        return law_maps_figure(maps, positions, self.controls.probe)

    def _text(self, view: str) -> str:
        words = {name: subject.words() for name, subject in self.subjects.items()}
        if not words:
            return "Nothing to show."
        if view == "map":
            shown = law_text.map_text(
                self.controls.law_menu.value, self.maps, self._no_map, self.probes
            )
        else:
            shown = law_text.table(self.reports) + law_text.worst_cases(self.reports)
        return f"{shown}{law_text.populations(words)}"
