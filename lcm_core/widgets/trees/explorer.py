"""A reduction to look at: choose set, operator, tree and order, and see what changes the answer."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import networkx as nx
import numpy as np
import torch

from lcm_core.errors import unknown
from lcm_core.pyg import Data
from lcm_core.trees.moves import bracket_moved, node_over
from lcm_core.trees.tree import Tree
from lcm_core.widgets.base.controls import row
from lcm_core.widgets.base.panel import Panel
from lcm_core.widgets.base.values import Values
from lcm_core.widgets.operators.menu import OperatorChoice, OperatorMenu
from lcm_core.widgets.trees.choice import chosen_trees, leaves_of, menu_value, one_bracketing
from lcm_core.widgets.trees.controls import NEIGHBOURS, NONE, TYPED, TreeButtons, TreeControls
from lcm_core.widgets.trees.element_set import TreeSet
from lcm_core.widgets.trees.neighbourhood import GraphOfElements
from lcm_core.widgets.trees.reductions import TreeReductions
from lcm_core.widgets.trees.sources import Elements
from lcm_core.widgets.trees.values import COLOURS
from lcm_core.widgets.trees.words_and_pictures import WordsAndPictures

__all__ = ["TreeExplorer"]

LEAVES = 8


class TreeExplorer(Panel):
    """Draws the reduction of one set with the state of every node.

    Args:
        operator: a name of `operator_names()`, an operator, or the file of a checkpoint.
        leaves: how many elements to begin with, 1 to 256 (default: all `values`, or 8).
        tree: a name of `TREE_NAMES`, or a bracketing such as `((a b)(c d))`.
        values: the elements, `(n, channels)`; a list of numbers; a text such as "3 1 4"; or
            "second_minimum", a sample of that task. Without them, elements that came with the
            operator, or Gaussian ones.
        names: a short name for each of `values`.
        channels: the width of the elements if `values` is left out.
        seed: of the elements, the weights of the operators, the orders and the random trees.
        compare: a second tree beside the first.
        colour: "features"; "norm", the length of a state; "component", its place along the first
            principal component of all states on show; or "deviation", the largest difference of a
            feature from what the balanced tree makes of the same leaves in the same order.
        graph: "karate", a networkx graph, or a PyG graph such as a molecule.
        node: of the graph, whose neighbours are reduced.
        order: the number of the element that each leaf holds, from 0.
        level: how far the reduction is to begin with (default: to its end).
        source: where the elements come from, an entry of the menu *Elements*.
        draw: how often the elements have been drawn anew.
        tree_seed: of the random trees alone (default: `seed`).
        more: whether further controls and all numbers are unfolded.

    Attributes:
        controls: the menus, sliders and text fields.
        buttons: those of the panel.
        elements: what the set is taken from: its first few are the set.
        order: which element each leaf holds.
        shown: the reductions on show, with all their numbers.
        graph: the graph on show, or None.
        node: the number of the node whose neighbours are reduced.
        tree_view, graph_view: the pictures; the second is None without a graph.
        lead, read_out: the sentence, and all numbers in words.
    """

    def __init__(
        self,
        operator: OperatorChoice = "symmetrized_gru",
        leaves: int | None = None,
        tree: str = "balanced",
        values: Values | str | None = None,
        names: Sequence[str] | None = None,
        channels: int = 4,
        seed: int = 0,
        compare: str | None = None,
        colour: str = "features",
        graph: str | nx.Graph | Data | None = None,
        node: object = None,
        *,
        order: Sequence[int] | None = None,
        level: int | None = None,
        source: str | None = None,
        draw: int = 0,
        tree_seed: int | None = None,
        more: bool = False,
    ):
        super().__init__(more)
        if colour not in COLOURS:
            raise unknown("colour", colour, COLOURS)
        bracketing = one_bracketing(tree, compare)
        usual = len(leaves_of(bracketing)) or LEAVES
        self._set = TreeSet(
            values, names, graph, node, leaves, usual, channels, seed, source, draw, order
        )
        self._seed, self._level = seed, level
        self._tree_seed = seed if tree_seed is None else tree_seed
        self._stale = True
        self._heard = ""
        self._at_first: dict[str, Any] | None = None
        self.shown: TreeReductions | None = None
        self.controls = TreeControls(
            menu_value(tree),
            menu_value(compare),
            bracketing,
            self._set.sources,
            self._set.first_source,
            len(self.order),
            colour,
            self.graph.names if self.graph else (),
            self._set.typed,
        )
        if self.graph:
            self.controls.node.value = self.node
        self.buttons = TreeButtons()
        self.operator_menu = OperatorMenu(self, operator, self.draw)
        self._first_operator = self.operator_menu.label
        self._page = WordsAndPictures(self.graph)
        self.tree_view, self.graph_view = self._page.tree_view, self._page.graph_view
        self.lead, self.read_out = self._page.lead, self._page.read_out
        self._connect()
        self._lay_out()

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

    def _lay_out(self) -> None:
        controls, buttons = self.controls, self.buttons
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

    def _connect(self) -> None:
        controls, buttons, view = self.controls, self.buttons, self.tree_view
        self.connect(self.draw, controls.leaves, controls.source, controls.values)
        self.connect(self._choose_tree, controls.tree, controls.compare)
        self.connect(self._type_bracketing, controls.bracketing)
        self.connect(self._choose_node, controls.node)
        self.connect(self._show, controls.colour)
        self.connect(self._show_level, controls.level)
        self.connect(self._shuffle, buttons.shuffle)
        self.connect(self._unshuffle, buttons.unshuffle)
        self.connect(self._new_tree, buttons.new_tree)
        self.connect(self._new_elements, buttons.new_elements)
        self.connect(partial(self._go, -1), buttons.back)
        self.connect(partial(self._go, 1), buttons.forward)
        self.connect(partial(self._go, None), buttons.reset_level)
        self.connect(self._play_or_stop, buttons.play)
        self.connect(self._touched, view)
        view.observe(self.locked(self._page_reached_level), names="level")
        view.observe(self.locked(self._name_play_button), names="playing")
        if self.graph_view is not None:
            self.connect(self._click_node, self.graph_view)

    # What the controls do

    def _shuffle(self) -> None:
        self._set.shuffle()
        self.draw()

    def _unshuffle(self) -> None:
        self._set.unshuffle()
        self.draw()

    def _new_tree(self) -> None:
        self._tree_seed += 1
        if "random" in self._tree_names():
            self.draw()
        else:
            self.controls.tree.value = "random"

    def _new_elements(self) -> None:
        self._set.draw_anew()
        self.draw()

    def _choose_tree(self) -> None:
        if not self.controls.bracketing.value and self.shown is not None:
            tree = self.shown.traces[0].graph["tree"]
            self._write_bracketing(tree)
        self.draw()

    def _write_bracketing(self, tree: Tree | None) -> None:
        with self.quietly():
            self.controls.bracketing.value = tree.bracketing(self.elements.names) if tree else ""

    def _type_bracketing(self) -> None:
        """As many leaves as the text has names, if it can be read."""
        text = self.controls.bracketing.value
        count, slider = len(leaves_of(text)), self.controls.leaves
        if 1 <= count <= slider.max and self.controls.source.value != NEIGHBOURS:
            self._stale = True
            Tree.parse(text, self.elements.names[:count])
            with self.quietly():
                slider.value = count
        self.draw()

    def _choose_node(self) -> None:
        self._set.node = self.controls.node.value
        if self.controls.source.value == NEIGHBOURS:
            self.draw()
        else:
            self.controls.source.value = NEIGHBOURS

    def _go(self, levels: int | None) -> None:
        slider = self.controls.level
        slider.value = 0 if levels is None else min(max(slider.value + levels, 0), slider.max)

    # What the reader does in the pictures

    def _click_node(self) -> None:
        assert self.graph_view is not None
        node = self.graph_view.value["node"]
        if node == self.controls.node.value:
            self._choose_node()
        self.controls.node.value = node

    def _touched(self) -> None:
        """A leaf was dragged, or a bracket clicked: a picture that was older may ask in vain."""
        value = self.tree_view.value
        self._heard = value["turn"]
        if "order" in value and sorted(value["order"]) == list(range(len(self.order))):
            self._set.reorder(value["order"])
        elif "bracket" in value and self.shown is not None:
            tree = self.shown.traces[0].graph["tree"]
            node = node_over(tree, *value["bracket"])
            if node is not None and tree.size <= node < tree.root:
                self._write_bracketing(bracket_moved(tree, node))
                with self.quietly():
                    self.controls.tree.value = TYPED
        self.draw()

    def _play_or_stop(self) -> None:
        self.tree_view.playing = not self.tree_view.playing

    def _name_play_button(self, _: Any) -> None:
        self.buttons.play.description = "Stop" if self.tree_view.playing else "Play"

    def _page_reached_level(self, _: Any) -> None:
        self.controls.level.value = self.tree_view.level

    # What is shown

    @torch.no_grad()
    def draw(self) -> None:
        """Reduces the set anew; also in the thread of a training run that is followed."""
        self._stale = True
        controls = self.controls
        controls.show_what_is_needed()
        self.buttons.say_what_cannot_be_drawn_anew(controls.source.value)
        first = self._at_first is None
        self._at_first = self._at_first or {}
        self._choose_elements()
        if first:
            self._at_first = self._as_arguments()
        if self.graph_view is not None and self.graph is not None:
            self.graph_view.show_graph(self.graph, self.node)
        self._page.show_if_empty(self.elements, len(self.order))
        operator = self.operator_menu.operator(self.elements.values.shape[1], self._seed)
        assert operator is not None
        names = self.elements.names
        trees = chosen_trees(
            self._tree_names(),
            controls.bracketing.value,
            names[: len(self.order)],
            self._tree_seed,
        )
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
            leaves.max = most
            leaves.min = min(most, 1)
            if others:
                leaves.value = most
        self._set.take(leaves.value)

    def _tree_names(self) -> tuple[str, str]:
        return self.controls.tree.value, self.controls.compare.value

    @property
    def _depth(self) -> int:
        return max(each.graph["depth"] for each in self.shown.traces) if self.shown else 0

    def _set_levels(self, keep: bool) -> None:
        """All levels, unless the reader has chosen one of the same trees."""
        depth = self._depth
        slider = self.controls.level
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
        controls = self.controls
        self._page.show(
            self.shown,
            self._tree_names(),
            controls.colour.value,
            self.elements.about,
            controls.level.value,
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
