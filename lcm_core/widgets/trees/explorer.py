"""A reduction to look at: choose set, operator, tree and order, and step through its levels."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import networkx as nx
import numpy as np
import torch

from lcm_core.errors import unknown
from lcm_core.pyg import Data
from lcm_core.trees.tree import Tree
from lcm_core.widgets.base.controls import button, row
from lcm_core.widgets.base.panel import Panel
from lcm_core.widgets.base.values import Values
from lcm_core.widgets.operators.menu import OperatorChoice, OperatorMenu
from lcm_core.widgets.trees.choice import chosen_trees, leaves_of, menu_value, one_bracketing
from lcm_core.widgets.trees.controls import DRAWN, NEIGHBOURS, TASK, TreeControls
from lcm_core.widgets.trees.element_set import TreeSet
from lcm_core.widgets.trees.level_player import LevelPlayer
from lcm_core.widgets.trees.neighbourhood import GraphOfElements
from lcm_core.widgets.trees.reductions import TreeReductions
from lcm_core.widgets.trees.sources import Elements
from lcm_core.widgets.trees.values import COLOURS
from lcm_core.widgets.trees.view import TreeView

__all__ = ["TreeExplorer"]

LEAVES = 8


class TreeExplorer(Panel):
    """Draws the reduction of one set, with every state as colours.

    Args:
        operator: a name of `operator_names()`, an operator, or the file of a checkpoint.
        leaves: how many elements to begin with, 1 to 256 (default: all `values`, or 8).
        tree: a name of `TREE_NAMES`, or a bracketing such as `((a b)(c d))`.
        values: the elements, `(n, channels)`; a list of numbers; or "second_minimum", a sample of
            that task. Without them, elements that came with the operator, or Gaussian ones.
        names: a short name for each of `values`.
        channels: the width of the elements if `values` is left out.
        seed: of the elements, the weights of the operators, the orders and the random trees.
        compare: a second tree beside the first.
        colour: "features"; "norm", the length of a state; "component", its place along the first
            principal component of all states on show; or "deviation", the largest difference of a
            feature from what the balanced tree makes of the same leaves in the same order.
        graph: "karate", a networkx graph, or a PyG graph such as a molecule.
        node: of the graph, whose neighbours are reduced.

    Attributes:
        controls: the menus, sliders and text fields.
        elements: what the set is taken from: its first few are the set.
        order: which element each leaf holds.
        shown: the reductions on show, with all their numbers.
        graph: the graph on show, or None.
        node: the number of the node whose neighbours are reduced.
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
    ):
        super().__init__()
        if colour not in COLOURS:
            raise unknown("colour", colour, COLOURS)
        bracketing = one_bracketing(tree, compare)
        usual = len(leaves_of(bracketing)) or LEAVES
        self._set = TreeSet(values, names, graph, node, leaves, usual, channels, seed)
        self._seed = self._tree_seed = seed
        self._stale = True
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
        )
        if self.graph:
            self.controls.node.value = self.node
        self._make_parts(operator)

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

    def _make_parts(self, operator: OperatorChoice) -> None:
        controls = self.controls
        self.operator_menu = OperatorMenu(self, operator, self.draw)
        self.shuffle_button = button("Shuffle", "another order of the same set")
        self.unshuffle_button = button("Unshuffle", "the first order")
        self.new_tree_button = button("New tree", "another random tree")
        self.new_elements_button = button("New elements", "draw another set")
        self.back_button = button("Back", "one level down")
        self.forward_button = button("Forward", "one level up")
        self.reset_button = button("Reset level", "leaves only")
        self.play_button = button("Play", "all levels, one by one")
        self.player = LevelPlayer(self, controls.level, self.play_button)
        self._view = TreeView(self.graph, self.locked(self._click_node))
        self._figure, self.read_out = self._view.figure, self._view.read_out
        self._connect()
        figures = [self._figure.part("100%")]
        if self._view.graph_figure is not None:
            figures = [self._view.graph_figure.part("38%"), self._figure.part("61%")]
        operator_row = row(
            self.operator_menu.widget,
            controls.tree,
            controls.compare,
            controls.colour,
            self.new_tree_button,
        )
        set_row = row(
            controls.source,
            controls.node,
            controls.leaves,
            self.shuffle_button,
            self.unshuffle_button,
            self.new_elements_button,
        )
        level_row = row(
            controls.level,
            self.back_button,
            self.forward_button,
            self.reset_button,
            self.play_button,
            controls.bracketing,
            controls.values,
        )
        self.lay_out([operator_row, set_row, level_row], [row(*figures), self.read_out])

    def _connect(self) -> None:
        controls = self.controls
        self.connect(self.draw, controls.leaves, controls.source, controls.values)
        self.connect(self._choose_tree, controls.tree, controls.compare)
        self.connect(self._type_bracketing, controls.bracketing)
        self.connect(self._choose_node, controls.node)
        self.connect(self._show, controls.colour)
        self.connect(self._show_level, controls.level)
        self.connect(self._shuffle, self.shuffle_button)
        self.connect(self._unshuffle, self.unshuffle_button)
        self.connect(self._new_tree, self.new_tree_button)
        self.connect(self._new_elements, self.new_elements_button)
        self.connect(partial(self._go, -1), self.back_button)
        self.connect(partial(self._go, 1), self.forward_button)
        self.connect(partial(self._go, None), self.reset_button)
        self.connect(self.player.play_or_stop, self.play_button)

    # What the controls do

    def _shuffle(self) -> None:
        self._set.shuffle()
        self.draw()

    def _unshuffle(self) -> None:
        self._set.unshuffle()
        self.draw()

    def _new_tree(self) -> None:
        self._tree_seed += 1
        if "random" in (self.controls.tree.value, self.controls.compare.value):
            self.draw()
        else:
            self.controls.tree.value = "random"

    def _new_elements(self) -> None:
        self._set.draw_anew()
        if self.controls.source.value in (DRAWN, TASK):
            self.draw()
        else:
            self.controls.source.value = DRAWN

    def _choose_tree(self) -> None:
        controls = self.controls
        if not controls.bracketing.value and self.shown is not None:
            tree = self.shown.traces[0].graph["tree"]
            with self.quietly():
                controls.bracketing.value = tree.bracketing(self.elements.names) if tree else ""
        self.draw()

    def _type_bracketing(self) -> None:
        count, slider = len(leaves_of(self.controls.bracketing.value)), self.controls.leaves
        if 1 <= count <= slider.max and not slider.disabled:
            with self.quietly():
                slider.value = count
        self.draw()

    def _choose_node(self) -> None:
        self._set.node = self.controls.node.value
        if self.controls.source.value == NEIGHBOURS:
            self.draw()
        else:
            self.controls.source.value = NEIGHBOURS

    def _click_node(self, node: int) -> None:
        self.controls.node.value = node

    def _go(self, levels: int | None) -> None:
        slider = self.controls.level
        slider.value = 0 if levels is None else min(max(slider.value + levels, 0), slider.max)

    # What is shown

    @torch.no_grad()
    def draw(self) -> None:
        """Reduces the set anew; also in the thread of a training run that is followed."""
        self._stale = True
        self.controls.show_what_is_needed()
        self._choose_elements()
        operator = self.operator_menu.operator(self.elements.values.shape[1], self._seed)
        assert operator is not None
        names, text = self.elements.names, self.controls.bracketing.value
        trees = chosen_trees(self._tree_names(), text, names[: len(self.order)], self._tree_seed)
        before = self.shown
        self.shown = TreeReductions.of(operator, self.elements.values, names, self.order, trees)
        self._stale = False
        self._set_levels(self.shown, keep=before is not None and _trees_of(before) == trees)
        self._show()
        self._view.show_graph(self.node)

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

    def _set_levels(self, shown: TreeReductions, keep: bool) -> None:
        """All levels, unless the reader has chosen one of the same trees."""
        depth = max(each.graph["depth"] for each in shown.traces)
        slider = self.controls.level
        if keep and slider.max == max(depth, 1):
            return
        with self.quietly():
            slider.max = max(depth, 1)
            slider.value = depth

    @torch.no_grad()
    def _show(self) -> None:
        """Draws the trees anew."""
        if self._stale or self.shown is None:
            self.draw()
            return
        self._view.show(
            self.shown,
            self._tree_names(),
            self.controls.colour.value,
            self.elements.about,
            self.controls.level.value,
        )

    def _show_level(self) -> None:
        if self._stale:
            self.draw()
        else:
            self._view.step(self.controls.level.value)


def _trees_of(shown: TreeReductions) -> list[Tree]:
    return [each.graph["tree"] for each in shown.traces if each.graph["tree"] is not None]
