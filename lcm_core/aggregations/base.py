"""The base class of all aggregations: how they are called, and the record for regularisers."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn

from lcm_core.operators import Operator
from lcm_core.pyg import Aggregation
from lcm_core.reduction.checks import check_dtype, check_elements, check_plan, given_sets
from lcm_core.reduction.plan import ReductionPlan

__all__ = ["SetAggregation"]


class SetAggregation(Aggregation):
    """An aggregation that is called as PyG's are, with ptr or index, in any order.

    Subclasses define `of_sets`, and `of_plan` if they can use a plan. Attributes say the rest:
    `operator` is the operator on states, None if there is none; `is_fold`, whether it is a
    recurrent network; `penalties`, the regularisers of a recipe that it has a use for.

    Args:
        in_channels: width of the elements.
        out_channels: width of the results.

    Raises:
        ValueError: a negative width.
    """

    operator: Operator | None
    is_fold: bool = False

    def __init__(self, in_channels: int, out_channels: int):
        super().__init__()
        for name, width in (("in_channels", in_channels), ("out_channels", out_channels)):
            if width < 0:
                raise ValueError(
                    f"expected {name} ≥ 0, got {width}: the width of an aggregation is given, as "
                    "of PyG's; a layer such as SAGEConv(-1, …) finds its own in the first call"
                )
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.operator = None
        self._recorded: list[Any] | None = None

    @property
    def penalties(self) -> tuple[str, ...]:
        """The recipe's regularisers, such as `associativity`, that apply to it."""
        return ()

    def __call__(self, x: Tensor, *args: Any, **options: Any) -> Tensor:
        """Aggregate each set; arguments as in `forward`.

        It calls `forward` directly. PyG's `__call__` reads a missing `dim_size` from the index, a
        copy to the host; and it reads an empty x as zero sets, where we read it as one empty set.
        """
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
        """Aggregate each set.

        Args:
            x: the elements, (*, N, in_channels).
            index: the set of each element, (N,); sorted stably inside.
            ptr: instead of index, the bounds of the sets, (B + 1,).
            dim_size: number of sets, with index.
            dim: the dimension of the elements.
            max_num_elements: ignored; accepted because PyG's classes have it.
            plan: instead of index and ptr, a `ReductionPlan` of the sizes of the sets.

        Returns:
            Results, (*, B, out_channels).

        Raises:
            ValueError: a wrong shape or device, sets that do not fit x, or an element that is not
                finite; an empty set, if there is no answer for it.
            TypeError: x of another dtype than the parameters.
        """
        check_elements(x, self.in_channels, dim)
        check_dtype(self, x)
        first = dim % x.dim() == 0
        x = x if first else x.movedim(dim, 0)
        if plan is None:
            results = self.of_sets(x, *given_sets(x, ptr, index, dim_size))
        else:
            check_plan(plan, x)
            results = self.of_plan(x, plan)
        return results if first else results.movedim(0, dim)

    def of_sets(
        self, x: Tensor, ptr: Tensor | None, index: Tensor | None, num_sets: int | None
    ) -> Tensor:
        """Aggregate elements; a subclass defines this.

        Args:
            x: elements, (N, *, in_channels).
            ptr, index, num_sets: the sets, as in `lcm_core.reduce`.

        Returns:
            Results, (B, *, out_channels).
        """
        raise NotImplementedError(f"{type(self).__name__} does not define of_sets")

    def of_plan(self, x: Tensor, plan: ReductionPlan) -> Tensor:
        """Aggregate elements by a plan, if the subclass can.

        Args:
            x: elements, (N, *, in_channels).
            plan: of the sets.

        Returns:
            Results, (B, *, out_channels).

        Raises:
            TypeError: the aggregation takes no plan.
        """
        raise TypeError(f"{type(self).__name__} takes no plan: give index or ptr")

    @contextmanager
    def recording(self) -> Iterator[list[Any]]:
        """Context manager: record the reductions of an LCM or a fold.

        Each call within it appends to the list: an LCM its states, level by level; a fold its
        elements and their bounds.
        """
        outer, self._recorded = self._recorded, []
        try:
            yield self._recorded
        finally:
            self._recorded = outer
