"""How uncertain a ROC-AUC is because the molecules it was measured on are few."""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float
from torch import Tensor

from lcm_core.tasks.molecules.task import roc_auc

__all__ = ["auc_interval", "auc_standard_error"]


def auc_interval(
    outputs: Float[Tensor, "B 1"],
    targets: Float[Tensor, "B 1"],
    level: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> tuple[float, float]:
    """A bootstrap interval of a ROC-AUC: what other molecules of the same kind might have given.

    Molecules of class 1 and of class 0 are drawn again with replacement, each class on its own,
    so that both are always there; the interval goes from one percentile of the resulting values
    to the other. It knows nothing of another training run: see the spread over seeds for that.

    Source: Efron & Tibshirani, "An Introduction to the Bootstrap" (1993), chapter 13

    Args:
        outputs, targets: of a split, (B, 1) each; targets are 0 or 1.
        level: the share of the values within the interval.
        resamples: how often all molecules are drawn again.
        seed: of the draws.

    Returns:
        (low, high), from 0 to 1.

    Raises:
        ValueError: only one class is present.
    """
    roc_auc(outputs, targets)  # refuses a single class
    scores, positive = outputs.detach().cpu().flatten().numpy(), targets.cpu().flatten() > 0.5
    ones, zeros = scores[positive.numpy()], scores[~positive.numpy()]
    wins = np.heaviside(ones[:, None] - zeros[None], 0.5)  # who is ahead in each pair; a tie: half
    generator = np.random.default_rng(seed)
    drawn_ones, drawn_zeros = (
        generator.multinomial(len(group), [1 / len(group)] * len(group), size=resamples)
        for group in (ones, zeros)
    )
    values = ((drawn_ones @ wins) * drawn_zeros).sum(1) / wins.size
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def auc_standard_error(auc: float, positives: int, negatives: int) -> float:
    """The standard error of a ROC-AUC from the number of molecules of each class alone.

    √{[A(1 − A) + (P − 1)(A/(2 − A) − A²) + (N − 1)(2A²/(1 + A) − A²)] / (P N)}

    Source: Hanley & McNeil, "The meaning and use of the area under a receiver operating
    characteristic (ROC) curve", Radiology 143 (1982), https://doi.org/10.1148/radiology.143.1.7063747

    Args:
        auc: the value, 0 to 1.
        positives, negatives: P and N, at least 1 each.

    Raises:
        ValueError: an argument out of its range.
    """
    if not 0 <= auc <= 1 or min(positives, negatives) < 1:
        raise ValueError(
            "expected a ROC-AUC from 0 to 1 and at least one molecule of each class, got "
            f"{auc} with {positives} positives and {negatives} negatives"
        )
    square = auc**2
    of_positives = (positives - 1) * (auc / (2 - auc) - square)
    of_negatives = (negatives - 1) * (2 * square / (1 + auc) - square)
    variance = (auc * (1 - auc) + of_positives + of_negatives) / (positives * negatives)
    return math.sqrt(max(variance, 0.0))
