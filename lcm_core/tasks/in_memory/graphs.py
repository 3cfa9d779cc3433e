"""A task on graphs that are given, as PyG's `Data` or as graphs of networkx."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar, Literal

import torch
from jaxtyping import Int
from torch import Tensor

from lcm_core.pyg import Batch, Data
from lcm_core.tasks.graph_table import GraphTable, LabelledGraphs, table_of
from lcm_core.tasks.in_memory.from_networkx import from_networkx, is_networkx
from lcm_core.tasks.in_memory.targets import Targets, read_targets
from lcm_core.tasks.in_memory.task import (
    GivenItems,
    first_not_finite,
    given_attributes,
    sizes_in_words,
)

__all__ = ["GivenGraphs", "edge_index_of", "features_of", "graphs_task", "row_of"]

#: The masks that PyG's data sets have for the nodes of each split.
MASKS = {"train": "train_mask", "validation": "val_mask", "test": "test_mask"}


class GivenGraphs(GivenItems[Batch]):
    """Graphs, and a target for each.

    Attributes:
        node_cardinalities, edge_cardinalities: how many values each feature has, where features are
            whole numbers; else the number of real-valued features.
    """

    kind: Literal["graphs", "nodes"] = "graphs"
    data_table: ClassVar[GraphTable]
    node_cardinalities: ClassVar[tuple[int, ...] | int]
    edge_cardinalities: ClassVar[tuple[int, ...] | int]

    @classmethod
    def item_sizes(cls) -> Int[Tensor, " items"]:
        return cls.data_table.sizes

    @cached_property
    def training_sizes(self) -> tuple[int, int]:  # type: ignore[override]
        """The nodes of the smallest and of the largest training graph."""
        sizes = self.item_sizes()[self.members["train"]]
        return int(sizes.min()), int(sizes.max())

    def training_graphs(self) -> LabelledGraphs | None:
        """The training graphs."""
        return self._labelled().take(self.members["train"])

    def batch_of(self, items: Int[Tensor, " B"]) -> Batch:
        return self._labelled().take(items).as_batch()

    def _labelled(self) -> LabelledGraphs:
        return LabelledGraphs(self.data_table, of_graphs=self.data_targets.y)

    def describe_items(self) -> str:
        sizes, edges = self.data_table.sizes, self.data_table.edges
        return (
            f"{len(sizes):,} graphs {sizes_in_words(sizes)} nodes, {edges:,} edges, each way "
            "counted."
        )


def graphs_task(
    name: str,
    graphs: Any,
    targets: Any = None,
    splits: Mapping[str, Any] | None = None,
    of_nodes: Any = None,
) -> type[GivenGraphs]:
    """The class of the task; arguments as of `lcm_core.register_task`.

    `of_nodes` are targets of all nodes, graph after graph; by default the `y` of the graphs, if it
    has a row for each node.
    """
    given: list[Any] = [graphs] if isinstance(graphs, Data) or is_networkx(graphs) else list(graphs)
    if not given:
        raise ValueError("expected a list of graphs, got none")
    for number, graph in enumerate(given):
        if is_networkx(graph):
            given[number] = graph = from_networkx(graph, number)
        if not isinstance(graph, Data) or graph.edge_index is None or not graph.num_nodes:
            raise ValueError(
                f"expected graph {number} to be a torch_geometric Data with nodes and an "
                f"edge_index, or a graph of networkx, got {graph!r}"
            )
    sizes = [int(graph.num_nodes) for graph in given]
    edge_indices = [edge_index_of(f"graph {number}", each) for number, each in enumerate(given)]
    if of_nodes is None and targets is None and _of_nodes(given):
        of_nodes = _together([graph.y for graph in given])
    read = None
    if of_nodes is None:
        read = read_targets(_targets(given) if targets is None else targets, len(given))
    nodes, node_cardinalities = _features(given, "x", sizes)
    edges, edge_cardinalities = _features(
        given, "edge_attr", [edge_index.shape[1] for edge_index in edge_indices]
    )
    facts = {
        "data_table": table_of(nodes, edge_indices, edges),
        "node_cardinalities": node_cardinalities,
        "edge_cardinalities": edge_cardinalities,
    }
    if read is None:
        return _nodes_task(name, given, read_targets(of_nodes, sum(sizes)), splits, facts)
    return type(name, (GivenGraphs,), {**given_attributes(name, "graphs", read, splits), **facts})


def _of_nodes(graphs: Sequence[Data]) -> bool:
    """Whether each graph has a target for each of its nodes."""
    for graph in graphs:
        y = graph.y
        if not isinstance(y, Tensor) or y.dim() not in (1, 2) or len(y) != graph.num_nodes:
            return False
    return max(int(graph.num_nodes) for graph in graphs) > 1


def _together(each: Sequence[Tensor]) -> Tensor:
    """The targets of all nodes."""
    rows = torch.cat([y.detach().cpu().reshape(len(y), -1) for y in each])
    return rows[:, 0] if rows.shape[1] == 1 else rows


def _nodes_task(
    name: str,
    graphs: Sequence[Data],
    read: Targets,
    splits: Mapping[str, Any] | None,
    facts: dict[str, Any],
) -> type[GivenGraphs]:
    """A task on nodes. Its items are nodes where there are masks, or fewer than three graphs."""
    from lcm_core.tasks.in_memory.nodes import GivenNodes, GivenNodesOfOne  # they are subclasses

    masks = {
        split: torch.cat([graph[field].detach().cpu() for graph in graphs])
        for split, field in MASKS.items()
        if all(field in graph for graph in graphs)
    }
    if len(graphs) >= 3 and not masks:
        attributes = given_attributes(name, "graphs of nodes", read, splits, len(graphs))
        return type(name, (GivenNodes,), {**attributes, **facts})
    read.complete = False  # a batch has the targets of its own items alone
    attributes = given_attributes(name, "nodes", read, splits or masks or None)
    facts["data_whole"] = facts["data_table"].as_batch()
    return type(name, (GivenNodesOfOne,), {**attributes, **facts})


def edge_index_of(which: str, graph: Data) -> Tensor:
    """The edges of a graph, (2, edges), between nodes that it has.

    Args:
        which: names the graph in messages, such as "graph 3".
        graph: with nodes and an `edge_index`.

    Raises:
        ValueError: these are no edges between its nodes.
    """
    try:
        edges = torch.as_tensor(graph.edge_index).detach().cpu()
    except (TypeError, ValueError, RuntimeError) as error:
        raise ValueError(f"expected a tensor as edge_index of {which}: {error}") from error
    if edges.numel() == 0:
        return torch.zeros(2, 0, dtype=torch.long)
    if edges.dim() != 2 or len(edges) != 2 or edges.is_floating_point() or edges.is_complex():
        raise ValueError(
            f"expected edge_index of {which} to be whole numbers of shape (2, edges), got "
            f"{edges.dtype} of shape {tuple(edges.shape)}"
        )
    if int(edges.min()) < 0 or int(edges.max()) >= int(graph.num_nodes):
        raise ValueError(
            f"expected edges between nodes 0 to {int(graph.num_nodes) - 1} in {which}, got "
            f"node {int(edges.max()) if int(edges.min()) >= 0 else int(edges.min())}"
        )
    return edges.long().clone()


def _targets(graphs: Sequence[Data]) -> Tensor:
    """`graph.y` of all graphs: one row for each."""
    rows: list[Tensor] = []
    for number, graph in enumerate(graphs):
        rows.append(row_of(f"graph {number}", graph, rows[0].shape[1] if rows else 0))
    together = torch.cat(rows)
    return together[:, 0] if together.shape[1] == 1 else together


def row_of(which: str, graph: Data, width: int = 0) -> Tensor:
    """The target of a graph, or its row of targets, (1, width).

    Args:
        which: names the graph in messages.
        graph: with a `y`.
        width: how many targets it must have; 0 for any number.

    Raises:
        ValueError: it has none, or another number.
    """
    y = graph.y
    if y is None:
        raise ValueError(f"expected targets=[…], or a y in each graph: {which} has none")
    try:
        y = torch.as_tensor(y).detach().cpu()
    except (TypeError, ValueError, RuntimeError) as error:
        raise ValueError(
            f"expected numbers as y of {which}, got {y!r}: give texts as targets=[…]"
        ) from error
    row = y.reshape(1, -1) if y.dim() < 2 else y
    if row.dim() != 2 or len(row) != 1 or row.numel() == 0 or row.shape[1] != (width or len(row.T)):
        raise ValueError(
            f"expected one target, or one row of targets, for each graph; {which} has a y of shape "
            f"{tuple(y.shape)} (for targets of nodes, give every graph a y with a row for each of "
            "its nodes)"
        )
    return row


def features_of(which: str, field: str, given: Any, rows: int, width: int = 0) -> Tensor:
    """The features of the nodes or edges of a graph, (rows, features).

    Args:
        which: names the graph in messages.
        field: "x" or "edge_attr".
        given: what the graph has there.
        rows: how many nodes or edges it has.
        width: how many features there must be; 0 for any number.

    Raises:
        ValueError: the shape is another, or a number is not finite.
    """
    matrix = torch.as_tensor(given).detach().cpu().clone()
    matrix = matrix[:, None] if matrix.dim() == 1 else matrix
    wide = width or (matrix.shape[1] if matrix.dim() == 2 else 1)
    if matrix.dim() != 2 or matrix.shape != (rows, wide):
        raise ValueError(
            f"expected {field} of shape ({rows}, {wide}) in {which}, got {tuple(matrix.shape)}"
        )
    if matrix.is_complex() or wide == 0:
        raise ValueError(
            f"expected real {field} with at least one feature in {which}, got {matrix.dtype} of "
            f"shape {tuple(matrix.shape)}"
        )
    if (row := first_not_finite(matrix)) is not None:
        raise ValueError(f"expected finite {field}, got {matrix[row].tolist()} in {which}")
    return matrix


def _features(
    graphs: Sequence[Data], field: str, rows: Sequence[int]
) -> tuple[list[Tensor], tuple[int, ...] | int]:
    """The features of nodes or edges, one matrix a graph; a constant 1 where there are none."""
    found = [graph.get(field, None) for graph in graphs]
    if any(each is None for each in found):
        if any(each is not None for each in found):
            raise ValueError(f"expected all graphs to have {field}, or none of them")
        return [torch.ones(count, 1) for count in rows], 1
    matrices: list[Tensor] = []
    for number, (each, count) in enumerate(zip(found, rows, strict=True)):
        width = matrices[0].shape[1] if matrices else 0
        matrices.append(features_of(f"graph {number}", field, each, count, width))
    if all(not each.is_floating_point() for each in matrices):
        together = torch.cat([each.long() for each in matrices])
        if len(together) and int(together.min()) >= 0:
            return [each.long() for each in matrices], tuple((together.amax(0) + 1).tolist())
    return [each.float() for each in matrices], matrices[0].shape[1]
