"""Which code a call of an aggregation or a reduction runs, and why."""

from typing import Any

from jaxtyping import Int
from torch import Tensor

from lcm_core.aggregations.base import SetAggregation
from lcm_core.operators import Operator
from lcm_core.reduction.checks import check_elements, given_sets
from lcm_core.reduction.paths import Path, choose_path
from lcm_core.reduction.plan import ReductionPlan
from lcm_core.reduction.ragged import make_plan

__all__ = ["explain_path"]

ITS_OWN = Path("definition", "it has no operator whose pairs could be combined otherwise")


def explain_path(
    module: Operator | SetAggregation,
    x: Tensor,
    ptr: Int[Tensor, " B_plus_1"] | None = None,
    *,
    index: Int[Tensor, " N"] | None = None,
    dim_size: int | None = None,
    dim: int = -2,
    plan: ReductionPlan | None = None,
) -> Path:
    """Say which code a reduction of x would run, and why.

    A fast path runs only where nobody can tell it from the definition, `Operator.forward`. Hooks,
    parametrisations, replaced modules, `torch.func` and tensors of other classes mean that the
    definition runs. Nothing is computed, and no hook is called.

    >>> import torch
    >>> from lcm_core import LCMAggregation
    >>> aggregation, x = LCMAggregation(16, 16), torch.randn(4096, 16)
    >>> print(explain_path(aggregation, x))
    kernel: there are many pairs, and nothing holds on to the operator
    >>> print(explain_path(aggregation, x[:100]))
    combine: for so few pairs autograd is faster than a kernel
    >>> _ = aggregation.operator.operator.cell.register_forward_hook(lambda *call: None)
    >>> print(explain_path(aggregation, x))
    definition: GRUCell at .operator.cell has a forward hook

    Args:
        module: an operator, as `reduce` takes it, or an aggregation.
        x: its states or elements, as in that call.
        ptr, index, dim_size, dim, plan: the sets, as in that call.

    Returns:
        A `Path`: `name` is "fused" (on a GPU), "kernel", "combine" (the operator's own fast form)
        or "definition", and `why` the reason. `str` gives both.

    Raises:
        TypeError: the module is something else.
        ValueError: sets that do not fit x.
    """
    tree: dict[str, Any] = {}
    if isinstance(module, Operator):
        operator: Operator | None = module
    elif isinstance(module, SetAggregation):
        operator = module.operator
        tree = {name: getattr(module, name) for name in ("tree", "seed") if hasattr(module, name)}
        check_elements(x, module.in_channels, dim)
        x = x.movedim(dim, 0)
    else:
        raise TypeError(f"expected an Operator or a SetAggregation, got {type(module).__name__}")
    if operator is None:
        return ITS_OWN
    if plan is None:
        plan = make_plan(x, *given_sets(x, ptr, index, dim_size), **tree)
    return choose_path(plan, operator, x.new_empty(*x.shape[:-1], operator.state_dim))
