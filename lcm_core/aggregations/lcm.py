"""A PyG Aggregation: a projection, and a reduction by a tree."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch_geometric.nn.aggr import Aggregation
from torch_geometric.nn.aggr import LCMAggregation as PyGLCMAggregation

from lcm_core.errors import unknown
from lcm_core.operators import GRU, Operator, SymmetrizedGRU, make_operator
from lcm_core.operators.base import operator_class
from lcm_core.reduction.checks import (
    check_dtype,
    check_elements,
    check_plan,
    given_sets,
    identity_for,
)
from lcm_core.reduction.engine import Levels, run
from lcm_core.reduction.plan import ReductionPlan
from lcm_core.reduction.ragged import make_plan
from lcm_core.trees.tree import TREE_NAMES, Tree

__all__ = ["LCMAggregation"]

EMPTY = ("identity", "zero")


class LCMAggregation(Aggregation):
    r"""Aggregates sets by a learnable commutative monoid, in ⌈log₂ max n⌉ operator calls.

    .. math:: \mathrm{lower}\left(\bigoplus_{i} \mathrm{lift}(\mathrm{ReLU}(W x_i + b))\right)

    A replacement for `torch_geometric.nn.aggr.LCMAggregation` that combines no padding: a set's
    result depends on that set alone. Source: Ong & Veličković 2022, arXiv 2212.08541.

    Args:
        in_channels: width of the elements.
        out_channels: width of the results.
        project: put a linear layer and a ReLU before the reduction.
        operator: a name of `lcm_core.operator_names()`, or an `Operator`.
        tree, seed: as in `lcm_core.reduce`.
        empty: what an empty set gives: the operator's `identity` (lowered), or `zero`.
        **options: of the operator, when it is given by name.

    Shapes:
        x (*, N, in_channels); index (N,), in any order, or ptr (B + 1,); result
        (*, B, out_channels). `dim` is the dimension of the N elements.

    Raises:
        ValueError: widths that do not fit together; and what `lcm_core.reduce` raises.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        project: bool = True,
        operator: str | Operator = "symmetrized_gru",
        tree: str | Tree = "balanced",
        seed: int = 0,
        empty: str = "identity",
        **options: Any,
    ):
        super().__init__()
        if empty not in EMPTY:
            raise unknown("choice for empty sets", empty, EMPTY)
        if isinstance(tree, str) and tree not in TREE_NAMES:
            raise unknown("tree", tree, TREE_NAMES)
        if isinstance(operator, str):
            channels = operator_class(operator).channels_for(out_channels, **options)
            operator = make_operator(operator, channels, **options)
        elif options:
            raise TypeError(
                f"options {sorted(options)} go with an operator's name, not an Operator"
            )
        if operator.out_channels != out_channels:
            raise ValueError(
                f"expected out_channels to be the width of the operator's answers, "
                f"{operator.out_channels}, got {out_channels}"
            )
        if not project and in_channels != operator.channels:
            raise ValueError(
                f"Inputs of '{self.__class__.__name__}' must be projected if their width differs "
                f"from the operator's: expected in_channels = {operator.channels}, got "
                f"{in_channels}; use project=True"
            )
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.project = project
        self.lin = nn.Linear(in_channels, operator.channels) if project else None
        self.operator = operator
        self.tree = tree
        self.seed = seed
        self.empty = empty
        self._recorded: list[Levels] | None = None

    @classmethod
    def from_pyg(cls, peer: PyGLCMAggregation, **options: Any) -> "LCMAggregation":
        """The same aggregation with the weights of PyG's; options as in the constructor."""
        if not isinstance(peer, PyGLCMAggregation):
            raise TypeError(f"expected PyG's LCMAggregation, got {type(peer).__name__}")
        made = cls(peer.in_channels, peer.out_channels, peer.project, "symmetrized_gru", **options)
        made.to(next(peer.parameters()))
        if made.lin is not None:
            made.lin.load_state_dict(peer.lin.state_dict())
        assert isinstance(made.operator, SymmetrizedGRU)
        assert isinstance(made.operator.operator, GRU)
        made.operator.operator.cell.load_state_dict(peer.gru_cell.state_dict())
        return made.train(peer.training)

    def reset_parameters(self) -> None:
        if self.lin is not None:
            self.lin.reset_parameters()
        self.operator.reset_parameters()

    def plan(self, sizes: Tensor, device: torch.device) -> ReductionPlan:
        """A plan for sets of these sizes (on the host), by this aggregation's tree."""
        return ReductionPlan.from_sizes(sizes, self.tree, self.seed, device)

    def __call__(self, x: Tensor, *args: Any, **options: Any) -> Tensor:
        """As PyG's, which first reads a missing `dim_size` from the index: a copy to the host."""
        return nn.Module.__call__(self, x, *args, **options)

    def forward(
        self,
        x: Tensor,
        index: Tensor | None = None,
        ptr: Tensor | None = None,
        dim_size: int | None = None,
        dim: int = -2,
        max_num_elements: int | None = None,
        plan: ReductionPlan | None = None,
    ) -> Tensor:
        """Lift, reduce and lower each set.

        Args:
            x: the elements.
            index: the set of each element; sorted stably inside.
            ptr: instead of index, the bounds of the sets.
            dim_size: number of sets, with index.
            dim: the dimension of the elements.
            max_num_elements: not needed; taken so that callers of PyG's class need not change.
            plan: made before from the sizes; index or ptr are not looked at then.
        """
        check_elements(x, self.in_channels, dim)
        check_dtype(self, x)
        first = dim % x.dim() == 0
        x = x if first else x.movedim(dim, 0)
        if plan is None:
            sets = given_sets(x, ptr, index, dim_size)
            plan = make_plan(x, *sets, tree=self.tree, seed=self.seed)
        else:
            check_plan(plan, x)
        if self.lin is not None:
            x = self.lin(x).relu()
        levels = run(plan, self.operator, self.operator.lift(x))
        if self._recorded is not None:
            self._recorded.append(levels)
        answers = self.operator.lower(levels.roots)
        if plan.num_empty:
            answers = plan.with_empty(answers, self._empty(plan, x))
        return answers if first else answers.movedim(0, dim)

    def _empty(self, plan: ReductionPlan, x: Tensor) -> Tensor:
        if self.empty == "zero":
            return x.new_zeros(self.out_channels)
        return self.operator.lower(identity_for(self.operator, plan))

    @contextmanager
    def recording(self) -> Iterator[list[Levels]]:
        """Within it, each call adds the states that its trees met to the list it gives."""
        outer, self._recorded = self._recorded, []
        try:
            yield self._recorded
        finally:
            self._recorded = outer

    def __repr__(self) -> str:
        extra = (
            "" if self.operator.name == "symmetrized_gru" else f", operator={self.operator.name}"
        )
        return (
            f"{self.__class__.__name__}({self.in_channels}, {self.out_channels}, "
            f"project={self.project}{extra})"
        )
