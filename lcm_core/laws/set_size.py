"""How much of an aggregation's results is the size of the set."""

import math

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from lcm_core.laws.spreads import Reduces, called_with_ptr, check_bounds
from lcm_core.operators.devices import beside

__all__ = ["size_share"]


@torch.no_grad()
def size_share(
    aggregation: Reduces, x: Float[Tensor, "N d"], ptr: Int[Tensor, " B_plus_1"]
) -> float:
    r"""Measure the share of the results' variance that is the sets' size.

    .. math:: 1 - \frac{\sum_i \|u_i - m_i\|^2 / (B - k)}{\sum_i \|u_i - m\|^2 / (B - 1)}

    for the results u of B sets of k sizes; m is their mean, mᵢ that of the sets as large as set i.
    So it is 1 if the size says everything, and 0 on average if it says nothing (values below 0
    count as 0). A penalty on associativity can be met by an operator that measures the size of a
    set: it keeps the law, and tells nothing about the elements.

    >>> from lcm_core import make_operator
    >>> _ = torch.manual_seed(0)
    >>> ptr = torch.tensor([0, 1, 2, 4, 6])
    >>> size_share(make_operator("sum", channels=2), torch.ones(6, 2), ptr)
    1.0
    >>> size_share(make_operator("max", channels=2), torch.ones(6, 2), ptr)
    0.0

    Args:
        aggregation: an aggregation, ours or PyG's; an operator, which reduces states x by the
            balanced tree; or a function from (x, ptr) to results (B, out).
        x: elements of the aggregation, or states of the operator, (N, d).
        ptr: the bounds of the sets, (B + 1,).

    Returns:
        The share, unitless, from 0 to 1; 0 where all results are alike. NaN where no two sets have
        the same size: nothing is known then.

    Raises:
        ValueError: an error of the aggregation, or bounds that are none.
        TypeError: `aggregation` is none of these.
    """
    check_bounds(x, ptr)
    if isinstance(aggregation, nn.Module):
        x = beside(aggregation, x)
    results = called_with_ptr(aggregation)(x, ptr.to(x.device)).double()
    results = torch.where(results.isfinite(), results, 0.0)
    sizes, group, counts = ptr.diff().to(x.device).unique(return_inverse=True, return_counts=True)
    if len(sizes) == len(results):
        return math.nan
    sums = results.new_zeros(len(sizes), results.shape[1]).index_add(0, group, results)
    within = (results - (sums / counts[:, None])[group]).square().sum() / (
        len(results) - len(sizes)
    )
    total = (results - results.mean(0)).square().sum() / (len(results) - 1)
    return max(0.0, 1 - float(within / total)) if total > 0 else 0.0
