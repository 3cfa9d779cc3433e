"""The graph beside the trees, on the page."""

from __future__ import annotations

from pathlib import Path

from lcm_core.widgets.base.page_files import module
from lcm_core.widgets.base.view import View
from lcm_core.widgets.trees.neighbourhood import GraphOfElements

__all__ = ["GraphView"]


class GraphView(View):
    """A graph with one node and its neighbours marked; `value` is `{"node": …}` after a click."""

    _esm = module(Path(__file__).parent / "graph_view.js")

    def show_graph(self, graph: GraphOfElements, node: int) -> None:
        """Draw the graph with this node chosen."""
        self.show(
            places=graph.places,
            edges=graph.edges,
            names=graph.names,
            sides=graph.sides,
            sideNames=graph.side_names,
            orders=graph.orders,
            chosen=node,
            near=graph.neighbours(node),
            label=f"{graph.title} of {len(graph.names)} nodes, {graph.names[node]} chosen",
        )
