"""The exercises of `09_molecules`: wrong answers are explained, and other right ones pass."""

import math

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from lcm_core.exercises import (
    check_auc,
    check_comparison,
    check_interval,
    check_levels,
    check_notation,
    check_renumber,
    check_split,
)
from lcm_core.experiments import read_results
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


def depth(n: int) -> int:
    return math.ceil(math.log2(max(n, 1)))


def largest(graph) -> int:
    return int(graph.edge_index[1].bincount(minlength=graph.num_nodes).max())


@pytest.mark.parametrize(
    ("levels", "lesson"),
    [
        (lambda g: (largest(g) - 1, g.num_nodes - 1), "the steps of a chain"),
        (lambda g: (depth(g.num_edges), depth(g.num_nodes)), "⌈log₂ n⌉ levels"),
        (lambda g: 1, "could not be computed"),
    ],
)
def test_wrong_levels_are_explained(levels, lesson: str) -> None:
    explained(check_levels(levels), lesson)


def test_other_levels_pass() -> None:
    assert check_levels(lambda g: (depth(largest(g)), depth(g.num_nodes))).passed


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


def bootstrap(scores, labels, low=0.025, high=0.975, draw=None, times=200):
    rng = np.random.default_rng(3)
    n = len(labels)
    values = []
    for _ in range(times):
        chosen = rng.integers(n, size=n) if draw is None else draw(rng, n)
        s, y = scores[chosen], labels[chosen]
        values.append(np.mean(s[y == 1][:, None] > s[y == 0]))  # as sklearn's, and faster
    return np.quantile(values, low), np.quantile(values, high)


@pytest.mark.parametrize(
    ("interval", "lesson"),
    [
        (lambda s, y: bootstrap(s, y, draw=lambda rng, n: rng.permutation(n)), "with replacement"),
        (lambda s, y: bootstrap(s, y, 0.25, 0.75), "too narrow"),
        (lambda s, y: bootstrap(s, y, draw=lambda rng, n: rng.integers(n, size=60)), "too wide"),
        (lambda s, y: bootstrap(s, y, 0.975, 0.025), "lower end comes first"),
        (lambda s, y: 0.5, "could not be computed"),
    ],
)
def test_wrong_intervals_are_explained(interval, lesson: str) -> None:
    explained(check_interval(interval), lesson)


def test_a_bootstrap_of_another_seed_passes() -> None:
    assert check_interval(lambda s, y: bootstrap(s, y, times=400)).passed


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
