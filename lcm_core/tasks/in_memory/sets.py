"""A task on sets that are given."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar

import torch
from jaxtyping import Int
from torch import Tensor

from lcm_core.tasks.base import SetBatch
from lcm_core.tasks.in_memory.targets import read_targets
from lcm_core.tasks.in_memory.task import (
    GivenItems,
    first_not_finite,
    given_attributes,
    sizes_in_words,
)
from lcm_core.tasks.stored import gather

__all__ = ["GivenSets", "sets_task"]


class GivenSets(GivenItems[SetBatch]):
    """Sets of vectors, and a target for each."""

    kind = "sets"
    data_x: ClassVar[Tensor]
    data_ptr: ClassVar[Tensor]

    @property
    def in_features(self) -> int:
        """Width of an element."""
        return self.data_x.shape[1]

    @cached_property
    def training_sizes(self) -> tuple[int, int]:  # type: ignore[override]
        """The sizes of the smallest and the largest training set."""
        sizes = self.data_ptr.diff()[self.members["train"]]
        return int(sizes.min()), int(sizes.max())

    @classmethod
    def item_sizes(cls) -> Int[Tensor, " items"]:
        return cls.data_ptr.diff()

    def batch_of(self, items: Int[Tensor, " B"]) -> SetBatch:
        rows, ptr, _ = gather(self.data_ptr, items)
        return SetBatch(self.data_x[rows], ptr, self.data_targets.y[items], ptr.diff())

    def describe_items(self) -> str:
        return (
            f"{len(self.data_ptr) - 1:,} sets {sizes_in_words(self.data_ptr.diff())} elements with "
            f"{self.in_features} feature{'s' * (self.in_features > 1)}."
        )


def sets_task(
    name: str,
    sets: Sequence[Any],
    targets: Any,
    splits: Mapping[str, Any] | None = None,
) -> type[GivenSets]:
    """The class of the task; arguments as of `lcm_core.register_task`."""
    elements = [_elements(number, each) for number, each in enumerate(sets)]
    if not elements:
        raise ValueError("expected a list of sets, got none")
    filled = next((each for each in elements if len(each)), elements[0])
    elements = [each if len(each) else filled[:0] for each in elements]
    for number, each in enumerate(elements):
        if each.shape[1] != elements[0].shape[1]:
            raise ValueError(
                f"expected elements of one width: set 0 has {elements[0].shape[1]} features, set "
                f"{number} has {each.shape[1]}"
            )
        if (row := first_not_finite(each)) is not None:
            raise ValueError(f"expected finite elements, got {each[row].tolist()} in set {number}")
    ptr = torch.tensor([0, *(len(each) for each in elements)]).cumsum(0)
    read = read_targets(targets, len(elements))
    facts = {
        **given_attributes(name, "sets", read, splits),
        "data_x": torch.cat(elements),
        "data_ptr": ptr,
    }
    return type(name, (GivenSets,), facts)


def _elements(number: int, given: Any) -> Tensor:
    try:
        elements = torch.as_tensor(given).detach().cpu()
    except (ValueError, TypeError, RuntimeError) as error:
        raise ValueError(f"expected set {number} to be an array of numbers: {error}") from error
    if elements.is_complex():
        raise ValueError(f"expected real numbers in set {number}, got {elements.dtype}")
    elements = elements.float().clone()
    if elements.dim() == 1:
        elements = elements[:, None]
    if elements.dim() != 2:
        raise ValueError(
            f"expected set {number} of shape (n, features) or (n,), got {tuple(elements.shape)}"
        )
    return elements
