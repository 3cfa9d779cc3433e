"""Rows in another order, each once: the gradient is in the inverse order, with no sum."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor

from lcm_core.operators.ordinary import obstacle_of_call, outside_transforms

__all__ = ["Permutation"]

SMALL = 2**14  # entries, at most, for which `index_select` has less overhead on the CPU, and
SMALL_ON_GPU = 2**20  # on a GPU, where its gradient need not be the same every time


@dataclass(frozen=True)
class Permutation:
    """An order of n rows.

    >>> order = Permutation(torch.tensor([2, 0, 1]))
    >>> order.of(torch.tensor([10.0, 11.0, 12.0])).tolist(), order.inverse.tolist()
    ([12.0, 10.0, 11.0], [1, 2, 0])

    Args:
        rows: which row comes first, second, …: each of 0 to n − 1 once, on the rows' device.
    """

    rows: Int[Tensor, " n"]

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def inverse(self) -> Int[Tensor, " n"]:
        """Where each row goes."""
        with outside_transforms():
            number = torch.arange(len(self.rows), device=self.rows.device)
            return torch.empty_like(number).scatter_(0, self.rows, number)

    def of(self, states: Tensor) -> Tensor:
        """The states, (n, *), in this order.

        The gradient is permuted back. That of `index_select` would be added to zeros, and sorted
        first on CUDA where the result is to be the same every time.
        """
        most = SMALL
        if states.device.type != "cpu":
            most = -1 if torch.are_deterministic_algorithms_enabled() else SMALL_ON_GPU
        small = states.numel() <= most
        if small or not (states.requires_grad and torch.is_grad_enabled()) or _transformed():
            return states.index_select(0, self.rows)
        return _Permuted.apply(states, self.rows, self.inverse)


def _transformed() -> bool:
    return torch.compiler.is_compiling() or obstacle_of_call() is not None


class _Permuted(torch.autograd.Function):
    """(states, rows, the inverse of rows) → states[rows]."""

    @staticmethod
    def forward(ctx: Any, states: Tensor, rows: Tensor, inverse: Tensor) -> Tensor:
        ctx.save_for_backward(rows, inverse)
        return states.index_select(0, rows)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        rows, inverse = ctx.saved_tensors
        if torch.is_grad_enabled() and grad.requires_grad and not _transformed():
            return _Permuted.apply(grad, inverse, rows), None, None
        return grad.index_select(0, inverse), None, None
