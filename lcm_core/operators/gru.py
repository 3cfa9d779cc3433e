import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lcm_core.operators.base import Operator, register
from lcm_core.operators.symmetrized import Symmetrized


@register("gru")
class GRU(Operator):
    """x ⊕ y = GRUCell(input=y, hidden=x): the raw cell, for which neither law holds.

    Its left fold is a recurrent network that begins at the first element.

    Args:
        channels: width of elements, states and answers.
        learn_identity: give it a learned identity (it begins at 0); none by default.
    """

    def __init__(self, channels: int, learn_identity: bool = False):
        super().__init__(channels, learn_identity=learn_identity)
        self.cell = nn.GRUCell(channels, channels)

    def forward(self, left: Tensor, right: Tensor) -> Tensor:
        rows = (-1, self.channels)
        return self.cell(right.reshape(rows), left.reshape(rows)).view(left.shape)

    def combine(self, left: Tensor, right: Tensor) -> Tensor:
        """As `forward`, with each gate in memory of its own: a backward pass without slices."""
        d = self.channels
        hidden, x = left.reshape(-1, d), right.reshape(-1, d)
        w_input, w_new_input = self.cell.weight_ih.split((2 * d, d))
        w_hidden, w_new_hidden = self.cell.weight_hh.split((2 * d, d))
        b_input, b_new_input = self.cell.bias_ih.split((2 * d, d))
        b_hidden, b_new_hidden = self.cell.bias_hh.split((2 * d, d))
        from_input = F.linear(x, w_input, b_input + b_hidden)
        gates = torch.addmm(from_input, hidden, w_hidden.T).sigmoid()
        reset, update = gates.chunk(2, dim=-1)
        from_hidden = F.linear(hidden, w_new_hidden, b_new_hidden)
        new = torch.addcmul(F.linear(x, w_new_input, b_new_input), reset, from_hidden).tanh()
        return (new + update * (hidden - new)).view(left.shape)


@register("symmetrized_gru")
class SymmetrizedGRU(Symmetrized):
    """x ⊕ y = ½ [GRU(x, y) + GRU(y, x)]: the operator of the paper.

    Source: Ong & Veličković 2022, arXiv 2212.08541, section 3.

    Args:
        channels: width of elements, states and answers.
        learn_identity: give it a learned identity (it begins at 0); otherwise it has none.
    """

    def __init__(self, channels: int, learn_identity: bool = True):
        super().__init__(GRU(channels, learn_identity=learn_identity))
        self.name = "symmetrized_gru"
