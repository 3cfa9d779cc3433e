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

    def combine(self, left: Tensor, right: Tensor) -> Tensor:
        """As `forward`, but each state meets each weight matrix once for both orders."""
        assert isinstance(self.operator, GRU)
        cell = self.operator.cell
        left_in, right_in = (F.linear(s, cell.weight_ih, cell.bias_ih) for s in (left, right))
        left_hid, right_hid = (F.linear(s, cell.weight_hh, cell.bias_hh) for s in (left, right))
        return 0.5 * (_gates(left_in, right_hid, right) + _gates(right_in, left_hid, left))


def _gates(from_input: Tensor, from_hidden: Tensor, hidden: Tensor) -> Tensor:
    """A GRU cell after its matrix products: reset, update and new gate, in torch's order."""
    d = hidden.shape[-1]
    reset_update = (from_input[..., : 2 * d] + from_hidden[..., : 2 * d]).sigmoid()
    reset, update = reset_update.chunk(2, dim=-1)
    new = (from_input[..., 2 * d :] + reset * from_hidden[..., 2 * d :]).tanh()
    return new + update * (hidden - new)
