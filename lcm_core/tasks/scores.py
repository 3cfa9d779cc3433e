"""Scores that need scikit-learn, an optional dependency."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from lcm_core.imports import needed

__all__ = ["import_roc_auc", "mean_roc_auc", "roc_auc"]


def roc_auc(outputs: Float[Tensor, "B 1"], targets: Float[Tensor, "B 1"]) -> float:
    """ROC-AUC by scikit-learn, with a ValueError if only one class is present."""
    classes = sorted(set(targets.flatten().tolist()))
    if classes != [0, 1]:
        raise ValueError(
            "ROC-AUC compares items of class 0 with items of class 1 and needs both; the "
            f"{targets.numel()} targets given have {classes or 'none'}. Use more items, another "
            "split_seed, or another split"
        )
    return float(import_roc_auc()(targets.flatten().cpu(), outputs.detach().flatten().cpu()))


def mean_roc_auc(
    outputs: Float[Tensor, "B width"], targets: Float[Tensor, "B width"]
) -> tuple[float, list[float]]:
    """The mean ROC-AUC over targets with both classes, and that of each (NaN for the others).

    Args:
        outputs: logits, or any scores.
        targets: 0, 1, or NaN where there is none.

    Raises:
        ValueError: no target has both classes.
    """
    each = []
    for place in range(targets.shape[1]):
        known = ~targets[:, place].isnan()
        y = targets[known, place]
        both = bool((y == 0).any() and (y == 1).any())
        each.append(roc_auc(outputs[known, place, None], y[:, None]) if both else torch.nan)
    measured = [value for value in each if value == value]
    if not measured:
        known = targets[~targets.isnan()]
        return roc_auc(known[:, None], known[:, None]), each  # raises: it has one class
    return sum(measured) / len(measured), each


def import_roc_auc() -> Callable[..., float]:
    """`roc_auc_score` of scikit-learn; an ImportError says what to install if it is missing."""
    return needed("sklearn.metrics", "molecules", "ROC-AUC", "scikit-learn").roc_auc_score
