"""Many trees over the same states: how far their results lie apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from lcm_core.laws.measure import difference, variance
from lcm_core.operators import Operator
from lcm_core.operators.devices import beside
from lcm_core.reduction.checks import check_states
from lcm_core.reduction.ragged import reduce
from lcm_core.rounding import TREE_UNITS
from lcm_core.trees.tree import Tree

__all__ = ["Deviations", "SharedTrees", "measure_deviations", "swap_difference"]

#: Sets of the same size, drawn from the states, whose results say what a large difference is.
OTHER_SETS = 64


@dataclass(frozen=True)
class SharedTrees:
    """Trees over the same n leaves, with what they share combined once.

    The leaves and all different subtrees stand in one table: leaves first, then by height.

    Args:
        levels: for each height, the places (m,) of the left and of the right operands.
        roots: the place of each tree's root, (k,).
    """

    levels: tuple[tuple[Int[np.ndarray, " _"], Int[np.ndarray, " _"]], ...]
    roots: Int[np.ndarray, " k"]

    @classmethod
    @lru_cache(maxsize=64)
    def of(cls, trees: tuple[Tree, ...]) -> SharedTrees:
        n, top = trees[0].size, max(tree.depth for tree in trees)
        places = [list(range(n)) for _ in trees]  # of the nodes of each tree
        levels, table = [], dict[tuple[int, int], int]()
        for height in range(1, top + 1):
            before = len(table)
            for tree, place in zip(trees, places, strict=True):
                for node in np.flatnonzero(tree.heights == height).tolist():
                    left, right = tree.children[node - n].tolist()
                    pair = place[left], place[right]
                    place.append(table.setdefault(pair, n + len(table)))
            made = np.array(list(table)[before:], dtype=np.int64).reshape(-1, 2)
            levels.append((made[:, 0], made[:, 1]))
        return cls(tuple(levels), np.array([place[-1] for place in places]))

    def states(self, operator: Operator, x: Float[Tensor, "n state"]) -> Float[Tensor, "all state"]:
        """The whole table, by one call of the operator a height."""
        table = x
        for left, right in self.levels:
            made = operator.combine(table[torch.from_numpy(left)], table[torch.from_numpy(right)])
            table = torch.cat([table, made.to(x.dtype)])
        return table


@dataclass(frozen=True, eq=False)
class Deviations:
    """Results of k trees over the same states, and how far they lie apart, as shares of `spread`.

    Args:
        results: the root of each tree, (k, state_dim).
        deviations: distance of each result to the mean of all, (k,).
        jumps: distance between the results at the two ends of each edge, (edges,).
        spread: s, the spread between sets: s² = E‖u − ū‖² over the results u of other sets of n
            such elements (64 drawn with replacement from the states, balanced tree). Where it is
            0, the numbers above are absolute. (A law error has the spread of both sides, an order
            spread the total spread, over sets and orders.)
        rounding: what may be rounding alone.
    """

    results: Float[Tensor, "k state"]
    deviations: Float[np.ndarray, " k"]
    jumps: Float[np.ndarray, " edges"]
    spread: float
    rounding: float

    @property
    def largest(self) -> float:
        """The largest of the deviations and jumps."""
        return float(max(self.deviations.max(initial=0), self.jumps.max(initial=0)))

    @property
    def one_answer(self) -> bool:
        """Whether all results are the same, to rounding."""
        return self.largest <= self.rounding

    def without_rounding(self, values: Float[np.ndarray, " m"]) -> Float[np.ndarray, " m"]:
        """The values, with 0 for those that may be rounding alone."""
        return np.where(values <= self.rounding, 0.0, values)


@torch.no_grad()
def measure_deviations(
    operator: Operator,
    states: Float[Tensor, "n state"],
    trees: Sequence[Tree],
    edges: Int[np.ndarray, "edges 2"],
) -> Deviations:
    """Reduces the states by every tree.

    Args:
        operator: the operator ⊕.
        states: of one set.
        trees: each over n leaves, in any order.
        edges: pairs of trees to compare, by their numbers.

    Raises:
        ValueError: a state is not a number.
    """
    states = beside(operator, states)
    check_states(operator, states)
    shared = SharedTrees.of(tuple(trees))
    table = shared.states(operator, states)
    if table.isnan().any():
        raise ValueError(
            f"{operator.name!r} gives NaN for these states: there is nothing to compare"
        )
    spread = _spread_of_other_sets(operator, states)
    unit = spread if spread > 0 else 1.0
    results = table[torch.from_numpy(shared.roots)].double()
    ends = torch.from_numpy(edges)
    size = float(table.masked_fill(~table.isfinite(), 0.0).norm(dim=1).max())
    return Deviations(
        results=results,
        deviations=_distances(results, results.mean(0)) / unit,
        jumps=_distances(results[ends[:, 0]], results[ends[:, 1]]) / unit,
        spread=spread,
        rounding=TREE_UNITS * torch.finfo(table.dtype).eps * size / unit,
    )


def swap_difference(
    operator: Operator, states: Float[Tensor, "n state"], trees: Sequence[Tree]
) -> float:
    """The largest ‖x⊕y − y⊕x‖ over the pairs of states that the trees combine."""
    shared = SharedTrees.of(tuple(trees))
    with torch.no_grad():
        table = shared.states(operator, beside(operator, states))
        left, right = (table[np.concatenate(side)] for side in zip(*shared.levels, strict=True))
        swapped = operator.combine(right, left).double()
        return float(_distances(operator.combine(left, right).double(), swapped).max())


def _distances(one: Tensor, other: Tensor) -> np.ndarray:
    return difference(one, other).norm(dim=-1).cpu().numpy()


def _spread_of_other_sets(operator: Operator, states: Tensor) -> float:
    n = len(states)
    rows = np.random.default_rng(n).integers(n, size=OTHER_SETS * n)
    ptr = torch.arange(0, OTHER_SETS * n + 1, n, device=states.device)
    results = reduce(operator, states[torch.from_numpy(rows)], ptr)
    return float(variance([(results, results)]).sqrt())
