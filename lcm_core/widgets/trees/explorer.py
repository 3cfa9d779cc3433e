"""A reduction to look at: choose set, operator, tree and order, and see what changes the answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import networkx as nx

from lcm_core.errors import unknown
from lcm_core.pyg import Data
from lcm_core.trees.moves import bracket_moved, node_over
from lcm_core.trees.tree import Tree
from lcm_core.widgets.base.values import Values
from lcm_core.widgets.operators.menu import OperatorChoice
from lcm_core.widgets.trees.choice import leaves_of, menu_value, one_bracketing
from lcm_core.widgets.trees.controls import NEIGHBOURS, TYPED, TreeControls
from lcm_core.widgets.trees.element_set import TreeSet
from lcm_core.widgets.trees.tree_panel import TreePanel
from lcm_core.widgets.trees.values import COLOURS

__all__ = ["TreeExplorer"]

LEAVES = 8


class TreeExplorer(TreePanel):
    """Draws the reduction of one set with the state of every node.

    Args:
        operator: a name of `operator_names()`, an operator, or the file of a checkpoint.
        leaves: how many elements to begin with, 1 to 256 (default: all `values`, or 8).
        tree: a name of `TREE_NAMES`, or a bracketing of the elements, such as `((a b)(c d))`.
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
        elements = TreeSet(
            values, names, graph, node, leaves, usual, channels, seed, source, draw, order
        )
        controls = TreeControls(
            menu_value(tree),
            menu_value(compare),
            bracketing,
            elements.sources,
            elements.first_source,
            len(elements.order),
            colour,
            elements.graph.names if elements.graph else (),
            elements.typed,
        )
        if elements.graph:
            controls.node.value = elements.node
        self._make(
            operator, elements, controls, seed, seed if tree_seed is None else tree_seed, level
        )
        self._connect()

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
        self._reorder(self._set.shuffle)

    def _unshuffle(self) -> None:
        self._reorder(self._set.unshuffle)

    def _reorder(self, change: Callable[[], None]) -> None:
        """Other elements for the leaves; a typed tree stays, and its brackets name them."""
        typed = self.shown if TYPED in self._tree_names() and not self._stale else None
        change()
        if typed is not None:
            place = self._tree_names().index(TYPED)
            self._write_bracketing(typed.traces[place].graph["tree"])
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
        if TYPED in self._tree_names() and self.shown is not None and not self._text_fits():
            self._write_bracketing(self.shown.traces[0].graph["tree"])
        self.draw()

    def _text_fits(self) -> bool:
        """Whether the text is a bracketing of the set."""
        try:
            Tree.parse(self.controls.bracketing.value, self._set.leaf_names)
        except ValueError:
            return False
        return True

    def _write_bracketing(self, tree: Tree | None) -> None:
        with self.quietly():
            names = self._set.leaf_names
            self.controls.bracketing.value = tree.bracketing(names) if tree else ""

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
            self._reorder(partial(self._set.reorder, value["order"]))
            return
        if "bracket" in value and self.shown is not None:
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
