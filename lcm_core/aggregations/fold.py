"""A PyG Aggregation: a recurrent network over each set."""

import math
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from lcm_core.aggregations.base import SetAggregation
from lcm_core.aggregations.packing import Packing
from lcm_core.errors import unknown
from lcm_core.imports import uncompiled
from lcm_core.operators.ordinary import (
    obstacle,
    outside_transforms,
    transforming,
    unwrapped,
)
from lcm_core.reduction.checks import sizes_and_order
from lcm_core.reduction.recent import Recent
from lcm_core.reduction.transfer import to_device

__all__ = ["CELLS", "RECENT_PACKINGS", "FoldAggregation", "FoldedSets"]

CELLS = {"gru": nn.GRU, "lstm": nn.LSTM}
ORDERS = ("given", "random")
STEPS = 16  # of a packed fold in one call, on the CPU
PADDED = 2  # where sets are padded, it is to at most so many times their elements
PADDING = ("cuda",)  # devices on which they are: those with cuDNN

#: How the sets of recent batches are read.
RECENT_PACKINGS: Recent[tuple[Packing, Tensor | None, int]] = Recent()


class FoldedSets(NamedTuple):
    """The input of one call of a fold: elements (N, in_channels), and bounds (B + 1,)."""

    x: Tensor
    ptr: Tensor


class FoldAggregation(SetAggregation):
    r"""Reads each set with a recurrent network; gives the last hidden state.

    .. math:: h_0 = 0, \quad h_t = \mathrm{cell}(x_t, h_{t-1}), \quad \mathrm{result} = h_n

    A fold is an action of elements on a hidden state: it begins at h₀, takes n steps, and gives h₀
    for an empty set. It depends on the order of the elements. Sets are packed, not padded: a set's
    result depends on that set alone.

    >>> _ = torch.manual_seed(0)
    >>> fold, x = FoldAggregation(2, 4), torch.randn(3, 2)
    >>> fold(x, ptr=torch.tensor([0, 3, 3])).shape
    torch.Size([2, 4])
    >>> torch.allclose(fold(x), fold(x.flip(0)))  # the order matters
    False

    Args:
        in_channels: width of the elements.
        out_channels: width of the hidden state, and of the results.
        cell: "gru" or "lstm".
        order: "given", or "random": new orders for each call in training, fixed ones in
            evaluation. The order of a set is a function of seed, call and size alone.
        seed: of the random orders.

    Shapes:
        x (*, N, in_channels); index (N,), in any order (elements of a set keep theirs), or ptr
        (B + 1,); result (*, B, out_channels). `dim` is the dimension of the N elements.

    Raises:
        ValueError: an unknown cell or order (the nearest names are given).

    Source: Hochreiter & Schmidhuber 1997 (LSTM); Cho et al. 2014, arXiv 1406.1078 (GRU).
    """

    is_fold = True

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        cell: str = "gru",
        order: str = "given",
        seed: int = 0,
    ):
        super().__init__(in_channels, out_channels)
        if cell not in CELLS:
            raise unknown("cell", cell, CELLS)
        if order not in ORDERS:
            raise unknown("order", order, ORDERS)
        self.cell = cell
        self.order = order
        self.seed = seed
        self.calls = 0
        self.rnn = CELLS[cell](in_channels, out_channels)

    @property
    def penalties(self) -> tuple[str, ...]:
        """The regularisers that apply: SIRE alone."""
        return ("sire",)

    def reset_parameters(self) -> None:
        """Draw all weights of the network again."""
        self.rnn.reset_parameters()

    def of_sets(
        self, x: Tensor, ptr: Tensor | None, index: Tensor | None, num_sets: int | None
    ) -> Tensor:
        """Fold each set; arguments as in `SetAggregation.of_sets`."""
        # The dimensions between N and the features are sets of their own.
        n, copies = len(x), math.prod(x.shape[1:-1])
        flat = x.reshape(n, copies, self.in_channels).transpose(0, 1).reshape(-1, self.in_channels)
        packing, order, count = self._packing(x, ptr, index, num_sets, copies)
        if self._recorded is not None:
            read = flat if order is None else flat.index_select(0, order)
            bounds = torch.from_numpy(np.append(0, packing.sizes.cumsum()))
            self._recorded.append(FoldedSets(read, bounds))
        states = self._fold(flat, packing, hidden=True)[:, : self.out_channels]
        result = states.view(copies, count, self.out_channels).transpose(0, 1)
        return result.reshape(count, *x.shape[1:-1], self.out_channels)

    @uncompiled  # data-dependent shapes
    def _packing(
        self,
        x: Tensor,
        ptr: Tensor | None,
        index: Tensor | None,
        num_sets: int | None,
        copies: int,
    ) -> tuple[Packing, Tensor | None, int]:
        """How to read copies of x, their rows set by set (None: as they are), and B.

        Those of recent calls are kept, except for random orders.
        """

        def make(x: Tensor, ptr: Any, index: Any, num_sets: Any, identity: Any = None) -> Any:
            sizes, order = sizes_and_order(x, ptr, index, num_sets)
            if self.order == "random":
                shuffled = to_device(self._shuffled(sizes), x.device)
                order = shuffled if order is None else order.index_select(0, shuffled)
            if order is not None and copies != 1:
                starts = len(x) * torch.arange(copies, device=x.device)
                order = (starts[:, None] + order).flatten()
            return Packing.of_sizes(np.tile(sizes, copies), x.device, order), order, len(sizes)

        if self.order == "random":
            return make(x, ptr, index, num_sets)
        return RECENT_PACKINGS.recall(x, ptr, index, num_sets, None, copies, make)

    @property
    def state_dim(self) -> int:
        """Width of the whole state: hidden state, and an LSTM's cell state."""
        return (2 if self.cell == "lstm" else 1) * self.out_channels

    def read(
        self,
        x: Float[Tensor, "N in_channels"],
        sizes: Int[Tensor, " B"],
        start: Float[Tensor, "B state"] | None = None,
    ) -> Float[Tensor, "B state"]:
        """Fold sets of given sizes, from given states if wanted.

        Args:
            x: elements, set after set, (N, in_channels).
            sizes: of the sets, (B,), on the host.
            start: the states to begin at, (B, state_dim), for sets of one size (default: h₀ = 0).

        Returns:
            The whole states after each set, (B, state_dim).
        """
        if start is None:
            with outside_transforms():
                lengths = unwrapped(sizes).numpy()
            return self._fold(x, Packing.of_sizes(lengths, x.device))
        steps = x.view(len(sizes), -1, self.in_channels).transpose(0, 1)
        begin = start[None].split(self.out_channels, -1)
        parts = tuple(part.contiguous() for part in begin)
        return _whole(self.rnn(steps, parts if self.cell == "lstm" else parts[0])[1])

    def _fold(self, x: Tensor, packing: Packing, hidden: bool = False) -> Tensor:
        """x (N, in_channels) → the whole states after each set, (B, state_dim), or the hidden."""
        live = packing.live
        if len(live) == 0:
            return x.new_zeros(len(packing.sizes), self.state_dim)
        data = packing.packed(x)
        if packing.equal:  # PyTorch's backward pass is faster without packing
            last = _whole(self.rnn(data.view(len(live), int(live[0]), -1))[1])
        elif hidden and self._pads(data, live):
            last = self._fold_padded(data, packing)
        else:
            last = self._fold_packed(data, live)
        return packing.unpacked(last)

    def _fold_packed(self, data: Tensor, live: np.ndarray) -> Tensor:
        """Step by step, live[t] sets at step t, the largest first → their last hidden states.

        On the CPU a few steps a call: PyTorch's backward pass allocates a gradient of the whole
        input of each call. One call does on a GPU, and for a network with hooks, or of another
        class.
        """
        if transforming():
            return self._fold_by_size(data, live)
        if data.device.type != "cpu" or not self._ordinary(data):
            return _whole(self.rnn(PackedSequence(data, torch.from_numpy(live)))[1])
        starts = np.arange(0, len(live), STEPS)
        parts = data.split(np.add.reduceat(live, starts).tolist())
        going, ended = None, []
        for start, part in zip(starts.tolist(), parts, strict=True):
            counts = torch.from_numpy(live[start : start + STEPS])
            _, last = self.rnn(PackedSequence(part, counts), going)
            more = int(live[start + STEPS]) if start + STEPS < len(live) else 0
            ended.append(_whole(last)[more:])
            if isinstance(last, tuple):
                going = tuple(state[:, :more].contiguous() for state in last)
            else:
                going = last[:, :more].contiguous()
        return torch.cat(ended[::-1])

    def _pads(self, data: Tensor, live: np.ndarray) -> bool:
        """Whether there is little padding for a device that reads sets of one size faster."""
        little = len(live) * int(live[0]) <= PADDED * len(data)
        return data.device.type in PADDING and little and self._ordinary(data)

    def _ordinary(self, data: Tensor) -> bool:
        return type(self.rnn) in CELLS.values() and obstacle(self.rnn, data) is None

    def _fold_padded(self, data: Tensor, packing: Packing) -> Tensor:
        """As `_fold_packed`, but the network goes on after a set's last element, for nothing."""
        steps, width = len(packing.live), int(packing.live[0])
        spread, ends = packing.padded
        padding = data.new_zeros(steps * width - len(data), data.shape[1])
        states, _ = self.rnn(spread.of(torch.cat([data, padding])).view(steps, width, -1))
        return ends.of(states.flatten(0, 1))[:width]

    def _fold_by_size(self, data: Tensor, live: np.ndarray) -> Tensor:
        """As `_fold_packed`, with one call of the network for all sets of one size.

        For `torch.func`, whose tensors PyTorch's packed recurrent networks cannot read.
        """
        starts, more, ended = np.cumsum(live) - live, np.append(live[1:], 0), []
        for n in np.flatnonzero(live > more)[::-1] + 1:  # the largest first
            rows = starts[:n, None] + np.arange(more[n - 1], live[n - 1])  # (n, number of sets)
            steps = data.index_select(0, to_device(rows.reshape(-1), data.device))
            ended.append(_whole(self.rnn(steps.view(*rows.shape, -1))[1]))
        return torch.cat(ended)

    def _shuffled(self, sizes: np.ndarray) -> np.ndarray:
        """The elements, which lie set by set, in a random order within each set."""
        call = self.calls if self.training else 0
        self.calls += self.training
        starts, shuffled = np.cumsum(sizes) - sizes, np.arange(sizes.sum())
        for n in np.unique(sizes):
            order = np.random.default_rng([self.seed, call, n]).permutation(n)
            of_this_size = starts[sizes == n, None]
            shuffled[of_this_size + np.arange(n)] = of_this_size + order
        return shuffled

    def get_extra_state(self) -> dict[str, int]:
        """Number of random orders drawn so far, for the `state_dict`."""
        return {"calls": self.calls}

    def set_extra_state(self, state: Any) -> None:
        """Go on with the random order that comes next.

        Args:
            state: of `get_extra_state`.
        """
        self.calls = int(state["calls"])

    def __repr__(self) -> str:
        return (
            f"{self.__class__.__name__}({self.in_channels}, {self.out_channels}, "
            f"cell={self.cell}, order={self.order})"
        )


def _whole(last: Tensor | tuple[Tensor, Tensor]) -> Tensor:
    """The state of the one layer: (B, out), or (B, 2 out) with the cell state of an LSTM."""
    return torch.cat(last, -1)[-1] if isinstance(last, tuple) else last[-1]
