"""Ragged reduction: every set of a batch through its tree, one operator call a level."""

import networkx as nx
from jaxtyping import Float, Int
from torch import Tensor

from lcm_core.checks import (
    check_plan,
    check_states,
    identity_for,
    read_sets,
)
from lcm_core.operators import Operator
from lcm_core.plan import ReductionPlan, resolve_tree
from lcm_core.trees import Tree

__all__ = ["make_plan", "reduce", "trace"]


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
    tree, and on N − B pairs in all.

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
        plan: instead of ptr or index, a plan made before from the sizes (with its tree).

    Returns:
        states, (B, d).

    Raises:
        ValueError, TypeError: what is wrong with the input, and where.
    """
    check_states(operator, x)
    if plan is None:
        plan = make_plan(x, ptr, index, num_sets, tree=tree, seed=seed, identity=operator.identity)
    else:
        if ptr is not None or index is not None:
            raise ValueError("expected a plan, or ptr or index: the plan says the sets itself")
        check_plan(plan, x, operator.identity)
    return plan.results(plan.run(operator, x), identity_for(operator, plan))


def trace(
    operator: Operator, x: Float[Tensor, "n d"], tree: str | Tree = "balanced", seed: int = 0
) -> nx.DiGraph:
    """The reduction of one set with every state kept.

    It goes through the same kernels as `reduce`: the root's state is the same, bit for bit.

    Args:
        operator: the operator ⊕.
        x: states of one set, (n, d).
        tree, seed: as in `reduce`.

    Returns:
        A graph of the nodes of the `Tree`, with edges from parent to child (attribute `side`).
        Node attributes: `state` (Tensor (d,)), `height`, `leaf`. Graph attributes: `root`,
        `tree`, `depth`, `calls` (operator calls). An empty set gives one node, the identity.
    """
    check_states(operator, x)
    n = len(x)
    plan = make_plan(x, tree=tree, seed=seed, identity=operator.identity)
    graph = nx.DiGraph(depth=plan.depth, calls=plan.depth, root=max(0, 2 * n - 2), tree=None)
    if n == 0:
        identity = identity_for(operator, plan)
        graph.add_node(0, state=identity, height=0, leaf=False)
        return graph
    shape = resolve_tree(tree, n, seed)
    graph.graph["tree"] = shape
    levels = plan.run(operator, x)
    states: dict[int, Tensor] = {}
    for nodes, level in zip(plan.nodes, levels.states, strict=True):
        states.update(zip(nodes.tolist(), level.unbind(0), strict=True))
    for node in range(2 * n - 1):
        graph.add_node(node, state=states[node], height=int(shape.heights[node]), leaf=node < n)
    for parent, (left, right) in enumerate(shape.children.tolist(), start=n):
        graph.add_edge(parent, left, side="left")
        graph.add_edge(parent, right, side="right")
    return graph


def make_plan(
    x: Float[Tensor, "N *d"],
    ptr: Tensor | None = None,
    index: Tensor | None = None,
    num_sets: int | None = None,
    *,
    tree: str | Tree = "balanced",
    seed: int = 0,
    identity: Tensor | None = None,
) -> ReductionPlan:
    """A plan for the sets of x that ptr or index give; arguments as in `read_sets`."""
    sizes, order = read_sets(x, ptr, index, num_sets, identity)
    return ReductionPlan.from_sizes(sizes, tree, seed, x.device, order)
