"""A multiplication table that learns, drawn while it does."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import ipywidgets as widgets

from lcm_core.errors import unknown
from lcm_core.figures import cayley_curves, cayley_figure, learning_curves, learning_figure
from lcm_core.laws.worst_triple import worst_associativity
from lcm_core.training.table_learner import MONOIDS, LearnedTable, TableLearner, monoid_table
from lcm_core.widgets.base.controls import button, row
from lcm_core.widgets.base.live_figure import LiveFigure
from lcm_core.widgets.base.panel import Panel
from lcm_core.widgets.base.text_areas import ReadOut
from lcm_core.widgets.base.worker import Worker
from lcm_core.widgets.cayley.text import learned_in_words, table_in_words, worst_in_words

__all__ = ["CayleyExplorer"]

STEPS = 400  # of one press of Train
A_PICTURE = 10  # steps
PAUSE = 0.15  # seconds between pictures, so that an eye can follow
WEIGHTS = (0.0, 0.1, 0.3, 1.0, 3.0, 10.0)


class CayleyExplorer(Panel):
    """Trains a `Cayley` operator on products of whole sets of a finite monoid's symbols.

    Beside the table stands the exact worst associativity error of all its states. Nothing is
    trained until *Train* is pressed, or `start()` is called.

    Args:
        monoid: a name of `lcm_core.training.table_learner.MONOIDS`.
        symbols: m.
        size: elements of a training set.
        associativity: weight of the regulariser.
        seed: of the table to begin with, and of the sets.

    Attributes:
        learner: the `TableLearner` on show.
        records: what was measured so far.
        worst: the `WorstTriple` of the table on show.
    """

    def __init__(
        self,
        monoid: str = "addition modulo m",
        symbols: int = 5,
        size: int = 4,
        associativity: float = 0.0,
        seed: int = 0,
    ):
        super().__init__()
        if monoid not in MONOIDS:
            raise unknown("monoid", monoid, MONOIDS)
        self._worker = Worker(self, "lcm cayley")
        self._make_controls(monoid, symbols, size, associativity, seed)
        self.learner = self._new_learner()
        self._learns = self._as_arguments()
        self.records: list[LearnedTable] = []

    def _make_controls(
        self, monoid: str, symbols: int, size: int, weight: float, seed: int
    ) -> None:
        self.monoid_menu = widgets.Dropdown(
            options=list(MONOIDS), value=monoid, description="Monoid", tooltip="what it is to learn"
        )
        self.symbols_slider = _slider("Symbols", symbols, 2, 8, "m, the symbols 0 to m − 1")
        self.size_slider = _slider("Set size", size, 2, 8, "elements of a training set")
        self.weight_menu = widgets.Dropdown(
            options=sorted({*WEIGHTS, weight}),
            value=weight,
            description="Associativity",
            tooltip="weight of the regulariser of associativity",
            style={"description_width": "initial"},
        )
        self.seed_slider = _slider("Seed", seed, 0, 9, "of the first table and of the sets")
        self.controls = {
            "monoid": self.monoid_menu,
            "symbols": self.symbols_slider,
            "size": self.size_slider,
            "weight": self.weight_menu,
            "seed": self.seed_slider,
        }
        for name, control in self.controls.items():
            control.add_class(f"lcm-cayley-{name}")
        self.train_button = button("Train", f"{STEPS} steps more", "play")
        self.stop_button = button("Stop", "keep the table as it is", "stop")
        self.reset_button = button("Reset", "back to step 0", "undo")
        self.connect(self._reset, *self.controls.values(), self.reset_button)
        self.connect(self.start, self.train_button)
        self.connect(self.stop, self.stop_button)
        self._table_figure, self._errors_figure = LiveFigure(), LiveFigure()
        self.read_out = ReadOut("cayley-text")
        self.table_text = ReadOut("cayley-table", live="off")
        figures = row(self._table_figure.part("48%"), self._errors_figure.part("48%"))
        self.lay_out(
            [
                row(*self.controls.values()),
                row(self.train_button, self.stop_button, self.reset_button),
            ],
            [figures, self.read_out, self.table_text],
        )

    def arguments(self) -> dict[str, Any]:
        """What the learner on show was made of; it is trained anew."""
        return self._learns

    def _as_arguments(self) -> dict[str, Any]:
        names = {"weight": "associativity"}
        return {names.get(name, name): each.value for name, each in self.controls.items()}

    # What the controls do

    def start(self) -> None:
        """Trains some more steps, in a thread."""
        if self._stale:
            raise ValueError("there is nothing to train: choose other symbols or another monoid")
        self.clear_error()
        learner, end = self.learner, self.learner.step + STEPS
        self._errors_figure.show(learning_figure(self.records, end))

        def work(should_stop: Callable[[], bool]) -> None:
            while learner.step < end and not should_stop():
                learner.advance(min(A_PICTURE, end - learner.step))
                with self.lock:
                    if self._closed or learner is not self.learner:
                        return
                    self._measure()  # also after Stop: the table on show is the learner's
                time.sleep(PAUSE)
            with self.lock:
                if not self._closed and learner is self.learner:
                    self._table_figure.rest()
                    self._errors_figure.rest()

        self._worker.start(work)

    def stop(self) -> None:
        """Ends the training and keeps the table."""
        self._worker.stop()

    def wait(self, timeout: float | None = None) -> bool:
        """Waits for the training to end; False if it has not ended in time (seconds)."""
        return self._worker.wait(timeout)

    def _reset(self) -> None:
        """A new table, as the controls say."""
        self._worker.stop()
        self._stale = True
        self.learner = self._new_learner()
        self._learns = self._as_arguments()
        self._stale = False
        self.draw()

    def _new_learner(self) -> TableLearner:
        products = monoid_table(self.monoid_menu.value, self.symbols_slider.value)
        return TableLearner(
            products, self.size_slider.value, self.weight_menu.value, self.seed_slider.value
        )

    # What is shown

    def draw(self) -> None:
        """The learner's table at step 0."""
        table, products = self.learner.table().numpy(), self.learner.products.numpy()
        self.records.clear()
        self._table_figure.show(cayley_figure(table, products))
        self._errors_figure.show(learning_figure(self.records, STEPS))
        self._measure()

    def _measure(self) -> None:
        """One more record, and the table as it is."""
        self.records.append(self.learner.state())
        self.worst = worst_associativity(self.learner.operator)
        table, products = self.learner.table().numpy(), self.learner.products.numpy()
        self._table_figure.move(cayley_curves(table, products))
        self._errors_figure.move(learning_curves(self.records))
        self.read_out.say(
            learned_in_words(self.records[-1], table, products)
            + "<br>"
            + worst_in_words(self.worst)
        )
        self.table_text.say(table_in_words(table))


def _slider(text: str, value: int, low: int, high: int, tooltip: str) -> widgets.IntSlider:
    return widgets.IntSlider(
        value=value,
        min=low,
        max=high,
        description=text,
        tooltip=tooltip,
        continuous_update=False,
    )
