"""How much a whole aggregation depends on the order of its sets, or on the tree."""

from collections.abc import Callable
from typing import TypeAlias

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch_geometric.nn.aggr import Aggregation

from lcm_core.aggregations.lcm import LCMAggregation
from lcm_core.laws.measure import LawError, difference, variance
from lcm_core.operators import Operator
from lcm_core.reduction.ragged import reduce

Reduces: TypeAlias = Aggregation | Operator | Callable[[Tensor, Tensor], Tensor]

__all__ = ["order_spread", "shuffle_within_sets", "tree_spread"]


@torch.no_grad()
def order_spread(
    aggregation: Reduces,
    x: Float[Tensor, "N d"],
    ptr: Int[Tensor, " B_plus_1"],
    *,
    orders: int = 16,
    seed: int = 0,
) -> LawError:
    """RMS deviation of each set's result from its own mean over random orders, divided by s.

    >>> from lcm_core.operators import make_operator
    >>> x, ptr = torch.randn(6, 2), torch.tensor([0, 3, 6])
    >>> order_spread(make_operator("max", channels=2), x, ptr).max < 1e-6
    True

    Args:
        aggregation: an aggregation, ours or PyG's; an operator, which reduces states x by the
            balanced tree; or a function from (x, ptr) to results (B, out).
        x, ptr: the sets.
        orders: number of random orders.
        seed: of the orders.

    Raises:
        ValueError: there is no set, or what the aggregation raises.
        TypeError: it is none of these.
    """
    results_of = _called_with_ptr(aggregation)
    generator = torch.Generator().manual_seed(seed)
    results = [
        results_of(x[shuffle_within_sets(ptr, generator).to(x.device)], ptr) for _ in range(orders)
    ]
    return _deviation("order spread", results)


@torch.no_grad()
def tree_spread(
    aggregation: Operator | LCMAggregation,
    x: Float[Tensor, "N state"],
    ptr: Int[Tensor, " B_plus_1"],
    *,
    trees: int = 16,
    seed: int = 0,
) -> LawError:
    """RMS deviation of each set's reduction from its own mean over random trees, divided by s.

    Args:
        aggregation: an operator ⊕; or an LCM aggregation, of which the states are compared.
        x, ptr: the sets: states, or elements of the aggregation.
        trees: number of random trees.
        seed: of the trees.

    Raises:
        ValueError: there is no set.
        TypeError: it is neither.
    """
    if isinstance(aggregation, LCMAggregation):
        operator, x = aggregation.operator, aggregation.states(x)
    elif isinstance(aggregation, Operator):
        operator = aggregation
    else:
        raise TypeError(f"expected an Operator or an LCMAggregation, got {type(aggregation)}")
    results = [reduce(operator, x, ptr, tree="random", seed=seed + k) for k in range(trees)]
    return _deviation("tree spread", results)


def _called_with_ptr(aggregation: Reduces) -> Callable[[Tensor, Tensor], Tensor]:
    """A function of (x, ptr); the second argument of an aggregation would be `index`."""
    if isinstance(aggregation, Aggregation):
        return lambda x, ptr: aggregation(x, ptr=ptr, dim=0)
    if isinstance(aggregation, Operator):
        return lambda x, ptr: reduce(aggregation, x, ptr)
    if callable(aggregation):
        return aggregation
    raise TypeError(
        "expected an aggregation, an operator, or a function of (x, ptr), got "
        f"{type(aggregation).__name__}"
    )


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
