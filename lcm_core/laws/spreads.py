"""Order spread and tree spread of a whole aggregation."""

import inspect
from collections.abc import Callable
from typing import TypeAlias

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from lcm_core.aggregations.lcm import LCMAggregation
from lcm_core.laws.measure import LawError, difference, variance
from lcm_core.operators import Operator
from lcm_core.operators.devices import beside
from lcm_core.pyg import Aggregation
from lcm_core.reduction.ragged import reduce

Reduces: TypeAlias = Aggregation | Operator | Callable[[Tensor, Tensor], Tensor]

__all__ = [
    "Reduces",
    "called_with_ptr",
    "check_bounds",
    "order_spread",
    "shuffle_within_sets",
    "tree_spread",
]


@torch.no_grad()
def order_spread(
    aggregation: Reduces,
    x: Float[Tensor, "N d"],
    ptr: Int[Tensor, " B_plus_1"],
    *,
    orders: int = 16,
    seed: int = 0,
) -> LawError:
    """Measure how much results depend on the order of the elements.

    It is the RMS deviation of a set's result from its own mean over random orders, divided by s,
    with s² = E‖u − ū‖² over all results u, of all sets and orders (unitless). So s is the total
    spread: 0 means that the order does not matter, 1 that nothing else does, and √½ ≈ 0.71 that
    it matters as much as the set. With 16 orders the last two come out as 0.97 and 0.68.

    >>> from lcm_core import FoldAggregation, make_operator
    >>> _ = torch.manual_seed(0)
    >>> x, ptr = torch.randn(6, 2), torch.tensor([0, 3, 6])
    >>> order_spread(make_operator("max", channels=2), x, ptr).max < 1e-6
    True
    >>> order_spread(FoldAggregation(2, 2), x, ptr).mean > 0.05
    True

    Args:
        aggregation: an aggregation, ours or PyG's; an operator, which reduces states x by the
            balanced tree; or a function from (x, ptr) to results (B, out).
        x: elements of the aggregation, or states of the operator, (N, d).
        ptr: the bounds of the sets, (B + 1,).
        orders: number of random orders.
        seed: of the orders.

    Returns:
        A `LawError` with one value a set.

    Raises:
        ValueError: there is no set; or an error of the aggregation.
        TypeError: `aggregation` is none of these.
    """
    check_bounds(x, ptr)
    results_of = called_with_ptr(aggregation)
    x, ptr = _beside(aggregation, x, ptr)
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
    """Measure how much reductions depend on the tree.

    It is the RMS deviation of a set's reduction from its own mean over random trees, divided by s,
    with s² = E‖u − ū‖² over all reductions u, the total spread as in `order_spread` (unitless).

    >>> from lcm_core import make_operator
    >>> _ = torch.manual_seed(0)
    >>> x, ptr = torch.randn(12, 1), torch.tensor([0, 5, 12])
    >>> tree_spread(make_operator("sum", channels=1), x, ptr).max < 1e-6
    True
    >>> tree_spread(make_operator("formula((x+y)/2)", channels=1), x, ptr).mean > 0.1
    True

    Args:
        aggregation: an operator ⊕; or an LCM aggregation, whose states are compared.
        x: states of the operator, or elements of the aggregation, (N, d).
        ptr: the bounds of the sets, (B + 1,).
        trees: number of random trees.
        seed: of the trees.

    Returns:
        A `LawError` with one value a set.

    Raises:
        ValueError: there is no set; or an error of `lcm_core.reduce`.
        TypeError: `aggregation` is neither.
    """
    if not isinstance(aggregation, Operator | LCMAggregation):
        raise TypeError(f"expected an Operator or an LCMAggregation, got {type(aggregation)}")
    x, ptr = _beside(aggregation, x, ptr)
    if isinstance(aggregation, LCMAggregation):
        operator, x = aggregation.operator, aggregation.states(x)
    else:
        operator = aggregation
    results = [reduce(operator, x, ptr, tree="random", seed=seed + k) for k in range(trees)]
    return _deviation("tree spread", results)


def check_bounds(x: Tensor, ptr: Tensor) -> None:
    """Raise a ValueError unless ptr rises from 0 to N, the number of elements."""
    host = ptr.detach().cpu()
    rises = host.dim() == 1 and len(host) > 0 and bool((host.diff() >= 0).all())
    if host.is_floating_point() or not (rises and host[0] == 0 and host[-1] == len(x)):
        raise ValueError(
            f"expected ptr, the bounds of the sets, to rise from 0 to N = {len(x)}, got "
            f"{host.flatten()[:8].tolist()}"
        )


def called_with_ptr(aggregation: Reduces) -> Callable[[Tensor, Tensor], Tensor]:
    """A function of (x, ptr); the second argument of an aggregation would be `index`."""
    if isinstance(aggregation, Operator):
        return lambda x, ptr: reduce(aggregation, x, ptr)
    if isinstance(aggregation, nn.Module):
        takes_ptr = "ptr" in inspect.signature(aggregation.forward).parameters
        if takes_ptr or isinstance(aggregation, Aggregation):
            return lambda x, ptr: aggregation(x, ptr=ptr)
    elif callable(aggregation):
        return aggregation
    raise TypeError(
        "expected an aggregation (a module that takes ptr=), an operator, or a function of "
        f"(x, ptr), got {type(aggregation).__name__}"
    )


def _beside(aggregation: Reduces, x: Tensor, ptr: Tensor) -> tuple[Tensor, Tensor]:
    """Elements and bounds where the aggregation is."""
    x = beside(aggregation, x) if isinstance(aggregation, nn.Module) else x
    return x, ptr.to(x.device)


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
