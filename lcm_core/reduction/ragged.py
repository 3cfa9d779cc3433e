"""Ragged reduction: every set of a batch through its tree, one operator call a level."""

from functools import partial

import networkx as nx
import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from lcm_core.imports import uncompiled
from lcm_core.operators import Operator
from lcm_core.operators.ordinary import transforming
from lcm_core.reduction.checks import (
    bounds_of_sets,
    check_places,
    check_plan,
    check_states,
    identity_for,
    read_sets,
)
from lcm_core.reduction.engine import Levels
from lcm_core.reduction.fused import missing_for_triton
from lcm_core.reduction.layout import BalancedTrees, resolve_tree
from lcm_core.reduction.on_device import plan_on_device
from lcm_core.reduction.paths import run
from lcm_core.reduction.plan import ReductionPlan
from lcm_core.reduction.recent import Recent
from lcm_core.trees.tree import Tree

__all__ = ["RECENT_PLANS", "make_plan", "plan_of_sizes", "reduce", "trace"]

#: Plans of recent batches; a benchmark of making plans clears it.
RECENT_PLANS: Recent[ReductionPlan] = Recent()


def reduce(
    operator: Operator,
    x: Float[Tensor, "N d"],
    ptr: Int[Tensor, " B_plus_1"] | None = None,
    *,
    index: Int[Tensor, " N"] | None = None,
    num_sets: int | None = None,
    tree: str | Tree = "balanced",
    seed: int = 0,
    plan: ReductionPlan | None = None,
) -> Float[Tensor, "B d"]:
    """Reduce every set of a batch to one state.

    >>> import torch
    >>> from lcm_core import make_operator
    >>> x = torch.tensor([[1.0], [2.0], [3.0]])
    >>> reduce(make_operator("sum", channels=1), x, torch.tensor([0, 2, 2, 3])).flatten().tolist()
    [3.0, 0.0, 3.0]

    A set's result depends on that set alone. An empty set gives the operator's identity, a set of
    one that element. The operator is called once a level: ⌈log₂ max n⌉ times for the balanced
    tree. In all it combines N − B pairs (if no set is empty).

    Elements are not lifted, and results not lowered: an aggregation does both.

    Args:
        operator: the operator ⊕.
        x: states, (N, d) with d = `operator.state_dim`.
        ptr: (B + 1,): set b is `x[ptr[b]:ptr[b + 1]]`. Without ptr, index and plan, x is one set.
        index: instead of ptr, (N,): the set of each element, in any order; the elements of a set
            keep their order.
        num_sets: B, with index (default: the largest index + 1).
        tree: "balanced", "left", "right", "random", a `Tree`, or a bracketing such as
            "((0 1) 2)" (the last two for sets of that size only).
        seed: of the random tree.
        plan: instead of ptr or index, a `ReductionPlan` of the sizes (with its own tree).

    Returns:
        States, (B, d).

    Raises:
        ValueError: a wrong shape or device; a ptr that decreases or does not end at N; an element
            that is not finite; an empty set, if the operator has no identity.
        TypeError: a dtype that is not floating, or not that of the operator's parameters.
    """
    check_states(operator, x)
    if plan is None:
        plan = make_plan(
            x,
            ptr,
            index,
            num_sets,
            tree=tree,
            seed=seed,
            identity=operator.nothing,
            operator=operator,
        )
    else:
        if ptr is not None or index is not None:
            raise ValueError("expected a plan, or ptr or index: the plan says the sets itself")
        check_plan(plan, x, operator.nothing)
    roots = run(plan, operator, x).roots
    return plan.with_empty(roots, identity_for(operator, plan)) if plan.num_empty else roots


def trace(
    operator: Operator, x: Float[Tensor, "n d"], tree: str | Tree = "balanced", seed: int = 0
) -> nx.DiGraph:
    """Reduce one set and keep every intermediate state.

    It uses the same kernels as `reduce`: the state of the root is the same, bit for bit.

    >>> from lcm_core import make_operator
    >>> graph = trace(make_operator("sum", channels=1), torch.tensor([[1.0], [2.0], [3.0]]))
    >>> [graph.nodes[node]["state"].item() for node in sorted(graph)]  # leaves first, root last
    [1.0, 2.0, 3.0, 3.0, 6.0]
    >>> graph.graph["tree"], graph.graph["calls"]
    (Tree(((a b) c)), 2)

    Args:
        operator: the operator ⊕.
        x: states of one set, (n, d).
        tree, seed: as in `reduce`.

    Returns:
        A graph of the nodes of the `Tree`, with edges from parent to child (attribute `side`).
        Node attributes: `state` (Tensor (d,)), `height`, `leaf`. Graph attributes: `root`,
        `tree`, `depth`, `calls` (operator calls). An empty set gives one node, the identity.

    Raises:
        ValueError, TypeError: as in `reduce`.
    """
    check_states(operator, x)
    n = len(x)
    plan = make_plan(x, tree=tree, seed=seed, identity=operator.nothing)
    graph = nx.DiGraph(depth=plan.depth, calls=plan.depth, root=max(0, 2 * n - 2), tree=None)
    if n == 0:
        identity = identity_for(operator, plan)
        graph.add_node(0, state=identity, height=0, leaf=False)
        return graph
    shape = resolve_tree(tree, n, seed)
    graph.graph["tree"] = shape
    states = _states_by_node(plan, shape, run(plan, operator, x))
    for node in range(2 * n - 1):
        graph.add_node(node, state=states[node], height=int(shape.heights[node]), leaf=node < n)
    for parent, (left, right) in enumerate(shape.children.tolist(), start=n):
        graph.add_edge(parent, left, side="left")
        graph.add_edge(parent, right, side="right")
    return graph


@uncompiled  # data-dependent shapes
def make_plan(
    x: Float[Tensor, "N *d"],
    ptr: Tensor | None = None,
    index: Tensor | None = None,
    num_sets: int | None = None,
    *,
    tree: str | Tree = "balanced",
    seed: int = 0,
    identity: Tensor | None = None,
    operator: Operator | None = None,
) -> ReductionPlan:
    """A plan for the sets of x that ptr or index give; arguments as in `read_sets`.

    Where an operator that has a kernel is named, it may be a plan for the kernels of a GPU.

    Balanced trees are planned where x is; one copy tells the host how many states go where, and
    that all is as it should be. With an index and no num_sets, and for other trees, that one copy
    is of ptr or index, and the plan is made on the host. Plans of recent calls are kept: for the
    same ptr or index the one copy says so, and nothing is made.

    Under a transform of `torch.func` the plan is made outside of it, and x is not looked at.
    """
    key = (tree, seed if tree == "random" else None)
    make = partial(_make_plan, tree=tree, seed=seed)
    for_kernels = operator is not None and operator.kernel is not None and tree == "balanced"
    if for_kernels and not transforming() and missing_for_triton(x) is None:
        check_places(x, ptr, index, num_sets)
        n, device = len(x), x.device

        def whole() -> ReductionPlan:  # holds on to the sets, and not to x
            return make_plan(torch.zeros(n, 1, device=device), ptr, index, num_sets)

        if (plan := plan_on_device(x, ptr, index, num_sets, whole)) is not None:
            return plan
    return RECENT_PLANS.recall(x, ptr, index, num_sets, identity, key, make)


def plan_of_sizes(
    sizes: Int[Tensor, " B"], tree: str | Tree, seed: int, device: torch.device
) -> ReductionPlan:
    """As `ReductionPlan.from_sizes`, for sizes on the host; plans of recent sizes are kept."""

    def make() -> ReductionPlan:
        return ReductionPlan.from_sizes(sizes, tree, seed, device)

    plain = type(sizes) is Tensor and sizes.device.type == "cpu"
    if not plain or torch.compiler.is_compiling() or transforming():
        return make()
    numbers = sizes.numpy()
    key = ("sizes", numbers.tobytes(), numbers.dtype, tree, seed if tree == "random" else None)
    return RECENT_PLANS.recall_by_key(key, int(numbers.sum()), device, make)


def _make_plan(
    x: Float[Tensor, "N *d"],
    ptr: Tensor | None,
    index: Tensor | None,
    num_sets: int | None,
    identity: Tensor | None,
    tree: str | Tree,
    seed: int,
) -> ReductionPlan:
    on_device = x.device.type in ("cpu", "cuda")  # others lack operations
    if tree == "balanced" and on_device and (index is None or num_sets is not None):
        found = bounds_of_sets(x, ptr, index, num_sets)
        if found is not None:
            bounds, facts = found
            trees = BalancedTrees(bounds, len(x))
            valid, in_order, even, *counts = torch.cat([facts, trees.bounds]).tolist()
            if valid and even and in_order and x.device.type != "cpu":
                count = len(bounds) - 1
                sizes = np.full(count, len(x) // max(count, 1))  # as slices, found on the host
                return ReductionPlan.from_sizes(sizes, device=x.device)
            if valid:
                order = None
                if index is not None and not in_order:
                    order = torch.argsort(index, stable=True)
                return ReductionPlan.from_layout(trees.layout(counts), bounds, order, bool(even))
    sizes, rows = read_sets(x, ptr, index, num_sets, identity)
    return ReductionPlan.from_sizes(sizes, tree, seed, x.device, rows)


def _states_by_node(plan: ReductionPlan, tree: Tree, levels: Levels) -> list[Tensor]:
    """The state of each node of the tree, from the levels of a reduction of one set by it."""
    n, plan = tree.size, plan.to("cpu")
    children = torch.from_numpy(tree.children.copy())
    node = torch.empty(plan.bounds[-1], dtype=torch.long)
    node[plan.roots] = tree.root
    states = [*levels.states[0].unbind(0), *[levels.roots[0]] * (n - 1)]
    for level in range(plan.depth, 0, -1):
        own = node[plan.bounds[level] : plan.bounds[level + 1]]
        for at, state in zip(own.tolist(), levels.states[level].unbind(0), strict=True):
            states[at] = state
        if level > 1:
            for rows, side in zip(plan.pairs[level - 1], (0, 1), strict=True):
                node[rows] = children[own - n, side]
    return states
