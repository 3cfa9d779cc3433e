"""Graphs in compressed rows: all neighbours in parts, and samples, against loops and PyG."""

from collections import Counter
from importlib.util import find_spec

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch_geometric.nn import SAGEConv

from benchmarks.large_graph import Sizes, main, report
from lcm_core import CSRGraph, LCMAggregation
from lcm_core.pyg import Data, SumAggregation

ALL = -1


@st.composite
def graphs(draw):
    """Any edges, repeated ones and loops among them."""
    nodes = draw(st.integers(1, 8))
    ends = st.tuples(st.integers(0, nodes - 1), st.integers(0, nodes - 1))
    edges = draw(st.lists(ends, max_size=30))
    return torch.tensor(edges, dtype=torch.long).view(-1, 2).T, nodes


def neighbors_of(edge_index, node):
    """The oracle: (neighbour, number of the edge), in the order of the edges."""
    pairs = enumerate(edge_index.T.tolist())
    return [(neighbor, edge) for edge, (neighbor, to) in pairs if to == node]


def aggregation(d=4, **options):
    torch.manual_seed(0)
    return LCMAggregation(d, d, **options)


@given(graph=graphs())
def test_rows_are_the_neighbours_of_each_node(graph):
    edge_index, nodes = graph
    made = CSRGraph(edge_index, nodes)
    assert (made.num_nodes, made.num_edges) == (nodes, edge_index.shape[1])
    for node in range(nodes):
        own = slice(made.ptr[node], made.ptr[node + 1])
        rows = list(zip(made.neighbor[own].tolist(), made.edges[own].tolist(), strict=True))
        assert rows == neighbors_of(edge_index, node)


@given(graph=graphs(), part=st.integers(1, 9), backward=st.booleans())
def test_parts_give_what_one_call_gives(graph, part, backward):
    edge_index, nodes = graph
    how = aggregation()
    results, gradients = [], []
    for run in (
        lambda x: how(x[edge_index[0]], index=edge_index[1], dim_size=nodes),
        lambda x: CSRGraph(edge_index, nodes).aggregate(how, x, part),
    ):
        x = torch.randn(nodes, 4, generator=torch.Generator().manual_seed(1)).requires_grad_()
        with torch.set_grad_enabled(backward):
            results.append(run(x))
        if backward:
            how.zero_grad()
            results[-1].square().sum().backward()
            gradients.append([x.grad, *(p.grad for p in how.operator.parameters())])
    torch.testing.assert_close(*results, rtol=1e-5, atol=1e-6)
    for one, other in zip(*gradients, strict=True) if backward else ():
        one, other = (torch.zeros(()) if g is None else g for g in (one, other))
        torch.testing.assert_close(one.expand_as(other), other, rtol=1e-4, atol=1e-5)


@given(graph=graphs(), counts=st.lists(st.integers(-1, 3), max_size=3), data=st.data())
def test_a_sample_has_that_many_of_each_nodes_own_edges(graph, counts, data):
    edge_index, nodes = graph
    seeds = data.draw(st.lists(st.integers(0, nodes - 1), unique=True))
    seed = data.draw(st.integers(0, 2**40))
    sample = CSRGraph(edge_index, nodes).sample(torch.tensor(seeds, dtype=torch.long), counts, seed)
    assert sample.num_seeds == len(seeds)
    known = sample.nodes.tolist()
    assert known[: len(seeds)] == seeds
    assert len(set(known)) == len(known)
    torch.testing.assert_close(sample.nodes[sample.edge_index], edge_index[:, sample.edges])
    assert bool((sample.edge_index[1].diff() >= 0).all())
    front, begin = seeds, 0
    for count in counts:  # each node is expanded once, in the hop that found it
        begin += len(front)
        found = []
        for node in front:
            own = [edge for _, edge in neighbors_of(edge_index, node)]
            taken = sample.edges[sample.edge_index[1] == known.index(node)].tolist()
            assert taken == [edge for edge in own if edge in taken]
            assert len(taken) == (len(own) if count == ALL else min(count, len(own)))
            found += edge_index[0, taken].tolist()
        front = [node for node in dict.fromkeys(found) if known.index(node) >= begin]
        assert front == known[begin : begin + len(front)]
    assert begin + len(front) == len(known)


def star(leaves):
    return CSRGraph(torch.stack([torch.arange(1, leaves + 1), torch.zeros(leaves).long()]))


def test_every_choice_is_equally_likely():
    """Chi-square over the 20 sets of 3 of 6; 3,000 draws; 43.8 is passed once in a thousand."""
    graph, draws = star(6), 3000
    found = Counter(
        tuple(graph.sample(torch.tensor([0]), [3], seed).nodes[1:].tolist())
        for seed in range(draws)
    )
    assert len(found) == 20
    expected = draws / 20
    assert sum((n - expected) ** 2 / expected for n in found.values()) < 43.8


def test_nodes_of_one_draw_choose_on_their_own():
    """Of two stars, 3 of 6 each: a pair of choices is as likely as the product."""
    one = star(6)
    ends = torch.stack([one.neighbor, torch.zeros(6).long()])
    both = CSRGraph(torch.cat([ends, ends + 7], 1), 14)
    equal = 0
    for seed in range(2000):
        sample = both.sample(torch.tensor([0, 7]), [3], seed)
        first, second = sample.nodes[2:].view(2, 3)
        equal += bool((first == second - 7).all())
    assert 2000 / 20 - 40 < equal < 2000 / 20 + 40


def test_what_is_drawn_for_a_node_depends_on_nothing_else():
    graph = CSRGraph(Sizes(200, 4000, 4).edge_index(), 200)

    def drawn(seeds, node, seed=0):
        sample = graph.sample(torch.tensor(seeds), [5], seed)
        return sample.edges[sample.nodes[sample.edge_index[1]] == node].tolist()

    assert drawn([3], 3) == drawn([9, 3, 150], 3)
    assert len(drawn([3], 3)) == 5
    assert drawn([3], 3) != drawn([3], 3, seed=1)


def test_a_layer_on_a_sample_of_all_is_the_layer_on_the_graph():
    sizes = Sizes(300, 3000, 4)
    edge_index, x = sizes.edge_index(), sizes.states()
    layers = [SAGEConv(4, 4, aggr=aggregation()) for _ in range(2)]
    whole = x
    for layer in layers:
        whole = layer(whole, edge_index)
    seeds = torch.tensor([7, 250, 0])
    sample = CSRGraph(edge_index, 300).sample(seeds, [ALL, ALL])
    states = x[sample.nodes]
    for layer in layers:
        states = layer(states, sample.edge_index)
    torch.testing.assert_close(states[:3], whole[seeds], rtol=1e-4, atol=1e-5)


@pytest.mark.skipif(not find_spec("pyg_lib"), reason="PyG samples with pyg-lib, which is not here")
def test_pygs_loader_gives_the_same_neighbours_and_our_aggregation_runs_on_them():
    from torch_geometric.loader import NeighborLoader

    sizes = Sizes(300, 3000, 4)
    edge_index, x = sizes.edge_index(), sizes.states()
    layer, graph = SAGEConv(4, 4, aggr=aggregation()), CSRGraph(edge_index, 300)
    loader = NeighborLoader(Data(x=x, edge_index=edge_index), [ALL], batch_size=50)
    for batch in loader:
        seeds = batch.n_id[: batch.batch_size]
        sample = graph.sample(seeds, [ALL])
        assert set(sample.nodes.tolist()) == set(batch.n_id.tolist())
        assert sorted(sample.edges.tolist()) == sorted(batch.e_id.tolist())
        ours = layer(x[sample.nodes], sample.edge_index)[: len(seeds)]
        theirs = layer(batch.x, batch.edge_index)[: len(seeds)]
        torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-3)  # another order


def test_graphs_without_nodes_or_edges():
    none = CSRGraph(torch.empty(2, 0, dtype=torch.long))
    assert (none.num_nodes, none.num_edges) == (0, 0)
    assert none.aggregate(SumAggregation(), torch.ones(0, 3)).shape == (0, 3)
    alone = CSRGraph(torch.empty(2, 0, dtype=torch.long), 3)
    assert alone.aggregate(aggregation(), torch.ones(3, 4)).tolist() == [[0.0] * 4] * 3
    sample = alone.sample(torch.tensor([2]), [4, 4])
    assert (sample.nodes.tolist(), sample.edge_index.shape) == ([2], (2, 0))


@pytest.mark.usefixtures("unchecked")
def test_what_is_wrong_is_said():
    with pytest.raises(TypeError, match=r"integer dtype, got torch\.float32"):
        CSRGraph(torch.ones(2, 3))
    with pytest.raises(ValueError, match=r"shape \(2, E\), got \(3, 2\)"):
        CSRGraph(torch.ones(3, 2).long())
    with pytest.raises(ValueError, match="from 0 to num_nodes − 1 = 1, got 5"):
        CSRGraph(torch.tensor([[0], [5]]), 2)
    graph = star(3)
    with pytest.raises(ValueError, match="4 rows and edges_at_once ≥ 1, got 2 rows"):
        graph.aggregate(SumAggregation(), torch.ones(2, 1))
    with pytest.raises(ValueError, match="got a node twice"):
        graph.sample(torch.tensor([1, 1]), [2])
    with pytest.raises(ValueError, match="nodes from 0 to 3, got 4"):
        graph.sample(torch.tensor([4]), [2])
    with pytest.raises(ValueError, match="counts ≥ −1"):
        graph.sample(torch.tensor([0]), [-2])


@pytest.mark.slow
def test_the_report_at_a_small_size(capsys):
    sizes = ["--nodes", "500", "--edges", "5000", "--channels", "4"]
    main([*sizes, "--case", "4"])
    assert '"bytes"' in capsys.readouterr().out
    lines = "\n".join(line for _, line in zip(range(20), report(Sizes(500, 5000, 4)), strict=False))
    assert "500 nodes and 5,000 edges" in lines
    assert np.bincount(Sizes(500, 5000, 4).edge_index()[1]).argmax() == 0
