"""What the weight of a penalty does to a law and to the score: finished runs, and a slider."""

from __future__ import annotations

import statistics
from typing import Any

import ipywidgets as widgets

from lcm_core.experiments import read_results
from lcm_core.experiments.associativity_weight import KINDS, SPLITS, WEIGHTS
from lcm_core.figures.score_over_law import score_over_law_figure
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
        weights = [(f"{each:g}", each) for each in WEIGHTS]
        kinds = {kind: column for column, kind in KINDS.items()}
        for name, value, allowed in (
            ("weight", weight, WEIGHTS),
            ("size", size, SIZES),
            ("states", states, kinds),
        ):
            if value not in allowed:
                listed = ", ".join(f"{each}" for each in allowed)
                raise ValueError(f"expected {name} to be one of {listed}, got {value!r}")
        self.weight_slider = widgets.SelectionSlider(
            options=weights,
            value=weight,
            description="Weight",
            tooltip="of the penalty for associativity",
        )
        self.weight_slider.add_class("lcm-weight")
        self.size_menu = menu("Sets of", list(SIZES), size, "their size; training had 2 to 16")
        self.states_menu = menu(
            "Penalty on", [(kinds[kind], kind) for kind in kinds], states, "what the penalty sees"
        )
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
            results = read_results(EXPERIMENT)
        except FileNotFoundError as error:
            self.sentence.say(str(error))
            return
        column = next(column for column, kind in KINDS.items() if kind == self.states_menu.value)
        size, chosen = self.size_menu.value, f"{self.weight_slider.value:g}"
        runs = {
            weight: list(
                zip(
                    results.laws(weight, column, "associativity"),
                    results.scores(weight, column, SIZES[size]),
                    strict=True,
                )
            )
            for weight in results.rows
        }
        self.figure.show(
            score_over_law_figure(
                runs,
                chosen,
                "associativity error (s)",
                f"sets of {size} with every bit right",
                name="weight",
            )
        )
        said = {
            weight: f"associativity error {error:.3f} s, {score:.1%} of sets of {size} right"
            for weight, points in runs.items()
            if points
            for error, score in [map(statistics.median, zip(*points, strict=True))]
        }
        count = len(runs[chosen])
        self.sentence.say(
            f"<b>Weight {chosen}</b>: {said.get(chosen, 'no run')} (medians of {count} seeds)."
        )
        lines = [f"Weight {weight}: {words}." for weight, words in said.items()]
        self.read_out.say(f"Penalty on {column}; medians.<br>{'<br>'.join(lines)}")
