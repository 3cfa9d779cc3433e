"""The uncertainty of a ROC-AUC: two ways to it, and simulation, agree."""

import numpy as np
import pytest
import torch
from scipy.stats import norm
from sklearn.metrics import roc_auc_score

from lcm_core.tasks.molecules.auc_uncertainty import auc_interval, auc_standard_error

SHIFT = 1.2  # of the positives' scores: a ROC-AUC of Φ(1.2 / √2) = 0.80
AUC = norm.cdf(SHIFT / np.sqrt(2))


def sample(positives: int, negatives: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = np.repeat([1.0, 0.0], [positives, negatives])
    return rng.normal(size=len(labels)) + SHIFT * labels, labels


def tensors(*arrays: np.ndarray) -> list[torch.Tensor]:
    return [torch.tensor(array, dtype=torch.float32)[:, None] for array in arrays]


@pytest.mark.parametrize(("positives", "negatives"), [(21, 127), (80, 70), (70, 80)])
def test_the_standard_error_is_that_of_repeated_samples(positives, negatives):
    scores = []
    for seed in range(1000):
        values, _ = sample(positives, negatives, seed)
        scores.append(np.mean(values[:positives, None] > values[positives:]))
    # It assumes scores whose positives spread more than these: with few, it errs to be careful.
    assert 0.9 < auc_standard_error(AUC, positives, negatives) / np.std(scores) < 1.35


def test_intervals_hold_the_true_value_as_often_as_they_say():
    held = []
    for seed in range(200):
        low, high = auc_interval(*tensors(*sample(40, 100, seed)), level=0.9, resamples=200)
        held.append(low <= AUC <= high)
    assert 0.82 < np.mean(held) < 0.96


def test_an_interval_is_as_wide_as_the_standard_error_says():
    scores, labels = sample(60, 90, seed=7)
    low, high = auc_interval(*tensors(scores, labels))
    auc = roc_auc_score(labels, scores)
    assert low < auc < high
    assert high - low == pytest.approx(3.92 * auc_standard_error(auc, 60, 90), rel=0.2)
    assert (low, high) == auc_interval(*tensors(scores, labels))  # the seed is fixed
    order = np.random.default_rng(0).permutation(len(labels))
    again = auc_interval(*tensors(scores[order], labels[order]))
    assert again == pytest.approx((low, high), abs=0.02)


def test_ties_count_half_and_perfect_orders_have_no_width():
    labels = np.array([1.0, 1, 0, 0, 0])
    assert auc_interval(*tensors(np.full(5, 0.3), labels)) == (0.5, 0.5)
    assert auc_interval(*tensors(labels, labels)) == (1.0, 1.0)
    assert auc_standard_error(1.0, 5, 5) == 0


def test_impossible_arguments_are_refused():
    with pytest.raises(ValueError, match="needs both"):
        auc_interval(*tensors(np.array([0.1, 0.2]), np.array([1.0, 1.0])))
    with pytest.raises(ValueError, match="at least one molecule of each class"):
        auc_standard_error(0.8, 0, 10)
    with pytest.raises(ValueError, match=r"from 0 to 1.*1\.2"):
        auc_standard_error(1.2, 3, 10)
