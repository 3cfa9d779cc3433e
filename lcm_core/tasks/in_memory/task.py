"""The common part of tasks on given items: splits, targets, the items of a step."""

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, TypeVar

import torch
from jaxtyping import Float, Int
from torch import Tensor

from lcm_core.pyg import Batch
from lcm_core.tasks.base import Device, SetBatch, Task
from lcm_core.tasks.in_memory.splits import NAMES, check_splits, draw_splits
from lcm_core.tasks.in_memory.targets import Targets
from lcm_core.tasks.stored import visits
from lcm_core.tasks.tables.left_out import LeftOut

__all__ = ["GivenItems", "first_not_finite", "given_attributes", "sizes_in_words"]

ITEMS_IN_AN_EVALUATION_BATCH = 256

BatchT = TypeVar("BatchT", SetBatch, Batch)


class GivenItems(Task[BatchT]):
    """A task on items in memory. `register_task` makes a subclass for each data set.

    Args:
        split_seed: draws the splits, where none are given; not the seed of the training.

    Attributes:
        left_out: of data from files, what is not in the task, and why.
        understood: of data from files, how they were read, in words.
        found: of data from files, options of an address that say the same.
    """

    data_targets: ClassVar[Targets]
    given_splits: ClassVar[dict[str, Tensor] | None] = None
    splits = NAMES
    left_out: ClassVar[LeftOut] = LeftOut()
    understood: ClassVar[Mapping[str, str]] = {}
    found: ClassVar[Mapping[str, str | tuple[str, ...]]] = {}

    def __init__(self, split_seed: int = 0):
        self.split_seed = split_seed
        items = self.item_count()
        self.members: dict[str, Int[Tensor, " M"]] = self.given_splits or draw_splits(
            items, split_seed
        )
        self.out_features = self.data_targets.y.shape[1]

    @classmethod
    def item_count(cls) -> int:
        """Number of items, in all splits together."""
        return len(cls.data_targets.y)

    @classmethod
    def options(cls) -> dict[str, Any]:
        """`split_seed`, unless the splits are given."""
        return {} if cls.given_splits else super().options()

    @classmethod
    @abstractmethod
    def item_sizes(cls) -> Int[Tensor, " items"]:
        """Elements of each set, or nodes of each graph."""

    @classmethod
    def most_elements(cls, batch_size: int) -> int:
        """Elements or nodes that a batch has at most: those of the largest items."""
        sizes = cls.item_sizes()
        rounds, rest = divmod(batch_size, len(sizes))  # a batch may have an item more than once
        return rounds * int(sizes.sum()) + int(sizes.topk(rest).values.sum())

    @abstractmethod
    def batch_of(self, items: Int[Tensor, " B"]) -> BatchT:
        """The batch of these items, on the CPU."""

    def train_batch(self, step: int, batch_size: int, seed: int, device: Device = "cpu") -> BatchT:
        """The items of one step, by `lcm_core.tasks.stored.visits`."""
        members = self.members["train"]
        batch = self.batch_of(members[visits(len(members), step, batch_size, seed)])
        return batch.to(device)

    def batches(self, split: str = "validation", device: Device = "cpu") -> Iterator[BatchT]:
        """The items of a split in their order, 256 at a time."""
        self.check_split(split)
        for items in self.members[split].split(ITEMS_IN_AN_EVALUATION_BATCH):
            yield self.batch_of(items).to(device)

    def loss(self, outputs: Float[Tensor, "B width"], batch: BatchT) -> Float[Tensor, ""]:
        """Cross-entropy for classes, in nats; mean squared error for numbers, scaled."""
        return self.data_targets.loss(outputs, batch.y)

    def metric(self, outputs: Float[Tensor, "B width"], targets: Float[Tensor, "B width"]) -> float:
        """Accuracy for classes; root mean squared error for numbers, in their unit."""
        return self.data_targets.metric(outputs, targets)

    def parts(
        self, outputs: Float[Tensor, "B width"], targets: Float[Tensor, "B width"]
    ) -> dict[str, float]:
        """The score of each target, where there are several with names."""
        return self.data_targets.parts(outputs, targets)

    def prepare(self) -> None:
        """Import what the metric needs, and try it on the validation targets."""
        self.data_targets.prepare(self.targets_of("validation"))

    def baseline(self, split: str = "validation") -> float:
        """The score of the constant answer that is best on this split."""
        self.check_split(split)
        return self.data_targets.constant(self.targets_of(split))

    def baseline_parts(self, split: str = "validation") -> dict[str, float]:
        """The best constant score of each target, where there are several with names."""
        self.check_split(split)
        y = self.targets_of(split)
        return self.parts(y.nanmean(0).nan_to_num(0.0).expand_as(y), y)

    def targets_of(self, split: str) -> Float[Tensor, "rows width"]:
        """The targets of a split."""
        return self.data_targets.y[self.members[split]]

    def describe(self) -> str:
        """One paragraph of facts about the data."""
        sizes = ", ".join(f"{split} {len(members):,}" for split, members in self.members.items())
        how = "given" if self.given_splits else f"random, split_seed {self.split_seed}"
        constant = ", ".join(f"{s} {self.baseline(s):.4g}" for s in self.members if s != "train")
        left_out = "".join(f" {sentence}" for sentence in self.left_out.sentences())
        return (
            f"{self.name}: {self.describe_items()} {self.data_targets.describe()}{left_out} "
            f"Splits ({how}): {sizes}. Score: {self.metric_title}. The best constant answer scores "
            f"{constant}."
        )

    @abstractmethod
    def describe_items(self) -> str:
        """How many items there are, and of what sizes, in a sentence."""


def given_attributes(
    name: str, what: str, targets: Targets, splits: Mapping[str, Any] | None, items: int = 0
) -> dict[str, Any]:
    """The class attributes that sets and graphs share.

    Args:
        name: of the task.
        what: said in the docstring, such as "sets".
        targets: of the items.
        splits: as of `register_task`.
        items: how many; by default one for each target.
    """
    items = items or len(targets.y)
    attributes: dict[str, Any] = {
        "__doc__": f"{items} {what} in memory.",
        "__module__": "in memory",
        "name": name,
        "data_targets": targets,
        "metric_name": targets.metric_name,
        "higher_is_better": targets.higher_is_better,
    }
    if splits is None:
        draw_splits(items, 0)  # raises where there are too few
        return attributes
    read = check_splits(splits, items)
    return {**attributes, "given_splits": read, "splits": tuple(read)}


def sizes_in_words(sizes: Int[Tensor, " B"]) -> str:
    """`of 2 to 16`, or `of 3` where all are equal."""
    low, high = int(sizes.min()), int(sizes.max())
    return f"of {low}" if low == high else f"of {low} to {high}"


def first_not_finite(x: Tensor) -> int | None:
    """The first row with an entry that is not finite."""
    bad = (~torch.as_tensor(x).isfinite()).flatten(1).any(1).nonzero()
    return int(bad[0]) if len(bad) else None
