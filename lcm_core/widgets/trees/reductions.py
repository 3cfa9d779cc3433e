"""One set reduced by one tree or two, and how far the answers are apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import networkx as nx
import numpy as np
import torch
from torch import Tensor

from lcm_core.operators import Operator
from lcm_core.reduction.ragged import reduce, trace
from lcm_core.trees.tree import Tree, make_tree
from lcm_core.widgets.trees.values import is_rounding, largest_difference, root_of, shared_nodes

__all__ = ["TreeReductions"]

#: What `TreeReductions.tried` tries; folds of many leaves would take too long.
OTHER_ORDERS, OTHER_TREES, MOST_FOLDED = 7, ("balanced", "left", "right", "random"), 64


@dataclass(frozen=True, eq=False)
class TreeReductions:
    """What the tree explorer shows. Differences are the largest of a feature.

    Args:
        operator: that made the states.
        names: of the elements that the leaves hold.
        order: (n,), the element of each leaf.
        states: (n, state_dim), of the leaves.
        traces: of the first tree, and of the second if there is one.
        to_balanced: from the first root to the balanced tree's, same order.
        to_unshuffled: from the first root to that of the first order, same tree.
        shared: between the two trees at each inner node over the same leaves, by the names of
            those leaves; the root is the last.
        marks: the same for each of the traces by node, with 0 for what may be rounding.
    """

    operator: Operator
    names: list[str]
    order: np.ndarray
    states: Tensor
    traces: list[nx.DiGraph]
    to_balanced: float
    to_unshuffled: float
    shared: dict[tuple[str, ...], float] = field(default_factory=dict)
    marks: tuple[dict[int, float], dict[int, float]] = field(default_factory=lambda: ({}, {}))

    @classmethod
    def of(
        cls,
        operator: Operator,
        elements: Tensor,
        names: Sequence[str],
        order: np.ndarray,
        trees: Sequence[Tree],
    ) -> TreeReductions:
        """Reduces the set.

        Args:
            operator: the operator ⊕.
            elements: (m, channels), of which the first n make the set.
            names: of the elements.
            order: (n,), the element of each leaf.
            trees: one or two over n leaves; none for an empty set.
        """
        lifted, n = operator.lift(elements), len(order)
        states, names = lifted[torch.from_numpy(order)], [names[element] for element in order]
        if not trees:
            return cls(operator, names, order, states, [trace(operator, states)], 0.0, 0.0)
        traces = [trace(operator, states, tree) for tree in trees]
        root, tree = root_of(traces[0]), trees[0]
        to_balanced = to_unshuffled = 0.0
        if tree.leaf_order != list(range(n)) or tree != make_tree("balanced", n):
            balanced = reduce(operator, states[tree.leaf_order])[0]
            to_balanced = largest_difference(root, balanced)
        if not np.array_equal(order, np.arange(n)):
            to_unshuffled = largest_difference(root, reduce(operator, lifted[:n], tree=tree)[0])
        made = cls(operator, names, order, states, traces, to_balanced, to_unshuffled)
        if len(traces) == 2:
            made._compare(*traces)
        return made

    @torch.no_grad()
    def tried(self) -> tuple[float, float]:
        """Try a few other orders under the first tree, and a few other trees over this order.

        Returns:
            The largest difference between the first root and theirs, of the orders and the trees.
        """
        n, root, tree = len(self.names), root_of(self.traces[0]), self.traces[0].graph["tree"]
        generator = np.random.default_rng(n)
        orders = [np.arange(n)[::-1], *(generator.permutation(n) for _ in range(OTHER_ORDERS))]
        rows = torch.from_numpy(np.concatenate(orders))
        ptr = torch.arange(0, n * len(orders) + 1, n)
        by_order = reduce(self.operator, self.states[rows], ptr, tree=tree)
        names = OTHER_TREES if n <= MOST_FOLDED else ("balanced", "random")
        by_tree = torch.cat(
            [reduce(self.operator, self.states[tree.leaf_order], tree=name) for name in names]
        )
        return (
            largest_difference(by_order, root.expand_as(by_order)),
            largest_difference(by_tree, root.expand_as(by_tree)),
        )

    def _compare(self, one: nx.DiGraph, other: nx.DiGraph) -> None:
        n = len(self.names)
        for node, its_like in shared_nodes(one, other).items():
            state = one.nodes[node]["state"]
            apart = largest_difference(state, other.nodes[its_like]["state"])
            leaves = sorted(leaf for leaf in nx.descendants(one, node) if leaf < n)
            self.shared[tuple(self.names[leaf] for leaf in leaves)] = apart
            told = 0.0 if is_rounding(apart, state) else apart
            self.marks[0][node] = self.marks[1][its_like] = told
