"""Plans of balanced trees that a GPU makes itself, by a few kernels, for its own kernels.

`plan_on_device` makes one for sets that lie there: the host waits once, to learn how many pairs
each level has. `StaticPlan` is for sets whose sizes only the device knows: the host never waits.
"""

from collections.abc import Callable
from functools import cache, cached_property
from typing import Any

import torch
from torch import Tensor

from lcm_core.reduction.codes import PairCodes
from lcm_core.reduction.plan import ReductionPlan
from lcm_core.reduction.transfer import aligned

__all__ = ["DevicePlan", "StaticPlan", "most_pairs", "plan_on_device"]

BLOCK = 256  # elements or sets of a program
ROUND = 4  # numbers of 16 bytes
FLAGS = ROUND  # of which two are used: sets that are not there, and out of order
FACTS = 3  # both, and whether all elements are finite
BEFORE_LEVELS = 3  # rows of the table before those of the levels


class DevicePlan(ReductionPlan):
    """A plan as the fused kernels read it; the rest is made where another path asks for it.

    Args:
        num_sets, num_elements, num_empty: as of every plan.
        codes: of its pairs.
        make_rest: gives the whole plan.
    """

    def __init__(
        self,
        num_sets: int,
        num_elements: int,
        num_empty: int,
        codes: PairCodes,
        make_rest: Callable[[], ReductionPlan],
    ):
        vars(self).update(
            num_sets=num_sets,
            num_elements=num_elements,
            num_empty=num_empty,
            device=codes.codes.device,
            codes=codes,
            make_rest=make_rest,
        )

    @property
    def depth(self) -> int:
        """Number of levels."""
        return len(self.codes.sizes)

    @property
    def num_pairs(self) -> int:
        """Number of pairs; of a static plan, room for so many."""
        return self.codes.pairs

    @cached_property
    def whole(self) -> ReductionPlan:
        """A plan of the ordinary kind."""
        return self.make_rest()

    def __getattr__(self, name: str) -> Any:
        """A part of the whole plan."""
        if name not in ("bounds", "pieces", "late", "pairs", "roots", "set_rows"):
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")
        return getattr(self.whole, name)

    def to(self, device: torch.device | str, non_blocking: bool = True) -> ReductionPlan:
        """As of every plan; on another device it is a plan of the ordinary kind."""
        here = torch.empty(0, device=device).device == self.device
        return self if here else self.whole.to(device, non_blocking)

    def __reduce__(self) -> Any:
        """For pickle: as a plan of the ordinary kind."""
        return _itself, (self.whole,)


def _itself(plan: ReductionPlan) -> ReductionPlan:
    return plan


class StaticPlan(DevicePlan):
    """A plan for batches whose sizes only the device knows, with room for larger ones.

    Its tensors stay where they are, so that a CUDA graph can hold `update` and the reduction. No
    set may be empty. Rows of x after the last element are not read, and have a gradient of 0. The
    state of pair i of a level is row i after the pairs of the levels below; within a level, pairs
    are ordered by set, then by position.

    Args:
        num_sets: B.
        largest: elements of a set, at most.
        rows: elements of all sets, at most: the rows of x.
        device: a GPU.
    """

    def __init__(self, num_sets: int, largest: int, rows: int, device: torch.device):
        making = _Making(num_sets, rows, largest, device)
        sizes = most_pairs(num_sets, largest, rows)
        codes = making.pair_codes(sizes, num_sets, rows, static=True)
        super().__init__(num_sets, rows, 0, codes, self._refuse)
        vars(self)["making"] = making

    def update(self, ptr: Tensor) -> None:
        """Plan for new sets, by kernels alone.

        Args:
            ptr: the bounds of the sets on the device, (B + 1,) int64.
        """
        making: _Making = vars(self)["making"]
        making.count(ptr=ptr)
        making.write()

    def _refuse(self) -> ReductionPlan:
        raise TypeError("only the fused kernels can use a StaticPlan: reduce by another plan")


def most_pairs(num_sets: int, largest: int, rows: int) -> tuple[int, ...]:
    """The most pairs that each level of balanced trees can have; arguments as of `StaticPlan`.

    A set of n elements has ⌊(n − 1 + 2ᵏ) / 2ᵏ⁺¹⌋ pairs on level k + 1, and 2ᵏ + 1 elements at least
    for each of them.
    """
    return tuple(
        min(num_sets * ((largest - 1 + 2**k) >> (k + 1)), rows // (2**k + 1))
        for k in range((largest - 1).bit_length())
    )


def plan_on_device(
    x: Tensor, ptr: Tensor | None, index: Tensor | None, num_sets: int | None,
    make_rest: Callable[[], ReductionPlan],
) -> DevicePlan | None:  # fmt: skip
    """A plan for the sets of x, made where x is; None if `read_sets` must say what is wrong.

    Args:
        x: elements, (N, *) with N > 0.
        ptr, index: the sets, as in `reduce`; one of them.
        num_sets: with index.
        make_rest: gives the whole plan.
    """
    sets = len(ptr) - 1 if ptr is not None else num_sets
    if not sets or sets < 1 or len(x) == 0 or len(x) >= 2**29 or sets >= 2**26:
        return None
    if index is not None and len(index) != len(x):
        return None
    making = _Making(sets, len(x), len(x), x.device)
    making.count(ptr=ptr, index=index)
    making.write(total=x.detach().sum(dtype=torch.promote_types(x.dtype, torch.float32)))
    wrong, unsorted, finite, elements, filled, alone, *levels = making.facts.tolist()
    if wrong or not finite or elements != len(x):
        return None
    if unsorted and index is not None:
        making.write(order=torch.argsort(index, stable=True))
    codes = making.pair_codes(tuple(n for n in levels if n), alone, len(x))
    return DevicePlan(sets, len(x), sets - filled, codes, make_rest)


class _Making:
    """The tensors that the kernels fill, and their launches.

    Args:
        sets: B.
        rows: elements, at most.
        largest: elements of a set, at most.
        device: where.
    """

    def __init__(self, sets: int, rows: int, largest: int, device: torch.device):
        self.sets, self.rows, self.levels = sets, rows, (largest - 1).bit_length()
        self.height = BEFORE_LEVELS + self.levels
        zeros = torch.zeros(FLAGS + sets, dtype=torch.int32, device=device)
        self.flags, self.counts = zeros[:FLAGS], zeros[FLAGS:]
        self.table = zeros.new_empty(self.height * sets)
        self.sums = torch.empty_like(self.table)
        self.codes = zeros.new_empty(3, rows)
        self.singles = zeros.new_empty(2, -(-sets // ROUND) * ROUND)
        self.bounds = zeros.new_empty(self.levels + 2)
        self.facts = zeros.new_empty(FACTS + self.height)

    def count(self, ptr: Tensor | None = None, index: Tensor | None = None) -> None:
        """Fill the table, and sum it up."""
        if index is not None:
            index = aligned(index)
            self._launch(
                "count_index", index.dtype, (-(-self.rows // BLOCK),),
                index, self.rows, self.sets, self.counts, self.flags,
            )  # fmt: skip
        ptr, from_ptr = (self.counts, False) if ptr is None else (aligned(ptr), True)
        self._launch(
            "count_nodes", ptr.dtype, (-(-self.sets // BLOCK), self.height),
            ptr, self.counts, self.rows, self.sets, self.table, self.flags, FROM_PTR=from_ptr,
        )  # fmt: skip
        torch.cumsum(self.table, 0, dtype=torch.int32, out=self.sums)

    def write(self, order: Tensor | None = None, total: Tensor | None = None) -> None:
        """Write codes, singles, bounds and facts, from the table and its running sum."""
        exact = torch.float32 if total is None else total.dtype
        self._launch(
            "write_codes", exact, (-(-self.rows // BLOCK),),
            self.counts if order is None else order, self.rows, self.sets, self.levels,
            self.sets.bit_length(), self.rows, self.singles.shape[1], self.table, self.sums,
            self.counts if total is None else total, self.flags, self.codes, self.singles,
            self.bounds, self.facts, ORDERED=order is not None, SUMMED=total is not None,
        )  # fmt: skip

    def pair_codes(
        self, sizes: tuple[int, ...], alone: int, states: int, static: bool = False
    ) -> PairCodes:
        """What was written, as the kernels of a reduction take it."""
        singles = self.singles[:, :alone]
        return PairCodes(self.codes, self.bounds, sizes, (singles[0], singles[1]), states, static)

    def _launch(
        self, name: str, dtype: torch.dtype, grid: tuple[int, ...], *args: Any, **constants: bool
    ) -> None:
        _find_kernel(name, dtype, self.counts.device.index, **constants)(grid, *args)


@cache
def _find_kernel(name: str, dtype: torch.dtype, device: int | None, **constants: bool) -> Any:
    """The kernel of that name: one object for each kind of launch."""
    from lcm_core.gpu import plans  # Triton may not be there
    from lcm_core.gpu.launch import Kernel

    return Kernel(getattr(plans, name), {**constants, "BN": BLOCK}, {"num_warps": 4})
