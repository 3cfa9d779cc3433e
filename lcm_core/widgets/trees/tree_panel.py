"""What a tree explorer shows; `explorer.py` has what the reader does."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from lcm_core.trees.tree import Tree
from lcm_core.widgets.base.controls import row
from lcm_core.widgets.base.panel import Panel
from lcm_core.widgets.operators.menu import OperatorChoice, OperatorMenu
from lcm_core.widgets.trees.choice import chosen_trees
from lcm_core.widgets.trees.controls import NEIGHBOURS, NONE, TYPED, TreeButtons, TreeControls
from lcm_core.widgets.trees.element_set import TreeSet
from lcm_core.widgets.trees.neighbourhood import GraphOfElements
from lcm_core.widgets.trees.reductions import TreeReductions
from lcm_core.widgets.trees.sources import Elements
from lcm_core.widgets.trees.words_and_pictures import WordsAndPictures

__all__ = ["TreePanel"]


class TreePanel(Panel):
    """The parts of a tree explorer, and how they are drawn. Its attributes: see `TreeExplorer`."""

    def __init__(self, more: bool):
        super().__init__(more)
        self._stale = True
        self._heard = ""  # the last turn of the reader in the picture
        self._at_first: dict[str, Any] | None = None  # arguments of the first drawing
        self.shown: TreeReductions | None = None

    def _make(
        self,
        operator: OperatorChoice,
        elements: TreeSet,
        controls: TreeControls,
        seed: int,
        tree_seed: int,
        level: int | None,
    ) -> None:
        """Makes and places the parts; the arguments are what they begin with."""
        self._set, self.controls, self.buttons = elements, controls, TreeButtons()
        self._seed, self._tree_seed, self._level = seed, tree_seed, level
        self.operator_menu = OperatorMenu(self, operator, self.draw)
        self._first_operator = self.operator_menu.label
        self._page = WordsAndPictures(self.graph)
        self.tree_view, self.graph_view = self._page.tree_view, self._page.graph_view
        self.lead, self.read_out = self._page.lead, self._page.read_out
        buttons = self.buttons
        for menu, width in ((self.operator_menu.widget, 230), (controls.tree, 150)):
            menu.layout.width = f"{width}px"  # so that all stand in one row beside the file browser
        first = row(
            self.operator_menu.widget, controls.tree, controls.leaves, controls.node, buttons.play
        )
        two_trees = row(controls.compare, controls.colour, buttons.new_tree)
        the_set = row(
            controls.source,
            controls.values,
            buttons.new_elements,
            buttons.shuffle,
            buttons.unshuffle,
        )
        levels = row(controls.level, buttons.back, buttons.forward, buttons.reset_level)
        self.lay_out(
            [first],
            [self._page.pictures, self.lead, controls.bracketing],
            [two_trees, the_set, levels, self.read_out],
        )

    @property
    def elements(self) -> Elements:
        return self._set.elements

    @property
    def order(self) -> np.ndarray:
        return self._set.order

    @property
    def graph(self) -> GraphOfElements | None:
        return self._set.graph

    @property
    def node(self) -> int:
        return self._set.node

    @property
    def _depth(self) -> int:
        return max(each.graph["depth"] for each in self.shown.traces) if self.shown else 0

    def _tree_names(self) -> tuple[str, str]:
        return self.controls.tree.value, self.controls.compare.value

    @torch.no_grad()
    def draw(self) -> None:
        """Reduces the set anew; also in the thread of a training run that is followed."""
        self._stale = True
        controls = self.controls
        controls.show_what_is_needed()
        self.buttons.say_what_cannot_be_drawn_anew(controls.source.value)
        first, self._at_first = self._at_first is None, self._at_first or {}
        self._choose_elements()
        if first:
            self._at_first = self._as_arguments()
        if self.graph_view is not None and self.graph is not None:
            self.graph_view.show_graph(self.graph, self.node)
        self.buttons.say_whether_it_plays(len(self.order))
        self._page.show_if_empty(self.elements, len(self.order))
        operator = self.operator_menu.operator(self.elements.values.shape[1], self._seed)
        assert operator is not None
        names, text = self.elements.names, controls.bracketing.value
        leaves = self._set.leaf_names
        trees = chosen_trees(self._tree_names(), text, leaves, self._tree_seed)
        before = self.shown
        self.shown = TreeReductions.of(operator, self.elements.values, names, self.order, trees)
        self._stale = False
        self._set_levels(keep=before is not None and _trees_of(before) == trees)
        self._show()

    def _choose_elements(self) -> None:
        """Reads them, and lets the slider reach as far as there are any."""
        controls, leaves = self.controls, self.controls.leaves
        others = self._set.read(controls.source.value, controls.values.value, self.operator_menu)
        most = len(self.elements.names)
        with self.quietly():
            leaves.min = 0  # never above the new end
            leaves.max = most
            leaves.min = min(most, 1)
            if others:
                leaves.value = most
        self._set.take(leaves.value)

    def _set_levels(self, keep: bool) -> None:
        """All levels, unless the reader has chosen one of the same trees."""
        depth, slider = self._depth, self.controls.level
        if keep and slider.max == max(depth, 1):
            return
        self.tree_view.playing = False
        with self.quietly():
            slider.max = max(depth, 1)
            slider.value = depth if self._level is None else min(max(self._level, 0), depth)
        self._level = None

    @torch.no_grad()
    def _show(self) -> None:
        """Draws the trees anew."""
        if self._stale or self.shown is None:
            self.draw()
            return
        self._page.show(
            self.shown,
            self._tree_names(),
            self.controls.colour.value,
            self.elements.about,
            self.controls.level.value,
            self._heard,
        )

    def _show_level(self) -> None:
        if self._stale:
            self.draw()
            return
        level = self.controls.level.value
        if level != self.tree_view.level:
            self.tree_view.playing = False
        self._page.show_level(level)

    # The panel as code

    def arguments(self) -> dict[str, Any]:
        """What restores the panel as it is."""
        now, first = self._as_arguments(), self._at_first or {}
        if self.operator_menu.label != self._first_operator:
            now["operator"] = self.operator_menu.label
        always = {"leaves", "source"} if now["source"] != first.get("source") else set()
        return {
            name: value
            for name, value in now.items()
            if name in self._given or name in always or value != first.get(name)
        }

    def _as_arguments(self) -> dict[str, Any]:
        controls, order = self.controls, self.order
        source, level = controls.source.value, controls.level.value
        tree, compare = (
            controls.bracketing.value if name == TYPED else name for name in self._tree_names()
        )
        now: dict[str, Any] = {
            "leaves": None if source == NEIGHBOURS else len(order),
            "tree": tree,
            "compare": None if compare == NONE else compare,
            "colour": controls.colour.value,
            "node": self.node if self.graph else None,
            "order": None if np.array_equal(order, np.arange(len(order))) else order.tolist(),
            "level": level if level < self._depth else None,
            "source": source,
            "draw": self._set.draws,
            "tree_seed": None if self._tree_seed == self._seed else self._tree_seed,
        }
        return now | ({"values": controls.values.value} if source == TYPED else {})


def _trees_of(shown: TreeReductions) -> list[Tree]:
    return [each.graph["tree"] for each in shown.traces if each.graph["tree"] is not None]
