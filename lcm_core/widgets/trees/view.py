"""What the tree explorer draws and says."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence

from lcm_core.figures import NodeValues, TreePicture, graph_figure, trees_figure
from lcm_core.figures.graph import NODES
from lcm_core.widgets.base.live_figure import LiveFigure
from lcm_core.widgets.base.text_areas import ReadOut
from lcm_core.widgets.trees.neighbourhood import GraphOfElements
from lcm_core.widgets.trees.reductions import TreeReductions
from lcm_core.widgets.trees.text import colour_text, comparison_text, level_text, reduction_text
from lcm_core.widgets.trees.values import node_colours

__all__ = ["TreeView"]

HEIGHT = 340
WIDTH = 780  # pixels, about, of a figure that has the page to itself
SHARE = 0.58  # of it, beside a graph


class TreeView:
    """The figure of the trees, that of the graph beside it, and the text below them.

    Args:
        graph: to be drawn; None for trees alone.
        on_click: called with the number of the node of the graph that was clicked.
    """

    def __init__(self, graph: GraphOfElements | None, on_click: Callable[[int], None]):
        self._graph = graph
        self.figure = LiveFigure()
        self.graph_figure = None if graph is None else LiveFigure()
        if self.graph_figure is not None:
            self.graph_figure.on_click(NODES, on_click)
        self.read_out = ReadOut("tree-text")

    def show(
        self, shown: TreeReductions, trees: Sequence[str], kind: str, about: str, level: int
    ) -> None:
        """Draws reductions anew.

        Args:
            shown: the reductions.
            trees: what each of them is called.
            kind: what colours stand for.
            about: the elements, in words.
            level: the level that is reached.
        """
        self._shown = shown
        colours: list[NodeValues] | list[None] = [None, None]
        if kind != "features":
            colours = node_colours(kind, shown.traces, shown.operator)
        width = WIDTH * (1.0 if self._graph is None else SHARE) / len(shown.traces)
        self._pictures = [
            TreePicture(each, shown.names, values, marks, round(width))
            for each, values, marks in zip(shown.traces, colours, shown.marks, strict=False)
        ]
        titles = [
            f"{name}, depth {each.graph['depth']}"
            for name, each in zip(trees, shown.traces, strict=False)
        ]
        two = len(shown.traces) > 1
        self.figure.show(trees_figure(self._pictures, level, HEIGHT, titles if two else []))
        self._lasting_text = reduction_text(shown)
        if two:
            self._lasting_text += comparison_text(shown, trees[1])
        if kind != "features":
            self._lasting_text += colour_text(kind, shown, self._pictures[0].colours)
        self._lasting_text += f"Elements: {html.escape(about)}."
        self._say(level)

    def step(self, level: int) -> None:
        """Draws another level: of the figure only what has moved."""
        self.figure.move([part for each in self._pictures for part in each.arrays(level)])
        self.figure.rest()
        self._say(level)

    def _say(self, level: int) -> None:
        of_level = level_text(self._shown.traces[0], self._shown.names, level)
        self.read_out.say(of_level + self._lasting_text)

    def show_graph(self, node: int) -> None:
        """Draws the graph, if there is one, with the neighbours of a node marked."""
        graph = self._graph
        if graph is not None and self.graph_figure is not None:
            near = graph.neighbours(node)
            drawn = graph_figure(graph.places, graph.edges, graph.names, node, near, HEIGHT)
            self.graph_figure.show(drawn)
