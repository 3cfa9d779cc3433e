"""Sets of any sizes as packed sequences, which a recurrent network reads without padding."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from lcm_core.reduction.permutation import Permutation
from lcm_core.reduction.transfer import to_device

__all__ = ["Packing"]


@dataclass(frozen=True)
class Packing:
    """The order in which sets are read: step by step, at each step the largest set first.

    >>> packing = Packing.of_sizes(np.array([1, 3, 0]), torch.device("cpu"))
    >>> packing.live.tolist(), packing.rows.rows.tolist()
    ([2, 1, 1], [1, 0, 2, 3])

    Args:
        sizes: of the sets, (B,), on the host.
        live: how many sets have a first, second, … element, on the host.
        rows: x's rows in that order; None if the sets are of one size and lie end to end.
        sets: the sets' results in the order of the sets, of results in the order of reading, with
            those of empty sets after them; None if the orders are the same.
    """

    sizes: Int[np.ndarray, " B"]
    live: Int[np.ndarray, " steps"]
    rows: Permutation | None
    sets: Permutation | None

    @classmethod
    def of_sizes(
        cls, sizes: Int[np.ndarray, " B"], device: torch.device, order: Tensor | None = None
    ) -> "Packing":
        """Pack sets of these sizes. No number for each element is made on the host.

        Args:
            sizes: of the sets, (B,), on the host.
            device: where the elements are.
            order: (N,), the rows of x set by set, on the device (default: 0, 1, 2, …).
        """
        n, count = int(sizes.sum()), len(sizes)
        live = count - np.bincount(sizes).cumsum()[:-1]
        by_size = np.argsort(-sizes, kind="stable")
        rank = np.empty(count, dtype=np.int64)
        rank[by_size] = np.arange(count)
        sets = None if (np.diff(by_size) == 1).all() else Permutation(to_device(rank, device))
        equal = len(live) == 0 or live[0] == live[-1]
        if order is None and equal:
            return cls(sizes, live, None, sets)
        begins = np.cumsum(sizes) - sizes
        of_set = to_device(np.stack([rank, begins, sizes]), device)
        each = torch.repeat_interleave(of_set[:2], of_set[2], dim=1, output_size=n)
        number = torch.arange(n, device=device)
        before = to_device(np.cumsum(live) - live, device)  # elements that earlier steps read
        place = before.index_select(0, number - each[1]) + each[0]
        rows = torch.empty_like(number).scatter_(0, place, number if order is None else order)
        return cls(sizes, live, Permutation(rows), sets)

    @property
    def equal(self) -> bool:
        """Whether all sets that are not empty have one size."""
        return len(self.live) == 0 or bool(self.live[0] == self.live[-1])

    def packed(self, x: Float[Tensor, "N *d"]) -> Float[Tensor, "N *d"]:
        """The elements in the order of reading."""
        if self.rows is not None:
            return self.rows.of(x)
        if len(self.live) == 0:
            return x
        return x.unflatten(0, (-1, len(self.live))).transpose(0, 1).flatten(0, 1)

    @cached_property
    def padded(self) -> tuple[Permutation, Permutation]:
        """For sets that are read as if all were as large as the largest.

        The first turns the elements in the order of reading, and rows of padding after them, into
        (steps, sets). The second puts the last state of each set first, of all (steps, sets).
        """
        assert self.rows is not None
        device, steps, width = self.rows.rows.device, len(self.live), int(self.live[0])
        there = torch.arange(width, device=device) < to_device(self.live, device)[:, None]
        places = torch.argsort(~there.flatten(), stable=True)
        sizes = np.sort(self.sizes)[::-1][:width]
        last = to_device((sizes - 1) * width + np.arange(width), device)
        going_on = torch.ones(steps * width, dtype=torch.bool, device=device)
        ends = torch.argsort(going_on.index_fill_(0, last, False), stable=True)
        ends[:width] = last
        return Permutation(Permutation(places).inverse), Permutation(ends)

    def unpacked(self, results: Float[Tensor, "filled *d"]) -> Float[Tensor, "B *d"]:
        """Results of the sets that are not empty, in the order of reading → those of all sets.

        An empty set has 0.
        """
        if empty := len(self.sizes) - len(results):
            results = torch.cat([results, results.new_zeros(empty, *results.shape[1:])])
        return results if self.sets is None else self.sets.of(results)
