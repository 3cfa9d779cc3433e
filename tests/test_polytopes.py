"""Associahedra and permutohedra: counted, and each edge is one move of the polytope."""

import itertools
import math

import networkx as nx
import numpy as np
import pytest
import torch

from lcm_core import make_operator, operator_names
from lcm_core.figures import polytope_figure
from lcm_core.figures.polytope import EDGES, MARKS, VERTICES, project
from lcm_core.laws.deviations import measure_deviations, swap_difference
from lcm_core.operators import Operator
from lcm_core.trees.polytopes import (
    associahedron,
    permutohedron,
    reordered,
    sibling_places,
    unordered_trees,
)
from lcm_core.trees.tree import Tree, make_tree


def places_of(graph: nx.Graph) -> np.ndarray:
    return np.array([place for _, place in graph.nodes(data="place")])


def edges_of(graph: nx.Graph) -> np.ndarray:
    number = {node: i for i, node in enumerate(graph)}
    return np.array([[number[a], number[b]] for a, b in graph.edges])


def clades(tree: Tree) -> set[frozenset[int]]:
    """The sets of leaves below the inner nodes: they say what a tree is, its sides apart."""
    below = [frozenset([leaf]) for leaf in range(tree.size)]
    for left, right in tree.children.tolist():
        below.append(below[left] | below[right])
    return set(below[tree.size :])


# Counting -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [3, 4, 5, 6, 7])
def test_associahedra_have_all_bracketings_and_moves(n: int) -> None:
    graph = associahedron(n)
    catalan = math.comb(2 * n - 2, n - 1) // n
    assert len(graph) == catalan
    assert all(degree == n - 2 for _, degree in graph.degree)
    assert nx.is_connected(graph)
    assert graph.number_of_edges() == {3: 1, 4: 5, 5: 21, 6: 84, 7: 330}[n]
    assert all(tree.leaf_order == list(range(n)) for tree in graph)
    trees = list(graph)
    assert (trees[0], trees[-1]) == (make_tree("left", n), make_tree("right", n))


@pytest.mark.parametrize(("n", "vertices", "edges"), [(2, 2, 1), (3, 6, 6), (4, 24, 36)])
def test_permutohedra_have_all_orders_and_swaps(n: int, vertices: int, edges: int) -> None:
    graph = permutohedron(n)
    assert set(graph) == set(itertools.permutations(range(n)))
    assert (len(graph), graph.number_of_edges()) == (vertices, edges)


def test_unordered_trees_of_four_are_the_line_graph_of_the_petersen_graph() -> None:
    graph = unordered_trees(4)
    assert (len(graph), graph.number_of_edges()) == (15, 30)
    assert nx.is_isomorphic(graph, nx.line_graph(nx.petersen_graph()))
    assert len({frozenset(clades(tree)) for tree in graph}) == 15
    assert len(unordered_trees(5)) == 105


@pytest.mark.parametrize("make", [associahedron, permutohedron])
def test_too_few_elements_are_refused(make) -> None:
    with pytest.raises(ValueError, match="got n = 1"):
        make(1)


# Moves, checked by other definitions --------------------------------------------------------------


@pytest.mark.parametrize(
    "graph", [associahedron(4), associahedron(5), associahedron(6), unordered_trees(4)]
)
def test_edges_are_the_pairs_of_trees_that_differ_in_one_clade(graph: nx.Graph) -> None:
    """A move takes one inner node away and puts another in its place."""
    for one, other in itertools.combinations(graph, 2):
        assert graph.has_edge(one, other) == (len(clades(one) - clades(other)) == 1)


@pytest.mark.parametrize("n", [3, 4])
def test_edges_of_the_permutohedron_are_swaps_of_neighbours(n: int) -> None:
    graph = permutohedron(n)
    for one, other in itertools.combinations(graph, 2):
        apart = [i for i in range(n) if one[i] != other[i]]
        neighbours = len(apart) == 2 and apart[1] == apart[0] + 1
        assert graph.has_edge(one, other) == neighbours
        if neighbours:
            assert graph.edges[one, other]["swapped"] == apart[0]


def test_reordered_trees_and_sibling_places() -> None:
    tree = Tree.parse("((a b)((c d) e))")
    assert reordered(tree, (4, 3, 2, 1, 0)).bracketing() == "((e d)((c b) a))"
    assert reordered(tree, (4, 3, 2, 1, 0)).leaf_order == [4, 3, 2, 1, 0]
    assert sibling_places(tree) == {0, 2}
    assert sibling_places(reordered(tree, (4, 0, 3, 1, 2))) == {0, 2}
    assert sibling_places(make_tree("left", 4)) == {0}
    assert sibling_places(make_tree("right", 4)) == {2}


# Places -------------------------------------------------------------------------------------------


def polytope_edges(points: np.ndarray) -> set[frozenset[int]]:
    """Edges of the convex hull of points in general enough position, from its facets.

    A facet lies in a plane with all points on one side; an edge is where enough facets meet.
    """
    k, d = points.shape
    facets = set()
    for some in itertools.combinations(range(k), d):
        normal = np.linalg.svd(points[list(some[1:])] - points[some[0]])[2][-1]
        if np.linalg.matrix_rank(points[list(some[1:])] - points[some[0]], tol=1e-9) < d - 1:
            continue
        height = (points - points[some[0]]) @ normal
        if (height > -1e-9).all() or (height < 1e-9).all():
            facets.add(frozenset(np.flatnonzero(abs(height) < 1e-9).tolist()))
    return {
        frozenset(pair)
        for pair in itertools.combinations(range(k), 2)
        if sum(set(pair) <= facet for facet in facets) >= d - 1
    }


@pytest.mark.parametrize(
    "graph", [associahedron(4), associahedron(5), permutohedron(3), permutohedron(4)]
)
def test_places_are_the_vertices_of_a_polytope_with_these_edges(graph: nx.Graph) -> None:
    edges = {frozenset(edge) for edge in edges_of(graph).tolist()}
    assert polytope_edges(places_of(graph)) == edges


@pytest.mark.parametrize(
    "graph",
    [associahedron(n) for n in (4, 5, 6)]
    + [permutohedron(3), permutohedron(4), unordered_trees(4)],
)
def test_places_are_apart_and_fill_a_ball_of_radius_1(graph: nx.Graph) -> None:
    points = places_of(graph)
    assert points.shape[1] == (3 if len(graph) in (14, 24, 42) else 2)
    assert np.linalg.norm(points, axis=1).max() == pytest.approx(1)
    apart = np.linalg.norm(points[:, None] - points[None], axis=2)
    assert apart[~np.eye(len(points), dtype=bool)].min() > 0.2
    assert not np.isnan(points).any()


def test_edges_of_the_permutohedron_are_equally_long() -> None:
    points = places_of(permutohedron(4))
    lengths = [np.linalg.norm(points[a] - points[b]) for a, b in edges_of(permutohedron(4))]
    assert lengths == pytest.approx([lengths[0]] * 36)


# Deviations ---------------------------------------------------------------------------------------


def by_recursion(operator: Operator, states: torch.Tensor, tree: Tree) -> torch.Tensor:
    def state(node: int) -> torch.Tensor:
        if node < tree.size:
            return states[node]
        left, right = tree.children[node - tree.size].tolist()
        return operator(state(left)[None], state(right)[None])[0]

    with torch.no_grad():
        return state(tree.root).double()


def states_for(operator: Operator, n: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    return operator.lift(torch.randn(n, operator.channels, generator=generator))


@pytest.mark.parametrize("name", operator_names())
@pytest.mark.parametrize("n", [4, 5, 6])
def test_deviations_and_jumps_are_what_they_are_said_to_be(name: str, n: int) -> None:
    torch.manual_seed(3)
    operator, graph = make_operator(name, channels=3), associahedron(n)
    states, edges = states_for(operator, n), edges_of(graph)
    found = measure_deviations(operator, states, tuple(graph), edges)
    results = torch.stack([by_recursion(operator, states, tree) for tree in graph])
    finite = torch.where(results == found.results, 0.0, results - found.results)
    assert finite.abs().max() < 1e-6
    unit = found.spread
    assert unit > 0
    if operator.associative:
        assert found.one_answer
        assert not found.without_rounding(found.jumps).any()
        assert not found.without_rounding(found.deviations).any()
    else:
        mean = results.mean(0)
        for i in range(len(graph)):
            distance = math.dist(results[i].tolist(), mean.tolist())
            assert found.deviations[i] == pytest.approx(distance / unit, rel=1e-3, abs=1e-5)
        for jump, (a, b) in zip(found.jumps, edges.tolist(), strict=True):
            distance = math.dist(results[a].tolist(), results[b].tolist())
            assert jump == pytest.approx(distance / unit, rel=1e-3, abs=1e-4)
        assert not found.one_answer


def test_the_unit_is_the_spread_of_results_of_other_sets() -> None:
    operator = make_operator("sum", channels=3)
    states = 5 * states_for(operator, 5)
    found = measure_deviations(operator, states, tuple(associahedron(5)), np.array([[0, 1]]))
    rows = np.random.default_rng(1).integers(5, size=(20_000, 5))
    results = states.double()[torch.as_tensor(rows)].sum(1)
    spread = (results - results.mean(0)).square().sum(1).mean().sqrt().item()
    assert found.spread == pytest.approx(spread, rel=0.15)  # 64 sets against 20,000


@pytest.mark.parametrize("factor", [1e-3, 1e3])
def test_deviations_have_no_unit(factor: float) -> None:
    class Average(Operator):
        def forward(self, left, right):
            return (left + right) / 2

    operator, graph = Average(channels=3), associahedron(5)
    states = states_for(operator, 5)
    one = measure_deviations(operator, states, tuple(graph), edges_of(graph))
    other = measure_deviations(operator, factor * states, tuple(graph), edges_of(graph))
    assert other.jumps == pytest.approx(one.jumps, rel=1e-3)
    assert other.spread == pytest.approx(factor * one.spread, rel=1e-3)


def test_an_operator_that_forgets_everything_has_no_unit() -> None:
    class Zero(Operator):
        def forward(self, left, right):
            return 0 * left

    found = measure_deviations(
        Zero(2), torch.randn(4, 2), tuple(associahedron(4)), np.array([[0, 1]])
    )
    assert (found.spread, found.largest, found.one_answer) == (0, 0, True)


def test_what_is_not_a_number_is_refused() -> None:
    class Root(Operator):
        name = "root"

        def forward(self, left, right):
            return (left - right).sqrt()

    with pytest.raises(ValueError, match="'root' gives NaN"):
        measure_deviations(
            Root(1),
            torch.arange(4.0)[:, None],
            tuple(associahedron(4)),
            np.array([[0, 1]]),
        )


@pytest.mark.parametrize("tree", list(associahedron(4)), ids=repr)
@pytest.mark.parametrize("name", ["symmetrized_gru", "symmetrized_mlp", "sum", "max", "gru"])
def test_swaps_of_siblings_cost_nothing_just_where_the_operator_commutes(name, tree) -> None:
    torch.manual_seed(0)
    operator, graph = make_operator(name, channels=4), permutohedron(4)
    states = states_for(operator, 4)
    trees = tuple(reordered(tree, order) for order in graph)
    found = measure_deviations(operator, states, trees, edges_of(graph))
    swapped = [place for *_, place in graph.edges(data="swapped")]
    siblings = np.isin(swapped, list(sibling_places(tree)))
    if operator.commutative:
        assert (found.jumps[siblings] == 0).all()  # to the last bit
        assert swap_difference(operator, states, trees) == 0
    else:
        assert (found.jumps[siblings] > 0.01).all()
        assert swap_difference(operator, states, trees) > 0.01
    assert found.one_answer == operator.associative
    if name.startswith("symmetrized"):
        assert (found.jumps[~siblings] > 1e-3).all()


# The figure ---------------------------------------------------------------------------------------


def some_figure(**options):
    graph = associahedron(5)
    edges, generator = edges_of(graph), np.random.default_rng(0)
    numbers = generator.random(14), generator.random(21)
    names = [tree.bracketing() for tree in graph]
    return polytope_figure(places_of(graph), edges, *numbers, names, **options), edges, numbers


def test_the_figure_shows_the_numbers_it_was_given() -> None:
    figure, edges, (deviations, jumps) = some_figure(chosen=3, turn=40, tilt=30)
    dots, vertices, mark = figure.data[EDGES], figure.data[VERTICES], figure.data[MARKS]
    assert np.array_equal(vertices.marker.color, deviations)
    assert np.array_equal(dots.marker.color, jumps)
    assert figure.layout.coloraxis.cmin == 0
    assert figure.layout.coloraxis.cmax == max(deviations.max(), jumps.max())
    assert (mark.x[0], mark.y[0]) == (vertices.x[3], vertices.y[3])
    assert dots.marker.symbol[jumps.argmax()] == "diamond"
    assert sum(symbol == "diamond" for symbol in dots.marker.symbol) == 1
    assert f"{deviations[3]:.3g}" in vertices.hovertext[3]
    assert f"{jumps[7]:.3g}" in dots.hovertext[7]
    assert np.allclose(dots.x, (vertices.x[edges[:, 0]] + vertices.x[edges[:, 1]]) / 2)
    drawn = {(line.x0, line.y0, line.x1, line.y1) for line in figure.layout.shapes}
    assert drawn == {
        (vertices.x[a], vertices.y[a], vertices.x[b], vertices.y[b]) for a, b in edges.tolist()
    }


def test_equal_values_have_one_colour_and_scales_do_as_they_say() -> None:
    graph = associahedron(4)
    arguments = places_of(graph), edges_of(graph), np.zeros(5), np.zeros(5), ["x"] * 5
    for scale in ("to the largest", "0 to 1", "logarithmic"):
        figure = polytope_figure(*arguments, scale=scale)
        lines = {line.line.color for line in figure.layout.shapes} - {"#FFFFFF"}
        assert lines == {"rgb(0, 34, 78)"}  # the dark end of cividis
        assert set(figure.data[VERTICES].marker.color) == {figure.layout.coloraxis.cmin}
        assert "diamond" not in figure.data[EDGES].marker.symbol
    figure, _, (_, jumps) = some_figure(scale="logarithmic")
    assert np.allclose(figure.data[EDGES].marker.color, np.log10(jumps))
    figure, _, _ = some_figure(scale="0 to 1")
    assert (figure.layout.coloraxis.cmin, figure.layout.coloraxis.cmax) == (0, 1)


def test_turning_keeps_what_is_near_in_front() -> None:
    points = np.array([[0.0, -1, 0], [0, 1, 0], [1, 0, 0]])
    x, y, near = project(points, 0, 0)
    assert near.tolist() == [1, -1, 0]
    assert (x[2], y[2]) == (1, 0)
    x, _, near = project(points, 90, 0)
    assert near == pytest.approx([0, 0, 1])  # a quarter turn brings the third to the front
    assert abs(x[0]) == pytest.approx(1)
    _, y, near = project(np.array([[0.0, 0, 1]]), 0, 90)
    assert (y[0], near[0]) == (pytest.approx(0), 1)  # seen from above
    figure, edges, _ = some_figure(turn=40, tilt=30)
    near = project(places_of(associahedron(5)), 40, 30)[2]
    order = [
        near[list(edge)].mean()
        for line in figure.layout.shapes
        for edge in edges.tolist()
        if line.x0 == figure.data[VERTICES].x[edge[0]]
        and line.x1 == figure.data[VERTICES].x[edge[1]]
    ]
    assert order == sorted(order)


@pytest.mark.parametrize(
    ("graph_of", "most"), [(associahedron, 9), (unordered_trees, 6), (permutohedron, 6)]
)
def test_graphs_that_would_be_too_large_are_refused(graph_of, most: int) -> None:
    with pytest.raises(ValueError, match=f"expected at most {most} elements, got n = {most + 1}"):
        graph_of(most + 1)
    with pytest.raises(ValueError, match="expected at least"):
        graph_of(1)
