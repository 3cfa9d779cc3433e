"""A task on the nodes of graphs that are given: each node has its own target."""

from collections.abc import Iterator

import torch
from jaxtyping import Float, Int
from torch import Tensor

from lcm_core.pyg import Batch
from lcm_core.tasks.base import Device
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

    def training_graphs(self) -> None:
        """None: a network that answers for nodes takes its steps in the plain way."""

    def batch_of(self, items: Int[Tensor, " B"]) -> Batch:
        return self.data_table.take(items).together(y=self._y(items))

    def _y(self, graphs: Int[Tensor, " B"]) -> Float[Tensor, "rows width"]:
        return self.data_targets.y[gather(self.data_table.node_ptr, graphs)[0]]

    def targets_of(self, split: str) -> Float[Tensor, "rows width"]:
        return self._y(self.members[split])

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

    @property
    def training_sizes(self) -> tuple[int, int]:  # type: ignore[override]
        """The nodes of the smallest and of the largest graph."""
        sizes = self.data_table.sizes
        return int(sizes.min()), int(sizes.max())

    @classmethod
    def most_elements(cls, batch_size: int) -> int:
        """All nodes, whatever the batch."""
        return len(cls.data_table.x)

    def batch_of(self, items: Int[Tensor, " B"]) -> Batch:
        y = torch.full_like(self.data_targets.y, torch.nan)
        y[items] = self.data_targets.y[items]
        return self.data_table.together(y=y).clone()

    def batches(self, split: str = "validation", device: Device = "cpu") -> Iterator[Batch]:
        """One batch with all nodes of the split."""
        self.check_split(split)
        yield self.batch_of(self.members[split]).to(device)

    def targets_of(self, split: str) -> Float[Tensor, "rows width"]:
        return self.data_targets.y[self.members[split]]
