"""A task on the nodes of graphs that are given: each node has its own target."""

from collections.abc import Iterator
from typing import Any, ClassVar

import torch
from jaxtyping import Float, Int
from torch import Tensor

from lcm_core.pyg import Batch
from lcm_core.tasks.base import Device
from lcm_core.tasks.graph_table import LabelledGraphs
from lcm_core.tasks.in_memory.graphs import GivenGraphs
from lcm_core.tasks.in_memory.task import sizes_in_words
from lcm_core.tasks.stored import gather

__all__ = ["GivenNodes", "GivenNodesOfOne"]


class GivenNodes(GivenGraphs):
    """Graphs with a target for each node; the items of a split are graphs."""

    kind = "nodes"

    @classmethod
    def item_count(cls) -> int:
        return len(cls.data_table)

    def _labelled(self) -> LabelledGraphs:
        return LabelledGraphs(self.data_table, of_nodes=self.data_targets.y)

    def targets_of(self, split: str) -> Float[Tensor, "rows width"]:
        return self.data_targets.y[gather(self.data_table.node_ptr, self.members[split])[0]]

    def describe_items(self) -> str:
        sizes, edges = self.data_table.sizes, self.data_table.edges
        return (
            f"{len(sizes):,} graph{'s' * (len(sizes) > 1)} {sizes_in_words(sizes)} nodes, each "
            f"with a target; {edges:,} edges, each way counted."
        )


class GivenNodesOfOne(GivenNodes):
    """One graph, or several at once, with a target for each node; the items are the nodes.

    Every batch has all nodes and edges; the loss and the score see the targets of its items alone.
    """

    @classmethod
    def item_count(cls) -> int:
        return len(cls.data_targets.y)

    data_whole: ClassVar[Any]  # a Batch
    training_sizes = None  # type: ignore[assignment]

    def training_graphs(self) -> None:
        """None: every step takes all of them."""

    @classmethod
    def most_elements(cls, batch_size: int) -> int:
        """All nodes, whatever the batch."""
        return len(cls.data_table.x)

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
