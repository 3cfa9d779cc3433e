import torch
from torch import Tensor, nn

from lcm_core.operators.base import Operator, register

__all__ = ["Fourier"]

FADING = -6.0  # where moduli begin: exp(−softplus(−6)) = 0.9975, so that 1,000 factors leave 8 %


@register("fourier")
class Fourier(Operator):
    """The product of complex coefficients, each of modulus at most 1, one by one.

    Multiplying in the Fourier domain is convolving outside of it. A coefficient of an element x is
    exp(−softplus(w · x + b)) · exp(i (v · x + c)), with learned w, b, v, c. So no product of any
    number of elements grows, and its gradient does not, either. The answer is a linear map of the
    product's real and imaginary parts. All laws hold by construction, up to rounding; the
    identity is 1 in every coefficient.

    What it cannot be: of x ⊕ x ⊕ x = x ⊕ x follows x ⊕ x = x, so that no operator that counts
    "none, one, two or more" is in it, as the second minimum needs; and x ⊕ x = x only where each
    coefficient is 0 or 1, so that k of them hold at most 2ᵏ such x, and a max of numbers never
    fits. Sums modulo k do, by exp(2πi x / k), and what is fed to it often enough fades to 0.

    Source: Taraday, David & Baskin 2024, arXiv 2409.19414 (SSMA), who convolve without the bound.

    Args:
        channels: width of elements and answers.
        coefficients: complex numbers in a state, which is twice as wide (default: `channels`).
    """

    commutative = True
    associative = True

    def __init__(self, channels: int, coefficients: int | None = None):
        count = channels if coefficients is None else coefficients
        one = torch.cat([torch.ones(count), torch.zeros(count)])
        super().__init__(channels, state_dim=2 * count, out_channels=channels, identity=one)
        self.fading = nn.Linear(channels, count)
        self.phase = nn.Linear(channels, count)
        self.back = nn.Linear(2 * count, channels)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        super().reset_parameters()
        nn.init.constant_(self.fading.bias, FADING)

    def lift(self, x: Tensor) -> Tensor:
        modulus, angle = (-nn.functional.softplus(self.fading(x))).exp(), self.phase(x)
        return torch.cat([modulus * angle.cos(), modulus * angle.sin()], dim=-1)

    def forward(self, left: Tensor, right: Tensor) -> Tensor:
        (a, b), (c, d) = left.chunk(2, dim=-1), right.chunk(2, dim=-1)
        return torch.cat([a * c - b * d, a * d + b * c], dim=-1)

    def lower(self, state: Tensor) -> Tensor:
        return self.back(state)
