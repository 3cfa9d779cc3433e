from torch import Tensor

from lcm_core.operators.base import Operator, register
from lcm_core.operators.bijection import LAYERS, Bijection

__all__ = ["QuasiArithmetic"]


@register("quasi_arithmetic")
class QuasiArithmetic(Operator):
    """ψ⁻¹(ψ(x) + ψ(y)) for a learned bijection ψ: lift by ψ, add, lower by ψ⁻¹.

    Whatever ψ is, this is a commutative monoid, with identity ψ⁻¹(0) among answers and 0 among
    states: all laws hold by construction, up to the rounding of a sum. With ψ = log it is the
    product, with ψ = xᵖ the p-norm; the power mean divides by n. It is DeepSets with ρ = ψ⁻¹.

    What it cannot be: every x has an inverse, ψ⁻¹(−ψ(x)), so that x ⊕ y = x ⊕ z only if y = z,
    and x ⊕ x = x only for the identity. So it is never max, min or any other ⊕ that forgets; and
    x ⊕ x ⊕ … never comes back to where it was, as sums modulo k do.

    Source: Kortvelesy, Morad & Prorok 2023, arXiv 2306.13826 (GenAgg); arXiv 2602.04941.

    Args:
        channels: width of elements, states and answers.
        hidden, layers: of ψ, as in `Bijection`.
    """

    commutative = True
    associative = True

    def __init__(self, channels: int, hidden: int | None = None, layers: int = LAYERS):
        super().__init__(channels, identity=0.0)
        self.bijection = Bijection(channels, hidden, layers)

    def lift(self, x: Tensor) -> Tensor:
        return self.bijection(x)

    def forward(self, left: Tensor, right: Tensor) -> Tensor:
        return left + right

    def lower(self, state: Tensor) -> Tensor:
        return self.bijection.inverse(state)
