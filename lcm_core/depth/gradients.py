"""How strongly an answer depends on each element of a set, in powers of ten: none underflows."""

from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

__all__ = ["Stopped", "along_all_features", "chain_log_gradients", "log_gradients"]

BLOCK = 32  # steps of a chain that are differentiated together


class Stopped(Exception):
    """What was measured is not wanted any more: a `should_stop` said so."""


def along_all_features(answer: Float[Tensor, "1 d"]) -> Float[Tensor, ""]:
    """The answer along (1, …, 1) / √d: the number whose gradients are taken.

    Its gradient has length 1 at each element of a sum, and 1 / n at each element of a mean.
    """
    return answer.sum() / answer.shape[-1] ** 0.5


def log_gradients(
    aggregate: Callable[[Tensor], Tensor], x: Float[Tensor, "n channels"]
) -> Float[np.ndarray, " n"]:
    """log₁₀ of the length of the gradient at each element, by autograd; −∞ where that is 0.

    Args:
        aggregate: from elements to an answer, (1, d).
        x: the elements. Numbers below 10⁻⁴⁵ in float32, and below 10⁻³²³ in float64, become 0: a
            long chain needs `chain_log_gradients`.
    """
    x = x.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(along_all_features(aggregate(x)), x)
    return log10(gradient.norm(dim=1))


def chain_log_gradients(
    advance: Callable[[Tensor | None, Tensor], Tensor],
    finish: Callable[[Tensor], Tensor],
    x: Float[Tensor, "n channels"],
    should_stop: Callable[[], bool] = lambda: False,
) -> Float[np.ndarray, " n"]:
    """As `log_gradients`, for a chain, however small or large its gradients become.

    The chain is differentiated backwards, in blocks. Between two of them the gradient that is
    carried is scaled to length 1, and the logarithm of its length is kept apart.

    Args:
        advance: (state (1, d), some elements (m, channels)) → the state after these. The state is
            None before the first element.
        finish: from the last state to the answer.
        x: the elements, better in float64.
        should_stop: looked at between blocks.

    Raises:
        Stopped: if `should_stop()` is True.
    """
    blocks = list(x.detach().split(BLOCK))
    states: list[Tensor | None] = [None]
    with torch.no_grad():
        for block in blocks:
            _look(should_stop)
            states.append(advance(states[-1], block))
    last = states.pop()
    assert last is not None
    last.requires_grad_()
    (carried,) = torch.autograd.grad(along_all_features(finish(last)), last)
    scale, found = 0.0, []
    for state, block in zip(reversed(states), reversed(blocks), strict=True):
        _look(should_stop)
        length = carried.norm()
        if length > 0:
            carried, scale = carried / length, scale + float(length.log10())
        leaves = [leaf.requires_grad_() for leaf in (block, state) if leaf is not None]
        at_block, *rest = torch.autograd.grad(advance(state, block), leaves, carried)
        found.append(scale + log10(at_block.norm(dim=1)))
        carried = rest[0] if rest else carried
    return np.concatenate(found[::-1])


def log10(lengths: Float[Tensor, " n"]) -> Float[np.ndarray, " n"]:
    """log₁₀, on the host; −∞ of 0."""
    with np.errstate(divide="ignore"):
        return np.log10(lengths.detach().double().cpu().numpy())


def _look(should_stop: Callable[[], bool]) -> None:
    if should_stop():
        raise Stopped
