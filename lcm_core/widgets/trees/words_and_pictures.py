"""What the tree explorer shows: trees, the graph beside them, a sentence, and all numbers."""

from __future__ import annotations

import html
from collections.abc import Sequence

import ipywidgets as widgets

from lcm_core.widgets.base.text_areas import ReadOut
from lcm_core.widgets.trees.graph_picture import GraphView
from lcm_core.widgets.trees.neighbourhood import GraphOfElements
from lcm_core.widgets.trees.picture import TreeView, tree_data
from lcm_core.widgets.trees.reductions import TreeReductions
from lcm_core.widgets.trees.sources import Elements
from lcm_core.widgets.trees.text import (
    colour_text,
    comparison_text,
    lead_text,
    level_text,
    reduction_text,
)
from lcm_core.widgets.trees.values import node_numbers

__all__ = ["WordsAndPictures"]


class WordsAndPictures:
    """The parts of the panel that show something.

    Args:
        graph: to be drawn beside the trees; None for trees alone.
    """

    def __init__(self, graph: GraphOfElements | None):
        self.tree_view = TreeView()
        self.graph_view = None if graph is None else GraphView()
        self.pictures: widgets.Widget = self.tree_view
        if self.graph_view is not None:
            self.pictures = widgets.HBox([self.graph_view, self.tree_view])
            self.pictures.add_class("lcm-graph-and-tree")
        self.lead = ReadOut("tree-lead")
        self.read_out = ReadOut("tree-text")
        self._shown: TreeReductions | None = None
        self._lasting_text = ""

    def show(
        self,
        shown: TreeReductions,
        trees: Sequence[str],
        kind: str,
        about: str,
        level: int,
        heard: str,
    ) -> None:
        """Draws reductions anew.

        Args:
            shown: the reductions.
            trees: what each of them is called.
            kind: what colours stand for.
            about: the elements, in words.
            level: the level that is reached.
            heard: the last turn of the reader that they answer.
        """
        self._shown = shown
        drawn = node_numbers(kind, shown.traces, shown.operator)
        with self.tree_view.hold_sync():
            self.tree_view.level = level
            if shown.names:
                self.tree_view.show(**tree_data(shown, trees, kind, drawn), heard=heard, empty="")
        self._lasting_text = reduction_text(shown)
        if len(shown.traces) > 1:
            self._lasting_text += comparison_text(shown, trees[1])
        if kind != "features":
            self._lasting_text += colour_text(kind, shown, drawn)
        self._lasting_text += f"Elements: {html.escape(about)}."
        self.lead.say(f'<span class="lcm-lead">{lead_text(shown)}</span>')
        self.show_level(level)

    def show_level(self, level: int) -> None:
        """Shows how far the reduction is."""
        self.tree_view.level = level
        if self._shown is not None:
            of_level = level_text(self._shown.traces[0], self._shown.names, level)
            self.read_out.say(of_level + self._lasting_text)

    def show_if_empty(self, elements: Elements, count: int) -> None:
        """Says it in place of a tree where there is nothing to reduce."""
        if count == 0:
            self.tree_view.show(trees=[], order=[], empty=f"An empty set: {elements.about}.")
            self.lead.say("")
            self.read_out.say(f"Elements: {html.escape(elements.about)}.")
