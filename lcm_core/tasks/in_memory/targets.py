"""Targets of any kind: how they are learned, scored, and answered by the best constant."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import cross_entropy, mse_loss, one_hot

__all__ = ["Classes", "Numbers", "Targets", "read_targets"]


class Targets(ABC):
    """Targets as a network learns them, with their loss, metric and best constant answer.

    Attributes:
        y: (items, width), what a batch carries.
        metric_name, higher_is_better: as of a `Task`.
    """

    y: Float[Tensor, "items width"]
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

    @abstractmethod
    def describe(self) -> str:
        """The question, in a sentence."""


class Classes(Targets):
    """One of several classes; the loss is the cross-entropy of logits, the metric the accuracy.

    Args:
        labels: one for each item: whole numbers, booleans, or texts.
    """

    metric_name = "accuracy"
    higher_is_better = True

    def __init__(self, labels: Sequence[Any] | np.ndarray):
        self.names, places = np.unique(np.asarray(labels), return_inverse=True)
        if len(self.names) < 2:
            raise ValueError(f"expected targets of at least 2 classes, got only {self.names[0]}")
        self.y = one_hot(torch.from_numpy(places.reshape(-1)), len(self.names)).float()

    def loss(self, outputs: Tensor, y: Tensor) -> Tensor:
        return cross_entropy(outputs, y)

    def metric(self, outputs: Tensor, y: Tensor) -> float:
        return float((outputs.argmax(1) == y.argmax(1)).double().mean())

    def constant(self, y: Tensor) -> float:
        return float(y.double().mean(0).max())

    def describe(self) -> str:
        shown = ", ".join(str(name) for name in self.names[:8])
        more = ", …" if len(self.names) > 8 else ""
        return f"Asked for one of {len(self.names)} classes ({shown}{more})."


class Numbers(Targets):
    """Real numbers, one or several for each item; squared error, in units of the targets.

    The network learns them shifted and scaled to mean 0 and variance 1 over all items; the metric
    is the root of the mean squared error, in their own unit.

    Args:
        values: (items,) or (items, width).
    """

    metric_name = "root mean squared error"
    higher_is_better = False

    def __init__(self, values: np.ndarray):
        given = torch.from_numpy(values.astype(np.float64)).reshape(len(values), -1)
        if not given.isfinite().all():
            item = int((~given.isfinite()).any(1).nonzero()[0])
            raise ValueError(f"expected finite targets, got {given[item].tolist()} for item {item}")
        differ = given.amax(0) > given.amin(0)
        spread = torch.where(differ, given.std(0, correction=0), 1.0)
        if not spread.isfinite().all():
            raise ValueError("expected targets whose spread is a finite number: scale them first")
        if not differ.any():
            raise ValueError(f"expected targets that differ, got {given[0].tolist()} for all items")
        self.scale = spread
        self.y = ((given - given.mean(0)) / self.scale).float()

    def loss(self, outputs: Tensor, y: Tensor) -> Tensor:
        return mse_loss(outputs, y)

    def metric(self, outputs: Tensor, y: Tensor) -> float:
        errors = (outputs.double() - y.double()) * self.scale.to(y.device)
        return float(errors.square().mean().sqrt())

    def constant(self, y: Tensor) -> float:
        return self.metric(y.mean(0).expand_as(y), y)

    def describe(self) -> str:
        width = self.y.shape[1]
        return f"Asked for {'a number' if width == 1 else f'{width} numbers'}."


def read_targets(targets: Any, items: int) -> Targets:
    """Numbers where the targets are floating-point numbers, else classes.

    Args:
        targets: a tensor, an array, or a sequence, with an entry for each item.
        items: how many there are.

    Raises:
        ValueError: another number of targets, a shape or kind that is not known, or targets that
            are all equal or not finite.
    """
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
