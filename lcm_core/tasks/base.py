"""The base class of all tasks: batches, loss, metric and baseline."""

import inspect
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from lcm_core.pyg import Batch

if TYPE_CHECKING:
    from lcm_core.tasks.graph_table import LabelledGraphs

__all__ = ["Device", "SetBatch", "Task", "check_batch_size", "seeded_generator"]

Device = torch.device | str


@dataclass(frozen=True)
class SetBatch:
    """A batch of sets of any sizes, one after another in `x`.

    >>> sizes = torch.tensor([2, 0])
    >>> batch = SetBatch(torch.ones(2, 1), torch.tensor([0, 2, 2]), torch.zeros(2, 1), sizes)
    >>> batch.num_sets, batch.x[batch.ptr[0] : batch.ptr[1]].tolist()
    (2, [[1.0], [1.0]])

    Args:
        x: features of all elements, (N, in_features).
        ptr: the bounds of the sets, (B + 1,) int64: set b is `x[ptr[b]:ptr[b + 1]]`.
        y: targets, (B, out_features).
        sizes: number of elements of each set, (B,) int64, always on the host: a reduction is then
            planned without a copy from the device.
    """

    x: Float[Tensor, "N in_features"]
    ptr: Int[Tensor, " B_plus_1"]
    y: Float[Tensor, "B out_features"]
    sizes: Int[Tensor, " B"]

    @property
    def num_sets(self) -> int:
        """Number of sets B, empty ones included."""
        return len(self.sizes)

    def to(self, device: Device) -> "SetBatch":
        """Copy the batch to a device; `sizes` stays on the host.

        Args:
            device: such as `cuda`.
        """
        return SetBatch(
            self.x.to(device, non_blocking=True),
            self.ptr.to(device, non_blocking=True),
            self.y.to(device, non_blocking=True),
            self.sizes,
        )


BatchT = TypeVar("BatchT", SetBatch, Batch)


class Task(ABC, Generic[BatchT]):
    """A source of sets or graphs with targets, loss and metric.

    A training batch is a pure function of step, batch size and seed. So a run can be resumed, or
    one of its batches inspected, without the state of any generator. Evaluation batches are fixed.

    A task of your own is a subclass that defines the abstract methods; or give
    `lcm_core.register_task` data in memory.

    >>> from lcm_core import make_task
    >>> task = make_task("second_minimum", bits=4)
    >>> one, again = (task.train_batch(step=7, batch_size=3, seed=0) for _ in range(2))
    >>> torch.equal(one.x, again.x), one.y.shape
    (True, torch.Size([3, 4]))

    Attributes:
        name: the name in recipes; `register_task` sets it.
        kind: "sets"; "graphs", with one target a graph; "nodes", with one a node; "properties", of
            graphs and nodes.
        metric_name: what `metric` measures, in words.
        higher_is_better: if False, the metric is an error, on any scale.
        out_features: width of the targets and of the model's outputs.
        splits: names of the evaluation splits; "validation" is always one of them.
        further_splits: splits that a run evaluates besides "validation", by default.
        training_sizes: elements of the smallest and the largest training set, or nodes of such
            graphs; None where nobody knows.
    """

    name: str
    kind: Literal["sets", "graphs", "nodes", "properties"]
    metric_name: str
    higher_is_better: bool = True  # else the metric is no share but an error, on any scale
    out_features: int
    splits: tuple[str, ...]
    further_splits: tuple[str, ...] = ()  # worth a look during training, besides "validation"
    training_sizes: tuple[int, int] | None = None

    @classmethod
    def options(cls) -> dict[str, Any]:
        """Options that a recipe can set, with their defaults.

        These are the arguments of the constructor whose default is a number, a truth value or a
        text.
        """
        parameters = inspect.signature(cls).parameters.values()
        return {
            each.name: each.default
            for each in parameters
            if isinstance(each.default, bool | int | float | str)
        }

    @abstractmethod
    def train_batch(self, step: int, batch_size: int, seed: int, device: Device = "cpu") -> BatchT:
        """The batch of a training step, a function of the arguments alone.

        Args:
            step: from 0.
            batch_size: number of sets or graphs B.
            seed: of the run.
            device: where the batch is put.
        """

    def train_batches(self, steps: Sequence[int], batch_size: int, seed: int) -> list[BatchT]:
        """The batches of several steps, on the CPU.

        Args:
            steps, batch_size, seed: as of `train_batch`.
        """
        return [self.train_batch(step, batch_size, seed) for step in steps]

    def training_graphs(self) -> "LabelledGraphs | None":
        """The training graphs, if a step takes those that `lcm_core.tasks.stored.visits` numbers.

        A GPU then keeps them. None if training batches are made in another way.
        """
        return None

    @abstractmethod
    def batches(self, split: str = "validation", device: Device = "cpu") -> Iterator[BatchT]:
        """Iterate over a split: always the same batches in the same order.

        Args:
            split: one of `splits`.
            device: where the batches are put.

        Raises:
            ValueError: the task has no such split.
        """

    @abstractmethod
    def loss(self, outputs: Float[Tensor, "B out"], batch: BatchT) -> Float[Tensor, ""]:
        """The training loss of a batch, a scalar.

        Args:
            outputs: of the model, (B, out_features).
            batch: the batch that the model read.
        """

    @abstractmethod
    def metric(self, outputs: Float[Tensor, "B out"], targets: Float[Tensor, "B out"]) -> float:
        """The score of the outputs for a whole split.

        From 0 to 1, and larger is better; unless `higher_is_better` is False.

        Args:
            outputs: of the model, (B, out_features), for all B sets of the split.
            targets: (B, out_features).
        """

    def parts(
        self, outputs: Float[Tensor, "B out"], targets: Float[Tensor, "B out"]
    ) -> dict[str, float]:
        """Scores of parts of the answer, by name; empty for most tasks.

        Args:
            outputs, targets: as in `metric`.
        """
        return {}

    def baseline_parts(self, split: str = "validation") -> dict[str, float]:
        """Scores of the best constant answer on a split, part by part.

        Args:
            split: one of `splits`.
        """
        return {}

    @abstractmethod
    def baseline(self, split: str = "validation") -> float:
        """Score of the best constant answer on a split.

        Args:
            split: one of `splits`.
        """

    @abstractmethod
    def describe(self) -> str:
        """Describe the task and its data in one paragraph."""

    @property
    def metric_title(self) -> str:
        """The name of the metric, marked where lower is better."""
        return (
            self.metric_name if self.higher_is_better else f"{self.metric_name} (lower is better)"
        )

    def prepare(self) -> None:
        """Load the evaluation data: a missing file is reported before training begins."""

    def targets(self, batch: BatchT) -> Float[Tensor, "B out"]:
        """The targets of a batch, (B, out_features).

        Args:
            batch: of `train_batch` or `batches`.
        """
        return batch.y

    def items(self, batch: BatchT) -> Int[Tensor, " rows"]:
        """Number the set or graph that each row belongs to.

        Args:
            batch: of `train_batch` or `batches`.

        Returns:
            For each row of the targets a number from 0 to B − 1, (rows,) on the CPU. Here 0, 1, …:
            one row a set or graph.
        """
        return torch.arange(len(self.targets(batch)))

    def check_split(self, split: str) -> None:
        """Check that the task has a split.

        Args:
            split: a name.

        Raises:
            ValueError: it has no such split; its splits are listed.
        """
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
