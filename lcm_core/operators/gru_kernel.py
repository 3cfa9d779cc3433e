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
        gates, _, new = steps
        update = gates[..., left.shape[1] :]
        one, other = torch.lerp(new[0], left, update[0]), torch.lerp(new[1], right, update[1])
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
        (m, d), states = left.shape, (left, right)
        total, difference = left + right, left - right
        gates, from_states, new = steps or _steps(weights, left, right, total, difference)

        half = 0.5 * grad
        to_states = half * gates[..., d:]
        to_new = tanh_backward(half - to_states, new).mul_(0.5)
        to_gates, to_from = torch.empty_like(gates), torch.empty_like(from_states)
        torch.mul(to_new, from_states[..., d:], out=to_gates[..., :d])
        for k, state in enumerate(states):
            torch.sub(state, new[k], out=to_gates[k, :, d:]).mul_(half)
            to_from[k, :, :d] = to_new[1 - k]
        torch.mul(to_new, gates[..., :d], out=to_from[..., d:])
        to_gates = sigmoid_backward(to_gates, gates)
        to_sum, to_difference = to_gates[0] + to_gates[1], to_gates[0] - to_gates[1]

        _add_product(to_weights[0], to_sum, total)
        _add_product(to_weights[1], to_difference, difference)
        to_weights[2] += to_sum.sum(0)
        for k, state in enumerate(states):
            _add_product(to_weights[3], to_from[k], state)
        to_weights[4] += to_from.sum((0, 1))
        to_states.view(2 * m, d).addmm_(to_from.view(2 * m, 2 * d), of_new)
        from_sum, from_difference = to_sum @ of_sum, to_difference @ of_difference
        return (
            to_states[0].add_(from_sum).add_(from_difference),
            to_states[1].add_(from_sum).sub_(from_difference),
        )


def _steps(
    weights: Sequence[Tensor], left: Tensor, right: Tensor, total: Tensor, difference: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """The steps of GRU(hidden=left, input=right), at 0, and of the mirror image, at 1.

    Returns: the gates (2, m, 2d); what each hidden state gives to new states, as the other's input
    and for itself (2, m, 2d); the new states (2, m, d).
    """
    of_sum, of_difference, bias, of_new, bias_new = weights
    m, d = left.shape
    gates, from_states, new = (left.new_empty(2, m, width) for width in (2 * d, 2 * d, d))
    even = torch.addmm(bias, total, of_sum.T, out=gates[0])
    odd = difference @ of_difference.T
    torch.sub(even, odd, out=gates[1])
    even.add_(odd)
    gates.sigmoid_()
    for k, state in enumerate((left, right)):
        torch.addmm(bias_new, state, of_new.T, out=from_states[k])
    for k in (0, 1):
        given, own = from_states[1 - k, :, :d], from_states[k, :, d:]
        torch.addcmul(given, gates[k, :, :d], own, out=new[k])
    return gates, from_states, new.sigmoid_().mul_(2).sub_(1)


def _add_product(total: Tensor, a: Float[Tensor, "m j"], b: Float[Tensor, "m k"]) -> None:
    """total += aᵀ b."""
    if total.dtype == a.dtype:
        total.addmm_(a.T, b)
    else:  # low precision, summed up in high
        total += a.T @ b
