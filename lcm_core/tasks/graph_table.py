"""Many graphs in a few flat tensors, and the batches gathered from them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float, Int, Integer
from torch import Tensor

from lcm_core.pyg import Batch, Data
from lcm_core.tasks.stored import gather

__all__ = ["GraphTable", "LabelledGraphs", "table_of", "widened"]


@dataclass(frozen=True, kw_only=True)
class GraphTable:
    """G graphs, one after another.

    Shapes: `x` (nodes, features); `edge_index` (2, edges), counted from each graph's own first
    node; `edge_attr` (edges, edge features), or None; `node_ptr`, `edge_ptr` (G + 1,). Whole
    numbers may be kept in a smaller type; graphs and batches have int64.
    """

    x: Tensor
    edge_index: Integer[Tensor, "2 edges"]
    edge_attr: Tensor | None
    node_ptr: Int[Tensor, " G_plus_1"]
    edge_ptr: Int[Tensor, " G_plus_1"]

    def __len__(self) -> int:
        return len(self.node_ptr) - 1

    @property
    def sizes(self) -> Int[Tensor, " G"]:
        """The nodes of each graph."""
        return self.node_ptr.diff()

    @property
    def edges(self) -> int:
        """Number of edges, each way counted."""
        return self.edge_index.shape[1]

    def graph(self, number: int, **more: Any) -> Data:
        """One graph, in memory of its own.

        Args:
            number: from 0.
            **more: attributes of the `Data`.

        Raises:
            IndexError: there is no such graph.
        """
        if not 0 <= number < len(self):
            raise IndexError(f"expected a graph from 0 to {len(self) - 1}, got {number}")
        nodes = slice(*self.node_ptr[number : number + 2].tolist())
        edges = slice(*self.edge_ptr[number : number + 2].tolist())
        if self.edge_attr is not None:
            more["edge_attr"] = widened(self.edge_attr[edges].clone())
        return Data(
            x=widened(self.x[nodes].clone()),
            edge_index=widened(self.edge_index[:, edges].clone()),
            **more,
        )

    def take(self, graphs: Int[Tensor, " B"]) -> "GraphTable":
        """The table of some graphs, in this order."""
        nodes, node_ptr, _ = gather(self.node_ptr, graphs)
        edges, edge_ptr, _ = gather(self.edge_ptr, graphs)
        return GraphTable(
            x=self.x[nodes],
            edge_index=self.edge_index[:, edges],
            edge_attr=None if self.edge_attr is None else self.edge_attr[edges],
            node_ptr=node_ptr,
            edge_ptr=edge_ptr,
        )

    def as_batch(self, **more: Any) -> Batch:
        """All graphs as one, with `batch` and `ptr`.

        Args:
            **more: attributes of the `Batch`, such as `y`.
        """
        edges, graphs = self.edge_ptr.diff(), torch.arange(len(self))
        if self.edge_attr is not None:
            more["edge_attr"] = widened(self.edge_attr)
        return Batch(
            x=widened(self.x),
            edge_index=widened(self.edge_index) + self.node_ptr[:-1].repeat_interleave(edges),
            batch=graphs.repeat_interleave(self.sizes),
            ptr=self.node_ptr,
            **more,
        )


@dataclass(frozen=True)
class LabelledGraphs:
    """Graphs with their targets.

    Attributes:
        table: G graphs.
        of_graphs: (G, width); None if nothing is asked of graphs.
        of_nodes: (nodes, width); None if nothing is asked of nodes.
    """

    table: GraphTable
    of_graphs: Float[Tensor, "G width"] | None = None
    of_nodes: Float[Tensor, "nodes width"] | None = None

    def take(self, graphs: Int[Tensor, " B"]) -> "LabelledGraphs":
        """Some graphs, in this order."""
        of_graphs, of_nodes = self.of_graphs, self.of_nodes
        if of_graphs is not None:
            of_graphs = of_graphs[graphs]
        if of_nodes is not None:
            of_nodes = of_nodes[gather(self.table.node_ptr, graphs)[0]]
        return LabelledGraphs(self.table.take(graphs), of_graphs, of_nodes)

    def as_batch(self) -> Batch:
        """All graphs as one; `y` has the targets of the nodes, then those of the graphs."""
        y = [targets for targets in (self.of_nodes, self.of_graphs) if targets is not None]
        return self.table.as_batch(y=torch.cat(y))


def table_of(
    x: Sequence[Tensor],
    edge_index: Sequence[Int[Tensor, "2 _"]],
    edge_attr: Sequence[Tensor],
) -> GraphTable:
    """The table of graphs that are given one by one."""
    return GraphTable(
        x=torch.cat([*x]),
        edge_index=torch.cat([*edge_index], 1),
        edge_attr=torch.cat([*edge_attr]),
        node_ptr=_ptr([len(each) for each in x]),
        edge_ptr=_ptr([each.shape[1] for each in edge_index]),
    )


def widened(values: Tensor) -> Tensor:
    """Whole numbers as int64, which embeddings and indices want."""
    return values if values.is_floating_point() else values.long()


def _ptr(sizes: Sequence[int]) -> Int[Tensor, " G_plus_1"]:
    return torch.tensor([0, *sizes]).cumsum(0)
