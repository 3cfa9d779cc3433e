"""The model behind docs/scaling.md."""

import math

import pytest

from benchmarks.scaling.__main__ import fit
from benchmarks.scaling.model import (
    Cluster,
    Line,
    Shared,
    Wire,
    crossing,
    gather_seconds,
    own_seconds,
    tree_seconds,
)
from benchmarks.scaling.published import SOURCES, clusters_of

NEAR, FAR = Wire("near", 1e-6, 1e11), Wire("far", 1e-5, 1e10)
ONE_NODE = Cluster("one node", NEAR, FAR, 1024, 64, 1e8, 2e-5, 3e-4)
CLUSTERS = clusters_of(call=2e-4)


@pytest.mark.parametrize("ranks", [2, 8, 64])
@pytest.mark.parametrize("sets", [1, 1000])
def test_powers_of_two_follow_the_formula_of_the_page(ranks, sets):
    rounds, numbers = math.log2(ranks), 64 * sets
    one = 3e-4 + 1e-6 + 4 * numbers / 1e11 + 2e-5 + sets / 1e8
    assert tree_seconds(ONE_NODE, ranks, sets) == pytest.approx(rounds * one)
    gathered = 3e-4 + rounds * (1e-6 + 2e-5) + (ranks - 1) * (4 * numbers / 1e11 + sets / 1e8)
    assert gather_seconds(ONE_NODE, ranks, sets) == pytest.approx(gathered)


def test_rounds_within_a_node_are_on_its_wire():
    two_nodes = Cluster("two nodes", NEAR, FAR, 4, 64, 1e8, 2e-5, 0.0)
    apart = tree_seconds(two_nodes, 8, 1) - tree_seconds(two_nodes, 4, 1)
    assert apart == pytest.approx(FAR.seconds(64) + 2e-5 + 1e-8)


def test_more_ranks_have_less_work_each():
    shares = [own_seconds(ONE_NODE, 10**9 / ranks, 1) for ranks in (1, 8, 64)]
    assert shares == sorted(shares, reverse=True)
    assert own_seconds(ONE_NODE, 1, 1) == 0


def test_the_tree_gets_ahead_where_bytes_count():
    for cluster in CLUSTERS:
        for ranks in (8, 64, 512, 4096):
            assert 1 < crossing(cluster, ranks) < 2**20
            assert tree_seconds(cluster, ranks, 1) > gather_seconds(cluster, ranks, 1)
            assert tree_seconds(cluster, ranks, 2**20) < gather_seconds(cluster, ranks, 2**20)


def test_ranks_queue_up_for_cores():
    shared = Shared(clock=Line(10.0, 0.0), work=Line(4.0, 0.0), cores=2)
    assert [shared.seconds(ranks, 64, 0.0) for ranks in (2, 4, 8)] == [10, 20, 3 * 16]


def test_a_line_is_fitted():
    line = fit([(sets, 3e-5 + 1e-9 * 4 * 64 * sets) for sets in (1, 64, 1024)])
    assert (line.fixed, line.each) == (pytest.approx(3e-5), pytest.approx(1e-9))


def test_every_figure_of_a_wire_has_its_source():
    for cluster in CLUSTERS:
        for wire in (cluster.inside, cluster.across):
            assert "https://" in SOURCES[wire.name]
