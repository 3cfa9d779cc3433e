"""Numbers for the nodes of a reduction: what their colours stand for, and what two trees share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import networkx as nx
import numpy as np
import torch
from torch import Tensor

from lcm_core.laws.measure import difference
from lcm_core.operators import Operator
from lcm_core.reduction.ragged import reduce
from lcm_core.rounding import SHOWN

__all__ = [
    "COLOURS",
    "NodeNumbers",
    "is_rounding",
    "largest_difference",
    "largest_size",
    "node_numbers",
    "root_of",
    "shared_nodes",
    "states_of",
]

#: What colours may stand for.
COLOURS = ("features", "norm", "component", "deviation")


@dataclass(frozen=True, eq=False)
class NodeNumbers:
    """One number for each node of each tree, all on one scale.

    Args:
        values: (nodes,) for each tree.
        title: what they are.
        high: where the scale ends.
        signed: whether the scale begins at −high, with 0 in its middle; else it begins at 0.
        error: whether they are errors.
    """

    values: list[np.ndarray]
    title: str
    high: float
    signed: bool = False
    error: bool = False


def states_of(graph: nx.DiGraph) -> Tensor:
    """(nodes, state_dim)."""
    return torch.stack([state for _, state in graph.nodes(data="state")])


def root_of(graph: nx.DiGraph) -> Tensor:
    """(state_dim,)."""
    return graph.nodes[graph.graph["root"]]["state"]


def largest_difference(one: Tensor, other: Tensor) -> float:
    """Over the features of two states, or of many pairs of states."""
    return float(difference(one, other).abs().max())


def largest_size(parts: Sequence[np.ndarray]) -> float:
    """Of all finite numbers in some arrays; 1 if there are none, or all are 0."""
    together = np.abs(np.concatenate([part.reshape(-1) for part in parts]))
    finite = together[np.isfinite(together)]
    return float(finite.max()) if finite.size and finite.max() > 0 else 1.0


def is_rounding(value: float, state: Tensor) -> bool:
    """Whether a difference of this size from a state says nothing."""
    scale = float(state.nan_to_num(posinf=0.0, neginf=0.0).abs().max())
    return value <= SHOWN * max(scale, 1.0)


def node_numbers(kind: str, graphs: Sequence[nx.DiGraph], operator: Operator) -> NodeNumbers:
    """One number for each state of one or two traces.

    Args:
        kind: "norm", the length of a state; "deviation", see `deviations`; "component", its place
            along the first principal component of all states on show. "features" is the only
            feature of a state, or the component where there are several.
        graphs: traces.
        operator: that made them.
    """
    states = [states_of(graph) for graph in graphs]
    if kind == "norm":
        lengths = [state.double().norm(dim=1).numpy() for state in states]
        return NodeNumbers(lengths, "norm", largest_size(lengths))
    if kind == "deviation":
        found = [deviations(operator, graph) for graph in graphs]
        return NodeNumbers(found, "deviation", largest_size(found), error=True)
    if kind == "features" and states[0].shape[1] == 1:
        values, title = [state[:, 0].double().numpy() for state in states], "value"
    else:
        along = _first_component(torch.cat(states).double().numpy())
        values = np.split(along, np.cumsum([len(state) for state in states])[:-1])
        title = "first component"
    return NodeNumbers(values, title, largest_size(values), signed=True)


def deviations(operator: Operator, graph: nx.DiGraph) -> np.ndarray:
    """How far each state is from what the balanced tree makes of the same leaves, (nodes,).

    The leaves below a node are reduced by a balanced tree in the order in which they stand there;
    the number is the largest difference of a feature. It is 0 for leaves, and for what is rounding.
    """
    tree, states = graph.graph["tree"], states_of(graph)
    if tree is None:
        return np.zeros(len(states))
    n, below = tree.size, tree.leaves_below
    ptr = torch.tensor([0, *np.cumsum([len(leaves) for leaves in below])])
    rows = torch.tensor([leaf for leaves in below for leaf in leaves])
    found = difference(states, reduce(operator, states[:n][rows], ptr)).abs().amax(dim=1)
    scale = states.nan_to_num(posinf=0.0, neginf=0.0).abs().amax(dim=1).clamp_min(1.0)
    return torch.where(found <= SHOWN * scale, 0.0, found).double().numpy()


def shared_nodes(one: nx.DiGraph, other: nx.DiGraph) -> dict[int, int]:
    """The inner nodes of two trees below which stand the same leaves: node of one → of the other.

    The root is the last.
    """
    ours, theirs = _nodes_by_leaves(one), _nodes_by_leaves(other)
    return {node: theirs[leaves] for leaves, node in ours.items() if leaves in theirs}


def _nodes_by_leaves(graph: nx.DiGraph) -> dict[frozenset[int], int]:
    """The inner nodes of a trace, by the leaves below them; the root is the last."""
    tree = graph.graph["tree"]
    if tree is None:
        return {}
    below = tree.leaves_below[tree.size :]
    return {frozenset(leaves): node for node, leaves in enumerate(below, start=tree.size)}


def _first_component(states: np.ndarray) -> np.ndarray:
    """(m,); NaN for states with an infinite entry. The largest weight counts as positive."""
    values = np.full(len(states), np.nan)
    finite = np.isfinite(states).all(axis=1)
    if finite.any():
        centred = states[finite] - states[finite].mean(axis=0)
        weights = np.linalg.svd(centred, full_matrices=False)[2][0]
        values[finite] = centred @ weights * np.sign(weights[np.abs(weights).argmax()])
    return values
