"""Put together and aggregate, or aggregate and combine: the square of a homomorphism."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

from lcm_core.errors import unknown
from lcm_core.widgets.base.controls import button, menu, row
from lcm_core.widgets.base.panel import Panel
from lcm_core.widgets.base.text_areas import ReadOut
from lcm_core.widgets.unions.square import Aggregator, Square, written
from lcm_core.widgets.unions.view import UnionView

__all__ = ["AGGREGATORS", "UnionExplorer"]

MOST = 12  # numbers in both sets together
LARGEST = 99  # a number, by arrow keys


def _mean(numbers: Sequence[float]) -> float:
    return sum(numbers) / len(numbers)


#: name → the aggregator of a list of numbers, and ⊕ of two answers.
AGGREGATORS: Mapping[str, Aggregator] = {
    "sum": (sum, lambda x, y: x + y),
    "largest": (max, max),
    "count": (len, lambda x, y: x + y),
    "mean, by averaging": (_mean, lambda x, y: (x + y) / 2),
}


class UnionExplorer(Panel):
    """Aggregates two sets put together in two ways, and says whether both agree.

    On the way along the top the sets are put together first; on the way along the bottom each is
    aggregated, and ⊕ combines the two answers. The aggregator is a homomorphism if both ways agree
    for all sets. Drag a number into the other set, or press Enter; arrow keys change it.

    Args:
        aggregators: by name, a function of a list of numbers, and a function of two answers.
        one, other: the numbers of both sets, A and B.
        aggregator: the name to begin with (default: the first).

    Attributes:
        square: what was computed last.
        parts: the numbers of A and of B.
        aggregator_menu, view, sentence: the menu, the picture, and the same in words.

    Raises:
        ValueError: no aggregators, an unknown name, or more numbers than there is room for.
    """

    def __init__(
        self,
        aggregators: Mapping[str, Aggregator] = AGGREGATORS,
        one: Sequence[float] = (1, 5),
        other: Sequence[float] = (2, 6, 6),
        aggregator: str | None = None,
    ):
        super().__init__()
        if not aggregators:
            raise ValueError("expected aggregators by name, got none: name → (aggregate, combine)")
        if aggregator is not None and aggregator not in aggregators:
            raise unknown("aggregator", aggregator, aggregators)
        if len(one) + len(other) > MOST:
            raise ValueError(f"expected at most {MOST} numbers, got {len(one) + len(other)}")
        self.aggregators = dict(aggregators)
        self.parts: tuple[list[float], list[float]] = (list(one), list(other))
        names = list(self.aggregators)
        self.aggregator_menu = menu(
            "Aggregator", names, aggregator or names[0], "what is made of a set", "270px"
        )
        self.play_button = button("Go both ways", "both ways, one after the other", "play", True)
        self.view, self.sentence = UnionView(), ReadOut("union-sentence")
        self.square = Square((None, None), None, None)
        self.connect(self.draw, self.aggregator_menu)
        self.connect(self._play, self.play_button)
        self.connect(self._changed, self.view)
        self.lay_out([row(self.aggregator_menu, self.play_button)], [self.view, self.sentence])

    def arguments(self) -> dict[str, Any]:
        name, first = self.aggregator_menu.value, next(iter(self.aggregators))
        given = {"aggregator": None if name == first else name}
        return given | {"one": tuple(self.parts[0]), "other": tuple(self.parts[1])}

    def _play(self) -> None:
        self.view.plays += 1

    def _changed(self) -> None:
        one, other = self.view.value["parts"]
        if len(one) + len(other) <= MOST:
            self.parts = (list(one), list(other))
        self.draw()

    def draw(self) -> None:
        name = self.aggregator_menu.value
        self.square = Square.of(self.aggregators[name], *self.parts)
        texts = [written(part) for part in self.square.parts]
        together, combined = written(self.square.together), written(self.square.combined)
        commutes = self.square.commutes
        self.view.show(
            parts=self.parts,
            answers=texts,
            together=together,
            combined=combined,
            commutes=commutes,
            largest=LARGEST,
            name=name,
            label=f"Two ways to the {name} of A ⊎ B",
        )
        ways = f"agg(A ⊎ B) = <b>{together}</b>, and agg(A) ⊕ agg(B) = <b>{combined}</b>"
        said = {
            True: f"Both ways agree: {ways}.",
            False: f"<b>The two ways part</b>: {ways}. Another ⊕ might do; if none does, this "
            "aggregator is no homomorphism.",
            None: f"{ways}. {html.escape(self.square.why)}",
        }
        self.sentence.say(f"<b>{html.escape(name)}</b>. {said[commutes]}")
