import torch
from torch import Tensor

from lcm_core.operators.base import Operator, register

__all__ = ["Mean"]


@register("mean")
class Mean(Operator):
    """The mean, as a monoid: lift x ↦ (x, 1), add, lower (s, c) ↦ s / c; identity (0, 0) ↦ 0."""

    commutative = True
    associative = True

    def __init__(self, channels: int):
        super().__init__(
            channels,
            state_dim=channels + 1,
            out_channels=channels,
            identity=0.0,
        )

    def lift(self, x: Tensor) -> Tensor:
        return torch.cat([x, torch.ones_like(x[..., :1])], dim=-1)

    def forward(self, left: Tensor, right: Tensor) -> Tensor:
        return left + right

    def lower(self, state: Tensor) -> Tensor:
        total, count = state[..., :-1], state[..., -1:]
        return total / torch.where(count == 0, 1.0, count)
