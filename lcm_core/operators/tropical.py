import torch
from torch import Tensor, nn

from lcm_core.operators.base import Operator, register, without_infinity

__all__ = ["Tropical"]


@register("tropical")
class Tropical(Operator):
    """Sums in some coordinates of a state and maxima in the others, with learned linear maps.

    lift is a linear map into the coordinates, lower one out of them. Which coordinate does what is
    fixed: first the sums, then the maxima; training chooses what to send where. All laws hold by
    construction (those of the sums up to rounding); the identity is 0 and −∞, lowered as 0.

    What it cannot be: of x ⊕ x ⊕ x = x ⊕ x follows x ⊕ x = x, so that no operator that counts
    "none, one, two or more" is in it; and x ⊕ x ⊕ … never comes back to the identity, as sums
    modulo k do. What is made of such states afterwards, by a network, has to count and to forget.

    Source: Corso et al. 2020, arXiv 2004.05718 (PNA), who also put several aggregators side by
    side; "tropical" is the algebra in which max is the sum.

    Args:
        channels: width of elements and answers.
        sums, maxima: coordinates that are added, and that are maxima (default: `channels` each).
    """

    commutative = True
    associative = True

    def __init__(self, channels: int, sums: int | None = None, maxima: int | None = None):
        sums, maxima = (channels if count is None else count for count in (sums, maxima))
        if sums < 0 or maxima < 0 or sums + maxima == 0:
            raise ValueError(
                f"expected sums and maxima ≥ 0 and not both 0, got {sums} and {maxima}"
            )
        nothing = torch.cat([torch.zeros(sums), torch.full((maxima,), -torch.inf)])
        super().__init__(channels, state_dim=sums + maxima, out_channels=channels, identity=nothing)
        self.sizes = (sums, maxima)
        self.into = nn.Linear(channels, sums + maxima)
        self.out = nn.Linear(sums + maxima, channels)

    def lift(self, x: Tensor) -> Tensor:
        return self.into(x)

    def forward(self, left: Tensor, right: Tensor) -> Tensor:
        (a, b), (c, d) = left.split(self.sizes, dim=-1), right.split(self.sizes, dim=-1)
        return torch.cat([a + c, torch.maximum(b, d)], dim=-1)

    def lower(self, state: Tensor) -> Tensor:
        return self.out(without_infinity(state))

    def extra_repr(self) -> str:
        return f"channels={self.channels}, sums={self.sizes[0]}, maxima={self.sizes[1]}"
