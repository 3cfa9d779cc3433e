"""The mean errors of all laws that an aggregation can be asked for, on given elements."""

from collections.abc import Iterator
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from lcm_core.laws.fold_exchange import fold_exchange_error
from lcm_core.laws.measure import LAWS, law_report
from lcm_core.laws.populations import closure_population
from lcm_core.laws.spreads import order_spread

__all__ = ["mean_errors"]

SETS = 64  # whose elements are looked at
STATES, SAMPLES, ORDERS = 256, 256, 8


@torch.no_grad()
def mean_errors(
    aggregation: Any,
    x: Float[Tensor, "N channels"],
    ptr: Int[Tensor, " B_plus_1"],
    seed: int = 0,
    max_set_size: int = 16,
) -> Iterator[tuple[str, float]]:
    """Measure law after law, on the first 64 sets: (name, mean error), each unitless.

    An operator is asked for all laws that it can have, over the closure of the elements; a fold for
    exchange; every aggregation for its order spread.

    Args:
        aggregation: of `lcm_core.aggregations`, on whatever device.
        x: elements (N, channels).
        ptr: the bounds of their sets (B + 1,).
        seed: of what is drawn.
        max_set_size: of the subsets whose reductions are the states.
    """
    ptr = ptr[: SETS + 1]
    x = x[: int(ptr[-1])]
    if len(x) == 0:
        return
    if (operator := aggregation.operator) is not None:
        states = closure_population(x, size=STATES, max_set_size=max_set_size, seed=seed)
        for law in LAWS:
            if law != "identity" or operator.identity is not None:
                yield law, law_report(operator, states, [law], samples=SAMPLES, seed=seed)[law].mean
    elif aggregation.is_fold and int(ptr.diff().max()) >= 2:
        yield "exchange", fold_exchange_error(aggregation, x, ptr, seed=seed).mean
    yield "order spread", order_spread(aggregation, x, ptr, orders=ORDERS, seed=seed).mean
