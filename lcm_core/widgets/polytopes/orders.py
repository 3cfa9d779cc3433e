"""All orders of a few states at once: the permutohedron, coloured by what ⊕ makes of them."""

from __future__ import annotations

from functools import cache
from typing import Any

import ipywidgets as widgets
import numpy as np
from torch import Tensor

from lcm_core.errors import unknown
from lcm_core.figures.polytope import SCALES
from lcm_core.operators import Operator
from lcm_core.trees.polytopes import associahedron, permutohedron, reordered, sibling_places
from lcm_core.trees.tree import Tree, make_tree
from lcm_core.widgets.base.controls import compact
from lcm_core.widgets.base.values import Values
from lcm_core.widgets.operators.menu import OperatorChoice
from lcm_core.widgets.polytopes.explorer import LETTERS, PolytopeExplorer
from lcm_core.widgets.polytopes.parts import Look, Shape
from lcm_core.widgets.polytopes.text import in_units

__all__ = ["OrderExplorer"]

NAMED_TREES = ("left", "balanced", "right")


class OrderExplorer(PolytopeExplorer):
    """The permutohedron: each vertex is an order of the same elements, each edge a swap of
    neighbours; one tree reduces them all. Swaps of siblings, which cost nothing if ⊕ commutes, are
    dotted.

    Args:
        operator: a name of `operator_names()`, an operator, or the file of a checkpoint.
        n: elements, 3 (a hexagon) or 4 (24 orders).
        tree: `left`, `balanced` or `right`, or a bracketing such as "((0 1)(2 3))".
        values: the elements, `(n or more, channels)`, or n numbers; Gaussian ones if left out.
        channels: the width of the elements if `values` is left out.
        seed: of the elements and of the operator's weights.
        draw: how often the elements have been drawn anew.
        vertex: the order whose tree is drawn to begin with, such as "bacd" (default: the first).
        turn, tilt: how the graph is seen, in degrees, where it has three dimensions.
        colours: up to what they reach: "to the largest", "0 to 1", or "logarithmic".
    """

    sizes = (3, 4)

    def __init__(
        self,
        operator: OperatorChoice = "gru",
        n: int = 4,
        tree: str = "left",
        values: Values | None = None,
        channels: int = 4,
        seed: int = 0,
        draw: int = 0,
        vertex: str | None = None,
        turn: int | None = None,
        tilt: int | None = None,
        colours: str = SCALES[0],
    ):
        if "(" not in tree and tree not in NAMED_TREES:
            raise unknown("tree", tree, NAMED_TREES)
        begin = make_tree(tree, n) if tree in NAMED_TREES else Tree.parse(tree)
        if n in self.sizes and begin not in associahedron(n):
            raise ValueError(f"expected a tree over {n} leaves in order, got {begin.bracketing()}")
        self.tree_menu = widgets.Dropdown(
            options=_trees(begin.size),
            value=begin,
            description="Tree",
            tooltip="which places meet first",
        )
        look = Look(draw, vertex, turn, tilt, colours)
        super().__init__(operator, n, values, channels, seed, look)

    def as_arguments(self) -> dict[str, Any]:
        return {**super().as_arguments(), "tree": self._tree_name or self._tree.bracketing()}

    def own_controls(self) -> list[widgets.Widget]:
        compact(self.tree_menu, 240, "tree")
        self.connect(self.draw, self.tree_menu)
        return [self.tree_menu]

    @property
    def _tree(self) -> Tree:
        return self.tree_menu.value

    @property
    def _tree_name(self) -> str:
        """The first name of the chosen tree; "" if it has none."""
        name = self.tree_menu.label.split()[0]
        return name if name in NAMED_TREES else ""

    def make_shape(self) -> Shape:
        n = self.size_menu.value
        if self.tree_menu.value.size != n:
            with self.quietly():
                name = self._tree_name
                self.tree_menu.options = _trees(n)
                self.tree_menu.value = make_tree(name or "left", n)
        return _shape(self.tree_menu.value)

    def remarks(self, operator: Operator, states: Tensor) -> str:
        free = self.shape.free
        assert free is not None
        largest = self.deviations.jumps[free].max(initial=0.0)
        return (
            f"Each edge swaps two neighbours. Dotted: the {int(free.sum())} of {len(free)} swaps "
            "whose two elements are siblings in the tree, which cost nothing if ⊕ commutes; their "
            f"largest jump is <b>{in_units(self.deviations, largest)}</b>."
        )


@cache
def _shape(tree: Tree) -> Shape:
    graph, siblings = permutohedron(tree.size), sibling_places(tree)
    edges = list(graph.edges(data="swapped"))
    return Shape(
        graph,
        trees=tuple(reordered(tree, order) for order in graph),
        names=tuple("".join(LETTERS[leaf] for leaf in order) for order in graph),
        vertex="order",
        move="swap",
        free=np.array([place in siblings for *_, place in edges]),
        moves=tuple(
            f"{LETTERS[order[place]]} with {LETTERS[order[place + 1]]}" for order, _, place in edges
        ),
    )


def _trees(n: int) -> list[tuple[str, Tree]]:
    """All trees over n places, and what the menu calls them."""
    found = []
    for tree in associahedron(n):
        names = " = ".join(name for name in NAMED_TREES if make_tree(name, n) == tree)
        found.append((f"{names} {tree.bracketing(['•'] * n)}".strip(), tree))
    return found
