"""Where the states of a reduction lie, and which of them each pair takes.

States lie level by level. Level 0 holds only the *late* leaves: those that are not taken by level
1, which reads x itself. Within a level, states are ordered by the level that takes them (0: none,
they are roots), then by set, then by first leaf, so that what one level takes from another is a
*piece*, without gaps.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from lcm_core.trees.tree import TREE_NAMES, Tree, make_tree

__all__ = [
    "BalancedTrees",
    "Pieces",
    "Rows",
    "StateLayout",
    "as_tensor",
    "layout_of_trees",
    "resolve_tree",
]

Rows = slice | Tensor  # which rows of a source, in order
Pieces = tuple[tuple[int, int], ...]  # of one level: (level that takes the piece, its size)


def as_tensor(rows: Rows, device: torch.device) -> Tensor:
    """The numbers of the rows; of a slice, made on the device."""
    if isinstance(rows, Tensor):
        return rows
    return torch.arange(rows.start, rows.stop, rows.step or 1, device=device)


@dataclass(frozen=True)
class StateLayout:
    """The trees of some sets, as rows. See the module's text.

    Args:
        pieces: of levels 0 to depth.
        late: (number of late leaves,), rows of x.
        pairs: (2, pairs), the left and the right of each: of level 1 rows of x, then of states.
        roots: (number of sets that are not empty,), rows of states, set by set.
    """

    pieces: tuple[Pieces, ...]
    late: Int[Tensor, " late"]
    pairs: Int[Tensor, "2 pairs"]
    roots: Int[Tensor, " filled"]


class BalancedTrees:
    """Balanced trees of sets that lie end to end, by arithmetic on the bits of positions.

    In a set of n elements, an inner node is known by its split s, the position of its first leaf
    on the right, 0 < s < n. With 2ᵏ the lowest bit of s, its height is k + 1, and it begins at
    s − 2ᵏ. If it ends before its set does, the next level takes it. The last node of a height
    waits for the nodes on its left: with 2ᵏ the lowest bit of its begin, level k + 1 takes it (if
    it begins at 0, it is the root). So each element names the inner node whose split it is. The
    first element of a set is no split: it names the set's last leaf, which is late if n is odd.

    All this takes a fixed number of tensor operations on the device of ptr. Then the host must
    know `bounds`, and `layout` goes on.

    Args:
        ptr: (B + 1,), the bounds of the sets. Bounds out of order give no error and no sense.
        n: number of elements N.
    """

    def __init__(self, ptr: Int[Tensor, " B_plus_1"], n: int):
        self.begins, self.ends = ptr[:-1], ptr[1:]
        self.element = torch.arange(n, device=ptr.device)
        set_of = torch.bucketize(self.element, self.ends, right=True)
        set_of = set_of.clamp_max_(len(ptr) - 2)
        self.position = self.element - self.begins.index_select(0, set_of)
        self.rest = self.ends.index_select(0, set_of) - 1 - self.element
        self.lowest = self.position & -self.position

        # The begin of a last node; for others, whatever has the same lowest bit as their height.
        waits = torch.where(self.lowest > self.rest, self.position - self.lowest, 2 * self.lowest)
        waits = torch.where(self.position == 0, self.rest, waits)
        height, taken_at = _bit_length(torch.stack([self.lowest, waits & -waits])).unbind()
        self.levels = n.bit_length() + 2  # more than any height or level
        keys, self.order = (height * self.levels + taken_at).to(torch.int16).sort(stable=True)
        each = torch.arange(self.levels**2 + 1, device=ptr.device, dtype=torch.int16)
        self.bounds = torch.searchsorted(keys, each)

    def layout(self, bounds: Sequence[int]) -> StateLayout:
        """The layout, given `bounds` as numbers on the host."""
        pieces = self._pieces(bounds)
        singles, even = bounds[1] - bounds[0], bounds[2] - bounds[1]
        late, *above = [sum(size for _, size in level) for level in pieces]
        first, inner = above[0] if above else 0, sum(above)
        filled = sum(size for level in pieces for taken_at, size in level if taken_at == 0)

        node = torch.cat([self.order[:singles], self.order[singles + even :]])
        row = torch.empty_like(self.element).scatter_(0, node, self.element[: late + inner])
        last_leaf, shallow, deep = node[:late], node[late : late + first], node[late + first :]
        begins, ends = self.begins, self.ends
        if filled < len(begins):
            some = torch.argsort((begins == ends).to(torch.uint8), stable=True)[:filled]
            begins, ends = begins.index_select(0, some), ends.index_select(0, some)
        rest = self.rest.index_select(0, deep)
        below = self.lowest.index_select(0, deep) >> 1
        largest = _largest_bit(torch.cat([rest, ends - 1 - begins]))
        within, whole = largest[: len(deep)], largest[len(deep) :]
        # A right part of one leaf is the last leaf of its set: its name is the first element.
        right = torch.where(
            rest > 0, torch.minimum(below, within), -self.position.index_select(0, deep)
        )
        leaves = torch.stack([shallow - 1, shallow])
        states = row.index_select(0, torch.cat([deep - below, deep + right, begins + whole]))
        pairs, roots = states[: 2 * len(deep)].view(2, -1), states[2 * len(deep) :]
        late_leaves = last_leaf + self.rest.index_select(0, last_leaf)
        return StateLayout(pieces, late_leaves, torch.cat([leaves, pairs], 1), roots)

    def _pieces(self, bounds: Sequence[int]) -> tuple[Pieces, ...]:
        pieces = []
        for start in range(0, self.levels**2, self.levels):
            row = bounds[start : start + self.levels + 1]
            if start > 0 and row[0] == row[-1]:
                break
            sizes = enumerate(b - a for a, b in zip(row[:-1], row[1:], strict=True))
            # What level 1 takes are not late leaves, but the last ones of sets of even size.
            pieces.append(tuple((t, n) for t, n in sizes if n and (start, t) != (0, 1)))
        return tuple(pieces)


def _bit_length(number: Tensor) -> Tensor:
    return torch.frexp(number.double()).exponent


def _largest_bit(number: Tensor) -> Tensor:
    """The largest power of two that is not larger; 0 for 0."""
    return torch.bitwise_left_shift(1, _bit_length(number).long()) >> 1


def layout_of_trees(sizes: np.ndarray, tree: str | Tree, seed: int = 0) -> StateLayout:
    """The layout for sets of these sizes and any trees, made on the host."""
    n, filled = int(sizes.sum()), sizes > 0
    children, heights = _forest(sizes, tree, seed)
    taken_at = np.zeros(len(heights), dtype=np.int64)
    taken_at[children] = heights[n:, None]
    depth = int(heights.max(initial=0))
    key = heights * (depth + 1) + taken_at
    node = np.argsort(key, kind="stable")
    node = node[(heights[node] > 0) | (taken_at[node] != 1)]
    row = np.empty(len(heights), dtype=np.int64)
    row[node] = np.arange(len(node))
    row[(heights == 0) & (taken_at == 1)] = np.flatnonzero((heights == 0) & (taken_at == 1))
    inner = node[heights[node] > 0]

    pieces: list[list[tuple[int, int]]] = [[] for _ in range(depth + 1)]
    keys, counts = np.unique(key[node], return_counts=True)
    for k, count in zip(keys.tolist(), counts.tolist(), strict=True):
        pieces[k // (depth + 1)].append((k % (depth + 1), count))
    last = np.where(sizes > 1, n + np.cumsum(np.maximum(sizes - 1, 0)) - 1, np.cumsum(sizes) - 1)
    return StateLayout(
        tuple(map(tuple, pieces)),
        torch.from_numpy(node[heights[node] == 0]),
        torch.from_numpy(np.ascontiguousarray(row[children[inner - n].T])),
        torch.from_numpy(row[last[filled]]),
    )


def _forest(sizes: np.ndarray, tree: str | Tree, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The trees of all sets: children (pairs, 2) and heights (N + pairs,) of their nodes.

    All leaves come first, then the inner nodes, both set by set.
    """
    n, pairs = int(sizes.sum()), np.maximum(sizes - 1, 0)
    first_leaf, first_pair = np.cumsum(sizes) - sizes, np.cumsum(pairs) - pairs
    children = np.empty((int(pairs.sum()), 2), dtype=np.int64)
    heights = np.zeros(n + len(children), dtype=np.int64)
    for m in np.unique(sizes[sizes > 1]).tolist():
        shape, of_this_size = resolve_tree(tree, m, seed), sizes == m
        leaf, pair = first_leaf[of_this_size, None], first_pair[of_this_size, None]
        rows = pair + np.arange(m - 1)
        own = shape.children[None]
        children[rows] = own + np.where(own < m, leaf[:, None], n + pair[:, None] - m)
        heights[n + rows] = shape.heights[m:]
    return children, heights


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
