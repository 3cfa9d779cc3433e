"""What every task offers: training and evaluation batches, a loss, a metric, a baseline."""

import inspect
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch_geometric.data import Batch

__all__ = ["Device", "SetBatch", "Task", "check_batch_size", "seeded_generator"]

Device = torch.device | str


@dataclass(frozen=True)
class SetBatch:
    """A batch of sets of any sizes, one after another in `x`.

    Shapes: `x` (N, in_features); `ptr` (B + 1,) int64, set b being `x[ptr[b]:ptr[b + 1]]`;
    `y` (B, out_features); `sizes` (B,) int64, always on the host, so that a reduction can be
    planned without a copy from the device.
    """

    x: Float[Tensor, "N in_features"]
    ptr: Int[Tensor, " B_plus_1"]
    y: Float[Tensor, "B out_features"]
    sizes: Int[Tensor, " B"]

    @property
    def num_sets(self) -> int:
        """B, the number of sets, empty ones included."""
        return len(self.sizes)

    def to(self, device: Device) -> "SetBatch":
        """The same batch on `device` (`sizes` stays on the host)."""
        return SetBatch(
            self.x.to(device, non_blocking=True),
            self.ptr.to(device, non_blocking=True),
            self.y.to(device, non_blocking=True),
            self.sizes,
        )


BatchT = TypeVar("BatchT", SetBatch, Batch)


class Task(ABC, Generic[BatchT]):
    """A source of (sets or graphs, targets), with its loss and its metric.

    A training batch is a pure function of the seed and the step, so that a run can be resumed,
    or one of its batches looked at, without the state of any generator. Evaluation batches are
    fixed: they depend on neither.
    """

    name: str
    kind: Literal["sets", "graphs", "properties"]
    metric_name: str
    higher_is_better: bool = True  # else the metric is no share but an error, on any scale
    out_features: int
    splits: tuple[str, ...]
    further_splits: tuple[str, ...] = ()  # worth a look during training, besides "validation"

    @classmethod
    def options(cls) -> dict[str, Any]:
        """The arguments of the constructor that a recipe can set, with their defaults."""
        parameters = inspect.signature(cls).parameters.values()
        return {
            each.name: each.default
            for each in parameters
            if isinstance(each.default, bool | int | float | str)
        }

    @abstractmethod
    def train_batch(self, step: int, batch_size: int, seed: int, device: Device = "cpu") -> BatchT:
        """The batch of training step `step` (from 0), a function of the arguments alone."""

    @abstractmethod
    def batches(self, split: str = "validation", device: Device = "cpu") -> Iterator[BatchT]:
        """The batches of an evaluation split, always the same ones in the same order."""

    @abstractmethod
    def loss(self, outputs: Float[Tensor, "B out"], batch: BatchT) -> Float[Tensor, ""]:
        """The training loss of `outputs` (B, out_features) for a batch, a scalar."""

    @abstractmethod
    def metric(self, outputs: Float[Tensor, "B out"], targets: Float[Tensor, "B out"]) -> float:
        """The score of the outputs for a whole split: from 0 to 1, and larger is better, unless
        `higher_is_better` is False.
        """

    def parts(
        self, outputs: Float[Tensor, "B out"], targets: Float[Tensor, "B out"]
    ) -> dict[str, float]:
        """Scores of parts of the answer by name, where a task has such parts."""
        return {}

    def baseline_parts(self, split: str = "validation") -> dict[str, float]:
        """The scores of the parts that the best constant answer has on a split."""
        return {}

    @abstractmethod
    def baseline(self, split: str = "validation") -> float:
        """The score that the best constant answer has on a split."""

    @abstractmethod
    def describe(self) -> str:
        """One paragraph of facts about the task and its data."""

    @property
    def metric_title(self) -> str:
        """The name of the metric, which also says so where lower is better."""
        return (
            self.metric_name if self.higher_is_better else f"{self.metric_name} (lower is better)"
        )

    def prepare(self) -> None:
        """Load what the evaluation needs, so that what is missing shows before training begins."""

    def targets(self, batch: BatchT) -> Float[Tensor, "B out"]:
        """The targets (B, out_features) of a batch."""
        return batch.y

    def check_split(self, split: str) -> None:
        """Raise a ValueError that lists the splits if `split` is not one of them."""
        if split not in self.splits:
            raise ValueError(
                f"task {self.name!r} has no split {split!r}; choose from {', '.join(self.splits)}"
            )


def seeded_generator(device: Device, *words: int) -> torch.Generator:
    """A generator on `device` whose stream is a function of `words` (integers from 0) alone.

    The words are mixed by NumPy's `SeedSequence`, so that neighbouring seeds and steps have
    unrelated streams.
    """
    negative = [word for word in words if word < 0]
    if negative:
        raise ValueError(f"seeds and steps must be integers from 0, got {negative[0]}")
    mixed = np.random.SeedSequence(words).generate_state(1, np.uint64)[0]
    return torch.Generator(device).manual_seed(int(mixed))


def check_batch_size(batch_size: int) -> None:
    """Raise a ValueError unless `batch_size` is at least 1."""
    if batch_size < 1:
        raise ValueError(f"batch_size must be at least 1, got {batch_size}")
