"""Targets of any kind: how they are learned, scored, and answered by the best constant."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import (
    binary_cross_entropy_with_logits,
    cross_entropy,
    mse_loss,
    one_hot,
)

from lcm_core.tasks.scores import mean_roc_auc

__all__ = ["Classes", "Numbers", "Targets", "YesNo", "read_targets"]


class Targets(ABC):
    """Targets as a network learns them, with their loss, metric and best constant answer.

    Losses and scores are means over the values that there are.

    Attributes:
        y: (items, width), what a batch carries; NaN where there is no value.
        complete: whether there is a value everywhere.
        names: of the columns, where they have some.
        metric_name, higher_is_better: as of a `Task`.
    """

    y: Float[Tensor, "items width"]
    complete: bool
    names: tuple[str, ...] = ()
    metric_name: str
    higher_is_better: bool

    @abstractmethod
    def loss(self, outputs: Float[Tensor, "B width"], y: Float[Tensor, "B width"]) -> Tensor:
        """The training loss, a scalar."""

    @abstractmethod
    def metric(self, outputs: Float[Tensor, "B width"], y: Float[Tensor, "B width"]) -> float:
        """The score of the outputs."""

    @abstractmethod
    def constant(self, y: Float[Tensor, "B width"]) -> float:
        """The score of the constant answer that is best for these targets."""

    def parts(
        self, outputs: Float[Tensor, "B width"], y: Float[Tensor, "B width"]
    ) -> dict[str, float]:
        """The score of each column, by its name; nothing where there is one."""
        return {}

    def prepare(self, y: Float[Tensor, "B width"]) -> None:  # noqa: B027 - most need nothing
        """Import what the metric needs, and try whether it can score these targets.

        Raises:
            ValueError: it cannot.
        """

    @abstractmethod
    def describe(self) -> str:
        """The question, in a sentence."""


def _mean(each: Tensor, known: Tensor) -> Tensor:
    """The mean of the known entries; 0 where there are none."""
    return torch.where(known, each, 0.0).sum() / known.sum().clamp(min=1)


class YesNo(Targets):
    """Questions of yes or no; the loss is the binary cross-entropy, the metric ROC-AUC.

    Of several targets the metric is the mean over those that have both answers.

    Args:
        y: (items, width) of 0, 1, and NaN where there is no answer.
        names: of the targets.
    """

    metric_name = "ROC-AUC"
    higher_is_better = True

    def __init__(self, y: Float[Tensor, "items width"], names: Sequence[str] = ()):
        self.y, self.names = y, tuple(names)
        self.complete = not y.isnan().any()

    def loss(self, outputs: Tensor, y: Tensor) -> Tensor:
        if self.complete:
            return binary_cross_entropy_with_logits(outputs, y)
        known = ~y.isnan()
        filled = torch.where(known, y, 0.0)
        return _mean(binary_cross_entropy_with_logits(outputs, filled, reduction="none"), known)

    def metric(self, outputs: Tensor, y: Tensor) -> float:
        return mean_roc_auc(outputs, y)[0]

    def parts(self, outputs: Tensor, y: Tensor) -> dict[str, float]:
        if len(self.names) < 2:
            return {}
        each = mean_roc_auc(outputs, y)[1]
        return {name: auc for name, auc in zip(self.names, each, strict=True) if auc == auc}

    def constant(self, y: Tensor) -> float:
        return 0.5  # a constant output ties every pair

    def prepare(self, y: Tensor) -> None:
        mean_roc_auc(y.nan_to_num(0.0), y)

    def describe(self) -> str:
        width = self.y.shape[1]
        return "Asked for yes or no." if width == 1 else f"Asked for yes or no, {width} times."


class Classes(Targets):
    """One of several classes; the loss is the cross-entropy of logits, the metric the accuracy.

    Args:
        labels: one for each item: whole numbers, booleans, or texts.
        known: (items,), False for items without a label; by default all have one.
    """

    metric_name = "accuracy"
    higher_is_better = True

    def __init__(self, labels: Sequence[Any] | np.ndarray, known: np.ndarray | None = None):
        labels = np.asarray(labels)
        known = np.ones(len(labels), bool) if known is None else known
        self.classes, places = np.unique(labels[known], return_inverse=True)
        if len(self.classes) < 2:
            only = self.classes[0] if len(self.classes) else "none"
            raise ValueError(f"expected targets of at least 2 classes, got only {only}")
        self.complete = bool(known.all())
        self.y = torch.full((len(labels), len(self.classes)), torch.nan)
        hot = one_hot(torch.from_numpy(places.reshape(-1)), len(self.classes))
        self.y[torch.from_numpy(known)] = hot.float()

    def loss(self, outputs: Tensor, y: Tensor) -> Tensor:
        if self.complete:
            return cross_entropy(outputs, y)
        known = ~y[:, 0].isnan()
        filled = torch.where(known[:, None], y, 0.0)
        return _mean(cross_entropy(outputs, filled, reduction="none"), known)

    def metric(self, outputs: Tensor, y: Tensor) -> float:
        known = ~y[:, 0].isnan()
        return float((outputs.argmax(1) == y.argmax(1))[known].double().mean())

    def constant(self, y: Tensor) -> float:
        return float(y.double().nanmean(0).max())

    def describe(self) -> str:
        shown = ", ".join(str(name) for name in self.classes[:8])
        more = ", …" if len(self.classes) > 8 else ""
        return f"Asked for one of {len(self.classes)} classes ({shown}{more})."


class Numbers(Targets):
    """Real numbers, one or several for each item; squared error, in units of the targets.

    The network learns them shifted and scaled to mean 0 and variance 1 over all items; the metric
    is the root of the mean squared error, in their own unit.

    Args:
        values: (items,) or (items, width).
        names: of the columns.
        blanks: whether NaN stands for no value; else it is an error.
    """

    metric_name = "root mean squared error"
    higher_is_better = False

    def __init__(self, values: np.ndarray, names: Sequence[str] = (), blanks: bool = False):
        given = torch.from_numpy(values.astype(np.float64)).reshape(len(values), -1)
        known = ~given.isnan() if blanks else torch.ones_like(given, dtype=torch.bool)
        if not given[known].isfinite().all():
            item = int((known & ~given.isfinite()).any(1).nonzero()[0])
            raise ValueError(f"expected finite targets, got {given[item].tolist()} for item {item}")
        mean = given.nanmean(0)
        differ = (given - mean).abs().nan_to_num(0.0).amax(0) > 0
        spread = torch.where(differ, (given - mean).square().nanmean(0).sqrt(), 1.0)
        if not spread.isfinite().all():
            raise ValueError("expected targets whose spread is a finite number: scale them first")
        if not differ.any():
            raise ValueError(f"expected targets that differ, got {given[0].tolist()} for all items")
        self.scale, self.names, self.complete = spread, tuple(names), bool(known.all())
        self.y = ((given - mean) / self.scale).float()

    def loss(self, outputs: Tensor, y: Tensor) -> Tensor:
        if self.complete:
            return mse_loss(outputs, y)
        known = ~y.isnan()
        return _mean((outputs - torch.where(known, y, 0.0)).square(), known)

    def metric(self, outputs: Tensor, y: Tensor) -> float:
        errors = (outputs.double() - y.double()) * self.scale.to(y.device)
        return float(errors.square().nanmean().sqrt())

    def parts(self, outputs: Tensor, y: Tensor) -> dict[str, float]:
        if len(self.names) < 2:
            return {}
        errors = (outputs.double() - y.double()) * self.scale.to(y.device)
        each = errors.square().nanmean(0).sqrt().tolist()
        return {name: error for name, error in zip(self.names, each, strict=True) if error == error}

    def constant(self, y: Tensor) -> float:
        return self.metric(y.nanmean(0).expand_as(y), y)

    def describe(self) -> str:
        width = self.y.shape[1]
        return f"Asked for {'a number' if width == 1 else f'{width} numbers'}."


def read_targets(targets: Any, items: int) -> Targets:
    """Numbers where the targets are floating-point numbers, else classes.

    Args:
        targets: a tensor, an array, or a sequence, with an entry for each item; or `Targets`.
        items: how many there are.

    Raises:
        ValueError: another number of targets, a shape or kind that is not known, or targets that
            are all equal or not finite.
    """
    if isinstance(targets, Targets):
        return targets
    try:
        given = np.asarray(targets.detach().cpu() if isinstance(targets, Tensor) else targets)
    except (ValueError, TypeError) as error:
        raise ValueError(f"expected targets that make an array: {error}") from error
    if given.ndim == 0 or len(given) != items:
        raise ValueError(
            f"expected {items} targets, one for each item, got "
            f"{'a single value' if given.ndim == 0 else len(given)}"
        )
    if given.dtype.kind == "f" and given.ndim <= 2:
        return Numbers(given)
    if given.dtype.kind in "iubU" and (given.ndim == 1 or given.shape[1:] == (1,)):
        return Classes(given.reshape(-1))
    raise ValueError(
        "expected targets of shape (items,): floating-point numbers, or whole numbers, booleans or "
        f"texts for classes; or numbers of shape (items, width); got {given.dtype} of shape "
        f"{given.shape}"
    )
