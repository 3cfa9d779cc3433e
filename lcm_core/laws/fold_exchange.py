"""The exchange law of a fold: its error, and the regulariser SIRE."""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from lcm_core.aggregations.fold import FoldAggregation
from lcm_core.laws.measure import LawError, variance
from lcm_core.laws.spreads import check_bounds, shuffle_within_sets
from lcm_core.operators.devices import beside

__all__ = [
    "Exchanges",
    "both_orders",
    "draw_exchanges",
    "exchange_penalty",
    "fold_exchange_error",
    "sire_penalty",
]


class Exchanges(NamedTuple):
    """Rows of elements: a prefix of each set, and the two elements that come after it.

    Shapes: `prefix` (P,), set after set; `sizes` (m,) of the prefixes; `pairs` (m, 2). All on the
    CPU, int64.
    """

    prefix: Int[Tensor, " P"]
    sizes: Int[Tensor, " m"]
    pairs: Int[Tensor, "m 2"]


def draw_exchanges(ptr: Int[Tensor, " B_plus_1"], generator: torch.Generator) -> Exchanges:
    """A random prefix of each set, and two more of its elements, all in random order.

    The prefix of a set of n elements has 0 to n − 2 of them, all sizes equally likely, drawn for
    each set apart. Sets of fewer than two elements have nothing to exchange and are left out.

    Args:
        ptr: the bounds of the sets.
        generator: on the CPU.
    """
    ptr = ptr.cpu()
    rows = shuffle_within_sets(ptr, generator)
    starts, sizes = ptr[:-1], ptr.diff()
    chance = torch.rand(len(sizes), generator=generator, dtype=torch.double)
    starts, sizes, chance = (v[sizes >= 2] for v in (starts, sizes, chance))
    lengths = (chance * (sizes - 1)).long()
    place = torch.arange(int(lengths.sum())) - (lengths.cumsum(0) - lengths).repeat_interleave(
        lengths
    )
    prefix = rows[starts.repeat_interleave(lengths) + place]
    first = starts + lengths
    return Exchanges(prefix, lengths, torch.stack([rows[first], rows[first + 1]], 1))


def sire_penalty(
    fold: FoldAggregation,
    x: Float[Tensor, "N in_channels"],
    ptr: Int[Tensor, " B_plus_1"],
    generator: torch.Generator,
) -> Float[Tensor, ""]:
    r"""SIRE, the differentiable regulariser of a fold's dependence on order.

    .. math:: E \|h(p, a, b) - h(p, b, a)\|^2 / s^2

    over random prefixes p of the sets, each followed by two more elements a, b of its set; h is
    the whole state, for an LSTM the hidden and the cell state. s² = E‖u − ū‖² over all these
    states u. The gradient goes through s² too, as in `lcm_core.law_penalty`. A fold whose penalty
    is 0 for all states and elements does not depend on the order.

    >>> from lcm_core import FoldAggregation
    >>> _ = torch.manual_seed(0)
    >>> fold, x, ptr = FoldAggregation(2, 4), torch.randn(9, 2), torch.tensor([0, 4, 9])
    >>> sire_penalty(fold, x, ptr, torch.Generator().manual_seed(0)).item() > 0
    True

    Source: Cohen-Karlik, Ben David & Globerson, "Regularizing Towards Permutation Invariance in
    Recurrent Models", NeurIPS 2020, https://arxiv.org/abs/2010.13055. They draw one length of the
    prefix for the batch, and do not divide by s².

    Args:
        fold: a recurrent aggregation.
        x: elements, set after set, (N, in_channels).
        ptr: the bounds of the sets, (B + 1,).
        generator: on the CPU; it draws the prefixes and elements.

    Returns:
        The penalty, a scalar; 0 if no set has two elements.
    """
    check_bounds(x, ptr)
    x = beside(fold, x)
    one, other = both_orders(fold, x, draw_exchanges(ptr, generator))
    if len(one) == 0:
        return x.sum() * 0.0
    return exchange_penalty(one, other)


def exchange_penalty(
    one: Float[Tensor, "m state"], other: Float[Tensor, "m state"]
) -> Float[Tensor, ""]:
    """SIRE, given the states after p, a, b and after p, b, a, of at least one set."""
    s2 = variance([(one, other)])
    return (one - other).square().sum(-1).mean() / torch.where(s2 > 0, s2, 1.0)


@torch.no_grad()
def fold_exchange_error(
    fold: FoldAggregation,
    x: Float[Tensor, "N in_channels"],
    ptr: Int[Tensor, " B_plus_1"],
    *,
    seed: int = 0,
) -> LawError:
    """Measure the exchange law of a fold.

    The error is ‖h(p, a, b) − h(p, b, a)‖ / s. The elements a and b follow a random prefix p of
    their set, drawn once for each set; h is the whole state, as in `sire_penalty`.

    >>> from lcm_core import FoldAggregation
    >>> _ = torch.manual_seed(0)
    >>> fold, x, ptr = FoldAggregation(2, 4), torch.randn(9, 2), torch.tensor([0, 4, 9])
    >>> error = fold_exchange_error(fold, x, ptr)
    >>> error.law, error.samples, error.mean > 0
    ('exchange', 2, True)

    Args:
        fold: a recurrent aggregation.
        x: elements, set after set, (N, in_channels).
        ptr: the bounds of the sets, (B + 1,).
        seed: of the drawing.

    Raises:
        ValueError: no set has two elements.
    """
    check_bounds(x, ptr)
    x = beside(fold, x)
    drawn = draw_exchanges(ptr, torch.Generator().manual_seed(seed))
    one, other = both_orders(fold, x, drawn)
    if len(one) == 0:
        raise ValueError("expected a set of at least 2 elements to exchange, got none")
    return LawError.of("exchange", (one - other).norm(dim=-1), variance([(one, other)]).sqrt())


def both_orders(
    fold: FoldAggregation, x: Tensor, drawn: Exchanges
) -> tuple[Float[Tensor, "m state"], Float[Tensor, "m state"]]:
    """The states after prefix, a, b, and after prefix, b, a."""
    m = len(drawn.sizes)
    if m == 0:
        return (x.new_zeros(0, fold.state_dim),) * 2
    before = fold.read(x[drawn.prefix.to(x.device)], drawn.sizes)
    pairs = torch.cat([drawn.pairs, drawn.pairs.flip(1)])
    two = torch.full((2 * m,), 2)
    after = fold.read(x[pairs.flatten().to(x.device)], two, before.repeat(2, 1))
    return after[:m], after[m:]
