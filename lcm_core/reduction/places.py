"""Where a `StaticPlan` puts the states that other plans list level by level."""

from collections.abc import Sequence
from itertools import accumulate

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

__all__ = ["StatePlaces"]


class StatePlaces:
    """The states of balanced trees, level by level, found in the tensors of a `StaticPlan`.

    `Levels.states` of an ordinary plan lists the states of each level by the level that takes them.
    A static plan gives x, with room for more elements; the roots; and all pairs by level, set and
    position. `rows` says for a state of the first list its row in the three tensors end to end.

    >>> places = StatePlaces(torch.tensor([0, 3, 5]), room=8)
    >>> places.sizes  # five elements; (0, 1) of the first set and the root of the second; one root
    [5, 2, 1]
    >>> places.rows([torch.tensor([4]), torch.tensor([0, 1])]).tolist()  # the root comes first
    [4, 9, 10]

    Args:
        ptr: the bounds of the sets on the host, (B + 1,), none of them empty.
        room: rows of x, those without an element included.

    Attributes:
        sizes: number of states of levels 0 to depth.
    """

    def __init__(self, ptr: Int[Tensor, " B_plus_1"], room: int):
        bounds = ptr.numpy()
        elements, sizes = int(bounds[-1]), np.diff(bounds)
        position = np.arange(elements) - np.repeat(bounds[:-1], sizes)
        split = np.flatnonzero(position)  # the elements that name an inner node, as in `layout.py`
        set_of = np.repeat(np.arange(len(sizes)), sizes)[split]
        position = position[split]
        rest, lowest = sizes[set_of] - 1 - position, position & -position
        waits = np.where(lowest > rest, position - lowest, 2 * lowest)
        height, taken_at = _bit_length(lowest), _bit_length(waits & -waits)
        pair = np.empty(len(split), dtype=np.int64)
        pair[np.argsort(height, kind="stable")] = np.arange(len(split))
        row = np.where(taken_at == 0, set_of, len(sizes) + pair)
        listed = np.argsort(64 * height + taken_at, kind="stable")
        self.sizes: list[int] = [elements, *np.bincount(height)[1:].tolist()]
        self._begins = list(accumulate(self.sizes, initial=0))
        self._rows = torch.from_numpy(np.append(np.arange(elements), room + row[listed]))

    def rows(self, states: Sequence[Int[Tensor, " _"]]) -> Int[Tensor, " m"]:
        """The rows of some states of each level in [x, roots, states of pairs], end to end.

        Args:
            states: their numbers in levels 0, 1, …; perhaps not of the last levels.
        """
        counts = torch.tensor([len(numbers) for numbers in states])
        begins = torch.tensor(self._begins[: len(states)]).repeat_interleave(counts)
        return self._rows[torch.cat([*states]) + begins]


def _bit_length(numbers: np.ndarray) -> np.ndarray:
    """As int16, which sorts fast."""
    return np.frexp(numbers.astype(np.float32))[1].astype(np.int16)
