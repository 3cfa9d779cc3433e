"""What the weight of a penalty does to a law and to the score: finished runs, and a slider."""

from __future__ import annotations

import statistics
from typing import Any

import ipywidgets as widgets

from lcm_core.experiments import read_results
from lcm_core.experiments.associativity_weight import KINDS, SPLITS, WEIGHTS
from lcm_core.experiments.framework.results import Results
from lcm_core.figures.score_over_law import Point, score_over_law_figure
from lcm_core.widgets.base.controls import menu, row
from lcm_core.widgets.base.live_figure import LiveFigure
from lcm_core.widgets.base.panel import Panel
from lcm_core.widgets.base.text_areas import ReadOut

__all__ = ["PenaltyExplorer"]

EXPERIMENT = "associativity_weight"
SIZES = {int(split.removeprefix("size ")): split for split in SPLITS}


class PenaltyExplorer(Panel):
    """The score over the associativity error, for each weight of the penalty.

    The runs are those of the experiment `associativity_weight`, three seeds for each weight. Where
    its results are not, the panel says which command makes them.

    Args:
        weight: of the penalty: 0, 0.1, 0.3, 1, 3 or 10.
        size: of the sets that are scored: 16, 32 or 128.
        states: whether the penalty looks at the states of the "tree", or at "encoded" elements.
        more: whether further controls and all numbers are unfolded.

    Raises:
        ValueError: another weight, size or kind of states.
    """

    def __init__(
        self, weight: float = 0.0, size: int = 128, states: str = "tree", more: bool = False
    ):
        super().__init__(more)
        kinds = {kind: column for column, kind in KINDS.items()}
        for name, value, allowed in (
            ("weight", weight, WEIGHTS),
            ("size", size, SIZES),
            ("states", states, kinds),
        ):
            if value not in allowed:
                listed = ", ".join(f"{each}" for each in allowed)
                raise ValueError(f"expected {name} to be one of {listed}, got {value!r}")
        self._results: Results | None = None  # until they are found
        self.weight_slider = widgets.SelectionSlider(
            options=[(f"{each:g}", each) for each in WEIGHTS],
            value=weight,
            description="Weight",
            tooltip="of the penalty for associativity",
        )
        self.weight_slider.add_class("lcm-weight")
        self.size_menu = menu("Sets of", list(SIZES), size, "their size; training had 2 to 16")
        self.states_menu = menu("Penalty on", list(KINDS.items()), states, "what the penalty sees")
        self.figure, self.sentence = LiveFigure(), ReadOut("penalty-sentence")
        self.read_out = ReadOut("penalty-text", live="off")
        self.connect(self.draw, self.weight_slider, self.size_menu, self.states_menu)
        self.lay_out(
            [row(self.weight_slider, self.size_menu)],
            [self.figure.widget, self.sentence],
            [row(self.states_menu), self.read_out],
        )

    def arguments(self) -> dict[str, Any]:
        return {
            "weight": self.weight_slider.value,
            "size": self.size_menu.value,
            "states": self.states_menu.value,
        }

    def draw(self) -> None:
        try:
            self._results = self._results or read_results(EXPERIMENT)
        except FileNotFoundError as error:
            self.sentence.say(str(error))
            return
        size, chosen = self.size_menu.value, f"{self.weight_slider.value:g}"
        runs = self._runs(self._results)
        medians = {
            weight: (statistics.median(errors), statistics.median(scores))
            for weight, points in runs.items()
            for errors, scores in [zip(*points, strict=True)]
        }
        self.figure.show(
            score_over_law_figure(
                runs,
                medians,
                chosen,
                "associativity error (s)",
                f"sets of {size} with every bit right",
                name="weight",
            )
        )
        said = {
            weight: f"associativity error {error:.3f} s, {score:.1%} of sets of {size} right"
            for weight, (error, score) in medians.items()
        }
        count = len(runs.get(chosen, ()))
        self.sentence.say(
            f"<b>Weight {chosen}</b>: {said.get(chosen, 'no run')} (medians of {count} seeds)."
        )
        lines = [f"Weight {weight}: {words}." for weight, words in said.items()]
        self.read_out.say(f"Penalty on {self.states_menu.label}; medians.<br>{'<br>'.join(lines)}")

    def _runs(self, results: Results) -> dict[str, list[Point]]:
        """Error and score of each run, by the weights that have some."""
        column, split = self.states_menu.label, SIZES[self.size_menu.value]
        runs = {
            weight: list(
                zip(
                    results.laws(weight, column, "associativity"),
                    results.scores(weight, column, split),
                    strict=True,
                )
            )
            for weight in results.rows
        }
        return {weight: points for weight, points in runs.items() if points}
