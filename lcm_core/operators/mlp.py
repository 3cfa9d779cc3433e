import torch
from torch import Tensor, nn

from lcm_core.operators.base import Operator, register
from lcm_core.operators.symmetrization import Symmetrized

__all__ = ["MLP", "SymmetrizedMLP"]


@register("mlp")
class MLP(Operator):
    """x ⊕ y = W₂ gelu(W₁ [x, y] + b₁) + b₂: a perceptron on the pair; neither law holds.

    Args:
        channels: width of elements, states and answers.
        hidden: width of the hidden layer (default: 2 · channels).
        learn_identity: give it a learned identity (it begins at 0); none by default.
    """

    learns_identity = True

    def __init__(self, channels: int, hidden: int | None = None, learn_identity: bool = False):
        super().__init__(channels, learn_identity=learn_identity)
        hidden = 2 * channels if hidden is None else hidden
        self.first = nn.Linear(2 * channels, hidden)
        self.second = nn.Linear(hidden, channels)

    def forward(self, left: Tensor, right: Tensor) -> Tensor:
        pair = torch.cat([left, right], dim=-1)
        return self.second(nn.functional.gelu(self.first(pair)))


@register("symmetrized_mlp")
class SymmetrizedMLP(Symmetrized):
    """x ⊕ y = ½ [MLP(x, y) + MLP(y, x)]: commutative by construction.

    Args:
        channels: width of elements, states and answers.
        hidden: width of the hidden layer (default: 2 · channels).
        learn_identity: give it a learned identity (it begins at 0); otherwise it has none.
    """

    def __init__(self, channels: int, hidden: int | None = None, learn_identity: bool = True):
        super().__init__(MLP(channels, hidden=hidden, learn_identity=learn_identity))
        self.name = "symmetrized_mlp"
