"""Graphs of networkx as PyG's `Data`: attributes that are numbers become features."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from lcm_core.pyg import Data

__all__ = ["from_networkx", "is_networkx"]

TARGET = "y"  # the attribute that holds targets, of a graph or of its nodes


def is_networkx(graph: Any) -> bool:
    """Whether this is a graph of networkx."""
    return type(graph).__module__.startswith("networkx") or (
        hasattr(graph, "is_directed") and hasattr(graph, "adj") and hasattr(graph, "nodes")
    )


def from_networkx(graph: Any, number: int) -> Data:
    """A graph of networkx as PyG's `Data`.

    Features of nodes and edges are the attributes that all of them have and that are numbers,
    truth values, or lists of them, in the order of their names. `y` is the target: of the nodes if
    all have one, else of the graph (`graph.graph["y"]`). Undirected edges go both ways.

    Args:
        graph: of networkx, of any kind.
        number: of the graph, for error messages.

    Raises:
        ValueError: an attribute has another width in some node or edge.
    """
    nodes = list(graph.nodes)
    places = {node: place for place, node in enumerate(nodes)}
    of_nodes = [graph.nodes[node] for node in nodes]
    of_edges, ends = [], []
    for one, other, attributes in graph.edges(data=True):
        ends.append((places[one], places[other]))
        of_edges.append(attributes)
        if not graph.is_directed() and one != other:
            ends.append((places[other], places[one]))
            of_edges.append(attributes)
    y = None
    if nodes and all(TARGET in each for each in of_nodes):
        y = torch.tensor([each[TARGET] for each in of_nodes])
    elif TARGET in graph.graph:
        y = torch.as_tensor(graph.graph[TARGET])
    return Data(
        x=_features(of_nodes, f"the nodes of graph {number}"),
        edge_index=torch.tensor(ends, dtype=torch.int64).reshape(-1, 2).T.contiguous(),
        edge_attr=_features(of_edges, f"the edges of graph {number}"),
        y=y,
        num_nodes=len(nodes),
    )


def _features(attributes: list[Mapping[str, Any]], what: str) -> Tensor | None:
    """The numbers among the attributes, one row for each node or edge."""
    if not attributes:
        return None
    names = [
        name
        for name in sorted(map(str, attributes[0]))
        if name != TARGET and all(_is_numbers(each.get(name)) for each in attributes)
    ]
    if not names:
        return None
    rows = [[value for name in names for value in _flat(each[name])] for each in attributes]
    if len({len(row) for row in rows}) > 1:
        raise ValueError(
            f"expected attributes of one width in {what}, got rows of "
            f"{sorted({len(row) for row in rows})} numbers from {', '.join(names)}"
        )
    whole = all(isinstance(value, int) for row in rows for value in row)
    return torch.tensor(rows, dtype=torch.int64 if whole else torch.float32)


def _is_numbers(value: Any) -> bool:
    if isinstance(value, Tensor) or hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return bool(value) and all(_is_numbers(each) for each in value)
    return isinstance(value, bool | int | float)


def _flat(value: Any) -> list[Any]:
    if isinstance(value, Tensor) or hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [each for part in value for each in _flat(part)]
    return [int(value) if isinstance(value, bool) else value]
