"""What an explorer of bracketings or orders draws: the graph, and the tree of one vertex."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import networkx as nx

from lcm_core.figures import polytope_figure, tree_figure
from lcm_core.figures.polytope import EDGES, VERTICES
from lcm_core.laws.deviations import Deviations
from lcm_core.widgets.base.live_figure import LiveFigure
from lcm_core.widgets.polytopes.parts import Shape

__all__ = ["PolytopeView"]

HEIGHT = 400
TREE_WIDTH = 265  # pixels, about


class PolytopeView:
    """Two figures side by side.

    Args:
        on_vertex, on_edge: called with the number of what was clicked.
    """

    def __init__(self, on_vertex: Callable[[int], None], on_edge: Callable[[int], None]):
        self.figure, self.tree_figure = LiveFigure(), LiveFigure()
        self.figure.on_click(VERTICES, on_vertex)
        self.figure.on_click(EDGES, on_edge)

    def show_graph(
        self, shape: Shape, found: Deviations, chosen: int, scale: str, turn: float, tilt: float
    ) -> None:
        """Draws the graph.

        Args:
            shape: the graph.
            found: its numbers.
            chosen: the number of the chosen vertex.
            scale: what the brightest colour stands for, one of `SCALES`.
            turn, tilt: how it is seen, in degrees.
        """
        near = {chosen, *(end for _, end in shape.neighbours(chosen))}
        figure = polytope_figure(
            shape.places,
            shape.edges,
            found.without_rounding(found.deviations),
            found.without_rounding(found.jumps),
            shape.names,
            chosen=chosen,
            free=shape.free,
            scale=scale,
            turn=turn,
            tilt=tilt,
            shown_names=[
                name if not shape.crowded or i in near else "" for i, name in enumerate(shape.names)
            ],
            height=HEIGHT,
        )
        self.figure.show(figure)

    def show_tree(self, trace: nx.DiGraph, names: Sequence[str]) -> None:
        """Draws the reduction of the chosen vertex."""
        figure = tree_figure(trace, names=names, height=HEIGHT, width=TREE_WIDTH)
        figure.update_layout(coloraxis_showscale=False)  # the read-out has the numbers
        self.tree_figure.show(figure)
