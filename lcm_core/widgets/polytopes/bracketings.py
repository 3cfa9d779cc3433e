"""All bracketings of a few states at once: the associahedron, coloured by what ⊕ makes of it."""

from __future__ import annotations

from functools import cache
from typing import Any

import ipywidgets as widgets
from torch import Tensor

from lcm_core.figures.polytope import SCALES
from lcm_core.laws.deviations import swap_difference
from lcm_core.operators import Operator
from lcm_core.trees.polytopes import associahedron, unordered_trees
from lcm_core.widgets.base.values import Values
from lcm_core.widgets.operators.menu import OperatorChoice
from lcm_core.widgets.polytopes.explorer import PolytopeExplorer
from lcm_core.widgets.polytopes.parts import Look, Shape

__all__ = ["BracketingExplorer"]


class BracketingExplorer(PolytopeExplorer):
    """The associahedron: each vertex is a bracketing of the same elements, each edge one
    re-association, coloured by how far its result lies from the mean of all, and by how far the
    results at its ends lie apart.

    Args:
        operator: a name of `operator_names()`, an operator, or the file of a checkpoint.
        n: elements, 4 (a pentagon), 5 (14 bracketings) or 6 (42).
        values: the elements, `(n or more, channels)`, or n numbers; Gaussian ones if left out.
        channels: the width of the elements if `values` is left out.
        seed: of the elements and of the operator's weights.
        unordered: begin with the 15 trees of four elements whose children have no order, joined by
            30 interchanges: for an operator that commutes each jump is an error of associativity.
        draw: how often the elements have been drawn anew.
        vertex: the bracketing whose tree is drawn to begin with, such as "((a b)(c d))" (default:
            the first).
        turn, tilt: how the graph is seen, in degrees, where it has three dimensions.
        colours: up to what they reach: "to the largest", "0 to 1", or "logarithmic".
    """

    sizes = (4, 5, 6)

    def __init__(
        self,
        operator: OperatorChoice = "symmetrized_gru",
        n: int = 5,
        values: Values | None = None,
        channels: int = 4,
        seed: int = 0,
        unordered: bool = False,
        draw: int = 0,
        vertex: str | None = None,
        turn: int | None = None,
        tilt: int | None = None,
        colours: str = SCALES[0],
    ):
        self.unordered_box = widgets.Checkbox(
            value=unordered,
            description="Unordered trees of 4",
            tooltip="children may change sides, which costs nothing if ⊕ commutes",
            indent=False,
            layout=widgets.Layout(width="180px"),
        )
        look = Look(draw, vertex, turn, tilt, colours)
        super().__init__(operator, 4 if unordered else n, values, channels, seed, look)

    def as_arguments(self) -> dict[str, Any]:
        """Unordered trees have four elements, which need not be said."""
        found = {**super().as_arguments(), "unordered": self.unordered_box.value}
        return {name: each for name, each in found.items() if name != "n" or not found["unordered"]}

    def own_controls(self) -> list[widgets.Widget]:
        self.unordered_box.add_class("lcm-unordered")
        self.connect(self._unorder, self.unordered_box)
        self.size_menu.disabled = self.unordered_box.value
        return [self.unordered_box]

    def _unorder(self) -> None:
        self.size_menu.disabled = self.unordered_box.value
        self.draw()

    def make_shape(self) -> Shape:
        if self.unordered_box.value:  # also if a size is set that the page does not offer now
            with self.quietly():
                self.size_menu.value = 4
        return _shape(self.size_menu.value, self.unordered_box.value)

    def remarks(self, operator: Operator, states: Tensor) -> str:
        if not self.unordered_box.value:
            return (
                "Each edge moves one pair of brackets, (A B) C ↔ A (B C): its jump is what the "
                "law of associativity is broken by at this place."
            )
        apart = swap_difference(operator, states, self.shape.trees)
        unit = self.deviations.spread or 1.0
        if apart / unit <= self.deviations.rounding:
            return (
                "Each edge lets two subtrees change places, (A B) C ↔ (A C) B. ⊕ commutes here, so "
                "that the children of a node have no order, and every jump is an error of "
                "associativity alone."
            )
        return (
            f"<b>⊕ does not commute here</b>: x ⊕ y and y ⊕ x lie up to {apart / unit:.3g} apart. "
            "The child with the first letter is taken as the left one, and jumps are errors of "
            "both laws."
        )


@cache
def _shape(n: int, unordered: bool) -> Shape:
    if unordered:
        graph, vertex, move = unordered_trees(n), "tree", "interchange"
    else:
        graph, vertex, move = associahedron(n), "bracketing", "re-association"
    names = tuple(tree.bracketing() for tree in graph)
    return Shape(graph, tuple(graph), names, vertex, move, crowded=len(names) > 5)
