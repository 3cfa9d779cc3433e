import torch
from torch import Tensor

from lcm_core.operators.base import Operator, register, without_infinity

__all__ = ["Max", "Min"]


@register("max")
class Max(Operator):
    """x ⊕ y = max(x, y) in each coordinate, with identity −∞ (lowered to 0)."""

    commutative = True
    associative = True

    def __init__(self, channels: int):
        super().__init__(channels, identity=-torch.inf)

    def forward(self, left: Tensor, right: Tensor) -> Tensor:
        return torch.maximum(left, right)

    def lower(self, state: Tensor) -> Tensor:
        return without_infinity(state)


@register("min")
class Min(Operator):
    """x ⊕ y = min(x, y) in each coordinate, with identity +∞ (lowered to 0)."""

    commutative = True
    associative = True

    def __init__(self, channels: int):
        super().__init__(channels, identity=torch.inf)

    def forward(self, left: Tensor, right: Tensor) -> Tensor:
        return torch.minimum(left, right)

    def lower(self, state: Tensor) -> Tensor:
        return without_infinity(state)
