"""Law errors of up to four operators side by side, and a search for their worst cases."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence

import ipywidgets as widgets
from torch import Tensor

from lcm_core.errors import unknown
from lcm_core.figures import laws_figure
from lcm_core.laws import LAWS, LawError, LawReport, law_report
from lcm_core.operators import Operator, operator_names
from lcm_core.populations import (
    Population,
    closure_population,
    encoded_population,
    gaussian_population,
)
from lcm_core.widgets.live_figure import LiveFigure
from lcm_core.widgets.operators import label, resolve_operator
from lcm_core.widgets.page_script import PageScript
from lcm_core.widgets.panel import Panel, ReadOut, button, row
from lcm_core.widgets.worker import Worker

MOST_OPERATORS = 4
KINDS = ("gaussian", "closure")  # and "encoded" in place of "gaussian", if elements are given
SEARCH_STEPS = 100
NO_OPERATOR = "(none)"


class LawExplorer(Panel):
    """Bars of law errors over a population of states, with the numbers in a table below.

    Args:
        operators: up to four names or operators.
        channels: the width of the elements, if neither `elements` nor an operator says it.
        population: `gaussian`, `closure` (reductions of random subsets) or `encoded` (`elements`
            themselves); by default `closure` if `elements` are given, else `gaussian`.
        elements: `(m, channels)`, such as the outputs of a task's encoder; Gaussian ones if left
            out.
        samples: how many tuples of states are drawn for each law.
        seed: of the drawing and of the operators' weights.

    Attributes:
        reports: the `LawReport` of each operator on show, by its label.
    """

    def __init__(
        self,
        operators: Sequence[str | Operator] = ("sum", "gru", "symmetrized_gru"),
        channels: int = 8,
        population: str | None = None,
        elements: Tensor | None = None,
        samples: int = 1000,
        seed: int = 0,
    ):
        super().__init__()
        if not 1 <= len(operators) <= MOST_OPERATORS:
            raise ValueError(f"expected 1 to {MOST_OPERATORS} operators, got {len(operators)}")
        own = [operator for operator in operators if isinstance(operator, Operator)]
        self._elements = None if elements is None else elements.detach()
        if self._elements is not None:
            channels = self._elements.shape[1]
        elif own:
            channels = own[0].channels
        kinds = KINDS if elements is None else ("closure", "encoded")
        population = kinds[0] if population is None else population
        if population not in kinds:
            raise unknown("population", population, kinds)
        for operator in operators:
            if isinstance(operator, str) and operator not in operator_names():
                raise unknown("operator", operator, operator_names())
        self._channels = channels
        self.reports: dict[str, LawReport] = {}
        self._worker = Worker("lcm law search", self._failed)
        self._build(operators, own, kinds, population, samples, seed)
        self.guard(self._measure)()
        self.made()

    def _build(
        self,
        operators: Sequence[str | Operator],
        own: Sequence[Operator],
        kinds: Sequence[str],
        population: str,
        samples: int,
        seed: int,
    ) -> None:
        choices: list[tuple[str, str | Operator]] = [(NO_OPERATOR, NO_OPERATOR)]
        choices += zip(self._own_labels(own), own, strict=True)
        choices += [(name, name) for name in operator_names()]
        self.operator_menus = [
            widgets.Dropdown(
                options=choices,
                value=operators[place] if place < len(operators) else NO_OPERATOR,
                description=f"Operator {place + 1}",
                tooltip="an operator to compare",
            )
            for place in range(MOST_OPERATORS)
        ]
        self.population_menu = widgets.Dropdown(
            options=kinds,
            value=population,
            description="Population",
            tooltip="the states on which the laws are tried",
        )
        self.samples_slider = widgets.IntSlider(
            value=samples,
            min=min(100, samples),
            max=max(5000, samples),
            step=100,
            description="Samples",
            continuous_update=False,
            tooltip="tuples of states drawn for each law",
        )
        self.seed_box = widgets.BoundedIntText(
            value=seed, min=0, max=10**6, description="Seed", tooltip="of the drawing and weights"
        )
        controls = [*self.operator_menus, self.population_menu, self.samples_slider, self.seed_box]
        for control in controls:
            control.add_class("lcm-" + control.description.lower().replace(" ", "-"))
            control.observe(self.guard(self._measure), names="value")
        self.search_button = button(
            "Search worst case", "gradient ascent on each error", self.guard(self.search)
        )
        self.stop_button = button("Stop search", "keep what was found", self.guard(self.stop))
        self.status = ReadOut("search-status", width="auto")
        self._figure = LiveFigure()
        self.read_out = ReadOut("laws-text")
        self.children = [
            row(*self.operator_menus),
            row(self.population_menu, self.samples_slider, self.seed_box),
            row(self.search_button, self.stop_button, self.status),
            self._error_area,
            self._figure.widget,
            self.read_out,
            PageScript(),
        ]

    # What the controls do

    def search(self, _: object = None) -> None:
        """Looks for the largest errors, in a thread; the figure grows operator by operator."""
        chosen, population = self._operators(), self._population()
        options = {"samples": self.samples_slider.value, "seed": self.seed_box.value}

        def work(should_stop: Callable[[], bool]) -> None:
            for name, operator in chosen.items():
                self.status.say(f"searching the worst case of {html.escape(name)} …")
                report = law_report(
                    operator,
                    population,
                    search_steps=SEARCH_STEPS,
                    should_stop=should_stop,
                    **options,
                )
                with self._state_lock:
                    if self._chosen is not chosen or self._closed:
                        return
                    self.reports[name] = report
                    self._draw()
                if should_stop():
                    self.status.say("search stopped: the largest found so far are shown")
                    return
            self.status.say("search done: diamonds mark the largest error found")

        self._chosen = chosen
        self._worker.start(work)

    def stop(self, _: object = None) -> None:
        """Ends the search and keeps what it found."""
        self._worker.stop()

    def end_work(self) -> None:
        self._worker.stop()

    def _failed(self, error: BaseException) -> None:
        self.status.say("the search failed")
        self.show_error(error)

    def _measure(self, _: object = None) -> None:
        """Measures anew; a search for other settings is of no use any more."""
        self._worker.stop()
        with self._state_lock:
            self._chosen = self._operators()
            population = self._population()
            self.reports = {
                name: law_report(
                    operator,
                    population,
                    samples=self.samples_slider.value,
                    seed=self.seed_box.value,
                )
                for name, operator in self._chosen.items()
            }
            self.status.say("")
            self._draw()

    def _operators(self) -> dict[str, Operator]:
        chosen: dict[str, Operator] = {}
        for menu in self.operator_menus:
            if menu.value != NO_OPERATOR:
                chosen[menu.label] = resolve_operator(
                    menu.value, self._channels, self.seed_box.value
                )
        return chosen

    @staticmethod
    def _own_labels(own: Sequence[Operator]) -> list[str]:
        """A label each; operators of the same name are numbered."""
        labels = [label(operator) for operator in own]
        return [
            f"{text} {labels[:place].count(text) + 1}" if labels.count(text) > 1 else text
            for place, text in enumerate(labels)
        ]

    def _population(self) -> Population:
        seed, kind = self.seed_box.value, self.population_menu.value
        drawn = gaussian_population(self._channels, seed=seed)
        if kind == "gaussian":
            return drawn
        elements = drawn.elements if self._elements is None else self._elements
        if kind == "encoded":
            return encoded_population(elements)
        return closure_population(elements, seed=seed)

    # What is shown

    def _draw(self) -> None:
        figure = laws_figure(self.reports, LAWS)
        self._figure.show(figure)
        self.read_out.say(_table(self.reports))


def _table(reports: Mapping[str, LawReport]) -> str:
    heads = "law|mean|95 % interval|median|95th percentile|max|largest found|spread".split("|")
    rows = [
        f"<tr><th scope='row' style='text-align:left'>{html.escape(name)}</th>"
        + "".join(f"<td>{cell}</td>" for cell in _cells(law, report.get(law)))
        + "</tr>"
        for law in LAWS
        for name, report in reports.items()
    ]
    return (
        "<table class='lcm-table' style='width:100%;text-align:right'><thead><tr>"
        "<th style='text-align:left'>operator</th>"
        + "".join(f"<th style='text-align:right'>{head}</th>" for head in heads)
        + "</tr></thead><tbody>"
        + "".join(rows)
        + "</tbody></table>"
    )


def _cells(law: str, error: LawError | None) -> list[str]:
    if error is None:
        return [law, "no identity", *[""] * 6]
    if error.degenerate:
        return [law, "degenerate: all outputs alike", *[""] * 5, f"{error.spread:.3g}"]
    largest = "" if error.largest_found is None else f"{error.largest_found:.3g}"
    return [
        law,
        f"{error.mean:.3g}",
        f"{error.ci_low:.3g} to {error.ci_high:.3g}",
        f"{error.median:.3g}",
        f"{error.p95:.3g}",
        f"{error.max:.3g}",
        largest,
        f"{error.spread:.3g}",
    ]
