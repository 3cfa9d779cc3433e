"""A reduction to look at: choose set, operator, tree and order, and step through its levels."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

import ipywidgets as widgets
import networkx as nx
import numpy as np
import torch
from torch_geometric.data import Data

from lcm_core.errors import unknown
from lcm_core.figures import NodeValues, TreePicture, graph_figure, trees_figure
from lcm_core.figures.graph import NODES
from lcm_core.trees import TREE_NAMES, Tree, make_tree
from lcm_core.widgets.level_player import LevelPlayer
from lcm_core.widgets.live_figure import LiveFigure
from lcm_core.widgets.neighbourhood import read_graph
from lcm_core.widgets.operator_menu import OperatorChoice, OperatorMenu
from lcm_core.widgets.page_script import PageScript
from lcm_core.widgets.panel import Panel, ReadOut, button, row
from lcm_core.widgets.tree_controls import (
    DRAWN,
    GIVEN,
    NEIGHBOURS,
    NONE,
    TASK,
    TYPED,
    TreeControls,
)
from lcm_core.widgets.tree_reductions import TreeReductions
from lcm_core.widgets.tree_sources import (
    MAX_LEAVES,
    Elements,
    Values,
    drawn_elements,
    given_elements,
    task_elements,
    typed_elements,
)
from lcm_core.widgets.tree_text import colour_text, comparison_text, level_text, reduction_text
from lcm_core.widgets.tree_values import COLOURS, node_colours

LEAVES = 8
HEIGHT = 340
WIDTH = 780  # pixels, about, of a figure that has the page to itself
OTHER_SEED = 10_007  # more than the first tree's, so that two random trees differ


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
        self._seed, self._channels = seed, channels
        self._tree_seed = seed
        self._shuffles = self._draws = 0
        self._quiet, self._stale = False, True
        self.shown: TreeReductions | None = None
        self._given = None
        source = DRAWN
        if isinstance(values, str):
            if values != "second_minimum":
                raise unknown("task", values, ["second_minimum"])
            source = TASK
        elif values is not None:
            self._given, source = given_elements(values, names), GIVEN
        self.graph = None if graph is None else read_graph(graph)
        sources = [DRAWN, TYPED, TASK]
        if self._given is not None:
            sources = [GIVEN, *sources]
        if self.graph is not None:
            sources, source = [NEIGHBOURS, *sources], NEIGHBOURS
        if colour not in COLOURS:
            raise unknown("colour", colour, COLOURS)
        bracketing = _one_bracketing(tree, compare)
        if leaves is None and source in (DRAWN, TASK):
            leaves = len(_leaves_of(bracketing)) or LEAVES
        most = len(self._given.names) if source == GIVEN and self._given else MAX_LEAVES
        if leaves is not None and not 1 <= leaves <= most:
            raise ValueError(f"expected leaves from 1 to {most}, got {leaves}")
        self.controls = TreeControls(
            TYPED if "(" in tree else tree,
            NONE if compare is None else TYPED if "(" in compare else compare,
            bracketing,
            sources,
            source,
            most if leaves is None else leaves,
            colour,
            self.graph.names if self.graph else (),
        )
        if self.graph is not None:
            self.controls.node.value = self.node = self.graph.find(node)
        self.order = np.arange(self.controls.leaves.value)
        self._elements_from: object = None if leaves is None else self._origin()
        self._build(operator)
        self.made()
        self.guard(self._reduce)()

    def _build(self, operator: OperatorChoice) -> None:
        guard, controls = self.guard, self.controls
        self.operator_menu = OperatorMenu(operator, guard(self._reduce))
        self.shuffle_button = button(
            "Shuffle", "another order of the same set", guard(self._shuffle)
        )
        self.unshuffle_button = button("Unshuffle", "the first order", guard(self._unshuffle))
        self.new_tree_button = button("New tree", "another random tree", guard(self._new_tree))
        self.new_elements_button = button(
            "New elements", "draw another set", guard(self._new_elements)
        )
        self.back_button = button("Back", "one level down", guard(lambda _: self._go(-1)))
        self.forward_button = button("Forward", "one level up", guard(lambda _: self._go(1)))
        self.reset_button = button("Reset level", "leaves only", guard(lambda _: self._go(None)))
        self.play_button = button("Play", "all levels, one by one", guard(self._play))
        self.player = LevelPlayer(controls.level, self.play_button, self.show_error)
        self._figure, self._graph_figure = LiveFigure(), LiveFigure()
        self.read_out = ReadOut("tree-text")
        for control, callback in (
            (controls.tree, self._choose_tree),
            (controls.compare, self._choose_tree),
            (controls.bracketing, self._type_bracketing),
            (controls.leaves, self._resize),
            (controls.source, self._reduce),
            (controls.values, self._reduce),
            (controls.node, self._choose_node),
            (controls.colour, self._redraw),
            (controls.level, self._step),
        ):
            control.observe(guard(callback), names="value")
        figures = [_part(self._figure, "100%")]
        if self.graph is not None:
            figures = [_part(self._graph_figure, "38%"), _part(self._figure, "61%")]
        self.children = [
            row(
                self.operator_menu.widget,
                controls.tree,
                controls.compare,
                controls.colour,
                self.new_tree_button,
            ),
            row(
                controls.source,
                controls.node,
                controls.leaves,
                self.shuffle_button,
                self.unshuffle_button,
                self.new_elements_button,
            ),
            row(
                controls.level,
                self.back_button,
                self.forward_button,
                self.reset_button,
                self.play_button,
                controls.bracketing,
                controls.values,
            ),
            self._error_area,
            row(*figures),
            self.read_out,
            PageScript(),
        ]

    def end_work(self) -> None:
        self.operator_menu.close()
        self.player.close()
        if self.graph is None:
            self._graph_figure.widget.close()  # it is not on the page

    # What the controls do

    def _shuffle(self, _: object = None) -> None:
        self._shuffles += 1
        generator = np.random.default_rng([self._seed, self._shuffles])
        self.order = generator.permutation(len(self.order))
        self._reduce()

    def _unshuffle(self, _: object = None) -> None:
        self.order = np.arange(len(self.order))
        self._reduce()

    def _new_tree(self, _: object = None) -> None:
        self._tree_seed += 1
        if "random" in (self.controls.tree.value, self.controls.compare.value):
            self._reduce()
        else:
            self.controls.tree.value = "random"

    def _new_elements(self, _: object = None) -> None:
        self._draws += 1
        if self.controls.source.value in (DRAWN, TASK):
            self._reduce()
        else:
            self.controls.source.value = DRAWN

    def _choose_tree(self, _: object = None) -> None:
        controls = self.controls
        if not controls.bracketing.value and self.shown is not None:
            tree = self.shown.traces[0].graph["tree"]
            self._say(controls.bracketing, tree.bracketing(self.elements.names) if tree else "")
        self._reduce()

    def _type_bracketing(self, _: object = None) -> None:
        count, slider = len(_leaves_of(self.controls.bracketing.value)), self.controls.leaves
        if self._quiet:
            return
        if 1 <= count <= slider.max and not slider.disabled:
            self._say(slider, count)
        self._reduce()

    def _resize(self, _: object = None) -> None:
        if not self._quiet:
            self._reduce()

    def _choose_node(self, _: object = None) -> None:
        self.node = self.controls.node.value
        if self.controls.source.value == NEIGHBOURS:
            self._reduce()
        else:
            self.controls.source.value = NEIGHBOURS

    def _click_node(self, _: object, points: object, __: object) -> None:
        if found := list(points.point_inds):  # type: ignore[attr-defined]
            self.controls.node.value = found[0]

    def _go(self, levels: int | None) -> None:
        slider = self.controls.level
        slider.value = 0 if levels is None else min(max(slider.value + levels, 0), slider.max)

    def _play(self, _: object = None) -> None:
        self.player.play_or_stop()

    def _say(self, control: widgets.Widget, value: object) -> None:
        """Sets a control without doing what it does."""
        self._quiet = True
        control.value = value
        self._quiet = False

    # What is shown

    def _reduce(self, _: object = None) -> None:
        """Reduces the set anew; also in the thread of a training run that is followed."""
        with self._state_lock, torch.no_grad():
            if self._quiet or self._closed:
                return
            self._stale = True
            self.controls.show_what_is_needed()
            self._choose_elements()
            values = self.elements.values
            operator = self.operator_menu.operator(values.shape[1], self._seed)
            assert operator is not None
            before, trees = self.shown, self._trees()
            self.shown = TreeReductions.of(operator, values, self.elements.names, self.order, trees)
            self._stale = False
            self._set_levels(keep=before is not None and _trees_of(before) == trees)
            self._redraw()
            self._draw_graph()

    def _origin(self) -> object:
        """Where the elements come from; when that changes, all of them are taken."""
        source = self.controls.source.value
        return (
            source,
            self.controls.values.value if source == TYPED else None,
            self.node if source == NEIGHBOURS else None,
        )

    def _choose_elements(self) -> None:
        source, leaves, origin = self.controls.source.value, self.controls.leaves, self._origin()
        self.elements = self._read(source)
        most = len(self.elements.names)
        self._quiet = True
        leaves.max = most
        leaves.min = 0 if most == 0 else 1
        if origin != self._elements_from and source not in (DRAWN, TASK):
            leaves.value = most
        self._quiet = False
        self._elements_from = origin
        if len(self.order) != leaves.value:
            self.order = np.arange(leaves.value)

    def _read(self, source: str) -> Elements:
        menu = self.operator_menu
        if source == GIVEN and self._given is not None:
            return self._given
        if source == NEIGHBOURS and self.graph is not None:
            return self.graph.neighbourhood(self.node)
        if source == TYPED:
            return typed_elements(self.controls.values.value)
        if source == TASK:
            return task_elements(self._seed, self._draws)
        channels = menu.channels or self._channels
        return drawn_elements(channels, self._seed, self._draws, menu.elements)

    def _trees(self) -> list[Tree]:
        """One or two; none for an empty set."""
        choices = [self.controls.tree.value, self.controls.compare.value]
        n, names, text = len(self.order), self.elements.names, self.controls.bracketing.value
        return [
            Tree.parse(text, names[:n])
            if choice == TYPED
            else make_tree(choice, n, self._tree_seed + number * OTHER_SEED)
            for number, choice in enumerate(choices)
            if n and choice != NONE
        ]

    def _set_levels(self, keep: bool) -> None:
        assert self.shown is not None
        depth = max(each.graph["depth"] for each in self.shown.traces)
        slider = self.controls.level
        if keep and slider.max == max(depth, 1):
            return
        self._quiet = True
        slider.max = max(depth, 1)
        slider.value = depth
        self._quiet = False

    def _redraw(self, _: object = None) -> None:
        """Draws the trees anew."""
        with self._state_lock, torch.no_grad():
            if self._stale or self.shown is None:
                self._reduce()
                return
            shown, kind = self.shown, self.controls.colour.value
            colours: list[NodeValues] | list[None] = [None, None]
            if kind != "features":
                colours = node_colours(kind, shown.traces, shown.operator)
            width = WIDTH * (1.0 if self.graph is None else 0.58) / len(shown.traces)
            self._pictures = [
                TreePicture(each, shown.names, values, marks, round(width))
                for each, values, marks in zip(shown.traces, colours, shown.marks, strict=False)
            ]
            level, titles = self.controls.level.value, self._titles()
            self._figure.show(trees_figure(self._pictures, level, HEIGHT, titles))
            self._text = self._lasting_text(shown, kind)
            self._say_level()

    def _step(self, _: object = None) -> None:
        """Draws another level: of the figure only what has moved."""
        with self._state_lock:
            if self._quiet or self._closed:
                return
            if self._stale:
                self._reduce()
                return
            level = self.controls.level.value
            self._figure.move([part for each in self._pictures for part in each.arrays(level)])
            self._figure.rest()
            self._say_level()

    def _say_level(self) -> None:
        assert self.shown is not None
        level = level_text(self.shown.traces[0], self.shown.names, self.controls.level.value)
        self.read_out.say(level + self._text)

    def _titles(self) -> list[str]:
        assert self.shown is not None
        names, traces = (self.controls.tree.value, self.controls.compare.value), self.shown.traces
        titles = [
            f"{name}, depth {each.graph['depth']}"
            for name, each in zip(names, traces, strict=False)
        ]
        return titles if len(titles) > 1 else []

    def _lasting_text(self, shown: TreeReductions, kind: str) -> str:
        """What the read-out says at every level."""
        text = reduction_text(shown)
        if len(shown.traces) > 1:
            text += comparison_text(shown, self.controls.compare.value)
        if kind != "features":
            text += colour_text(kind, shown, self._pictures[0].colours)
        return text + f"Elements: {html.escape(self.elements.about)}."

    def _draw_graph(self) -> None:
        if self.graph is None:
            return
        first = not self._graph_figure.widget.data
        near = self.graph.neighbours(self.node)
        graph = self.graph
        figure = graph_figure(graph.places, graph.edges, graph.names, self.node, near, HEIGHT)
        self._graph_figure.show(figure)
        if first:
            self._graph_figure.widget.data[NODES].on_click(self.guard(self._click_node))


def _one_bracketing(tree: str, compare: str | None) -> str:
    """The text among the two trees, of which the others must be names."""
    texts = {each for each in (tree, compare) if each is not None and "(" in each}
    for name in {tree, compare or tree} - texts:
        if name not in TREE_NAMES:
            raise unknown("tree", name, TREE_NAMES)
    if len(texts) > 1:
        raise ValueError(f"expected one bracketing at most, got {' and '.join(sorted(texts))}")
    return "".join(texts)


def _leaves_of(bracketing: str) -> list[str]:
    return re.findall(r"[^\s(),]+", bracketing)


def _trees_of(shown: TreeReductions) -> list[Tree]:
    return [each.graph["tree"] for each in shown.traces if each.graph["tree"] is not None]


def _part(figure: LiveFigure, width: str) -> widgets.VBox:
    """Shares the width of the page."""
    return widgets.VBox(
        [figure.widget], layout=widgets.Layout(width=width, min_width="300px", overflow="hidden")
    )
