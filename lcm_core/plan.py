"""Which states are combined with which: made once from the sizes of the sets, used many times.

The sets are renumbered by falling size, and the nodes of all trees by (height, height of the
parent, set, first leaf). So the states that a level takes from an earlier one lie together there,
in a *chunk*: a state is copied only on its way to its parent, and where pairs lie evenly spaced
they are only viewed. No padding is ever combined.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from lcm_core.operators import Operator
from lcm_core.trees import TREE_NAMES, Tree, make_tree

__all__ = ["Levels", "ReductionPlan", "resolve_tree"]

Rows = slice | Tensor  # which rows of a source, in order
Chunk = tuple[int, int]  # (level, its number in that level)


@dataclass(frozen=True)
class Operand:
    """One side of all pairs of a level: rows of the chunks that hold them, laid end to end."""

    chunks: tuple[Chunk, ...]
    rows: Rows

    def take(self, levels: "Levels") -> Tensor:
        parts = [levels.chunks[level][k] for level, k in self.chunks]
        return _take(parts[0] if len(parts) == 1 else torch.cat(parts), self.rows)


@dataclass(frozen=True)
class Levels:
    """All states of a reduction: `states[h]` those of height h, and the same cut into chunks."""

    states: list[Tensor]
    chunks: list[tuple[Tensor, ...]]


@dataclass(frozen=True)
class ReductionPlan:
    """What a reduction of sets of these sizes does, level by level. See `from_sizes`."""

    num_sets: int
    num_elements: int
    num_empty: int
    device: torch.device
    leaf_rows: Rows  # from x to the states of level 0
    pairs: tuple[tuple[Operand, Operand], ...]  # (left, right) of levels 1 to depth
    chunk_sizes: tuple[tuple[int, ...], ...]  # of levels 0 to depth
    roots: Operand  # after its chunks comes the identity, if a set is empty
    nodes: tuple[np.ndarray, ...]  # of levels 0 to depth: the node in each row

    @property
    def depth(self) -> int:
        """Number of levels: operator calls, and the longest chain of them."""
        return len(self.pairs)

    @classmethod
    def from_sizes(
        cls,
        sizes: Int[Tensor, " B"] | Sequence[int] | np.ndarray,
        tree: str | Tree = "balanced",
        seed: int = 0,
        device: torch.device | str = "cpu",
        order: np.ndarray | None = None,
    ) -> "ReductionPlan":
        """Make a plan, on the host.

        Args:
            sizes: number of elements of each set, (B,).
            tree: a name of `lcm_core.trees.TREE_NAMES`, a `Tree`, or a bracketing (with the last
                two each set that is not empty must have that number of leaves).
            seed: of the `random` tree.
            device: where the states will be.
            order: (N,), the rows of x that hold the elements of the first set, of the second,
                and so on (default: 0, 1, 2, …).

        Raises:
            ValueError: sizes that are negative, or do not fit the tree.
        """
        sizes = np.asarray(sizes, dtype=np.int64)
        if sizes.ndim != 1 or (sizes < 0).any():
            raise ValueError(f"expected sizes of shape (B,), none negative, got {sizes.tolist()}")
        exact = torch.empty(0, device=device).device  # cuda:0, where cuda is asked for
        return _make_plan(sizes, tree, seed, exact, order)

    def run(self, operator: Operator, x: Float[Tensor, "N *d"]) -> Levels:
        """All states of the reduction, by one call of `operator.combine` a level."""
        levels = Levels([], [])
        self._add(levels, _take(x, self.leaf_rows))
        for left, right in self.pairs:
            pair = left.take(levels), right.take(levels)
            states = operator.combine(*pair)
            if states.shape != pair[0].shape:
                raise ValueError(
                    f"expected {operator.name!r} to give states of the shape of its operands, "
                    f"{tuple(pair[0].shape)}, got {tuple(states.shape)}"
                )
            self._add(levels, states)
        return levels

    def _add(self, levels: Levels, states: Tensor) -> None:
        sizes = self.chunk_sizes[len(levels.states)]
        levels.states.append(states)
        levels.chunks.append(states.split(sizes) if len(sizes) > 1 else (states,))

    def results(
        self,
        levels: Levels,
        empty: Tensor | None,
        lower: Callable[[Tensor], Tensor] = lambda state: state,
    ) -> Float[Tensor, "B *d"]:
        """`lower` of the root of each set, and the row `empty` for the empty sets."""
        parts = [levels.chunks[level][k] for level, k in self.roots.chunks]
        roots = lower(torch.cat(parts) if parts else levels.states[0])
        if self.num_empty:
            assert empty is not None, "the plan has empty sets"
            roots = torch.cat([roots, empty.to(roots.dtype).expand(1, *roots.shape[1:])])
        return _take(roots, self.roots.rows)


def resolve_tree(tree: str | Tree, n: int, seed: int = 0) -> Tree:
    """The tree for a set of n ≥ 1 elements: by its name, from a bracketing, or as it is."""
    if isinstance(tree, str) and tree not in TREE_NAMES and set("() ") & set(tree):
        tree = Tree.parse(tree)
    if isinstance(tree, str):
        return make_tree(tree, n, seed)
    if tree.size != n:
        raise ValueError(
            f"the tree has {tree.size} leaves, and a set {n} elements: give a tree of that size, "
            f"or one of {', '.join(TREE_NAMES)}"
        )
    return tree


def _take(source: Tensor, rows: Rows) -> Tensor:
    if isinstance(rows, slice):
        return source if rows == slice(None) else source[rows]
    return source.index_select(0, rows)


def _make_plan(
    sizes: np.ndarray,
    tree: str | Tree,
    seed: int,
    device: torch.device,
    order: np.ndarray | None,
) -> ReductionPlan:
    by_size = np.argsort(-sizes, kind="stable")
    falling = sizes[by_size]
    n, num_filled = int(sizes.sum()), int((sizes > 0).sum())
    children, heights = _forest(falling[:num_filled], tree, seed)
    depth = int(heights.max(initial=0))
    layout = _Layout.of(children, heights, depth)
    inner, leaves = layout.node_order[n:] - n, layout.node_order[:n]

    left, right = (
        layout.operands(children[inner, side], heights[n:][inner], 1, depth) for side in (0, 1)
    )
    # The roots, set by set; the row after them all is the identity, for the empty sets.
    root_nodes = np.flatnonzero(layout.taken_at == depth + 1)
    root_nodes = root_nodes[np.argsort(_set_of_node(falling)[root_nodes])]
    taken = np.full(num_filled, depth + 1)
    [(root_chunks, root_rows, _)] = layout.operands(root_nodes, taken, depth + 1, depth + 1)
    set_rows = np.full(len(sizes), num_filled)
    set_rows[by_size[:num_filled]] = root_rows

    begins = np.cumsum(sizes) - sizes
    place = np.repeat(begins[by_size] - (np.cumsum(falling) - falling), falling) + np.arange(n)
    leaf_rows = place[leaves] if order is None else order[place[leaves]]

    operands = [*left, *right, (root_chunks, set_rows, min(num_filled + 1, len(sizes)))]
    rows = _on_device([(leaf_rows, n), *(operand[1:] for operand in operands)], device)
    made = [Operand(chunks, r) for (chunks, *_), r in zip(operands, rows[1:], strict=True)]
    return ReductionPlan(
        num_sets=len(sizes),
        num_elements=n,
        num_empty=len(sizes) - num_filled,
        device=device,
        leaf_rows=rows[0],
        pairs=tuple(zip(made[:depth], made[depth:-1], strict=True)),
        chunk_sizes=layout.sizes_by_level(depth),
        roots=made[-1],
        nodes=tuple(np.split(layout.node_order, np.cumsum(np.bincount(heights)))[: depth + 1]),
    )


def _forest(sizes: np.ndarray, tree: str | Tree, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The trees of all sets: children (N − B, 2) and heights (2N − B,) of all nodes.

    All leaves come first, then the inner nodes set by set. The sizes fall, and none is 0.
    """
    n = int(sizes.sum())
    children, heights = [np.empty((0, 2), dtype=np.int64)], [np.zeros(n, dtype=np.int64)]
    first_leaf, first_inner = 0, n
    for size, count in zip(*np.unique(-sizes, return_counts=True), strict=True):
        shape, sets = resolve_tree(tree, -int(size), seed), np.arange(count)[:, None, None]
        m = shape.size
        leaf, inner = first_leaf + sets * m, first_inner - m + sets * (m - 1)
        own = shape.children[None]
        children.append((own + np.where(own < m, leaf, inner)).reshape(-1, 2))
        heights.append(np.tile(shape.heights[m:], count))
        first_leaf, first_inner = first_leaf + count * m, first_inner + count * (m - 1)
    return np.concatenate(children), np.concatenate(heights)


def _set_of_node(sizes: np.ndarray) -> np.ndarray:
    sets = np.arange(len(sizes))
    return np.concatenate([np.repeat(sets, sizes), np.repeat(sets, np.maximum(sizes - 1, 0))])


@dataclass(frozen=True)
class _Layout:
    """Nodes by (height, level that takes them, number), and the chunks of equal first two."""

    node_order: np.ndarray
    taken_at: np.ndarray  # of each node: the height of its parent; depth + 1 for roots
    chunk_of: np.ndarray  # of each node
    row: np.ndarray  # of each node, in its chunk
    level: np.ndarray  # of each chunk
    chunk_taken_at: np.ndarray
    size: np.ndarray  # of each chunk

    @classmethod
    def of(cls, children: np.ndarray, heights: np.ndarray, depth: int) -> "_Layout":
        taken_at = np.full(len(heights), depth + 1)
        taken_at[children] = heights[len(heights) - len(children) :, None]
        key = heights * (depth + 2) + taken_at
        node_order = np.argsort(key, kind="stable")
        keys, chunk_of, size = np.unique(key, return_inverse=True, return_counts=True)
        row = np.empty(len(heights), dtype=np.int64)
        row[node_order] = np.arange(len(heights)) - np.repeat(np.cumsum(size) - size, size)
        level, chunk_taken_at = np.divmod(keys, depth + 2)
        return cls(node_order, taken_at, chunk_of, row, level, chunk_taken_at, size)

    def operands(
        self, nodes: np.ndarray, at: np.ndarray, first: int, last: int
    ) -> list[tuple[tuple[Chunk, ...], np.ndarray, int]]:
        """Where nodes that are taken at levels `at` (rising, from first to last) lie.

        Returns:
            for each level: its chunks, the rows in them laid end to end, and their total size.
        """
        levels = np.arange(first, last + 2)
        used = np.unique(self.chunk_of[nodes])
        used = used[np.argsort(self.chunk_taken_at[used], kind="stable")]
        ends = np.concatenate([[0], np.cumsum(self.size[used])])
        cuts = np.searchsorted(self.chunk_taken_at[used], levels)
        start = np.zeros(len(self.size), dtype=np.int64)
        start[used] = ends[:-1] - ends[cuts[self.chunk_taken_at[used] - first]]
        rows = start[self.chunk_of[nodes]] + self.row[nodes]
        number = used - np.searchsorted(self.level, self.level[used])
        names = list(zip(self.level[used].tolist(), number.tolist(), strict=True))
        totals, row_cuts = np.diff(ends[cuts]).tolist(), np.searchsorted(at, levels).tolist()
        bounds = cuts.tolist()
        return [
            (tuple(names[bounds[i] : bounds[i + 1]]), rows[row_cuts[i] : row_cuts[i + 1]], total)
            for i, total in enumerate(totals)
        ]

    def sizes_by_level(self, depth: int) -> tuple[tuple[int, ...], ...]:
        cuts, sizes = np.searchsorted(self.level, np.arange(depth + 2)).tolist(), self.size.tolist()
        return tuple(tuple(sizes[a:b]) for a, b in zip(cuts[:-1], cuts[1:], strict=True))


def _on_device(parts: list[tuple[np.ndarray, int]], device: torch.device) -> list[Rows]:
    """Each part as a slice of its source (of the given size) where it is one.

    The others become tensors, which go to the device in one copy.
    """
    rows = [_as_slice(part, size) for part, size in parts]
    uneven = [part for (part, _), found in zip(parts, rows, strict=True) if found is None]
    if not uneven:
        return [found for found in rows if found is not None]
    copied = torch.from_numpy(np.concatenate(uneven)).to(device, non_blocking=True)
    tensors = iter(copied.split([len(part) for part in uneven]))
    return [next(tensors) if found is None else found for found in rows]


def _as_slice(rows: np.ndarray, size: int) -> slice | None:
    if len(rows) == 0:
        return slice(0, 0)
    first, last = int(rows[0]), int(rows[-1])
    step = 1 if len(rows) == 1 else int(rows[1]) - first
    if step < 1 or last - first != step * (len(rows) - 1) or (np.diff(rows) != step).any():
        return None
    whole = first == 0 and step == 1 and len(rows) == size
    return slice(None) if whole else slice(first, last + 1, step)
