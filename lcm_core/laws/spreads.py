"""How much a whole aggregation depends on the order of its sets, or on the tree."""

from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from lcm_core.laws.measure import LawError, difference, variance
from lcm_core.operators import Operator
from lcm_core.reduction.ragged import reduce

__all__ = ["order_spread", "shuffle_within_sets", "tree_spread"]


@torch.no_grad()
def order_spread(
    aggregate: Callable[[Tensor, Tensor], Tensor],
    x: Float[Tensor, "N d"],
    ptr: Int[Tensor, " B_plus_1"],
    *,
    orders: int = 16,
    seed: int = 0,
) -> LawError:
    """RMS deviation of each set's result from its own mean over random orders, divided by s.

    Args:
        aggregate: from (x, ptr) to results (B, out), such as
            `lambda x, ptr: aggregation(x, ptr=ptr)`.
        x, ptr: the sets.
        orders: number of random orders.
    """
    generator = torch.Generator().manual_seed(seed)
    results = [
        aggregate(x[shuffle_within_sets(ptr, generator).to(x.device)], ptr) for _ in range(orders)
    ]
    return _deviation("order spread", results)


@torch.no_grad()
def tree_spread(
    operator: Operator,
    x: Float[Tensor, "N state"],
    ptr: Int[Tensor, " B_plus_1"],
    *,
    trees: int = 16,
    seed: int = 0,
) -> LawError:
    """RMS deviation of each set's reduction from its own mean over random trees, divided by s.

    Args:
        operator: the operator ⊕.
        x, ptr: the sets, as states.
        trees: number of random trees.
    """
    results = [reduce(operator, x, ptr, tree="random", seed=seed + k) for k in range(trees)]
    return _deviation("tree spread", results)


def shuffle_within_sets(
    ptr: Int[Tensor, " B_plus_1"], generator: torch.Generator
) -> Int[Tensor, " N"]:
    """Rows (on the CPU) that put the elements of each set in a random order."""
    sizes = ptr.diff().cpu()
    set_of_row = torch.repeat_interleave(torch.arange(len(sizes)), sizes)
    shuffled = torch.randperm(len(set_of_row), generator=generator)
    return shuffled[torch.argsort(set_of_row[shuffled], stable=True)]


def _deviation(name: str, results: list[Tensor]) -> LawError:
    stacked = torch.stack(results)  # (times, B, out)
    if stacked.shape[1] == 0:
        raise ValueError(f"{name} needs at least 1 set, got 0")
    finite = torch.where(stacked.isfinite(), stacked, 0.0)
    deviation = difference(finite, finite.mean(0)).square().sum(-1).mean(0).sqrt()
    return LawError.of(name, deviation, variance([(stacked.flatten(0, 1),) * 2]).sqrt())
