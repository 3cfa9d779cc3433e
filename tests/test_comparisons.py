"""Intervals of differences, Holm's correction, and that no choice looks at a test label."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from lcm_core.experiments import claims, find_experiment
from lcm_core.experiments.framework.comparisons import FALSE_FINDINGS, chosen, difference, holm
from lcm_core.experiments.framework.results import FinishedRun, Results
from lcm_core.experiments.framework.store import Store
from lcm_core.experiments.framework.tables import alike_in_steps
from lcm_core.experiments.set_tasks_report import OURS, SIZES, cells_of
from lcm_core.training import Trainer
from lcm_core.training.recipe import Recipe

FOLDER = Path(__file__).parents[1] / "docs" / "results"


def test_intervals_of_three_seeds_hold_the_difference_95_times_of_100():
    rng = np.random.default_rng(0)
    ours, theirs = rng.normal(0.5, 0.01, (2000, 3)), rng.normal(0.4, 0.02, (2000, 3))
    found = [difference(list(a), list(b)) for a, b in zip(ours, theirs, strict=True)]
    held = np.mean([each.low <= 0.1 <= each.high for each in found])
    assert 0.93 < held < 0.98


def test_a_bootstrap_over_three_seeds_does_not():
    rng = np.random.default_rng(0)
    held = []
    for _ in range(1000):
        differences = rng.normal(size=3) - rng.normal(size=3)
        means = rng.choice(differences, (1000, 3)).mean(1)
        low, high = np.quantile(means, [0.025, 0.975])
        held.append(low <= 0 <= high)
    assert np.mean(held) < 0.8


def test_what_does_not_differ_is_found_to_differ_in_at_most_5_claims_of_100():
    rng = np.random.default_rng(0)
    false = 0
    for _ in range(400):
        seeds = rng.normal(size=(10, 2, 3))
        p = holm([difference(list(a), list(b)).p for a, b in seeds])
        false += min(p) < FALSE_FINDINGS
    assert false / 400 < 0.08


def test_items_widen_the_interval_and_lower_scores_may_be_better():
    ours, theirs = [0.9, 0.91, 0.92], [0.8, 0.81, 0.82]
    plain = difference(ours, theirs)
    assert plain.low > 0
    assert plain.mean == pytest.approx(0.1)
    wide = difference(ours, theirs, item_variance=0.1**2)
    assert wide.low < 0 < wide.high
    assert wide.p > plain.p
    turned = difference(ours, theirs, higher_is_better=False)
    assert (turned.low, turned.high) == pytest.approx((-plain.high, -plain.low))
    assert turned.p == plain.p


@pytest.mark.parametrize(
    ("ours", "theirs", "p"), [([1.0, 1.0], [1.0, 1.0], 1.0), ([1.0, 1.0], [0.5, 0.5], 0.0)]
)
def test_seeds_that_agree_leave_no_doubt_of_their_own(ours, theirs, p):
    assert difference(ours, theirs).p == p


def test_one_seed_has_no_interval():
    assert difference([0.9], [0.1, 0.2]) is None


def test_steps_are_alike_within_20_percent():
    assert alike_in_steps(100, 120)
    assert alike_in_steps(120, 100)
    assert not alike_in_steps(100, 121)


# No choice looks at the test split -------------------------------------------------------------


def poisoned(results: Results, seed: int) -> Results:
    """The same runs with random scores, as of random labels, everywhere but on validation."""
    rng = np.random.default_rng(seed)
    runs: list[FinishedRun] = []
    for run in results.runs:
        scores = {
            split: score if split.startswith("validation") else float(rng.normal())
            for split, score in run.scores.items()
        }
        runs.append(replace(run, scores=scores))
    return replace(results, runs=runs)


def stored(name: str) -> Results:
    return Store.read(FOLDER / f"{name}.json").results(find_experiment(name))


@pytest.mark.parametrize("seed", range(3))
def test_poisoned_test_labels_change_no_choice_of_the_claims(seed):
    found = {name: stored(name) for name in claims.SOURCES}
    turned = {name: poisoned(results, seed) for name, results in found.items()}
    before, after = list(claims.answers_to(found)), list(claims.answers_to(turned))
    assert len(before) == len(claims.QUESTIONS)
    for one, other in zip(before, after, strict=True):
        for kind, answer in one.answers.items():
            assert answer.row == other.answers[kind].row
            assert answer.scores != other.answers[kind].scores
        invariant = ("sum", "other invariant")
        assert one.best(invariant).row == other.best(invariant).row


def test_poisoned_test_labels_change_no_choice_of_the_other_experiments():
    results = stored("set_tasks")
    for column in results.columns:
        rows = [
            [cell.ours for cell in cells_of(each, column)]
            for each in (results, poisoned(results, 0))
        ]
        assert rows[0] == rows[1]
        assert rows[0] == [chosen(results, OURS, column)] * len(SIZES)
    runs = stored("weight_by_validation")
    runs = replace(runs, wanted=runs.finished)
    by_validation = find_experiment("weight_by_validation")
    first, second = (
        by_validation.report(each)[1].partition(" On sets of 128")[0]
        for each in (runs, poisoned(runs, 0))
    )
    assert first == second
    assert first.startswith("By its median validation score the weight would be")
    weights = find_experiment("associativity_weight")
    said = weights.report(stored("associativity_weight"))[1]
    assert "best" not in said


def test_the_library_takes_the_models_that_validation_prefers(tmp_path, monkeypatch):
    from lcm_core.experiments import checkpoints

    taken = []

    def checkpoint(row, column, seed):
        taken.append((row, column, seed))
        return tmp_path / "no such file"

    for results in (stored("checkpoints"), poisoned(stored("checkpoints"), 0)):
        one = results.runs[0]
        worse = replace(one, seed=1, scores={split: 0.0 for split in one.scores} | {"size 16": 9.0})
        checkpoints.write(replace(results, runs=[*results.runs, worse]), checkpoint)
    assert {seed for *_, seed in taken} == {0}


@pytest.mark.parametrize(
    "task", ["task=second_minimum bits=2", "task=bbbp", "task=graph_properties readout=set2set"]
)
def test_training_reads_no_test_label(task):
    """Labels that cannot be read: a run ends with the same weights and validation score."""
    recipe = Recipe.parse(f"{task} channels=4 batch_size=4 steps=2 eval_every=1 log_every=1")
    recipe = recipe.replace(eval_splits="none")
    ends = []
    for poisoned_labels in (False, True):
        trainer = Trainer(recipe)
        if poisoned_labels:
            batches = trainer.task.batches

            def guarded(split="validation", *rest, batches=batches, **named):
                assert split == "validation", f"the labels of {split} were read"
                return batches(split, *rest, **named)

            trainer.task.batches = guarded
        *_, last = trainer.records()
        ends.append((last.metric, [w.detach().clone() for w in trainer.model.parameters()]))
    (scores, weights), (others, same) = ends
    assert scores == others
    assert all(torch.equal(a, b) for a, b in zip(weights, same, strict=True))
