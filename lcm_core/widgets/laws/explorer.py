"""Laws of up to four operators side by side: one pair, means, distributions, maps, worst cases."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import ipywidgets as widgets
from torch import Tensor

from lcm_core.errors import unknown
from lcm_core.laws.measure import LAWS, LawReport, arity
from lcm_core.operators import Operator
from lcm_core.rounding import SHOWN
from lcm_core.widgets.base.controls import button, row
from lcm_core.widgets.base.panel import Panel
from lcm_core.widgets.base.text_areas import ReadOut
from lcm_core.widgets.base.worker import Worker
from lcm_core.widgets.laws import text as law_text
from lcm_core.widgets.laws.controls import CHARTS, VIEWS, LawControls
from lcm_core.widgets.laws.pair import read_points
from lcm_core.widgets.laws.stage import Stage
from lcm_core.widgets.laws.subject import KINDS, Subject, subjects
from lcm_core.widgets.operators.menu import NO_OPERATOR, OperatorChoice, OperatorMenu

__all__ = ["LawExplorer"]

MOST_OPERATORS = 4
SEARCH_STEPS = 100


class LawExplorer(Panel):
    """Law errors over a population of states: of one pair that can be dragged, and of all.

    Args:
        operators: up to four: names, operators, or files of checkpoints; or one of these alone.
        channels: the width of the elements, if neither `elements` nor an operator says it.
        population: `gaussian`, `encoded` (elements of a task, lifted) or `closure` (reductions of
            random subsets); by default `closure` if there are elements of a task, else `gaussian`.
        elements: `(m, channels)`, such as the outputs of a task's encoder; if left out, those that
            came with a checkpoint or a training run, or Gaussian ones.
        samples: how many tuples of states are drawn for each law.
        seed: of the drawing and of the operators' weights.
        view: `pair` (one pair or triple of states, and both sides of the law), `means`,
            `distributions` or `map` (a law's error over a plane through the states).
        law: whose error is shown; by default commutativity, or associativity where all commute.
        log: whether errors in charts have a logarithmic axis.
        points: where the states of the pair are, as (u, v) in standard deviations along the first
            two principal components.
        probe: (u, v) of the mark on the map.
        more: whether further controls are unfolded.

    Attributes:
        controls: what is measured and shown, but for the operators; see `LawControls`.
        operator_menus: the four `OperatorMenu`s.
        stage: the figures, and what is computed for them; see `Stage`.
        subjects: by label, each operator on show with the population that it is tried on.
        reports: by label, its `LawReport`.
    """

    def __init__(
        self,
        operators: OperatorChoice | Sequence[OperatorChoice] = ("sum", "gru", "symmetrized_gru"),
        channels: int = 8,
        population: str | None = None,
        elements: Tensor | None = None,
        samples: int = 1000,
        seed: int = 0,
        view: str = "pair",
        law: str | None = None,
        log: bool = False,
        points: Sequence[tuple[float, float]] | None = None,
        probe: tuple[float, float] = (0.0, 0.0),
        more: bool = False,
    ):
        super().__init__(more=more)
        if isinstance(operators, str | Path | Operator):
            operators = (operators,)
        if not 1 <= len(operators) <= MOST_OPERATORS:
            raise ValueError(f"expected 1 to {MOST_OPERATORS} operators, got {len(operators)}")
        if population is not None and population not in KINDS:
            raise unknown("population", population, KINDS)
        if view not in VIEWS:
            raise unknown("view", view, VIEWS)
        if law is not None:
            arity(law)  # raises for an unknown one
        self._elements = None if elements is None else elements.detach().cpu()
        self._channels = channels
        self.subjects: dict[str, Subject] = {}
        self._worker = Worker(self, "lcm law search", self._failed)
        self._make_menus(operators)
        brought = self._elements is not None or any(
            menu.elements is not None for menu in self.operator_menus
        )
        self._usual = population or ("closure" if brought else "gaussian")
        self._first_law = law
        self.stage = Stage(self, read_points(points), probe, self._say)
        self._make_controls(samples, seed, view, log)

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
            menu.widget.description = ""  # each heads its column; its name is in the tooltip
            self.operator_menus.append(menu)
        given = zip(self.operator_menus, operators, strict=False)
        self._first = {menu.label: operator for menu, operator in given}

    def _make_controls(self, samples: int, seed: int, view: str, log: bool) -> None:
        self.search_button = button("Search worst case", "gradient ascent on each error")
        self.stop_button = button("Stop search", "keep what was found, while a search runs")
        self.stop_button.disabled = True
        self.connect(self.search, self.search_button)
        self.connect(self.stop, self.stop_button)
        self.status = ReadOut("search-status", width="auto")
        self.sentence = ReadOut("laws-sentence")
        self.read_out = ReadOut("laws-text", live="off")
        self.controls = LawControls(
            self._usual,
            samples,
            seed,
            view,
            self._first_law or LAWS[0],
            log,
            self.locked(self.draw),
            self.locked(self._show),
        )
        columns = widgets.Box([menu.widget for menu in self.operator_menus])
        columns.add_class("lcm-law-operators")
        self.lay_out(
            [self.controls.row, columns],
            [self.stage.box, self.sentence],
            more=[
                self.controls.more,
                row(self.search_button, self.stop_button, self.status),
                self.read_out,
            ],
        )

    @property
    def reports(self) -> dict[str, LawReport]:
        return {name: subject.report for name, subject in self.subjects.items()}

    def arguments(self) -> dict[str, Any]:
        """What the reader has chosen, where it is not what the panel began with."""
        labels = [menu.label for menu in self.operator_menus if menu.label != NO_OPERATOR]
        controls, found = self.controls, dict[str, Any]()
        if labels and labels != list(self._first):
            chosen = (self._first.get(label, label) for label in labels)
            found["operators"] = tuple(str(c) if isinstance(c, Path) else c for c in chosen)
        for name, value, first in (
            ("population", controls.population_menu.value, self._usual),
            ("law", controls.law_menu.value, self._first_law),
            ("points", self.stage.points, read_points(None)),
        ):
            if value != first:
                found[name] = value
        return {
            **found,
            "samples": controls.samples_slider.value,
            "seed": controls.seed_box.value,
            "view": controls.view_menu.value,
            "log": controls.log_box.value,
            "probe": self.stage.probe,
        }

    # What the controls do

    def search(self) -> None:
        """Looks for the largest errors, in a thread; the figure grows operator by operator."""
        chosen = dict(self.subjects)

        def work(should_stop: Callable[[], bool]) -> None:
            self.stop_button.disabled = False
            for name, subject in chosen.items():
                self.status.say(f"searching the worst case of {html.escape(name)} …")
                self._search(name, subject, should_stop)
                if self._closed:
                    return
                if should_stop():
                    self._searched("search stopped: the largest found so far are shown")
                    return
            left = [name for name, subject in chosen.items() if not self._shows(name, subject)]
            changed = f"; changed meanwhile: {html.escape(', '.join(left))}" if left else ""
            self._searched(f"search done: diamonds mark the largest error found{changed}")

        self._worker.start(work)

    def _searched(self, words: str) -> None:
        self.stop_button.disabled = True
        self.status.say(words)

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
        self._searched("the search failed")
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
            self._choose_law()
            if not self._worker.busy:
                self.status.say("")
            self._show()

    def _choose_law(self) -> None:
        """Begin with a law that somebody breaks, unless the caller chose one."""
        if self._first_law is not None or not self.subjects:
            return
        broken = any(report[LAWS[0]].max > SHOWN for report in self.reports.values())
        self._first_law = LAWS[0] if broken else LAWS[1]
        with self.quietly():
            self.controls.law_menu.value = self._first_law

    # What is shown

    def _show(self) -> None:
        """The figure, the sentence and the numbers."""
        self._place_menus()
        controls = self.controls
        view, law = controls.view_menu.value, controls.law_menu.value
        controls.log_box.layout.display = None if view in CHARTS else "none"
        self.stage.show(view, law, self.subjects, controls.log_box.value)
        self._say()

    def _say(self) -> None:
        view, law = self.controls.view_menu.value, self.controls.law_menu.value
        self.sentence.say(self._sentence(view, law))
        self.read_out.say(self._numbers(view, law))

    def _sentence(self, view: str, law: str) -> str:
        if not self.subjects:
            return "Nothing to show: choose an operator." if not self._stale else "Nothing to show."
        if view == "pair":
            errors = {name: apart.error for name, apart in self.stage.apart.items()}
            return law_text.pair_sentence(law, errors)
        if view == "map":
            return law_text.map_sentence(law, {n: p.value for n, p in self.stage.probes.items()})
        return law_text.chart_sentence(view, law, self.reports)

    def _numbers(self, view: str, law: str) -> str:
        if not self.subjects:
            return "Nothing to show."
        words = {name: subject.words() for name, subject in self.subjects.items()}
        table = law_text.table(self.reports) + law_text.worst_cases(self.reports)
        if view == "pair":
            table = law_text.pair_text(law, self.stage.apart, self.stage.missing) + table
        if view == "map":
            maps, probes = self.stage.maps, self.stage.probes
            table = law_text.map_text(law, maps, self.stage.missing, probes) + table
        return f"{table}{law_text.populations(words)}"

    def _place_menus(self) -> None:
        """Each chosen operator heads its column; menus of none are behind *More*, but for one."""
        chosen = [menu for menu in self.operator_menus if menu.label != NO_OPERATOR]
        for place, menu in enumerate(self.operator_menus, start=1):
            shown = menu in (chosen or self.operator_menus[:1])
            (menu.widget.remove_class if shown else menu.widget.add_class)("lcm-none")
            gaps = 24 * (len(chosen) - 1) / max(len(chosen), 1)
            width = f"calc({100 / len(chosen):.3f}% - {gaps:g}px)" if menu in chosen else "220px"
            menu.widget.layout.width = width
            menu.widget.tooltip = f"Operator {place}: {menu.label}"
