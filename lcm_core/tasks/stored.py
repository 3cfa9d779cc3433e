"""Stored data in batches: which items a training step takes, and their rows in flat tables."""

from functools import lru_cache

import torch
from jaxtyping import Int
from torch import Tensor

from lcm_core.tasks.base import check_batch_size, seeded_generator

__all__ = ["gather", "visits"]


def visits(count: int, step: int, batch_size: int, seed: int) -> Int[Tensor, " batch"]:
    """The items, of 0 … count − 1, that a training step takes.

    Each epoch visits all items once, in a new order. Epochs follow one another without a break, so
    that every batch is full, and one on the border of two epochs has the end of one and the
    beginning of the next.
    """
    check_batch_size(batch_size)
    first, last = step * batch_size, (step + 1) * batch_size - 1
    epochs = range(first // count, last // count + 1)
    order = torch.cat([_epoch_order(count, seed, epoch) for epoch in epochs])
    begin = first - epochs[0] * count
    return order[begin : begin + batch_size]


@lru_cache(maxsize=8)
def _epoch_order(count: int, seed: int, epoch: int) -> Int[Tensor, " count"]:
    return torch.randperm(count, generator=seeded_generator("cpu", seed, epoch))


def gather(
    ptr: Int[Tensor, " M_plus_1"], items: Int[Tensor, " B"]
) -> tuple[Int[Tensor, " rows"], Int[Tensor, " B_plus_1"], Int[Tensor, " rows"]]:
    """Rows of the given items, which begin at `ptr`; the bounds of the items in these rows; and
    the item (0 … B − 1) of each row.
    """
    starts, counts = ptr[items], ptr[items + 1] - ptr[items]
    bounds = torch.zeros(len(items) + 1, dtype=torch.int64)
    bounds[1:] = counts.cumsum(0)
    owner = torch.repeat_interleave(torch.arange(len(items)), counts)
    rows = torch.arange(int(bounds[-1])) + (starts - bounds[:-1])[owner]
    return rows, bounds, owner
