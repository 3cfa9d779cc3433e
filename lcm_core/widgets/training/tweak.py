"""Tweak a trained operator, and see what the laws and the score lose."""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any

import ipywidgets as widgets
import numpy as np

from lcm_core.errors import unknown
from lcm_core.operators import Operator, make_operator
from lcm_core.threads import using_threads
from lcm_core.training.pretrained_models import pretrained
from lcm_core.widgets.base.controls import button, compact, menu, row
from lcm_core.widgets.base.page_files import module
from lcm_core.widgets.base.panel import Panel
from lcm_core.widgets.base.text_areas import ReadOut
from lcm_core.widgets.base.view import View
from lcm_core.widgets.training.picture import (
    AT_FIRST,
    HINTS,
    SETS,
    bracketed,
    drawn,
    placed,
    title_of,
    ways_of,
)
from lcm_core.widgets.training.subjects import Source, as_wide, subject_of
from lcm_core.widgets.training.tweaks import TweakedOperator
from lcm_core.widgets.training.views import PictureView

__all__ = ["TweakOperator"]

NONE, ALL = "(none)", -1  # no other operator; no channel is silenced: all act
EXACT = ("sum", "max")  # operators of the library that can be blended in
REACH = 3.0  # the largest weight of the slider


class WeightsView(View):
    """A matrix of weights; `value` has the `row` and the `column` that the reader chose."""

    _esm = module(Path(__file__).parent / "weights_view.js")


class TweakOperator(Panel):
    """Silence a channel of a trained operator, blend another in, or edit a weight.

    The laws and the score of the whole network are measured anew at each change. All this happens
    to a copy: neither the run nor the file is changed.

    Args:
        source: the name of a trained model of the library, such as "lcm"; the file of a
            checkpoint; a `Trainer`; or a `TrainingPanel`, whose chosen recipe is copied as it is.
        silence: the channel whose results are 0; None for none.
        blend: what is blended in: a trained model of the same width, "sum" or "max".
        share: of it, 0 to 1.
        weights: edited ones, by (name of the matrix, row, column).
        chosen: which weight the slider speaks of to begin with, in the same way.

    Attributes:
        subject: the copy.
        before, now: what was measured of the copy without and with the tweak.
        operator: the tweaked one, for your own measurements.

    Raises:
        ValueError: an unknown name or weight; or a model whose readout has no operator.
    """

    def __init__(
        self,
        source: Source = "lcm",
        silence: int | None = None,
        blend: str = NONE,
        share: float = 0.0,
        weights: dict[tuple[str, int, int], float] | None = None,
        chosen: tuple[str, int, int] | None = None,
        more: bool = False,
    ):
        super().__init__(more)
        self.subject = subject_of(source)
        self.edits = dict(weights or {})
        if chosen is not None:
            self._check_weight(*chosen)
        width = self.subject.operator.state_dim
        others = [NONE, *as_wide(self.subject), *EXACT]
        self.silence_menu = menu(
            "Silence channel",
            [(NONE, ALL), *((str(k), k) for k in range(width))],
            ALL if silence is None else silence,
            "the results of ⊕ are 0 there",
            "auto",
        )
        self.blend_menu = menu("Blend with", others, blend, "another ⊕ of the same width", "auto")
        self.share_slider = compact(
            widgets.FloatSlider(share, min=0, max=1, step=0.05, description="share"), 220, "share"
        )
        self.undo_button = button("Undo all", "the operator as it was trained", "undo")
        self.matrix_menu = menu(
            "Weights", list(self.subject.matrices()), None, "the matrix on show", "auto"
        )
        usual = self._usual_weight()
        self.matrix_menu.value, *cell = chosen or usual or (None, 0, 0)
        self.weight_slider = compact(
            widgets.FloatSlider(0, min=-REACH, max=REACH, step=0.01, description="chosen weight"),
            320,
            "weight",
        )
        self.sentence, self.read_out = ReadOut("tweak"), ReadOut("tweak-text", live="off")
        self.weights_view, self.picture = WeightsView(), PictureView()
        self._cell: tuple[int, int] = (cell[0], cell[1])
        self._others: dict[str, Operator] = {}
        self.before = self.subject.measure(TweakedOperator(self.subject.operator))
        self.now, self.operator = self.before, TweakedOperator(self.subject.operator)
        rows = np.random.default_rng(0).integers(
            len(self.subject.elements), size=(SETS, ways_of(True).size)
        )
        self._sets = self.subject.elements[rows]
        self._trained = placed(bracketed(self.operator, self._sets), ways_of(True).edges)
        self._make_connections()
        parts = widgets.HBox([self.weights_view, self.picture])
        parts.add_class("lcm-training")
        self.lay_out(
            [
                row(self.silence_menu, self.blend_menu, self.share_slider, self.undo_button),
                row(self.matrix_menu, self.weight_slider),
            ],
            [self.sentence, parts],
            more=[self.read_out],
        )

    def _make_connections(self) -> None:
        self.connect(self.draw, self.silence_menu, self.blend_menu, self.share_slider)
        self.connect(self._edit, self.weight_slider)
        self.connect(self._choose, self.weights_view)
        self.connect(self._undo, self.undo_button)
        self.connect(self.draw, self.matrix_menu)
        self.connect(self._turn, self.picture)

    def arguments(self) -> dict[str, Any]:
        """The tweak as it is now, and the chosen weight."""
        chosen = (self.matrix_menu.value, *self._cell)
        return {
            "silence": None if self.silence_menu.value == ALL else self.silence_menu.value,
            "blend": self.blend_menu.value,
            "share": self.share_slider.value,
            "weights": self.edits or None,
            "chosen": None if chosen[0] is None or chosen == self._usual_weight() else chosen,
        }

    def _usual_weight(self) -> tuple[str, int, int] | None:
        """The weight to begin with: in the first matrix, where the first edit is."""
        name = next(iter(self.subject.matrices()), None)
        row, column = next(((r, c) for (_, r, c) in self.edits), (0, 0))
        return None if name is None else (name, row, column)

    def _check_weight(self, name: str, row: int, column: int) -> None:
        matrices = self.subject.matrices()
        if name not in matrices:
            raise unknown("matrix of weights", name, matrices)
        rows, columns = matrices[name].shape
        if not (0 <= row < rows and 0 <= column < columns):
            raise ValueError(
                f"expected chosen within the {rows} rows and {columns} columns of {name}, "
                f"got {row} and {column}"
            )

    # What the reader does

    def _choose(self) -> None:
        found = self.weights_view.value
        self._cell = int(found["row"]), int(found["column"])
        self._show_weight()

    def _edit(self) -> None:
        self.edits[self.matrix_menu.value, *self._cell] = round(self.weight_slider.value, 6)
        self.draw()

    def _undo(self) -> None:
        with self.quietly():
            self.silence_menu.value, self.blend_menu.value = ALL, NONE
            self.share_slider.value = 0.0
            self.edits.clear()
        self.draw()

    def _turn(self) -> None:
        self.picture.data = {**self.picture.data, "state": dict(self.picture.value)}

    # What is shown

    def draw(self) -> None:
        """Tweak, measure and show: small work, which waits for no other thread."""
        with using_threads(1):
            self._draw()

    def _draw(self) -> None:
        self.subject.set_weights(self.edits)
        blend, share = self.blend_menu.value, self.share_slider.value
        if blend != NONE and not share:
            with self.quietly():
                share = self.share_slider.value = 0.5  # what is chosen does something
        silence = self.silence_menu.value
        self.operator = TweakedOperator(
            self.subject.operator, self._other(blend), share, () if silence == ALL else (silence,)
        )
        self.now = self.subject.measure(self.operator)
        self.share_slider.disabled = blend == NONE
        self.share_slider.tooltip = (
            "choose an operator to blend with first" if blend == NONE else "of the other, 0 to 1"
        )
        self._show_weight()
        self._show_picture()
        self._say()

    def _other(self, name: str) -> Operator | None:
        if name == NONE:
            return None
        if name not in self._others:
            channels = self.subject.operator.channels
            self._others[name] = (
                make_operator(name, channels=channels)
                if name in EXACT
                else pretrained(name).operator
            )
        return self._others[name]

    def _show_weight(self) -> None:
        name = self.matrix_menu.value
        if name is None:  # ⊕ has no matrix of weights
            self.weight_slider.disabled = True
            return
        values = self.subject.matrices()[name].numpy()
        self._cell = tuple(min(i, n - 1) for i, n in zip(self._cell, values.shape, strict=True))
        with self.quietly():
            value = float(values[self._cell])
            self.weight_slider.min, self.weight_slider.max = min(-REACH, value), max(REACH, value)
            self.weight_slider.value = value
        self.weights_view.show(
            title=f"weights {name}, {values.shape[0]} × {values.shape[1]}",
            values=values.round(3),
            largest=float(np.abs(values).max()),
            row=self._cell[0],
            column=self._cell[1],
        )

    def _show_picture(self) -> None:
        ways = ways_of(True)
        found = placed(bracketed(self.operator, self._sets), ways.edges, self._trained.points)
        pictures = (("as trained", self._trained), ("tweaked", found))
        title = title_of("answers", ways.word)
        self.picture.show(
            kind="answers",
            title=title,
            label=f"{title}, as trained and tweaked",
            hint=HINTS["answers"],
            height=300,
            first=1,
            panels=[{**drawn(each, ways), "title": name} for name, each in pictures],
            state=dict(self.picture.value) or AT_FIRST,
        )

    def _say(self) -> None:
        name = html.escape(self.subject.task.metric_title)
        tweaked = self.now != self.before
        score = _change(self.before.score, self.now.score)
        law = _change(self.before.laws["associativity"], self.now.laws["associativity"])
        ask = "" if tweaked else " Silence a channel, and see what they lose."
        self.sentence.say(f"{name} <b>{score}</b>, associativity error <b>{law}</b>.{ask}")
        self.read_out.say(
            f"{html.escape(self.subject.title)}, as trained and tweaked: {name} {score}; "
            + "; ".join(
                f"{each} error {_change(self.before.laws[each], self.now.laws[each])}"
                for each in self.now.laws
            )
            + f". The score is that of {self.subject.sets} sets of the validation data."
            + "".join(
                f"<br>{html.escape(matrix)}[{r}, {c}] is {value:.3g} (trained: "
                f"{self.subject.original(matrix, r, c):.3g})"
                for (matrix, r, c), value in self.edits.items()
            )
        )


def _change(before: float, now: float) -> str:
    one, other = f"{before:.3g}", f"{now:.3g}"  # rounding may differ from one time to the next
    return one if one == other else f"{one} → {other}"
