"""Where a `StaticPlan` puts the states that other plans list level by level."""

import torch
from jaxtyping import Int
from torch import Tensor

from lcm_core.reduction.layout import BalancedTrees

__all__ = ["StatePlaces"]


class StatePlaces:
    """The states of balanced trees, level by level, found in the tensors of a `StaticPlan`.

    `Levels.states` of an ordinary plan lists the states of each level by the level that takes them.
    A static plan gives x, with room for more elements; the roots; and all pairs by level, set and
    position. `rows` says for a state of the first list its row in the three tensors end to end.

    >>> places = StatePlaces(torch.tensor([0, 3, 5]), room=8)
    >>> places.sizes  # five elements; (0, 1) of the first set and the root of the second; one root
    [5, 2, 1]
    >>> places.rows(1, torch.tensor([0, 1])).tolist()  # the root comes first
    [9, 10]

    Args:
        ptr: the bounds of the sets on the host, (B + 1,), none of them empty.
        room: rows of x, those without an element included.

    Attributes:
        sizes: number of states of levels 0 to depth.
    """

    def __init__(self, ptr: Int[Tensor, " B_plus_1"], room: int):
        self._ptr, self._room = ptr, room
        elements = int(ptr[-1])
        trees = BalancedTrees(ptr, elements)
        self._nodes, self._levels = trees.order, trees.levels
        self._bounds: list[int] = trees.bounds.tolist()
        self.sizes = [elements]
        while (size := self._end(len(self.sizes)) - self._begin(len(self.sizes))) > 0:
            self.sizes.append(size)

    def _begin(self, level: int) -> int:
        return self._bounds[level * self._levels]

    def _end(self, level: int) -> int:
        return self._bounds[(level + 1) * self._levels]

    def rows(self, level: int, states: Int[Tensor, " m"]) -> Int[Tensor, " m"]:
        """The rows of some states of a level in [x, roots, states of pairs].

        Args:
            level: from 0.
            states: their numbers in the level.
        """
        if level == 0:
            return states
        begin, ends = self._begin(level), self._ptr[1:]
        element = self._nodes[begin + states]  # the split, which names the node
        set_of = torch.bucketize(element, ends, right=True)
        # In a set of n there are ⌊(n − 1 + 2ᵏ) / 2ᵏ⁺¹⌋ nodes of level k + 1.
        before = (self._ptr.diff() - 1 + (1 << (level - 1))) >> level
        before = before.cumsum(0) - before
        pair = sum(self.sizes[1:level]) + before[set_of] + ((element - self._ptr[set_of]) >> level)
        roots = self._bounds[level * self._levels + 1] - begin
        return self._room + torch.where(states < roots, set_of, len(ends) + pair)
