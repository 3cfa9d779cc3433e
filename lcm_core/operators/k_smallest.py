from typing import Any

import torch
from torch import Tensor

from lcm_core.operators.base import Operator, register, without_infinity

__all__ = ["KSmallest"]


@register("k_smallest")
class KSmallest(Operator):
    """The k smallest values of each coordinate, sorted: an exact monoid for the second minimum.

    A state is k blocks of `channels` values, smallest first, filled up with +∞; ⊕ merges two
    states and keeps the k smallest. The answer is the state, with 0 for the missing values.

    Args:
        channels: width of an element; states and answers are `k * channels` wide.
        k: how many values to keep.
    """

    commutative = True
    associative = True

    def __init__(self, channels: int, k: int = 2):
        _check_k(k)
        width = k * channels
        super().__init__(
            channels,
            state_dim=width,
            out_channels=width,
            identity=torch.inf,
        )
        self.k = k

    @classmethod
    def channels_for(cls, out_channels: int, k: int = 2, **options: Any) -> int:
        _check_k(k)
        if out_channels % k:
            raise ValueError(
                f"k_smallest answers k = {k} values for each channel: "
                f"expected out_channels to be a multiple of {k}, got {out_channels}"
            )
        return out_channels // k

    def lift(self, x: Tensor) -> Tensor:
        missing = x.new_full((*x.shape[:-1], (self.k - 1) * self.channels), torch.inf)
        return torch.cat([x, missing], dim=-1)

    def forward(self, left: Tensor, right: Tensor) -> Tensor:
        blocks = (self.k, self.channels)
        both = torch.cat([left.unflatten(-1, blocks), right.unflatten(-1, blocks)], dim=-2)
        return both.sort(dim=-2).values[..., : self.k, :].flatten(-2)

    def lower(self, state: Tensor) -> Tensor:
        return without_infinity(state)

    def extra_repr(self) -> str:
        return f"channels={self.channels}, k={self.k}"


def _check_k(k: int) -> None:
    if not isinstance(k, int) or k < 1:
        raise ValueError(f"expected k to be a positive int, got {k!r}")
