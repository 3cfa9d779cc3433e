from torch import Tensor

from lcm_core.operators.base import Operator, register

__all__ = ["Sum"]


@register("sum")
class Sum(Operator):
    """x ⊕ y = x + y, with identity 0."""

    commutative = True
    associative = True

    def __init__(self, channels: int):
        super().__init__(channels, identity=0.0)

    def forward(self, left: Tensor, right: Tensor) -> Tensor:
        return left + right
