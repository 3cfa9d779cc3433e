"""One molecule, its atoms in any order, and what trained networks answer."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from lcm_core.tasks import BBBP
from lcm_core.widgets.base.controls import button, row
from lcm_core.widgets.base.molecule import atom_names, atom_places, bond_orders
from lcm_core.widgets.base.panel import Panel
from lcm_core.widgets.base.text_areas import ReadOut
from lcm_core.widgets.reorder.reader import Reader
from lcm_core.widgets.reorder.view import ReorderView

__all__ = ["ReorderExplorer"]

MOST_MODELS = 3
AT_ONCE = 20  # orders of one press
MOST_TRIED = 200  # orders that the picture keeps
HEADING = "The list that is read, from left to right (the blue line above): drag an atom."
NO, YES = "does not reach the brain", "reaches the brain"


class ReorderExplorer(Panel):
    """Reorders the atoms of a molecule of BBBP, and shows what trained networks answer.

    The networks pass the same messages, whatever the order. Then one reads the states of the atoms
    as a list, and the other combines them by ⊕. A network says yes from 50 % on.

    Args:
        models: one to three names of `pretrained_names()`, trained on molecules.
        molecule: its number in the table.
        order: the number of the atom at each place of the list (default: as in the file).
        seed: of the random orders.
        more: whether the numbers are unfolded.

    Attributes:
        readers: the networks with this molecule.
        order: the number of the atom at each place, (n,).
        tried: the chance of "yes" in each order so far, (orders, models); first that of the file.
        view: the picture.

    Raises:
        ValueError: an unknown model, none or too many, or an order that is no permutation.
    """

    def __init__(
        self,
        models: Sequence[str] = ("molecules_lstm", "molecules_tropical"),
        molecule: int = 148,
        order: Sequence[int] | None = None,
        seed: int = 0,
        more: bool = False,
    ):
        super().__init__(more)
        if not 1 <= len(models) <= MOST_MODELS:
            raise ValueError(f"expected 1 to {MOST_MODELS} models, got {len(models)}")
        graph = BBBP().graph(molecule)
        self.readers = [Reader.of(name, graph) for name in models]
        self._names = atom_names(graph)
        edges = graph.edge_index.t()[graph.edge_index[0] < graph.edge_index[1]].tolist()
        self._drawing = {
            "names": self._names,
            "places": atom_places(graph),
            "edges": edges,
            "orders": bond_orders(graph, [(a, b) for a, b in edges]),
        }
        self._measured = YES if int(graph.y) else NO
        self._draw_order = torch.Generator().manual_seed(seed)
        self.order = torch.arange(len(self._names))
        self.tried = np.zeros((0, len(models)))
        self._try(self.order[None])
        if order is not None:
            self._take(self._checked(order))
        self.view = ReorderView()
        self.sentence, self.read_out = ReadOut("reorder-sentence"), ReadOut("reorder-text", "off")
        reorder = button("Reorder", "the atoms in a random order", "shuffle", primary=True)
        several = button(f"{AT_ONCE} orders", f"{AT_ONCE} random orders, one after the other")
        as_filed = button("As in the file", "the order in which the file has the atoms", "undo")
        self.buttons = (reorder, several, as_filed)
        self.several_button = several
        self.connect(lambda: self._shuffle(1), reorder)
        self.connect(lambda: self._shuffle(AT_ONCE), several)
        self.connect(self._back, as_filed)
        self.connect(self._moved, self.view)
        self.lay_out([row(*self.buttons)], [self.view, self.sentence], [self.read_out])

    def arguments(self) -> dict[str, Any]:
        order = self.order.tolist()
        return {"order": None if order == sorted(order) else order}

    def _checked(self, order: Sequence[int]) -> torch.Tensor:
        n = len(self._names)
        if sorted(order) != list(range(n)):
            raise ValueError(f"expected the numbers 0 to {n - 1} in some order, got {list(order)}")
        return torch.tensor(order)

    # What the reader does

    def _shuffle(self, count: int) -> None:
        n = len(self._names)
        orders = torch.stack([torch.randperm(n, generator=self._draw_order) for _ in range(count)])
        self._try(orders)
        self.order = orders[-1]
        self.draw()

    def _back(self) -> None:
        self.order = torch.arange(len(self._names))
        self._try(self.order[None])
        self.draw()

    def _moved(self) -> None:
        self._take(self._checked(self.view.value["order"]))
        self.draw()

    def _take(self, order: torch.Tensor) -> None:
        self.order = order
        self._try(order[None])

    def _try(self, orders: torch.Tensor) -> None:
        """Keep the answers in these orders; that of the file stays the first."""
        found = np.array([reader.chances(orders) for reader in self.readers]).T
        tried = np.concatenate([self.tried, found])
        self.tried = np.concatenate([tried[:1], tried[1:][-(MOST_TRIED - 1) :]])

    # What is shown

    def draw(self) -> None:
        self.view.show(
            **self._drawing,
            order=self.order.tolist(),
            rows=[self._row(place) for place in range(len(self.readers))],
            no=NO,
            yes=YES,
            heading=HEADING,
            label=f"A molecule of {len(self._names)} atoms, and their order",
        )
        self.sentence.say(" ".join(self._in_words(place) for place in range(len(self.readers))))
        names = ", ".join(self._names[atom] for atom in self.order.tolist())
        self.read_out.say(
            f"The order, with the numbers of the file: {names}.<br>Measured: it {self._measured}."
        )

    def _row(self, place: int) -> dict[str, Any]:
        chances = self.tried[:, place]
        return {
            "name": self.readers[place].name,
            "past": np.round(chances[:-1], 4),
            "now": float(chances[-1]),
            "said": f"{chances[-1]:.0%} yes, so {_answer(chances[-1])}",
            "flipped": _answer(chances[-1]) != _answer(chances[0]),
        }

    def _in_words(self, place: int) -> str:
        chances, reader = self.tried[:, place], self.readers[place]
        yes, count = int((chances >= 0.5).sum()), len(chances)
        now, first = _answer(chances[-1]), _answer(chances[0])
        name = html.escape(reader.name.partition(":")[0])
        if yes in (0, count):
            orders = f"all {count} orders" if count > 1 else "the order of the file"
            low, high = chances.min(), chances.max()
            still = f" ({low:.0%} to {high:.0%})" if f"{low:.0%}" != f"{high:.0%}" else ""
            return f"<b>{name}</b>: <b>{now}</b> in {orders}{still}."
        flipped = f", but {first} in the order of the file: <b>flipped</b>" if now != first else ""
        return (
            f"<b>{name}</b>: <b>{now}</b>{flipped}. "
            f"Of {count} orders, that of the file included, {yes} say yes and {count - yes} no."
        )


def _answer(chance: float) -> str:
    return "yes" if chance >= 0.5 else "no"
