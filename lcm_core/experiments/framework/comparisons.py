"""Which row stands for several, and whether it is better than another."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from lcm_core.experiments.framework.results import Results

__all__ = [
    "FALSE_FINDINGS",
    "Difference",
    "chosen",
    "difference",
    "holm",
    "paired_difference",
    "paired_variance",
    "validation_medians",
]

VALIDATION = "validation"

FALSE_FINDINGS = 0.05  # the chance of any among the questions that `holm` corrects together
ANGLES = np.linspace(0, np.pi / 2, 20_001)  # t = √df · tan(angle)
MOST_DEGREES = 1000.0  # of freedom: from there on t is as good as normal


@dataclass(frozen=True)
class Difference:
    """Our mean score less theirs, positive where ours is better.

    Attributes:
        mean: the difference of the two means, in the units of the scores.
        low, high: its 95 % confidence interval.
        p: two-sided; of this question alone, before `holm`.
    """

    mean: float
    low: float
    high: float
    p: float


def difference(
    ours: Sequence[float],
    theirs: Sequence[float],
    higher_is_better: bool = True,
    item_variance: float = 0.0,
) -> Difference | None:
    """Compare two rows by their seeds, and by how many items the test split has.

    Welch's t: the variance of the difference is s₁²/n₁ + s₂²/n₂ over the seeds, with as many
    degrees of freedom as Welch and Satterthwaite give them, plus `item_variance`. A bootstrap over
    three seeds has ten different resamples: its 95 % intervals hold 75 differences of 100.

    >>> found = difference([0.9, 0.92, 0.91], [0.8, 0.81, 0.82])
    >>> f"{found.mean:.2f} ({found.low:.2f} to {found.high:.2f}), p = {found.p:.4f}"
    '0.10 (0.08 to 0.12), p = 0.0003'

    Source: Welch 1947, "The generalization of 'Student's' problem when several different
    population variances are involved", Biometrika 34

    Args:
        ours, theirs: scores, one a seed.
        higher_is_better: of the scores.
        item_variance: of the difference, from the test items alone.

    Returns:
        The difference; None where either has fewer than two seeds.
    """
    if min(len(ours), len(theirs)) < 2:
        return None
    mean = statistics.fmean(ours) - statistics.fmean(theirs)
    mean = mean if higher_is_better else -mean
    parts = [(statistics.variance(each) / len(each), len(each) - 1) for each in (ours, theirs)]
    variance = sum(part for part, _ in parts) + item_variance
    if variance == 0:
        return Difference(mean, mean, mean, float(mean == 0))
    doubt = sum(part**2 / degrees for part, degrees in parts)
    degrees = min(MOST_DEGREES, variance**2 / doubt) if doubt else MOST_DEGREES
    error, (tail, quantile) = math.sqrt(variance), _student(degrees)
    reach = quantile * error
    return Difference(mean, mean - reach, mean + reach, tail(abs(mean) / error))


def paired_variance(
    ours: Sequence[Sequence[float]], theirs: Sequence[Sequence[float]] | None = None
) -> float:
    """Variance of the difference of two mean scores that the test items alone leave open.

    A paired bootstrap: both rows are scored on the same resamples of the same items, so that items
    that are easy, or hard, for both do not count.

    >>> paired_variance([[0.8, 0.9, 0.7]], [[0.7, 0.8, 0.6]]) < 1e-9
    True

    Args:
        ours, theirs: for each seed, the scores on the resamples; without theirs, the variance is
            that of our mean score alone.
    """
    apart = np.mean(ours, axis=0)
    if theirs is not None:
        apart = apart - np.mean(theirs, axis=0)
    return float(np.var(apart, ddof=1))


def paired_difference(
    results: Results, one: str, other: str, column: str, split: str
) -> Difference | None:
    """Compare two rows of a column over the seeds and, in pairs, over the test items.

    The variance of the seeds and that of the items are added. What differs by seed *and* item is
    in both, so that intervals are a little too wide rather than too narrow.

    Args:
        results: of one experiment.
        one, other: rows; the difference is above 0 where the first is better.
        column, split: where.

    Returns:
        The difference; None with fewer than two seeds, or runs without resampled scores.
    """
    resampled = [results.resampled(row, column, split) for row in (one, other)]
    if not all(resampled):
        return None
    ours, theirs = (results.scores(row, column, split) for row in (one, other))
    better = results.higher_is_better(column)
    return difference(ours, theirs, better, paired_variance(*resampled))


def holm(values: Sequence[float]) -> list[float]:
    """p-values corrected for their number: the chance that *any* of so many is a false finding.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]

    Source: Holm 1979, "A simple sequentially rejective multiple test procedure", Scandinavian
    Journal of Statistics 6
    """
    corrected, largest = [0.0] * len(values), 0.0
    for rank, place in enumerate(sorted(range(len(values)), key=values.__getitem__)):
        largest = max(largest, min(1.0, (len(values) - rank) * values[place]))
        corrected[place] = largest
    return corrected


def chosen(results: Results, rows: Sequence[str], column: str) -> str | None:
    """The row with the best median *validation* score; the test split plays no part.

    Args:
        results: of one experiment.
        rows: to choose among; those without a validation score are left out.
        column: of the results.
    """
    medians = validation_medians(results, rows, column)
    choose = max if results.higher_is_better(column) else min
    return choose(medians, key=medians.__getitem__, default=None)


def validation_medians(results: Results, rows: Sequence[str], column: str) -> dict[str, float]:
    """The median *validation* score of each row that has one."""
    scores = {row: results.scores(row, column, VALIDATION) for row in rows}
    return {row: statistics.median(found) for row, found in scores.items() if found}


def _student(degrees: float) -> tuple[Callable[[float], float], float]:
    """The chance of |t| beyond a value, as a function, and the 97.5 % quantile of t."""
    density = np.cos(ANGLES) ** (degrees - 1)
    below = np.concatenate([[0.0], np.cumsum((density[1:] + density[:-1]) / 2)])
    below /= below[-1]

    def tail(t: float) -> float:
        return float(1 - np.interp(math.atan(t / math.sqrt(degrees)), ANGLES, below))

    return tail, math.sqrt(degrees) * math.tan(float(np.interp(0.95, below, ANGLES)))
