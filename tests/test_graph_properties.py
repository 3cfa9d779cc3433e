"""The PNA benchmark against networkx and numpy: families, labels, targets, and its network."""

import networkx as nx
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch_geometric.data import Batch

from lcm_core.models.networks import make_model
from lcm_core.tasks import GraphProperties, OriginalGraphProperties, make_task
from lcm_core.tasks.graphs.dataset import SPLITS, property_graphs
from lcm_core.tasks.graphs.families import CHANGED, FAMILIES, draw_family, draw_graphs, with_changes
from lcm_core.tasks.graphs.labels import (
    distances,
    eccentricity,
    is_bipartite,
    is_connected,
    laplacian_features,
    spectral_radius,
)
from lcm_core.tasks.graphs.properties import PROPERTIES
from lcm_core.training.recipe import Recipe
from lcm_core.training.trainer import Trainer

SIZES = (15, 16, 19, 24)


def drawn(name: str, n: int, count: int = 5) -> list[nx.Graph]:
    """Graphs of a family as it is drawn, before shuffling and changes."""
    family = next(family for family in FAMILIES if family.name == name)
    graphs = family.draw(count, n, np.random.default_rng(n))
    assert graphs.shape == (count, n, n)
    assert graphs.dtype == bool
    assert (graphs == graphs.swapaxes(1, 2)).all()
    assert not graphs.diagonal(axis1=1, axis2=2).any()
    return [nx.from_numpy_array(graph) for graph in graphs]


def without_leaves(graph: nx.Graph) -> nx.Graph:
    return graph.subgraph([node for node, degree in graph.degree() if degree > 1])


def is_line(graph: nx.Graph) -> bool:
    return len(graph) == 0 or (nx.is_connected(graph) and max(d for _, d in graph.degree()) <= 2)


# --- the families


@pytest.mark.parametrize("n", SIZES)
def test_families_without_chance_are_those_of_networkx(n: int) -> None:
    rows = max(side for side in range(1, n) if n % side == 0 and side * side <= n)
    ladder = nx.ladder_graph(n // 2)
    if n % 2:
        ladder.add_edge(0, n - 1)
    wanted = {
        "grid": nx.grid_2d_graph(rows, n // rows),
        "caveman": nx.caveman_graph(rows, n // rows),
        "ladder": ladder,
        "line": nx.path_graph(n),
        "star": nx.star_graph(n - 1),
    }
    for name, graph in wanted.items():
        for found in drawn(name, n, 2):
            assert nx.is_isomorphic(found, graph), name


@pytest.mark.parametrize("n", SIZES)
def test_trees_are_trees_of_their_kind(n: int) -> None:
    for name in ("caterpillar", "lobster", "power-law tree", "line", "star"):
        assert all(map(nx.is_tree, drawn(name, n, 20))), name
    assert all(is_line(without_leaves(graph)) for graph in drawn("caterpillar", n, 20))
    lobsters = [without_leaves(without_leaves(graph)) for graph in drawn("lobster", n, 20)]
    assert all(map(is_line, lobsters))
    trees = drawn("power-law tree", n, 20)
    assert all(is_line(without_leaves(graph)) for graph in trees)  # inner nodes are a path
    assert any(max(d for _, d in graph.degree()) > 3 for graph in trees)


def test_erdos_renyi_graphs_have_any_density() -> None:
    density = np.array([nx.density(graph) for graph in drawn("Erdős–Rényi", 20, 500)])
    assert abs(density.mean() - 0.5) < 0.05
    assert abs(density.std() - 12**-0.5) < 0.05  # of the uniform distribution


def test_barabasi_albert_graphs_are_like_those_of_networkx() -> None:
    n, graphs = 16, drawn("Barabási–Albert", 16, 600)
    of_edges = {m * (n - m): m for m in range(n - 1, 0, -1)}  # the smaller m of two with as many
    assert all(nx.is_connected(graph) and graph.number_of_edges() in of_edges for graph in graphs)
    trees = [graph for graph in graphs if graph.number_of_edges() == n - 1]
    assert 0.07 < len(trees) / len(graphs) < 0.2  # m = 1 and m = 15: 2 of 15
    largest = np.mean([max(d for _, d in g.degree()) for g in graphs if g.number_of_edges() == 28])
    peers = [nx.barabasi_albert_graph(n, m, seed) for seed in range(100) for m in (2, 14)]
    assert abs(largest - np.mean([max(d for _, d in g.degree()) for g in peers])) < 0.8


def test_families_come_by_their_shares_and_no_node_is_left_alone() -> None:
    assert sum(family.share for family in FAMILIES) == pytest.approx(1)
    graphs, families = draw_graphs(4000, 15, np.random.default_rng(0))
    assert graphs.any(axis=1).all()
    assert (graphs == graphs.swapaxes(1, 2)).all()
    assert not graphs.diagonal(axis1=1, axis2=2).any()
    shares = np.bincount(families, minlength=len(FAMILIES)) / len(families)
    assert abs(shares - [family.share for family in FAMILIES]).max() < 0.025
    again, _ = draw_graphs(4000, 15, np.random.default_rng(0))
    assert (graphs == again).all()
    with pytest.raises(ValueError, match="at least 4 nodes"):
        draw_graphs(1, 3, np.random.default_rng(0))


def test_two_in_a_hundred_edges_change() -> None:
    rng = np.random.default_rng(0)
    for density in (0.2, 0.5, 0.8):
        upper = np.triu(rng.random((1, 100, 100)) < density, 1)
        graph = upper | upper.swapaxes(1, 2)
        graphs = np.repeat(graph, 40, axis=0)
        changed = with_changes(graphs, rng)
        edges, others = graph.sum(), 100 * 99 - graph.sum()
        taken, added = (graphs & ~changed).sum() / 40, (changed & ~graphs).sum() / 40
        assert taken / edges == pytest.approx(CHANGED * min(1, others / edges) ** 2, rel=0.15)
        assert added / others == pytest.approx(CHANGED * min(1, edges / others) ** 2, rel=0.15)


def test_nodes_are_shuffled() -> None:
    star = next(family for family in FAMILIES if family.name == "star")
    hubs = draw_family(star, 200, 15, np.random.default_rng(0)).sum(axis=2).argmax(axis=1)
    assert len(set(hubs.tolist())) == 15


# --- the labels


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 9), st.floats(0, 1), st.integers(0, 2**32 - 1))
def test_labels_are_those_of_networkx_and_numpy(n: int, density: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    upper = np.triu(rng.random((3, n, n)) < density, 1)
    graphs, x = upper | upper.swapaxes(1, 2), rng.random((3, n))
    away = distances(graphs)
    found = (is_connected(away), is_bipartite(graphs, away), spectral_radius(graphs))
    for place, matrix in enumerate(graphs):
        graph = nx.from_numpy_array(matrix)
        lengths = dict(nx.all_pairs_shortest_path_length(graph))
        wanted = [[lengths[a].get(b, -1) for b in range(n)] for a in range(n)]
        assert away[place].tolist() == wanted
        assert eccentricity(away)[place].tolist() == [max(row) for row in wanted]
        if nx.is_connected(graph):
            assert eccentricity(away)[place].max() == nx.diameter(graph)
        assert found[0][place] == nx.is_connected(graph)
        assert found[1][place] == nx.is_bipartite(graph)
        eigenvalues = np.linalg.eigvals(matrix.astype(float))
        assert found[2][place] == pytest.approx(abs(eigenvalues).max(), abs=1e-6)
        laplacian = nx.laplacian_matrix(graph).toarray() if n else np.zeros((0, 0))
        np.testing.assert_allclose(
            laplacian_features(graphs, x)[place], laplacian @ x[place], atol=1e-9
        )


# --- the task


@pytest.fixture(scope="module")
def task() -> GraphProperties:
    found = make_task("graph_properties")
    assert isinstance(found, GraphProperties)
    return found


def test_splits_have_the_sizes_of_the_benchmark(task: GraphProperties) -> None:
    numbers = {split: len(property_graphs(split)) for split in ("train", "validation", "test")}
    assert numbers == {"train": 5120, "validation": 640, "test": 1280}
    assert set(task.splits) == set(SPLITS)
    for split in ("train", "validation", "test", "size 25-29", "size 95-99"):
        sizes, count = SPLITS[split]
        nodes = property_graphs(split).node_ptr.diff()
        assert nodes.unique(return_counts=True)[0].tolist() == list(sizes)
        assert set(nodes.unique(return_counts=True)[1].tolist()) == {count}
        assert sum(batch.num_graphs for batch in task.batches(split)) == len(sizes) * count


def test_a_batch_is_a_function_of_seed_and_step(task: GraphProperties) -> None:
    one, same = task.train_batch(7, 32, seed=3), task.train_batch(7, 32, seed=3)
    other = task.train_batch(7, 32, seed=4)
    assert torch.equal(one.x, same.x)
    assert torch.equal(one.edge_index, same.edge_index)
    assert one.y.nan_to_num(-9).equal(same.y.nan_to_num(-9))
    assert one.x.shape != other.x.shape or not torch.equal(one.x, other.x)
    epoch = [task.train_batch(step, 512, seed=0).ptr.diff() for step in range(10)]
    assert torch.cat(epoch).bincount()[15:].tolist() == [512] * 10  # each graph once


def test_targets_are_the_scaled_properties_of_the_graphs(task: GraphProperties) -> None:
    (batch, *_) = task.batches("size 20-24")
    scales, nodes = task.scales, len(batch.x)
    for number in range(0, batch.num_graphs, 17):
        data = task.graph("size 20-24", number)
        graph = nx.Graph(data.edge_index.T.tolist())
        rows = slice(int(batch.ptr[number]), int(batch.ptr[number + 1]))
        source = int(data.x[:, 0].argmax())
        lengths = nx.single_source_shortest_path_length(graph, source)
        wanted = torch.tensor([lengths.get(node, 0) for node in range(len(data.x))])
        torch.testing.assert_close(batch.y[rows, 0] * scales[0], wanted.float())
        torch.testing.assert_close(batch.y[rows, :3] * scales[:3], data.of_nodes)
        torch.testing.assert_close(batch.y[nodes + number, 3:] * scales[3:], data.of_graph)
        assert data.of_graph[0] == nx.is_connected(graph)
        assert data.x[:, 0].sum() == 1
        assert data.family in [family.name for family in FAMILIES]
    assert batch.y[:nodes, 3:].isnan().all()
    assert batch.y[nodes:, :3].isnan().all()
    with pytest.raises(IndexError, match="from 0 to 159"):
        task.graph("size 20-24", 160)


def test_training_targets_are_divided_by_their_largest(task: GraphProperties) -> None:
    targets = torch.cat([batch.y for batch in task.batches("train")])
    largest = targets.nan_to_num(-np.inf).amax(0)
    torch.testing.assert_close(largest, torch.ones(6))


def test_the_original_label_is_0_for_connected_bipartite_graphs(task: GraphProperties) -> None:
    original = OriginalGraphProperties()
    for number in range(60):
        graph = nx.Graph(task.graph("validation", number).edge_index.T.tolist())
        matrix, power = nx.to_numpy_array(graph), 1
        while power < 2 * len(matrix):  # the original's way: no zero in an even power
            matrix, power = np.minimum(matrix @ matrix, 1), 2 * power
        assert original.graph("validation", number).of_graph[0] == matrix.min()
    ours, theirs = (t.connectivity(property_graphs("train")).mean() for t in (task, original))
    assert 0.87 < ours < 0.92
    assert 0.40 < theirs < 0.46


def test_metric_is_the_mean_of_six_logarithms(task: GraphProperties) -> None:
    targets = torch.cat([batch.y for batch in task.batches("test")])
    outputs = torch.rand(targets.shape)
    wanted = {}
    for column, name in enumerate(PROPERTIES):
        rows = ~targets[:, column].isnan().numpy()
        error = (outputs - targets)[rows, column].numpy().astype(float)
        wanted[name] = np.log10(np.mean(error**2))
    assert task.parts(outputs, targets) == pytest.approx(wanted, abs=1e-5)
    assert task.metric(outputs, targets) == pytest.approx(np.mean(list(wanted.values())), abs=1e-5)
    assert not task.higher_is_better


def test_baseline_is_the_best_constant_on_the_training_data(task: GraphProperties) -> None:
    targets = torch.cat([batch.y for batch in task.batches("train")]).numpy()
    variance = np.nanvar(targets.astype(float), axis=0)
    assert task.baseline("train") == pytest.approx(np.log10(variance).mean(), abs=1e-4)
    parts = task.baseline_parts("train")
    assert list(parts.values()) == pytest.approx(np.log10(variance).tolist(), abs=1e-4)


# --- the network


def one_of(batch: Batch, number: int, task: GraphProperties) -> Batch:
    """Graph `number` of a validation batch, alone."""
    return task._batch("validation", torch.tensor([number]))


@pytest.mark.parametrize("neighbors", ["sum", "symmetrized_gru", "gru_fold"])
def test_answers_depend_on_the_graph_alone(task: GraphProperties, neighbors: str) -> None:
    torch.manual_seed(0)
    model = make_model(task, "sum", 8, neighbors=neighbors)
    numbers = torch.tensor([639, 0, 300, 5])  # of 19, 15, 17 and 15 nodes: 9, 7, 8, 7 rounds
    batch = task._batch("validation", numbers)
    together, nodes = model(batch), len(batch.x)
    assert together.shape == (nodes + 4, 6)
    for place, number in enumerate(numbers.tolist()):
        alone = model(one_of(batch, number, task))
        rows = slice(int(batch.ptr[place]), int(batch.ptr[place + 1]))
        torch.testing.assert_close(together[rows], alone[:-1], atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(together[nodes + place], alone[-1], atol=1e-5, rtol=1e-4)


def test_the_network_knows_no_order_of_nodes_if_its_aggregations_do_not(
    task: GraphProperties,
) -> None:
    torch.manual_seed(0)
    model = make_model(task, "max", 8, neighbors="sum")
    batch = task._batch("validation", torch.tensor([400]))
    order = torch.randperm(len(batch.x))
    place = order.argsort()
    edges = place[batch.edge_index]
    edges = edges[:, edges[1].argsort(stable=True)]
    moved = Batch(
        x=batch.x[order], edge_index=edges, batch=batch.batch, ptr=batch.ptr, largest=batch.largest
    )
    torch.testing.assert_close(model(moved)[:-1], model(batch)[:-1][order], atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(model(moved)[-1], model(batch)[-1], atol=1e-5, rtol=1e-4)


def test_the_first_round_has_weights_of_its_own_and_all_are_trained(task: GraphProperties) -> None:
    model = make_model(task, "symmetrized_gru", 8, neighbors="symmetrized_gru")
    batch = task.train_batch(0, 8, seed=0)
    task.loss(model(batch), batch).backward()
    without = [name for name, p in model.named_parameters() if p.grad is None]
    assert [name for name in without if not name.endswith("identity")] == []
    assert {"first_round", "other_rounds", "memory"} <= set(dict(model.named_children()))


def test_training_learns_and_scores_its_parts() -> None:
    recipe = "task=graph_properties channels=8 readout=sum steps=30 batch_size=16 log_every=10"
    trainer = Trainer(Recipe.parse(f"{recipe} eval_every=100 eval_splits=none weight_decay=0"))
    first, *_, last = trainer.records()
    assert last.task_loss < first.task_loss
    scores, constants = trainer.scores("validation"), trainer.constant_scores("validation")
    parts = [scores[f"validation: {name}"] for name in PROPERTIES]
    assert scores["validation"] == pytest.approx(np.mean(parts), abs=1e-6)
    assert scores["validation"] == pytest.approx(last.metric)
    assert constants.keys() == scores.keys()
