import torch
from torch import Tensor

from lcm_core.operators.base import Operator, register, without_infinity

__all__ = ["LogSumExp"]


@register("logsumexp")
class LogSumExp(Operator):
    """x ⊕ y = log(exp x + exp y) in each coordinate, with identity −∞ (lowered to 0).

    Written as max + log(1 + exp(−|x − y|)), with the difference taken as 0 where both sides are
    −∞: there `torch.logaddexp` has the right value, but a gradient that is not a number.
    """

    commutative = True
    associative = True

    def __init__(self, channels: int):
        super().__init__(channels, identity=-torch.inf)

    def forward(self, left: Tensor, right: Tensor) -> Tensor:
        larger, smaller = torch.maximum(left, right), torch.minimum(left, right)
        nothing = smaller == -torch.inf
        gap = torch.where(nothing, 0.0, smaller) - torch.where(nothing, 0.0, larger)
        return larger + torch.where(nothing, 0.0, torch.log1p(torch.exp(gap)))

    def lower(self, state: Tensor) -> Tensor:
        return without_infinity(state)
