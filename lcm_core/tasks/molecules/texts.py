"""Many short texts in one tensor of bytes: they can be mapped from a file."""

from collections.abc import Iterable, Iterator, Sequence
from typing import overload

import numpy as np
import torch
from jaxtyping import Int, UInt8
from torch import Tensor

__all__ = ["Texts"]


class Texts(Sequence[str]):
    """A list of texts, of any signs, that cannot be changed.

    Args:
        signs: the UTF-8 bytes of all texts, one after another.
        ptr: (texts + 1,): text i is `signs[ptr[i]:ptr[i + 1]]`.
    """

    def __init__(self, signs: UInt8[Tensor, " bytes"], ptr: Int[Tensor, " texts_plus_1"]):
        self.signs, self.ptr = signs, ptr
        self._signs, self._ptr = signs.numpy(), ptr.numpy()

    @classmethod
    def of(cls, texts: Iterable[str]) -> "Texts":
        """Of a list of texts; what UTF-8 cannot write becomes a question mark."""
        parts = [text.encode("utf-8", "replace") for text in texts]
        sizes = np.array([0, *map(len, parts)], dtype=np.int64)
        signs = np.frombuffer(bytearray(b"".join(parts)) or bytearray(1), np.uint8)
        return cls(torch.from_numpy(signs), torch.from_numpy(sizes.cumsum()))

    def __len__(self) -> int:
        return len(self._ptr) - 1

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> list[str]: ...
    def __getitem__(self, place: int | slice) -> str | list[str]:
        if isinstance(place, slice):
            return [self[each] for each in range(*place.indices(len(self)))]
        if not -len(self) <= place < len(self):
            raise IndexError(f"expected a place from 0 to {len(self) - 1}, got {place}")
        first = place % len(self)
        begin, end = self._ptr[first], self._ptr[first + 1]
        return self._signs[begin:end].tobytes().decode("utf-8")

    def __iter__(self) -> Iterator[str]:
        return (self[place] for place in range(len(self)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]
