import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

__all__ = ["LAYERS", "Bend", "Bijection", "Coupling"]

LAYERS = 4


class Bijection(nn.Module):
    """ψ: a learned bijection of ℝᵈ with an exact inverse.

    `layers` affine coupling layers, each of which changes one half of the features by what the
    other half is, then a bend of each feature alone. Scales stay within ½ and 2, and exponents,
    too, so that neither ψ nor its inverse can become steep: rounding stays small.

    Source: Dinh, Sohl-Dickstein & Bengio 2017, arXiv 1605.08803 (coupling layers); Jones & Pewsey
    2009 (the bend).

    Args:
        channels: d, any; with d = 1 only the bend is left.
        hidden: width of the hidden layer of a coupling (default: d).
        layers: how many couplings.
    """

    def __init__(self, channels: int, hidden: int | None = None, layers: int = LAYERS):
        super().__init__()
        if layers < 0:
            raise ValueError(f"expected layers ≥ 0, got {layers}")
        hidden = channels if hidden is None else hidden
        self.couplings = nn.ModuleList(
            Coupling(channels, hidden, first=bool(layer % 2))
            for layer in range(layers if channels > 1 else 0)
        )
        self.bend = Bend(channels)

    def forward(self, x: Float[Tensor, "*batch d"]) -> Float[Tensor, "*batch d"]:
        """ψ(x)."""
        for coupling in self.couplings:
            x = coupling(x)
        return self.bend(x)

    def inverse(self, y: Float[Tensor, "*batch d"]) -> Float[Tensor, "*batch d"]:
        """ψ⁻¹(y)."""
        y = self.bend.inverse(y)
        for coupling in self.couplings[::-1]:
            y = coupling(y, inverse=True)
        return y

    def reset_parameters(self) -> None:
        for part in self.modules():
            if isinstance(part, Coupling | Bend):
                part.reset_parameters()


class Coupling(nn.Module):
    """(a, b) ↦ (a, scale(a) · b + shift(a)): a perceptron on one half acts on the other half.

    Args:
        channels: width of (a, b).
        hidden: width of the perceptron's hidden layer.
        first: b is the first half; otherwise a is.
    """

    def __init__(self, channels: int, hidden: int, first: bool):
        super().__init__()
        half = channels // 2
        self.first, self.sizes = first, (half, channels - half)
        changed, kept = self.sizes if first else self.sizes[::-1]
        self.inner = nn.Linear(kept, hidden)
        self.outer = nn.Linear(hidden, 2 * changed)

    def forward(self, x: Tensor, inverse: bool = False) -> Tensor:
        one, other = x.split(self.sizes, dim=-1)
        a, b = (other, one) if self.first else (one, other)
        log_scale, shift = self.outer(self.inner(a).tanh()).chunk(2, dim=-1)
        scale = within_half_and_two(log_scale)
        b = (b - shift) / scale if inverse else b * scale + shift
        return torch.cat([b, a] if self.first else [a, b], dim=-1)

    def reset_parameters(self) -> None:
        self.inner.reset_parameters()
        self.outer.reset_parameters()


class Bend(nn.Module):
    """x ↦ sinh(p · asinh(scale · x + shift)) in each feature: as xᵖ far out, a line near 0.

    It begins as x ↦ x.
    """

    def __init__(self, channels: int):
        super().__init__()
        self.log_scale, self.shift, self.log_power = (
            nn.Parameter(torch.zeros(channels)) for _ in range(3)
        )

    def forward(self, x: Tensor) -> Tensor:
        inner = within_half_and_two(self.log_scale) * x + self.shift
        return (within_half_and_two(self.log_power) * inner.asinh()).sinh()

    def inverse(self, y: Tensor) -> Tensor:
        inner = (y.asinh() / within_half_and_two(self.log_power)).sinh()
        return (inner - self.shift) / within_half_and_two(self.log_scale)

    def reset_parameters(self) -> None:
        for parameter in self.parameters():
            nn.init.zeros_(parameter)


def within_half_and_two(x: Tensor) -> Tensor:
    """A positive number, 1 at 0, never beyond ½ and 2."""
    return (math.log(2) * x.tanh()).exp()
