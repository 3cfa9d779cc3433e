import torch
from torch import Tensor, nn

from lcm_core.operators.base import Operator, register
from lcm_core.operators.kernels.symmetrized_gru import SymmetrizedGRUKernel
from lcm_core.operators.ordinary import obstacle
from lcm_core.operators.symmetrization import Symmetrized

__all__ = ["GRU", "SymmetrizedGRU"]

_CELL_FORWARD = nn.GRUCell.forward


@register("gru")
class GRU(Operator):
    """x ⊕ y = GRUCell(input=y, hidden=x): the raw cell, for which neither law holds.

    Its left fold is a recurrent network that begins at the first element.

    Args:
        channels: width of elements, states and answers.
        learn_identity: give it a learned identity (it begins at 0); none by default.
    """

    learns_identity = True

    cell: nn.GRUCell

    def __init__(self, channels: int, learn_identity: bool = False):
        super().__init__(channels, learn_identity=learn_identity)
        self.cell = nn.GRUCell(channels, channels)

    def forward(self, left: Tensor, right: Tensor) -> Tensor:
        rows = (-1, self.channels)
        return self.cell(right.reshape(rows), left.reshape(rows)).reshape(left.shape)


@register("symmetrized_gru")
class SymmetrizedGRU(Symmetrized):
    """x ⊕ y = ½ [GRU(x, y) + GRU(y, x)]: the operator of PyG's `LCMAggregation`.

    Commutative by construction. Its states are bounded, |x ⊕ y|ₖ ≤ max(1, |xₖ|, |yₖ|), whatever the
    weights are, since a GRU cell takes a weighted mean of its old state and a tanh. So it cannot
    count or add without a bound; nor can `gru`.

    Source: PyG's `LCMAggregation` (pull request 7976), an implementation of Ong & Veličković 2022,
    arXiv 2212.08541.

    Args:
        channels: width of elements, states and answers.
        learn_identity: give it a learned identity (it begins at 0); otherwise it has none.
    """

    operator: GRU

    def __init__(self, channels: int, learn_identity: bool = True):
        super().__init__(GRU(channels, learn_identity=learn_identity))
        self.name = "symmetrized_gru"

    def combine(self, left: Tensor, right: Tensor) -> Tensor:
        """As `forward`, with both orders in one call of the cell."""
        rows, cell = (-1, self.channels), self.operator.cell
        hidden, inputs = torch.cat([left, right]), torch.cat([right, left])
        weights = cell.weight_ih, cell.weight_hh, cell.bias_ih, cell.bias_hh
        orders = torch.gru_cell(inputs.view(rows), hidden.view(rows), *weights)
        return orders.view(2, *left.shape).mean(0)

    def obstacle(self, *states: Tensor) -> str | None:
        """As of every operator; and a cell that is not torch's own, or has other weights."""
        if nn.GRUCell.forward is not _CELL_FORWARD:
            return "the forward of torch's GRUCell was replaced"
        return obstacle(self, *states, inside=(GRU, nn.GRUCell))

    @property
    def kernel(self) -> SymmetrizedGRUKernel | None:
        return SymmetrizedGRUKernel(self.operator.cell) if type(self.operator) is GRU else None
