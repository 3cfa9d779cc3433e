"""One state of all ranks, on all ranks, by one tree: `all_reduce`."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import torch
import torch.distributed as dist
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable

from lcm_core.distributed.links import TIMEOUT, Link
from lcm_core.distributed.schedule import exchanges
from lcm_core.operators import Operator
from lcm_core.reduction import ReductionPlan, reduce
from lcm_core.reduction.checks import all_finite, check_finite, check_states
from lcm_core.trees.tree import Tree

__all__ = ["all_reduce", "combine_pairs", "over_ranks", "tied"]

Combine = Callable[[Tensor, Tensor], Tensor]


def all_reduce(
    operator: Operator,
    states: Float[Tensor, "B d"],
    *,
    tree: str | Tree = "balanced",
    seed: int = 0,
    group: dist.ProcessGroup | None = None,
    timeout: float = TIMEOUT,
) -> Float[Tensor, "B d"]:
    """Reduce the states of all ranks to one, on every rank.

    Row b of the result is x₀ ⊕ x₁ ⊕ … with xᵣ = row b of rank r's states, by the balanced tree over
    ranks: what `reduce` gives for them on one machine, up to rounding, and the same bits on every
    rank of the same kind. It takes log₂ R rounds of messages if R is a power of two, and
    ⌊log₂ R⌋ + 2 otherwise (`lcm_core.distributed.schedule`). In each round a rank waits for one
    other rank, so the order in which states arrive changes nothing, and no operand changes sides.

    Gradients flow back through the same messages: to the states of every rank, and to the weights
    of each rank's operator. The weights' gradients, summed over ranks, are those of the sum of all
    ranks' losses; `DistributedDataParallel` divides this sum by R. So every rank must call
    `backward`, and if ⊕ has no weights, states must need a gradient on all ranks or on none.

    >>> import torch.distributed as dist
    >>> from lcm_core import make_operator
    >>> store = dist.HashStore()
    >>> dist.init_process_group("gloo", store=store, rank=0, world_size=1)  # torchrun gives these
    >>> all_reduce(make_operator("sum", channels=2), torch.tensor([[1.0, 2.0]]))
    tensor([[1., 2.]])
    >>> dist.destroy_process_group()

    Args:
        operator: the operator ⊕, with the same weights on all ranks.
        states: of this rank, (B, d); the same B, d and dtype on all ranks.
        tree: another tree over ranks, as in `reduce`. Any but "balanced" gathers the states of all
            ranks on all ranks first: R − 1 rounds, and (R − 1) B d numbers received.
        seed: of the random tree.
        group: of ranks (default: all).
        timeout: seconds to wait for another rank before it counts as gone.

    Returns:
        States, (B, d).

    Raises:
        RankError: another rank died, did not answer in time, or raised an error.
        ValueError, TypeError: as `reduce` does, for the states of this rank.
    """
    link = Link("all_reduce", group, timeout)
    with link.telling():
        check_states(operator, states)
        if not all_finite(states):
            check_finite(states, operator.nothing)
        states = tied(operator, states)
        if tree != "balanced":
            link.expect(states)
            gathered = _gathered(link, states)
            plan = ReductionPlan.from_sizes([link.size] * len(states), tree, seed, states.device)
            return reduce(operator, gathered, plan=plan)
        return over_ranks(link, states, lambda left, right: combine_pairs(operator, left, right))


def over_ranks(link: Link, states: Tensor, combine: Combine) -> Tensor:
    """Follow the exchanges of this rank (`lcm_core.distributed.schedule`).

    Args:
        link: to the other ranks.
        states: of this rank, (B, *).
        combine: left ⊕ right for many rows.

    Returns:
        The states of all ranks, combined row by row, (B, *).
    """
    count, rank = len(states), link.rank
    core = 1 << (link.size.bit_length() - 1)
    if count == 0:
        return states
    link.expect(states)
    steps = exchanges(rank, link.size)
    if rank >= core:
        (first, partner, _, _), (last, *_) = steps
        _, nothing = link.swap(first, states, partner, partner, 0)
        return link.swap(last, nothing, partner, partner, count)[1]
    blocks = states  # a block of the first p ranks and, below it, one of the others if there is one
    for number, partner, sends, receives in steps:
        if partner < core:
            mine, theirs = link.swap(number, blocks, partner, partner, receives * count)
            left, right = (mine, theirs) if rank < partner else (theirs, mine)
            pairs = count * min(sends, receives)
            alone = torch.cat([left[pairs:], right[pairs:]])
            blocks = torch.cat([combine(left[:pairs], right[:pairs]), alone])
        elif receives:
            _, theirs = link.swap(number, states[:0], partner, partner, count)
            blocks = torch.cat([states, theirs])
    if core < link.size:
        blocks = combine(blocks[:count], blocks[count:])
    if steps and steps[-1].partner >= core:
        number, partner, _, _ = steps[-1]
        blocks, _ = link.swap(number, blocks, partner, partner, 0)
    return blocks


def tied(operator: Operator, states: Tensor) -> Tensor:
    """The states, as part of the graph of autograd on every rank if ⊕ has weights to learn.

    A rank that combines nothing takes part in the backward pass all the same, and its weights have
    gradients of 0, which `DistributedDataParallel` waits for.
    """
    weights = [weight for weight in operator.parameters() if weight.requires_grad]
    result: Tensor = _Tied.apply(states, *weights)
    return result


class _Tied(torch.autograd.Function):
    """(states, weights) → states."""

    @staticmethod
    def forward(ctx: Any, states: Tensor, *weights: Tensor) -> Tensor:
        ctx.save_for_backward(*weights)
        return states.view_as(states)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, to_states: Tensor) -> tuple[Tensor, ...]:
        return to_states, *(torch.zeros_like(weight) for weight in ctx.saved_tensors)


def combine_pairs(operator: Operator, left: Tensor, right: Tensor) -> Tensor:
    """left ⊕ right for many rows, on the path that reductions of as many sets of two take."""
    pairs = torch.stack([left, right], 1).flatten(0, 1)
    return reduce(operator, pairs, plan=_plan_of_pairs(len(left), pairs.device))


@lru_cache(maxsize=64)
def _plan_of_pairs(count: int, device: torch.device) -> ReductionPlan:
    return ReductionPlan.from_sizes([2] * count, device=device)


def _gathered(link: Link, states: Tensor) -> Tensor:
    """The states of all ranks, row by row: (B R, d)."""
    rank, ranks = link.rank, link.size
    found, mine = [states] * ranks, states
    for step in range(1, ranks):
        to, source = (rank + step) % ranks, (rank - step) % ranks
        mine, found[source] = link.swap(0, mine, to, source, len(states))
    found[rank] = mine
    return torch.stack(found, 1).flatten(0, 1)
