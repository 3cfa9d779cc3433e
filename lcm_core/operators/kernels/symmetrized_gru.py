"""½ [GRU(x, y) + GRU(y, x)] for many pairs: fewer products than the definition, less memory.

The gates see x and y through Wx + Vy, once in each order. With S = x + y and D = x − y,

    Wx + Vy = ½(W + V) S + ½(W − V) D,    Wy + Vx = ½(W + V) S − ½(W − V) D,

so that two products serve both orders: 8 d² multiplications a pair instead of the 12 d² of the
definition. The gradient is computed from x and y alone: nothing else is kept.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import GRUCell
from torch.nn import functional as F

__all__ = ["SymmetrizedGRUKernel"]

sigmoid_backward = torch.ops.aten.sigmoid_backward
tanh_backward = torch.ops.aten.tanh_backward


class SymmetrizedGRUKernel:
    """A `lcm_core.operators.base.PairKernel`. Its definition is `SymmetrizedGRU.forward`.

    Args:
        cell: the GRU cell that is symmetrised.
    """

    def __init__(self, cell: GRUCell):
        self.cell = cell

    def weights(self) -> tuple[Tensor, ...]:
        """Of S, of D, and their bias, for both gates (2d); and of the new state.

        tanh(a) is computed as 2σ(2a) − 1, four times as fast: weights of the new state are doubled.
        """
        cell, gates = self.cell, 2 * self.cell.hidden_size
        inputs, hidden = cell.weight_ih, cell.weight_hh
        weights = (
            0.5 * (inputs[:gates] + hidden[:gates]),
            0.5 * (hidden[:gates] - inputs[:gates]),
            cell.bias_ih[:gates] + cell.bias_hh[:gates],
            2 * torch.cat([inputs[gates:], hidden[gates:]]),
            2 * torch.cat([cell.bias_ih[gates:], cell.bias_hh[gates:]]),
        )
        if torch.is_autocast_enabled(inputs.device.type):
            low = torch.get_autocast_dtype(inputs.device.type)
            return tuple(weight.to(low) for weight in weights)
        return weights

    def combine(
        self, weights: Sequence[Tensor], left: Float[Tensor, "m d"], right: Float[Tensor, "m d"]
    ) -> Float[Tensor, "m d"]:
        """The plain form of what `forward` does in place: left and right are x and y."""
        of_sum, of_difference, bias, of_new, bias_new = weights
        x, y, d = left.to(of_sum.dtype), right.to(of_sum.dtype), left.shape[1]
        even, odd = F.linear(x + y, of_sum, bias), F.linear(x - y, of_difference)
        from_x, from_y = F.linear(x, of_new, bias_new), F.linear(y, of_new, bias_new)

        def gru(hidden: Tensor, gates: Tensor, from_hidden: Tensor, from_input: Tensor) -> Tensor:
            reset, update = gates.sigmoid().split(d, 1)
            new = 2 * (from_input[:, :d] + reset * from_hidden[:, d:]).sigmoid() - 1
            return (1 - update) * new + update * hidden

        return 0.5 * (gru(x, even + odd, from_x, from_y) + gru(y, even - odd, from_y, from_x))

    def forward(
        self, weights: Sequence[Tensor], left: Float[Tensor, "m d"], right: Float[Tensor, "m d"]
    ) -> tuple[Float[Tensor, "m d"], tuple[Tensor, ...]]:
        left, right = left.to(weights[0].dtype), right.to(weights[0].dtype)
        steps = _steps(weights, left, right, left + right, left - right)
        gates, other_gates, _, _, new, other_new = steps
        d = left.shape[1]
        one = torch.lerp(new, left, gates[:, d:])
        other = torch.lerp(other_new, right, other_gates[:, d:])
        return one.add_(other).mul_(0.5), steps

    def backward(
        self,
        weights: Sequence[Tensor],
        left: Float[Tensor, "m d"],
        right: Float[Tensor, "m d"],
        grad: Float[Tensor, "m d"],
        to_weights: list[Tensor],
        steps: tuple[Tensor, ...] | None = None,
    ) -> tuple[Float[Tensor, "m d"], Float[Tensor, "m d"]]:
        of_sum, of_difference, _, of_new, _ = weights
        left, right, grad = (v.to(of_sum.dtype) for v in (left, right, grad))
        total, difference = left + right, left - right
        steps = steps or _steps(weights, left, right, total, difference)
        gates, other_gates, from_left, from_right, new, other_new = steps

        half = 0.5 * grad
        to_from_left, to_from_right = torch.empty_like(from_left), torch.empty_like(from_right)
        to_left, to_gates = _through_order(
            half, left, gates, new, from_left, to_from_left, to_from_right
        )
        to_right, to_other_gates = _through_order(
            half, right, other_gates, other_new, from_right, to_from_right, to_from_left
        )
        to_sum = to_gates + to_other_gates
        to_difference = to_gates.sub_(to_other_gates)

        _add_product(to_weights[0], to_sum, total)
        _add_product(to_weights[1], to_difference, difference)
        to_weights[2] += to_sum.sum(0)
        _add_product(to_weights[3], to_from_left, left)
        _add_product(to_weights[3], to_from_right, right)
        to_weights[4] += to_from_left.add(to_from_right).sum(0)
        from_sum, from_difference = to_sum @ of_sum, to_difference @ of_difference
        to_left.addmm_(to_from_left, of_new).add_(from_sum).add_(from_difference)
        to_right.addmm_(to_from_right, of_new).add_(from_sum).sub_(from_difference)
        return to_left, to_right


def _steps(
    weights: Sequence[Tensor], left: Tensor, right: Tensor, total: Tensor, difference: Tensor
) -> tuple[Tensor, ...]:
    """The steps to GRU(hidden=left, input=right) and to the mirror image.

    Returns: the gates (m, 2d) of both orders; what left and what right give to new states, as an
    input and as a hidden state (m, 2d); the new states (m, d) of both orders.
    """
    of_sum, of_difference, bias, of_new, bias_new = weights
    d = left.shape[1]
    even, odd = torch.addmm(bias, total, of_sum.T), difference @ of_difference.T
    gates, other_gates = (even + odd).sigmoid_(), even.sub_(odd).sigmoid_()
    from_left, from_right = (torch.addmm(bias_new, v, of_new.T) for v in (left, right))
    new = torch.addcmul(from_right[:, :d], gates[:, :d], from_left[:, d:])
    other_new = torch.addcmul(from_left[:, :d], other_gates[:, :d], from_right[:, d:])
    for state in (new, other_new):
        state.sigmoid_().mul_(2).sub_(1)
    return gates, other_gates, from_left, from_right, new, other_new


def _through_order(
    half: Tensor,
    hidden: Tensor,
    gates: Tensor,
    new: Tensor,
    from_hidden: Tensor,
    to_from_hidden: Tensor,
    to_from_input: Tensor,
) -> tuple[Tensor, Tensor]:
    """The backward pass through one order: gradients of the kept hidden state, and of gates.

    Those of `from_hidden` and of the other state's are written where they belong.
    """
    d = hidden.shape[1]
    to_hidden = half * gates[:, d:]
    to_new = tanh_backward(half - to_hidden, new).mul_(0.5)
    to_gates = torch.empty_like(gates)
    torch.mul(to_new, from_hidden[:, d:], out=to_gates[:, :d])
    torch.sub(hidden, new, out=to_gates[:, d:]).mul_(half)
    to_from_input[:, :d] = to_new
    torch.mul(to_new, gates[:, :d], out=to_from_hidden[:, d:])
    return to_hidden, sigmoid_backward(to_gates, gates)


def _add_product(total: Tensor, a: Float[Tensor, "m j"], b: Float[Tensor, "m k"]) -> None:
    """total += aᵀ b."""
    if total.dtype == a.dtype:
        total.addmm_(a.T, b)
    else:  # low precision, summed up in high
        total += a.T @ b
