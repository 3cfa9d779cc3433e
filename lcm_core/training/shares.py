"""The share of a batch that one rank runs the model on."""

from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor

from lcm_core.pyg import Batch
from lcm_core.tasks.base import SetBatch
from lcm_core.training.ranks import Ranks

__all__ = ["share_of"]


def share_of(batch: Any, ranks: Ranks) -> tuple[Any, Int[Tensor, " rows"]]:
    """This rank's sets or graphs, and the rank of each row of the model's outputs.

    Shares are runs of sets or graphs; their numbers differ by 1 at most. A share of graphs has no
    targets: the loss is that of the whole batch.

    Args:
        batch: a `SetBatch`, or a `Batch` of graphs, the edges of each graph together.
        ranks: the processes.

    Raises:
        ValueError: there are fewer sets than ranks; or the batch has tensors of which nobody knows
            which graph they belong to.
    """
    count = len(batch.ptr) - 1
    if count < ranks.count:
        raise ValueError(f"expected batch_size ≥ {ranks.count}, a set for each rank, got {count}")
    bounds, own = ranks.bounds(count), ranks.share(count)
    if isinstance(batch, SetBatch):
        return _sets(batch, own), ranks.owners(bounds)
    nodes = batch.ptr[torch.tensor(bounds, device=batch.ptr.device)].tolist()
    share = _graphs(batch, own, slice(*nodes[ranks.rank : ranks.rank + 2]))
    if len(batch.y) == count:
        return share, ranks.owners(bounds)
    return share, torch.cat([ranks.owners(nodes), ranks.owners(bounds)])  # nodes, then graphs


def _sets(batch: SetBatch, own: slice) -> SetBatch:
    ptr = batch.ptr[own.start : own.stop + 1]
    elements = slice(*ptr[[0, -1]].tolist())
    return SetBatch(batch.x[elements], ptr - ptr[0], batch.y[own], batch.sizes[own])


def _graphs(batch: Batch, own: slice, nodes: slice) -> Batch:
    """What the whole batch knows of itself, such as `largest`, stays."""
    node = batch.edge_index[1]
    edges = (node >= nodes.start) & (node < nodes.stop)
    share: dict[str, Any] = {
        "ptr": batch.ptr[own.start : own.stop + 1] - nodes.start,
        "batch": batch.batch[nodes] - own.start,
        "edge_index": batch.edge_index[:, edges] - nodes.start,
    }
    for key, value in batch.to_dict().items():
        if key in (*share, "y"):
            continue
        if not isinstance(value, Tensor):
            share[key] = value
        elif batch.is_node_attr(key):
            share[key] = value[nodes]
        elif batch.is_edge_attr(key):
            share[key] = value[edges]
        else:
            raise ValueError(
                f"expected tensors with a row for each node or edge, got {key} of shape "
                f"{tuple(value.shape)}: such graphs can be trained on by one process alone"
            )
    return Batch(**share)
