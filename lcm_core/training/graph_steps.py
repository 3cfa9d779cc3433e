"""Batches of graphs with room for larger ones, and the losses of a network for graphs on them."""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from lcm_core.models.networks import GraphModel
from lcm_core.models.static_edges import StaticEdges
from lcm_core.pyg import Batch
from lcm_core.tasks.base import Task
from lcm_core.tasks.stored import visits
from lcm_core.training.graphs_on_device import GraphsOnDevice, bytes_on_device
from lcm_core.training.packed import MORE, Packer, Parts, is_of_library

__all__ = ["GraphSteps", "StoredGraphSteps", "graph_steps"]

SHARE = 0.25  # of the free memory, at most, for graphs that stay on a GPU


def graph_steps(task: Task[Any], model: Any, *rest: Any, ahead: bool) -> "GraphSteps":
    """Steps on graphs that lie on the model's device, if it has room for them; else `GraphSteps`.

    Args:
        task, model, *rest, ahead: as of `Packer`.
    """
    run = task, model, *rest, ahead
    device = next(model.parameters()).device
    graphs = task.training_graphs() if is_of_library(task, "train_batch") else None
    if graphs is None or not graphs.table.edges or bytes_on_device(graphs) > SHARE * _free(device):
        return GraphSteps(*run)
    return StoredGraphSteps(GraphsOnDevice(graphs, device), *run)


def _free(device: torch.device) -> float:
    """Bytes that are free on a GPU."""
    return torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else math.inf


class GraphSteps(Packer):
    """Parts: those of a `Batch` with its edges sorted by node, and of `StaticEdges`.

    After the last node there is at least one row that is of no graph: edges that are not there have
    the last one as their ends.
    """

    def shapes(self, tried: Sequence[Any]) -> dict[str, tuple[torch.dtype, Sequence[int]]]:
        first, self.rows = tried[0], self.elements + 1
        edges = max(int(MORE * max(batch.edge_index.shape[1] for batch in tried)), 1)
        shapes: dict[str, tuple[torch.dtype, Sequence[int]]] = {
            "ptr": (torch.int64, (self.batch_size + 1,)),
            "x": (first.x.dtype, (self.rows, first.x.shape[1])),
            "y": (first.y.dtype, first.y.shape),
            "owner": (torch.int64, (self.rows,)),
            **dict.fromkeys(("neighbor", "node", "by_neighbor"), (torch.int64, (edges,))),
            **dict.fromkeys(("node_ptr", "neighbor_ptr"), (torch.int64, (self.rows + 1,))),
        }
        if type(self.model) is GraphModel:
            shapes["edge_attr"] = first.edge_attr.dtype, (edges, first.edge_attr.shape[1])
        else:  # a row for each node, then one for each graph
            shapes["y"] = first.y.dtype, (self.rows + self.batch_size, first.y.shape[1])
        return shapes

    def fill(self, parts: Parts, batch: Any, step: int, laws: tuple[str, ...]) -> int | None:
        nodes, edges, room = len(batch.x), batch.edge_index.shape[1], len(parts["node"])
        if edges > room or not self.fits(batch.ptr.diff()):
            return None
        order = batch.edge_index[1].argsort(stable=True)  # neighbours of a node keep their order
        neighbor, node = batch.edge_index[:, order]
        by_neighbor = neighbor.argsort(stable=True)
        for name, values, rest in (
            ("x", batch.x, 0),
            ("owner", batch.batch, 0),
            ("neighbor", neighbor, self.rows - 1),
            ("node", node, self.rows - 1),
            ("by_neighbor", by_neighbor, 0),
        ):
            parts[name][: len(values)] = values
            parts[name][len(values) :] = rest
        parts["ptr"].copy_(batch.ptr)
        for name, ends in (("node_ptr", node), ("neighbor_ptr", neighbor)):
            parts[name][1:] = torch.bincount(ends, minlength=self.rows).cumsum(0)
        if "edge_attr" in parts:
            parts["edge_attr"][:edges] = batch.edge_attr[order]
            parts["edge_attr"][edges:] = 0
            parts["y"].copy_(batch.y)
        else:  # nothing is asked of rows without a node
            parts["y"][:nodes], parts["y"][self.rows :] = batch.y[:nodes], batch.y[nodes:]
            parts["y"][nodes : self.rows] = torch.nan
        return 0

    def losses(
        self, parts: Parts, laws: tuple[str, ...], tuples: int, plan: Any
    ) -> tuple[Tensor, dict[str, Tensor]]:
        names = ("neighbor", "node", "node_ptr", "by_neighbor", "neighbor_ptr")
        around = StaticEdges(*(parts[name] for name in names))
        batch = Batch(
            x=parts["x"], y=parts["y"], ptr=parts["ptr"], batch=parts["owner"],
            edge_attr=parts.get("edge_attr"), largest=self.largest,
        )  # fmt: skip
        return self.task.loss(self.model.answers(batch, around, plan), batch), {}


class StoredGraphSteps(GraphSteps):
    """As `GraphSteps`, with the training graphs on the device.

    A buffer has their numbers alone, and the device makes the batch.

    Args:
        stored: the graphs, on the device of the model.
        task, model, regularisers, recipe, scalars, ahead: as of `Packer`.
    """

    def __init__(self, stored: GraphsOnDevice, *run: Any):
        self.stored = stored
        super().__init__(*run)

    def shapes(self, tried: Sequence[Any]) -> dict[str, tuple[torch.dtype, Sequence[int]]]:
        self.edges = super().shapes(tried)["node"][1][0]
        return {"graphs": (torch.int64, (self.batch_size,))}

    def batches(self, steps: Sequence[int]) -> list[Tensor]:
        count = len(self.stored)
        return [visits(count, step, self.batch_size, self.seed) for step in steps]

    def fill(self, parts: Parts, batch: Tensor, step: int, laws: tuple[str, ...]) -> int | None:
        if self.stored.edges[batch].sum() > self.edges or not self.fits(self.stored.nodes[batch]):
            return None
        parts["graphs"].copy_(batch)
        return 0

    def unpacked(self, parts: Parts) -> Parts:
        return self.stored.parts(parts["graphs"], self.rows, self.edges)
