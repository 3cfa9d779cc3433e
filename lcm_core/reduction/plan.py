"""The plan of a reduction: made once from the sizes of the sets, used many times."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from lcm_core.operators.ordinary import outside_transforms, unwrapped
from lcm_core.reduction.codes import PairCodes, pair_codes
from lcm_core.reduction.layout import (
    BalancedTrees,
    Pieces,
    Rows,
    StateLayout,
    as_tensor,
    layout_of_trees,
)
from lcm_core.reduction.permutation import Permutation
from lcm_core.reduction.transfer import to_device
from lcm_core.trees.tree import Tree

__all__ = ["ReductionPlan", "Rows", "Source", "take"]


@dataclass(frozen=True)
class Source:
    """Where one level reads its states: groups of rows of some pieces, laid end to end.

    A level has the groups left and right; before them x has the late leaves; the roots are one
    group. Every row of the pieces is in one group, once. The rows lie in one of three ways.

    Args:
        places: of the pieces, as (level, number of the piece in the level); none for x.
        sizes: of the groups.
        starts: if the groups are interleaved: group k has the rows `starts[k]`, `starts[k] + s`, …
            with s groups that are not empty; an empty one begins at −1.
        runs: if each group is a run of whole pieces: (first, end) of each.
        rows: otherwise, the rows of all groups, one group after another.
    """

    places: tuple[tuple[int, int], ...]
    sizes: tuple[int, ...]
    starts: tuple[int, ...] = ()
    runs: tuple[tuple[int, int], ...] | None = None
    rows: Permutation | None = None

    @classmethod
    def of_groups(
        cls,
        places: Sequence[tuple[int, int]],
        pieces: Sequence[int],
        groups: Sequence[Rows],
        device: torch.device,
    ) -> "Source":
        """Find out how the groups lie in pieces of these sizes."""
        slices = [rows for rows in groups if isinstance(rows, slice)]
        sizes = tuple(
            len(range(rows.start, rows.stop, rows.step or 1))
            if isinstance(rows, slice)
            else len(rows)
            for rows in groups
        )
        if len(slices) == len(groups):
            if starts := _interleaved(slices, sizes):
                return cls(tuple(places), sizes, starts=starts)
            if runs := _whole_pieces(slices, sizes, pieces):
                return cls(tuple(places), sizes, runs=runs)
        rows = torch.cat([as_tensor(rows, device) for rows in groups])
        return cls(tuple(places), sizes, rows=Permutation(rows))


@dataclass(frozen=True)
class ReductionPlan:
    """Which pairs of states a reduction combines, level by level.

    Make it by `from_sizes`; `lcm_core.reduction.make_plan` makes one from ptr or index. A plan
    depends on the sizes and the tree only: use it again for other operators, layers and epochs.
    No padding is ever combined: a plan has one pair for each inner node of its trees.

    >>> from lcm_core import make_operator, reduce
    >>> plan = ReductionPlan.from_sizes([3, 0, 2])
    >>> plan.num_sets, plan.num_elements, plan.depth
    (3, 5, 2)
    >>> reduce(make_operator("sum", channels=1), torch.ones(5, 1), plan=plan).flatten().tolist()
    [3.0, 0.0, 2.0]

    The states are stored in the order that `layout.py` describes: late leaves, then the states of
    level 1, 2, …

    Args:
        num_sets: B, empty sets included.
        num_elements: N.
        num_empty: number of empty sets.
        device: of the index tensors below, and of the states to reduce.
        bounds: where the states of level 0, 1, …, depth begin; last, the number of states.
        pieces: of levels 0 to depth: (level that takes the piece, or 0; number of states).
        late: rows of x, the states of level 0.
        pairs: (left, right) of levels 1 to depth: rows of x for level 1, then rows of states.
        roots: rows of states, of the sets that are not empty.
        set_rows: for each set its row in the roots; empty sets have the row after them.
    """

    num_sets: int
    num_elements: int
    num_empty: int
    device: torch.device
    bounds: tuple[int, ...]
    pieces: tuple[Pieces, ...]
    late: Rows
    pairs: tuple[tuple[Rows, Rows], ...]
    roots: Rows
    set_rows: Rows

    @property
    def depth(self) -> int:
        """Number of levels, which is the number of operator calls."""
        return len(self.pairs)

    @property
    def num_pairs(self) -> int:
        """Number of pairs that are combined."""
        return self.bounds[-1] - self.bounds[1]

    @cached_property
    def sources(self) -> tuple[Source, ...]:
        """Where states are read: the roots, x, levels 2 to depth."""
        with outside_transforms():
            return self.find_sources()

    @cached_property
    def codes(self) -> PairCodes:
        """The pairs as GPU kernels read them."""
        with outside_transforms():
            return pair_codes(
                self.device, self.bounds, self.pieces, self.late, self.pairs, self.roots
            )

    def find_sources(self) -> tuple[Source, ...]:
        """Compute `sources` without the cache, for compiled code."""
        begins, shifts, filled = [], [], [0] * (self.depth + 1)
        places: list[list[tuple[int, int]]] = [[] for _ in filled]
        sizes: list[list[int]] = [[] for _ in filled]
        for level, pieces in enumerate(self.pieces):
            begin = self.bounds[level]
            for number, (taken_at, size) in enumerate(pieces):
                places[taken_at].append((level, number))
                sizes[taken_at].append(size)
                begins.append(begin)
                shifts.append(filled[taken_at] - begin)
                begin, filled[taken_at] = begin + size, filled[taken_at] + size
        table = to_device(torch.tensor([begins, shifts]), self.device)

        def moved(rows: Rows) -> Rows:
            """Rows of all states, as rows of the pieces that one level takes."""
            if isinstance(rows, slice):
                if rows.stop <= rows.start:
                    return slice(0, 0)
                k, last = (_last_not_above(row, begins) for row in (rows.start, rows.stop - 1))
                if k == last:  # within one piece
                    return slice(rows.start + shifts[k], rows.stop + shifts[k], rows.step)
                rows = as_tensor(rows, self.device)
            return rows + table[1][torch.bucketize(rows, table[0], right=True) - 1]

        leaves = (self.late, *(self.pairs[0] if self.pairs else ()))
        made = [
            Source.of_groups(places[0], sizes[0], [moved(self.roots)], self.device),
            Source.of_groups((), (self.num_elements,), leaves, self.device),
        ]
        for level, pair in enumerate(self.pairs[1:], start=2):
            groups = [moved(rows) for rows in pair]
            made.append(Source.of_groups(places[level], sizes[level], groups, self.device))
        return tuple(made)

    def with_empty(
        self, roots: Float[Tensor, "filled *d"], empty: Float[Tensor, " _"]
    ) -> Float[Tensor, "B *d"]:
        """Insert `empty` rows for the empty sets.

        Args:
            roots: results of the sets that are not empty, (B − num_empty, *, d).
            empty: the result of an empty set, (d,).

        Returns:
            Results of all sets, (B, *, d).
        """
        row = empty.to(roots.dtype).expand(1, *roots.shape[1:])
        return take(torch.cat([roots, row]), self.set_rows)

    @classmethod
    @outside_transforms()
    def from_sizes(
        cls,
        sizes: Int[Tensor, " B"] | Sequence[int] | np.ndarray,
        tree: str | Tree = "balanced",
        seed: int = 0,
        device: torch.device | str = "cpu",
        order: Int[Tensor, " N"] | np.ndarray | None = None,
    ) -> "ReductionPlan":
        """Make a plan from the sizes of the sets, on the host.

        >>> ReductionPlan.from_sizes([4, 4], tree="left").depth
        3

        Args:
            sizes: number of elements of each set, (B,).
            tree: a name of `lcm_core.TREE_NAMES`, a `Tree`, or a bracketing (with the last
                two each set that is not empty must have that number of leaves).
            seed: of the `random` tree.
            device: where the states are when the plan is used.
            order: (N,), the rows of x that hold the elements of the first set, of the second,
                and so on (default: 0, 1, 2, …).

        Raises:
            ValueError: sizes that are negative, or do not fit the tree.
        """
        if isinstance(sizes, Tensor):
            sizes = unwrapped(sizes).cpu()
        sizes = np.asarray(sizes, dtype=np.int64)
        if sizes.ndim != 1 or (sizes < 0).any():
            raise ValueError(f"expected sizes of shape (B,), none negative, got {sizes.tolist()}")
        ptr = torch.from_numpy(np.concatenate([[0], np.cumsum(sizes)]))
        if isinstance(tree, str) and tree == "balanced":
            trees = BalancedTrees(ptr, int(sizes.sum()))
            layout = trees.layout(trees.bounds.tolist())
            even = bool((sizes == sizes[:1]).all())
        else:
            layout, even = layout_of_trees(sizes, tree, seed), True
        order = torch.from_numpy(order) if isinstance(order, np.ndarray) else unwrapped(order)
        return cls.from_layout(layout, ptr, order, slices=even).to(device)

    @classmethod
    def from_layout(
        cls,
        layout: StateLayout,
        ptr: Int[Tensor, " B_plus_1"],
        order: Int[Tensor, " N"] | None = None,
        slices: bool = False,
    ) -> "ReductionPlan":
        """Make a plan from a layout of states, on the layout's device.

        Args:
            layout: the late leaves, pairs and roots, as `layout.py` makes them.
            ptr: (B + 1,), the bounds of the sets.
            order: as in `from_sizes`.
            slices: replace evenly spaced rows by slices, which is done on the host.
        """
        late, *sizes = [sum(n for _, n in level) for level in layout.pieces]
        leaves, pairs, first = layout.late, layout.pairs, sum(sizes[:1])
        if order is not None:
            leaves = order[leaves]
            pairs = torch.cat([order[pairs[:, :first]], pairs[:, first:]], 1)
        num_sets, filled = len(ptr) - 1, len(layout.roots)
        set_rows: Rows = slice(0, num_sets)
        if filled < num_sets:
            some = ptr.diff() > 0
            set_rows = torch.where(some, some.cumsum(0) - 1, filled)
        evenly = _as_slice if slices else lambda rows: rows
        left, right = (map(evenly, side.split(sizes)) if sizes else () for side in pairs)
        return cls(
            num_sets=num_sets,
            num_elements=late + 2 * first,
            num_empty=num_sets - filled,
            device=leaves.device,
            bounds=tuple(accumulate([late, *sizes], initial=0)),
            pieces=layout.pieces,
            late=evenly(leaves),
            pairs=tuple(zip(left, right, strict=True)),
            roots=evenly(layout.roots),
            set_rows=set_rows,
        )

    @outside_transforms()
    def to(self, device: torch.device | str, non_blocking: bool = True) -> "ReductionPlan":
        """Move the plan to another device, in one copy.

        `Batch.to` of PyTorch Geometric moves a plan that is one of its attributes.

        Args:
            device: such as `cuda`.
            non_blocking: do not wait for the copy.
        """
        device = torch.empty(0, device=device).device  # cuda:0, where cuda is asked for
        if device == self.device:
            return self
        rows = [self.late, self.roots, self.set_rows, *(r for pair in self.pairs for r in pair)]
        tensors = [r for r in rows if isinstance(r, Tensor)]
        if tensors:
            together = torch.cat(tensors)
            moved = to_device(together, device) if non_blocking else together.to(device)
            parts = iter(moved.split([len(r) for r in tensors]))
            rows = [next(parts) if isinstance(r, Tensor) else r for r in rows]
        late, roots, set_rows, *pairs = rows
        return replace(
            self,
            device=device,
            late=late,
            pairs=tuple(zip(pairs[::2], pairs[1::2], strict=True)),
            roots=roots,
            set_rows=set_rows,
        )

    def cpu(self) -> "ReductionPlan":
        """Move the plan to the CPU (`Batch.cpu` calls it)."""
        return self.to("cpu")

    def cuda(
        self, device: torch.device | str | None = None, non_blocking: bool = True
    ) -> "ReductionPlan":
        """Move the plan to a GPU (`Batch.cuda` calls it).

        Args:
            device: which one (default: the current one).
            non_blocking: do not wait for the copy.
        """
        return self.to("cuda" if device is None else device, non_blocking)


def take(source: Float[Tensor, "n *d"], rows: Rows) -> Float[Tensor, "m *d"]:
    """These rows of the source; a view of it, where they lie evenly."""
    if isinstance(rows, Tensor):
        return source.index_select(0, rows)
    return source if rows == slice(0, len(source), 1) else source[rows]


def _interleaved(groups: Sequence[slice], sizes: Sequence[int]) -> tuple[int, ...] | None:
    """The starts of groups that take turns, and together are all rows."""
    starts = tuple(rows.start if size else -1 for rows, size in zip(groups, sizes, strict=True))
    turns = sorted(start for start in starts if start >= 0)
    each = max(sizes)
    fits = all(
        size == 0 or (size == each and (size == 1 or rows.step == len(turns)))
        for rows, size in zip(groups, sizes, strict=True)
    )
    return starts if fits and len(turns) > 1 and turns == list(range(len(turns))) else None


def _whole_pieces(
    groups: Sequence[slice], sizes: Sequence[int], pieces: Sequence[int]
) -> tuple[tuple[int, int], ...] | None:
    """(first, end) of the pieces of each group, if each is a run of whole ones."""
    number = {begin: k for k, begin in enumerate(accumulate(pieces, initial=0))}
    runs = []
    for rows, size in zip(groups, sizes, strict=True):
        begin, end = rows.start, rows.start + size
        if size == 0:
            runs.append((0, 0))
        elif (size == 1 or rows.step in (1, None)) and begin in number and end in number:
            runs.append((number[begin], number[end]))
        else:
            return None
    return tuple(runs)


def _last_not_above(value: int, rising: list[int]) -> int:
    """The last place with a number that is not above the value. (torch.compile knows no bisect.)"""
    low, high = 0, len(rising)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if rising[middle] <= value else (low, middle)
    return low


def _as_slice(rows: Tensor) -> Rows:
    """The rows as a slice, if they lie evenly."""
    if len(rows) == 0:
        return slice(0, 0)
    numbers = rows.numpy()
    first, last = int(numbers[0]), int(numbers[-1])
    step = 1 if len(rows) == 1 else int(numbers[1]) - first
    if step < 1 or last - first != step * (len(rows) - 1) or (np.diff(numbers) != step).any():
        return rows
    return slice(first, last + 1, step)
