"""A task on the nodes of graphs that are given: each node has its own target."""

from collections.abc import Iterator
from typing import Any, ClassVar

import torch
from jaxtyping import Float, Int
from torch import Tensor

from lcm_core.pyg import Batch
from lcm_core.tasks.base import Device
from lcm_core.tasks.in_memory.graphs import GivenGraphs
from lcm_core.tasks.in_memory.task import sizes_in_words

__all__ = ["GivenNodes", "GivenNodesOfOne"]


class GivenNodes(GivenGraphs):
    """Graphs with a target for each node; the items of a split are graphs."""

    kind = "nodes"
    data_ptr: ClassVar[Tensor]  # (graphs + 1,): where the nodes of each graph begin

    @classmethod
    def item_count(cls) -> int:
        return len(cls.data_graphs)

    def batch_of(self, items: Int[Tensor, " B"]) -> Batch:
        batch = Batch.from_data_list([self.data_graphs[item] for item in items.tolist()])
        batch.y = torch.cat([self._y(item) for item in items.tolist()])
        return batch

    def _y(self, graph: int) -> Tensor:
        return self.data_targets.y[int(self.data_ptr[graph]) : int(self.data_ptr[graph + 1])]

    def targets_of(self, split: str) -> Float[Tensor, "rows width"]:
        return torch.cat([self._y(graph) for graph in self.members[split].tolist()])

    def describe_items(self) -> str:
        sizes = self.data_ptr.diff()
        edges = sum(graph.edge_index.shape[1] for graph in self.data_graphs)
        return (
            f"{len(sizes):,} graph{'s' * (len(sizes) > 1)} {sizes_in_words(sizes)} nodes, each "
            f"with a target; {edges:,} edges, each way counted."
        )


class GivenNodesOfOne(GivenNodes):
    """One graph, or several at once, with a target for each node; the items are the nodes.

    Every batch has all nodes and edges; the loss and the score see the targets of its items alone.
    """

    data_whole: ClassVar[Any]  # a Batch

    @classmethod
    def item_count(cls) -> int:
        return len(cls.data_targets.y)

    @classmethod
    def most_elements(cls, batch_size: int) -> int:
        """All nodes, whatever the batch."""
        return int(cls.data_sizes.sum())

    def batch_of(self, items: Int[Tensor, " B"]) -> Batch:
        batch = self.data_whole.clone()
        batch.y = torch.full_like(self.data_targets.y, torch.nan)
        batch.y[items] = self.data_targets.y[items]
        return batch

    def batches(self, split: str = "validation", device: Device = "cpu") -> Iterator[Batch]:
        """One batch with all nodes of the split."""
        self.check_split(split)
        yield self.batch_of(self.members[split]).to(device)

    def targets_of(self, split: str) -> Float[Tensor, "rows width"]:
        return self.data_targets.y[self.members[split]]
