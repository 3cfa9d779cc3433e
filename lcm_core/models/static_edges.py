"""The edges of a batch of graphs with room for more, for message passing whose shapes stay."""

from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from lcm_core.aggregations import LCMAggregation

__all__ = ["StaticEdges"]


class StaticEdges:
    """Message passing along edges sorted by node, by sums over the neighbours.

    All gradients are sums in a fixed order, too: the same numbers every time, and no wait of the
    host. Edges after the last bound are not there: their ends may be any row that no graph uses.

    Args:
        neighbor, node: the ends of the edges, (edges,), sorted by node.
        ptr: where the edges to each node begin, (rows + 1,).
        by_neighbor: (edges,), the numbers of the edges, sorted by neighbour.
        neighbor_ptr: where, in this order, the edges from each neighbour begin, (rows + 1,).
    """

    def __init__(
        self,
        neighbor: Int[Tensor, " edges"],
        node: Int[Tensor, " edges"],
        ptr: Int[Tensor, " rows_plus_1"],
        by_neighbor: Int[Tensor, " edges"],
        neighbor_ptr: Int[Tensor, " rows_plus_1"],
    ):
        self.neighbor, self.node, self.ptr = neighbor, node, ptr
        self.by_neighbor, self.neighbor_ptr = by_neighbor, neighbor_ptr

    def from_neighbors(self, states: Float[Tensor, "rows d"]) -> Float[Tensor, "edges d"]:
        """For each edge the state of the neighbour that it comes from."""
        return _Taken.apply(states, self.neighbor, self.by_neighbor, self.neighbor_ptr)

    def from_nodes(self, states: Float[Tensor, "rows d"]) -> Float[Tensor, "edges d"]:
        """For each edge the state of the node that it goes to."""
        return _Taken.apply(states, self.node, None, self.ptr)

    def aggregate(
        self, how: LCMAggregation, messages: Float[Tensor, "edges d"]
    ) -> Float[Tensor, "rows d_out"]:
        """The sum of the messages to each node; `how` is a sum."""
        return how.operator.lower(_Summed.apply(how.states(messages), self.node, self.ptr))


def _sums(values: Tensor, ptr: Tensor) -> Tensor:
    """The sum of each segment, 0 for an empty one; unchecked: a check waits for the device."""
    return torch.segment_reduce(values, "sum", offsets=ptr, axis=0, unsafe=True, initial=0)


class _Taken(torch.autograd.Function):
    """(states, rows) → states[rows]; in the order `by_row` the same rows are neighbours."""

    @staticmethod
    def forward(
        ctx: Any, states: Tensor, rows: Tensor, by_row: Tensor | None, ptr: Tensor
    ) -> Tensor:
        ctx.by_row, ctx.ptr = by_row, ptr
        return states.index_select(0, rows)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None, None]:
        if ctx.by_row is not None:
            grad = grad.index_select(0, ctx.by_row)
        return _sums(grad, ctx.ptr), None, None, None


class _Summed(torch.autograd.Function):
    """(values, the segment of each) → the sum of each segment."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, segment: Tensor, ptr: Tensor) -> Tensor:
        ctx.segment = segment
        return _sums(values, ptr)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        return grad.index_select(0, ctx.segment), None, None
