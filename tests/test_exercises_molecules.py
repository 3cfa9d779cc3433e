"""The exercises of `09_molecules`: wrong answers are explained, and other right ones pass."""

import math

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score
from torch_geometric.nn import MeanAggregation, SAGEConv
from torch_geometric.nn.aggr import LCMAggregation as PyGLCM

from lcm_core import LCMAggregation
from lcm_core.exercises import (
    check_auc,
    check_both_places,
    check_comparison,
    check_notation,
    check_renumber,
    check_split,
)
from lcm_core.experiments import read_results
from lcm_core.operators import Operator
from lcm_core.seeding import Seeded
from lcm_core.tasks import make_task
from lcm_core.tasks.molecules.scaffold_split import scaffold_split


def explained(verdict, lesson: str) -> None:
    assert not verdict.passed
    assert lesson in verdict.text


@pytest.mark.parametrize(
    ("auc", "lesson"),
    [
        (lambda s, y: np.mean((s > 0.5) == y), "No threshold plays a part"),
        (lambda s, y: 1 - roc_auc_score(y, s), "the wrong way round"),
        (lambda s, y: np.mean(s[y == 1][:, None] > s[y == 0]), "a tie counts half"),
        (lambda s, y: np.mean(s[y == 1][:, None] >= s[y == 0]), "a tie counts half"),
        (lambda s, y: None, "could not be computed"),
    ],
)
def test_wrong_scores_are_explained(auc, lesson: str) -> None:
    explained(check_auc(auc), lesson)


def test_sklearns_score_passes() -> None:
    assert check_auc(lambda s, y: roc_auc_score(y, s)).passed


@pytest.mark.parametrize(
    ("split", "lesson"),
    [
        (lambda names: (range(len(names)), []), "0% of the molecules are for test"),
        (lambda names: (range(len(names)), [0]), "1 of them on both"),
        (lambda names: (range(100), range(100, len(names))), "have a scaffold that training has"),
        (lambda names: names, "could not be computed"),
    ],
)
def test_wrong_splits_are_explained(split, lesson: str) -> None:
    explained(check_split(split), lesson)


def test_the_split_of_the_library_passes() -> None:
    def split(names):
        parts = scaffold_split(names)
        return np.concatenate([parts["train"], parts["validation"]]), parts["test"]

    assert check_split(split).passed


class Average(Operator):
    name = "average"

    def forward(self, left, right):
        return (left + right) / 2


class First(Operator):
    name = "first"

    def forward(self, left, right):
        return 0.9 * left + right


class Root(Operator):
    """Its gradient is not a number where both are 0, as the projected elements often are."""

    def __init__(self, channels):
        super().__init__(channels, identity=0.0)
        self.weight = torch.nn.Parameter(torch.ones(channels))

    def forward(self, left, right):
        squares = (self.weight * left).square() + (self.weight * right).square()
        return squares.sqrt() / self.weight


class Smooth(Operator):
    def __init__(self, channels):
        super().__init__(channels, identity=-math.inf)

    def forward(self, left, right):
        return torch.logaddexp(left, right)


class Larger(Operator):
    def __init__(self, channels):
        super().__init__(channels, identity=0.0)

    def forward(self, left, right):
        return torch.maximum(left, right)


class Add(Operator):
    def __init__(self, channels):
        super().__init__(channels, identity=0.0)

    def forward(self, left, right):
        return left + right


class Network(torch.nn.Module):
    def __init__(self, layer, readout):
        super().__init__()
        with Seeded(0):
            self.encode = torch.nn.Linear(9, 8)
            self.layer, self.readout = SAGEConv(8, 8, aggr=layer()), readout()
            self.decode = torch.nn.Linear(8, 1)

    def forward(self, x, edge_index, batch):
        return self.decode(self.readout(self.layer(self.encode(x), edge_index).relu(), batch))


def mine(kind, **options):
    return lambda: LCMAggregation(8, 8, operator=kind(8), **options)


def average():
    return LCMAggregation(8, 8, operator=Average(8), empty="zero")


@pytest.mark.parametrize(
    ("layer", "readout", "lesson"),
    [
        (MeanAggregation, mine(Add), "neighbours are combined by MeanAggregation"),
        (mine(Add), MeanAggregation, "in the readout, are combined by MeanAggregation"),
        (lambda: LCMAggregation(8, 8), mine(Add), "symmetrized_gru of the library"),
        (lambda: PyGLCM(8, 8), mine(Add), "LCMAggregation of torch_geometric"),
        (average, average, "⊕ commutes, but (x ⊕ y) ⊕ z is not"),
        (mine(First, empty="zero"), mine(Add), "⊕ does not commute"),
        (mine(Average), mine(Add), "could not be computed"),
        (mine(Smooth), mine(Add), 'empty="zero"'),
        (mine(Root), mine(Root), "a gradient is not a finite number"),
    ],
)
def test_wrong_networks_are_explained(layer, readout, lesson: str) -> None:
    explained(check_both_places(Network(layer, readout)), lesson)


def test_a_network_without_a_place_is_explained() -> None:
    explained(check_both_places(torch.nn.Linear(9, 1)), "nothing combines neighbours")


@pytest.mark.parametrize("kind", [Add, Smooth, Larger])
def test_networks_with_a_monoid_of_ones_own_pass(kind) -> None:
    verdict = check_both_places(Network(mine(kind, empty="zero"), mine(kind)))
    assert verdict.passed, verdict


def test_a_network_is_not_blamed_for_the_weights_that_it_drew() -> None:
    network = Network(mine(Add, empty="zero"), mine(Add))
    with torch.no_grad():
        for weight in network.layer.parameters():
            weight.fill_(-1.0)
        network.encode.weight.abs_()
        network.encode.bias.fill_(1.0)  # so that every ReLU is 0
    assert check_both_places(network).passed
    network.decode.reset_parameters = lambda: None
    with torch.no_grad():
        network.decode.weight.zero_()  # whatever ⊕ does
    explained(check_both_places(network), "all molecules have one answer")


@pytest.mark.parametrize(
    ("renumber", "lesson"),
    [
        (lambda x, e, order: (x[order], e), "the bonds have not"),
        (lambda x, e, order: (x[order], order[e]), "the reverse"),
        (lambda x, e, order: (x, order.argsort()[e]), "must be the old row order[k]"),
        (lambda x, e, order: (x[order], order.argsort()[e][:, 1:]), "join other atoms than before"),
        (lambda x, e, order: x[order], "could not be computed"),
    ],
)
def test_wrong_orders_are_explained(renumber, lesson: str) -> None:
    explained(check_renumber(renumber), lesson)


def test_bonds_in_another_order_pass() -> None:
    assert check_renumber(lambda x, e, order: (x[order], order.argsort()[e].flip(1))).passed


@pytest.mark.parametrize(
    ("compare", "lesson"),
    [
        (lambda a, b: "better" if np.mean(a) > np.mean(b) else "worse", "0.8, is not above"),
        (lambda a, b: "worse" if min(a) > max(b) else "level", "Every seed of ours is above"),
        (lambda a, b: "better" if min(a) > max(b) else "level", "Every seed of theirs is above"),
        (lambda a, b: "better" if min(a) >= max(b) else
                      "worse" if max(a) <= min(b) else "level", "you have 'worse'"),
        (lambda a, b: a > nothing, "could not be computed"),
    ],
)  # fmt: skip
def test_wrong_comparisons_are_explained(compare, lesson: str) -> None:
    explained(check_comparison(compare), lesson)


def test_the_checks_leave_the_global_generator_alone() -> None:
    before = torch.get_rng_state()
    check_renumber(lambda x, e, order: (x[order], order.argsort()[e]))
    assert torch.equal(torch.get_rng_state(), before)


# What a score can be made of --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "lesson"),
    [
        (len, "How are rings written?"),
        (lambda smiles: "c" in smiles, "the wrong way round"),
        (lambda smiles: float("nan"), "a finite number"),
        (lambda smiles: None, "could not be computed"),
    ],
)
def test_rules_that_miss_the_notation_are_explained(rule, lesson: str) -> None:
    explained(check_notation(rule), lesson)


@pytest.mark.parametrize(
    "rule", [lambda smiles: "c" not in smiles, lambda smiles: -smiles.count("c")]
)
def test_rules_that_read_the_notation_pass(rule) -> None:
    assert check_notation(rule).passed


@pytest.mark.parametrize(
    ("task", "expected"),
    [("clintox", (0.86, 0.90, 0.925)), ("bbbp", (0.75, 0.75, 0.85)), ("bace", (0.50, 0.50, 0.49))],
)
def test_the_letters_score_what_notebook_09_says(task: str, expected) -> None:
    table = make_task(task)
    for split, wanted in zip(("train", "validation", "test"), expected, strict=True):
        graphs = [table.graph(int(i)) for i in table.members[split]]
        labels = [int(graph.y) for graph in graphs]
        score = roc_auc_score(labels, ["c" not in graph.smiles for graph in graphs])
        assert score == pytest.approx(wanted, abs=0.006)
        if task == "clintox" and split == "test":
            runs = read_results("molecules").runs
            assert score > max(r.scores["test"] for r in runs if r.column.startswith("ClinTox"))


def test_every_toxic_molecule_of_clintox_is_written_without_aromatic_letters() -> None:
    table = make_task("clintox")
    graphs = [table.graph(i) for i in range(len(table))]
    without = [int(graph.y) for graph in graphs if "c" not in graph.smiles]
    assert sum(without) == sum(int(graph.y) for graph in graphs) == 112
    assert len(without) - sum(without) == 358
    assert len(graphs) - 112 == 1366
