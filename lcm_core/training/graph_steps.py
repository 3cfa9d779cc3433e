"""Batches of graphs with room for larger ones, and the losses of a network for graphs on them."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from lcm_core.models.networks import GraphModel
from lcm_core.models.static_edges import StaticEdges
from lcm_core.pyg import Batch
from lcm_core.training.packed import Packer, Parts

__all__ = ["GraphSteps"]

TRIED = 8  # batches whose edges are counted
MORE = 1.5  # times their largest number of edges: a batch with more takes a plain step


class GraphSteps(Packer):
    """Parts: those of a `Batch` with its edges sorted by node, and of `StaticEdges`.

    There is a row for each node that the largest graphs would have, and one more, which is of no
    graph: edges that are not there have it as their ends.
    """

    def shapes(self) -> dict[str, tuple[torch.dtype, Sequence[int]]]:
        tried = [self.task.train_batch(s, self.batch_size, self.seed) for s in range(TRIED)]
        first, self.rows = tried[0], self.batch_size * self.largest + 1
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
        if edges > room:
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
