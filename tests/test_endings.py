"""What an experiment measures at the end of a run: resampled scores, laws of neighbours."""

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from lcm_core.experiments.framework.comparisons import paired_difference, paired_variance
from lcm_core.experiments.framework.endings import (
    NEIGHBORS,
    RESAMPLES,
    SIZE_SHARE,
    further_laws,
    resampled_scores,
)
from lcm_core.experiments.framework.results import FinishedRun, Results
from lcm_core.tasks import make_task
from lcm_core.training import Trainer
from lcm_core.training.recipe import Recipe


def trainer(text: str) -> Trainer:
    return Trainer(Recipe.parse(f"{text} channels=4 steps=1 batch_size=4 eval_splits=none"))


def test_resamples_are_of_the_items_and_the_same_for_every_run():
    one, other = (trainer(f"task=bace seed={seed} readout=sum") for seed in (0, 1))
    scores = [resampled_scores(each, "test") for each in (one, other)]
    assert [len(each) for each in scores] == [RESAMPLES] * 2
    assert scores[0] == resampled_scores(one, "test") != scores[1]
    for each, found in zip((one, other), scores, strict=True):
        outputs, targets = (side.flatten().numpy() for side in each.answers("test"))
        rng = np.random.default_rng(0)
        own = []
        for _ in range(400):
            picks = rng.integers(len(targets), size=len(targets))
            own.append(roc_auc_score(targets[picks], outputs[picks]))
        assert np.std(found) == pytest.approx(np.std(own), rel=0.15)
        assert np.mean(found) == pytest.approx(np.mean(own), abs=0.01)


def test_a_graph_is_drawn_with_its_nodes():
    task = make_task("graph_properties")
    for batch in task.batches("validation"):
        items = task.items(batch)
        rows = ~batch.y.isnan()
        assert len(items) == len(batch.y)
        for graph in (0, 7):
            own = rows[items == graph]
            nodes = int(batch.ptr.diff()[graph])
            assert own[:, :3].sum() == 3 * nodes
            assert own[:, 3:].sum() == 3
        break


@pytest.mark.parametrize("neighbors", ["sum", "symmetrized_gru", "gru_fold"])
def test_messages_are_what_each_layer_aggregates(neighbors):
    made = trainer(f"task=bbbp neighbors={neighbors} readout=mean")
    batch = next(iter(made.task.batches("validation")))
    aggregated = []
    for layer in made.model.layers:
        layer.aggr_module.register_forward_hook(lambda module, given, out: aggregated.append(out))
    with torch.no_grad():
        made.model(batch)
        expected = list(aggregated)
        found = made.model.messages(batch)
        for layer, (x, ptr), wanted in zip(made.model.layers, found, expected, strict=True):
            assert torch.allclose(layer.aggr_module(x, ptr=ptr), wanted, atol=1e-5)


def test_laws_of_neighbours_and_size_shares_are_measured():
    laws = further_laws(trainer("task=bbbp neighbors=symmetrized_gru readout=mean"))
    assert set(laws) == {
        SIZE_SHARE,
        *(
            NEIGHBORS + law
            for law in ("commutativity", "associativity", "identity", "exchange", "order spread")
        ),
        NEIGHBORS + SIZE_SHARE,
    }
    assert laws[NEIGHBORS + "commutativity"] < 1e-6 < laws[NEIGHBORS + "associativity"]
    exact = further_laws(trainer("task=bbbp neighbors=sum readout=mean"))
    assert exact[NEIGHBORS + "associativity"] < 1e-5
    assert set(further_laws(trainer("task=parity readout=gru_fold"))) == {SIZE_SHARE}


def made_up(rng, effect, items=150, seeds=3, resamples=200):
    """Results of two rows on the same items: items, seeds, and both together vary."""
    hard = rng.normal(0, 0.5, items)
    picks = [np.random.default_rng(k).integers(items, size=items) for k in range(resamples)]
    runs = []
    for row, mean in (("ours", effect), ("theirs", 0.0)):
        own = rng.normal(0, 0.2, items)  # what is hard for this row alone
        for seed in range(seeds):
            score = mean + rng.normal(0, 0.02) + hard + own + rng.normal(0, 0.1, items)
            again = [float(score[each].mean()) for each in picks]
            runs.append(
                FinishedRun(
                    row, "column", seed, None, "", "score", True, {"test": float(score.mean())}, {},
                    resampled={"test": again},
                )
            )  # fmt: skip
    return Results(["ours", "theirs"], ["column"], runs)


def test_intervals_in_pairs_hold_the_difference_95_times_of_100():
    """And are narrower than as if each row had items of its own."""
    rng = np.random.default_rng(0)
    held, widths = [], []
    for _ in range(400):
        results = made_up(rng, effect=0.1)
        found = paired_difference(results, "ours", "theirs", "column", "test")
        held.append(found.low <= 0.1 <= found.high)
        widths.append(found.high - found.low)
    assert 0.92 < np.mean(held) <= 0.99
    alone = [results.resampled(row, "column", "test") for row in results.rows]
    apart = sum(float(np.var(np.mean(each, axis=0), ddof=1)) for each in alone)
    assert paired_variance(*alone) < apart / 2
    assert np.mean(widths) < 2 * 1.96 * apart**0.5


def test_runs_without_resamples_are_not_compared_in_pairs():
    results = made_up(np.random.default_rng(0), 0.1, seeds=2)
    bare = FinishedRun("ours", "column", 2, None, "", "score", True, {"test": 0.1}, {})
    with_bare = Results(results.rows, results.columns, [*results.runs, bare])
    assert with_bare.resampled("ours", "column", "test") == []
    assert paired_difference(with_bare, "ours", "theirs", "column", "test") is None
