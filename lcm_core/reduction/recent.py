"""What was made from the sizes of recent batches, such as their plans, kept for the next one.

Which ptr or index it was made from is compared on the device, and the answer comes to the host with
the one copy that says whether all elements are finite.
"""

import threading
from collections.abc import Callable, Hashable
from itertools import islice
from typing import Generic, NamedTuple, TypeVar

import torch
from torch import Tensor

from lcm_core.operators.ordinary import outside_transforms, transforming, unwrapped
from lcm_core.reduction.checks import all_finite, check_finite, check_places

__all__ = ["Recent"]

MOST = 32  # values kept; a task of sets has about 15 sizes
ROOM = 2**21  # elements of their batches, all together: about 40 bytes each
COMPARED = 4  # values, at most, whose ptr or index is compared in a call

Value = TypeVar("Value")


class _Kept(NamedTuple):
    key: Hashable
    places: Tensor
    value: object
    elements: int


class Recent(Generic[Value]):
    """Values made from recent batches. Any thread may use it."""

    def __init__(self) -> None:
        self._kept: list[_Kept] = []  # the latest last
        self._lock = threading.Lock()

    def recall(
        self,
        x: Tensor,
        ptr: Tensor | None,
        index: Tensor | None,
        num_sets: int | None,
        identity: Tensor | None,
        key: Hashable,
        make: Callable[..., Value],
    ) -> Value:
        """The value kept for these sets, or else a new one.

        Under a transform of `torch.func` the value is made outside of it, and x is not looked at.

        Args:
            x: elements, (N, *), which are checked: they must be finite.
            ptr, index, num_sets: as in `read_sets`.
            identity: entries equal to it may be infinite.
            key: all that the value depends on besides the sets and x's device.
            make: makes the value from x, ptr, index, num_sets and identity, all of which it checks.

        Raises:
            ValueError: an element that is not finite.
        """
        transformed = transforming()
        with outside_transforms():
            if transformed:
                x, identity = torch.zeros(len(x), 1, device=x.device), None
                ptr, index = unwrapped(ptr), unwrapped(index)
            check_places(x, ptr, index, num_sets)
            places = ptr if ptr is not None else index
            if places is None:
                places = x.new_empty(0, dtype=torch.long)
            if type(places) is not Tensor:  # a fake one, say, whose values cannot be compared
                return make(x, ptr, index, num_sets, identity)
            shape = (ptr is not None, num_sets, len(places), len(x))
            key = (key, *shape, *_place(x.device))
            if candidates := self._find(key):
                same = [(kept.places == places).all() for kept in candidates]
                finite, *flags = torch.stack([all_finite(x), *same]).tolist()
                if any(flags):
                    if not finite:
                        check_finite(x, identity)
                    return self._again(candidates[flags.index(True)])
            value = make(x, ptr, index, num_sets, identity)
            own = places.detach().clone()  # the caller may write into theirs
            self._add(_Kept(key, own, value, len(x)))
            return value

    def recall_by_key(
        self, key: Hashable, elements: int, device: torch.device, make: Callable[[], Value]
    ) -> Value:
        """The value kept for the same key, which says all, or else a new one.

        Args:
            key: all that the value depends on besides the device.
            elements: of its batch.
            device: where its tensors are.
            make: makes the value.
        """
        key = (key, *_place(device))
        if candidates := self._find(key):
            return self._again(candidates[0])
        value = make()
        self._add(_Kept(key, torch.empty(0), value, elements))
        return value

    def clear(self) -> None:
        """Forget all values, as a benchmark of making them does."""
        with self._lock:
            self._kept.clear()

    def _find(self, key: Hashable) -> list[_Kept]:
        with self._lock:
            return list(
                islice((kept for kept in reversed(self._kept) if kept.key == key), COMPARED)
            )

    def _again(self, kept: _Kept) -> Value:
        self._add(kept)
        return kept.value  # type: ignore[return-value]

    def _add(self, new: _Kept) -> None:
        """Put it last, and drop the first ones if there are too many."""
        with self._lock:
            self._kept = [kept for kept in self._kept if kept.value is not new.value]
            self._kept.append(new)
            elements = sum(kept.elements for kept in self._kept)
            while self._kept and (len(self._kept) > MOST or elements > ROOM):
                elements -= self._kept.pop(0).elements


def _place(device: torch.device) -> tuple[torch.device, int]:
    """Where tensors can be used: on CUDA, without waiting, on the stream that they were made on."""
    stream = torch.cuda.current_stream(device).cuda_stream if device.type == "cuda" else 0
    return device, stream
