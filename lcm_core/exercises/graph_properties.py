"""The checks of `08_graph_properties`: what a neighbourhood must be reduced by, and two traps."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import networkx as nx
import numpy as np

from lcm_core.exercises.progress import remembered
from lcm_core.exercises.verdict import Verdict
from lcm_core.tasks import GraphProperties

__all__ = [
    "check_connected",
    "check_distance",
    "check_laplacian",
    "check_mean_log",
    "check_wrong_label",
]

Edges = Sequence[tuple[int, int]]


@cache
def example_graphs() -> tuple[nx.Graph, ...]:
    """Some graphs of the benchmark, connected ones and others."""
    task = GraphProperties()
    graphs = []
    for number in range(0, 640, 32):
        data = task.graph("validation", number)
        graph = nx.Graph(data.edge_index.T.tolist())
        graph.graph["source"] = int(data.x[:, 0].argmax())
        graph.graph["family"] = data.family
        graphs.append(graph)
    return tuple(graphs)


@remembered
def check_distance(hear: Callable[[float, list[float]], float]) -> Verdict:
    """Whether rounds of `hear(own, heard)` end at the distances from the source."""
    for graph in example_graphs():
        source = graph.graph["source"]
        wanted = nx.single_source_shortest_path_length(graph, source)
        states = {node: 0.0 if node == source else math.inf for node in graph}
        for done in range(len(graph)):
            try:
                states = {
                    node: float(hear(states[node], [states[each] for each in graph[node]]))
                    for node in graph
                }
            except Exception as error:
                return _could_not(error, "hear(own, heard) gets a number, a list; gives a number.")
            for node, state in states.items():
                known = wanted.get(node, math.inf)
                right = known if known <= done + 1 else math.inf
                if state != right:
                    return Verdict(False, _about_distance(graph, node, done + 1, right, state))
    return Verdict(
        True,
        f"after k rounds every node at most k edges away knows its distance, in all "
        f"{len(example_graphs())} graphs. The aggregation is a minimum: it suits this question, "
        "and a sum does not.",
    )


@remembered
def check_laplacian(laplacian: Callable[[float, list[float]], float]) -> Verdict:
    """Whether `laplacian(own, heard)` is (D − A) x at a node."""
    rng = np.random.default_rng(0)
    for graph in example_graphs():
        x = dict(zip(sorted(graph), rng.random(len(graph)), strict=True))
        for node in graph:
            heard = [x[each] for each in graph[node]]
            wanted = len(heard) * x[node] - sum(heard)
            try:
                got = float(laplacian(x[node], list(heard)))
            except Exception as error:
                return _could_not(error, "laplacian(own, heard): a number, a list → a number.")
            if not math.isclose(got, wanted, abs_tol=1e-9):
                return Verdict(False, _about_laplacian(x[node], heard, wanted, got))
    return Verdict(
        True,
        "right at every node. You needed how many neighbours there are and the sum of their "
        "values: a mean or a maximum alone has lost the number.",
    )


@remembered
def check_wrong_label(edges: Edges) -> Verdict:
    """Whether the graph is connected, while no power of its matrix is free of zeros."""
    try:
        graph = nx.Graph([(int(a), int(b)) for a, b in edges])
    except Exception as error:
        return _could_not(error, "edges is a list of pairs of numbers, such as [(0, 1), (1, 2)].")
    if len(graph) < 2:
        return Verdict(False, "give at least one edge: a graph of one node proves nothing.")
    if nx.number_of_selfloops(graph):
        return Verdict(False, "a node is joined to itself: the benchmark has no such edges.")
    if not nx.is_connected(graph):
        parts = nx.number_connected_components(graph)
        return Verdict(
            False,
            f"this graph falls into {parts} parts, and the label 0 is right for it. Find one in "
            "which every node can be reached.",
        )
    if not nx.is_bipartite(graph):
        circle = next(c for c in sorted(nx.cycle_basis(graph), key=len) if len(c) % 2)
        return Verdict(
            False,
            f"this graph is connected, and the label says so: it has a circle of {len(circle)} "
            "edges, which is odd, so that soon there are walks of every length between any two "
            "nodes. What if every circle is even, or there is none?",
        )
    return Verdict(
        True,
        f"connected, with {len(graph)} nodes, and labelled 0: a walk of an even number of edges "
        "ends on the side it began on, so that half of Aᵏ stays 0 for ever. Such a graph is "
        "bipartite; trees, grids and ladders are.",
    )


@remembered
def check_connected(is_connected: Callable[[np.ndarray], Any]) -> Verdict:
    """Whether `is_connected(A)` is right for graphs of all kinds."""
    graphs = [nx.path_graph(2), nx.path_graph(9), nx.cycle_graph(6), nx.complete_graph(4)]
    graphs += [nx.disjoint_union(nx.cycle_graph(3), nx.cycle_graph(4)), *example_graphs()]
    for graph in graphs:
        matrix = nx.to_numpy_array(graph, sorted(graph))
        before = matrix.copy()
        try:
            got = bool(is_connected(matrix))
        except Exception as error:
            return _could_not(error, "is_connected(A) gets a matrix of 0 and 1, gives a truth.")
        if (matrix != before).any():
            return Verdict(False, "your function changes A itself: work on a copy of it.")
        wanted = nx.is_connected(graph)
        if got != wanted:
            kind = "bipartite, " if nx.is_bipartite(graph) else ""
            return Verdict(
                False,
                f"a graph of {len(graph)} nodes and {graph.number_of_edges()} edges ({kind}"
                f"{'connected' if wanted else 'not connected'}) was called "
                f"{'connected' if got else 'not connected'}. A walk that may also stay where it "
                "is has no need to be even or odd.",
            )
    return Verdict(True, f"right for all {len(graphs)} graphs, bipartite ones among them.")


@remembered
def check_mean_log(score: Callable[[list[float]], float]) -> Verdict:
    """Whether `score(errors)` is the mean of the logarithms to base 10."""
    for errors in ([0.1, 0.001], [0.01] * 6, [0.5, 0.02, 0.003, 0.0004, 0.01, 0.06]):
        wanted = sum(math.log10(error) for error in errors) / len(errors)
        try:
            got = float(score(list(errors)))
        except Exception as error:
            return _could_not(error, "score(errors) gets a list of numbers and gives a number.")
        if math.isclose(got, wanted, abs_tol=1e-9):
            continue
        text = f"for the errors {errors} the score is {wanted:.3f}; you have {got:.3f}. "
        if math.isclose(got, math.log10(sum(errors) / len(errors)), abs_tol=1e-9):
            text += (
                "That is the logarithm of the mean: there the largest error drowns the others, "
                "and to get better at a task that is nearly solved would not show."
            )
        else:
            text += "It is the mean of math.log10(error) over the errors."
        return Verdict(False, text)
    return Verdict(True, "every property counts alike: a tenth of any one error is 1/6 less.")


def _could_not(error: Exception, usage: str) -> Verdict:
    return Verdict(False, f"could not be computed: {type(error).__name__}: {error}. {usage}")


def _about_distance(graph: nx.Graph, node: int, done: int, wanted: float, got: float) -> str:
    source = graph.graph["source"]
    away = nx.single_source_shortest_path_length(graph, source).get(node)
    told = "not joined to the source"
    if away is not None:
        told = f"{away} edge{'s' * (away != 1)} from the source"
    rounds = "1 round" if done == 1 else f"{done} rounds"
    return (
        f"in a graph of the family {graph.graph['family']}, a node that is {told} should have "
        f"{wanted:g} after {rounds}, and has {got:g}. (At the beginning the source has 0 and all "
        "others have inf, for not known.) Which of the neighbours tells a node the shortest way?"
    )


def _about_laplacian(own: float, heard: list[float], wanted: float, got: float) -> str:
    text = (
        f"a node with the value {own:.3f} that hears {', '.join(f'{x:.3f}' for x in heard)} should "
        f"get {wanted:.3f}; you have {got:.3f}. "
    )
    if math.isclose(got, own - sum(heard) / len(heard), abs_tol=1e-9):
        return text + (
            "That is the difference to the mean: two neighbours of value 1 and twenty of value 1 "
            "have the same mean, but not the same Laplacian."
        )
    return text + "It is the number of neighbours times the own value, less the sum of theirs."
