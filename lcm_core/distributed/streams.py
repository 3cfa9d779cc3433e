"""Sets larger than memory: reduced chunk by chunk, with O(log n) states kept.

Positions of elements are cut into *blocks* of 2ᵏ elements that begin at multiples of 2ᵏ. In the
balanced tree a whole block is a subtree of its own, whatever comes after it, and two blocks that
are neighbours with a common parent become one. So of n elements no more than log₂ n + 1 blocks
need to be kept, and the tree does not depend on where one chunk ends and the next begins.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor

from lcm_core.operators import Operator
from lcm_core.reduction import ReductionPlan, reduce
from lcm_core.reduction.checks import check_states

__all__ = ["Running", "aligned_blocks", "reduce_stream"]

AT_ONCE = 2**22  # state entries that are reduced at once: a larger chunk is cut
LARGE = 2**12  # elements of a block that is reduced by itself; smaller ones go together


def reduce_stream(
    operator: Operator, chunks: Iterable[Float[Tensor, "_ d"]]
) -> Float[Tensor, "1 d"]:
    """Reduce one set that comes in chunks, by the balanced tree.

    The result is that of `reduce(operator, torch.cat(chunks))`, whatever the sizes of the chunks
    are: bit for bit where ⊕ acts entry by entry (sum, max, mean, …), and up to rounding where it
    multiplies matrices. One chunk and O(log n) states are in memory at a time. No gradients.

    >>> from lcm_core import make_operator
    >>> chunks = (torch.full((1000, 1), float(i)) for i in range(10))
    >>> reduce_stream(make_operator("sum", channels=1), chunks)
    tensor([[45000.]])

    Args:
        operator: the operator ⊕.
        chunks: states, (any number, d) each; lift elements first, `map(operator.lift, chunks)`.

    Returns:
        State, (1, d).

    Raises:
        ValueError, TypeError: as `reduce` does.
    """
    running = Running(operator)
    for chunk in chunks:
        running.add(chunk)
    return running.result()


class Running:
    """A reduction that takes elements, merges with others, and is pickled.

    So it is an aggregation for Dask, Spark or Beam. Without `start` it is a bag: parts are merged
    in any order and the elements are counted through, so that the result depends on the order as
    far as ⊕ breaks its laws. With `start`, the position of its first element in the whole set, it
    is a range: ranges may be merged in any order too, and once they cover the set, the result is
    that of the balanced tree over all of it, the same whatever was merged with what first.

    >>> from lcm_core import make_operator
    >>> op = make_operator("sum", channels=1)
    >>> a, b = Running(op).add(torch.ones(3, 1)), Running(op).add(torch.ones(4, 1))
    >>> a.merge(b).result(), a.merge(b).count
    (tensor([[7.]]), 7)

    Args:
        operator: the operator ⊕.
        start: the position of the first element that is added, for a range.

    Attributes:
        operator: as above.
        count: number of elements so far.

    Raises:
        ValueError: start is negative.
    """

    def __init__(self, operator: Operator, start: int | None = None):
        if start is not None and start < 0:
            raise ValueError(f"expected start ≥ 0, or None for a bag, got {start}")
        self.operator = operator
        self.count = 0
        self._start = start
        self._next = start or 0
        self._blocks: dict[tuple[int, int], Tensor] = {}  # (level, number): 2^level elements

    @torch.no_grad()
    def add(self, x: Float[Tensor, "n d"]) -> "Running":
        """Add elements, after those that are there.

        Args:
            x: states, (n, d).

        Returns:
            Itself.

        Raises:
            ValueError, TypeError: as `reduce` does.
        """
        check_states(self.operator, x)
        for part in x.split(1 << max(AT_ONCE // x.shape[1], LARGE).bit_length() - 1):
            small: list[tuple[int, int, int]] = []  # (first row, level, number)
            row = 0
            for level, number in aligned_blocks(self._next, self._next + len(part)):
                if 1 << level < LARGE:
                    small.append((row, level, number))
                else:
                    states = part[row : row + (1 << level)]
                    self._insert(level, number, self._reduced(states, (len(states),))[0])
                row += 1 << level
            if small:
                rows = torch.cat([part[first : first + (1 << level)] for first, level, _ in small])
                roots = self._reduced(rows, tuple(1 << level for _, level, _ in small))
                for root, (_, level, number) in zip(roots, small, strict=True):
                    self._insert(level, number, root)
            self._next += len(part)
            self.count += len(part)
        return self

    @torch.no_grad()
    def merge(self, other: "Running") -> "Running":
        """Join the elements of two, which stay as they are.

        Args:
            other: of the same operator, and of the same kind: a bag or a range.

        Returns:
            A new one.

        Raises:
            ValueError: a bag and a range; or two ranges with elements at the same positions.
        """
        if (self._start is None) != (other._start is None):
            raise ValueError(
                "expected two bags or two ranges, got one of each: give start to both or to none"
            )
        merged = Running(self.operator, self._start)
        merged.count = self.count + other.count
        if self._start is None:
            merged._next = merged.count
            merged._blocks = self._added(other)
            return merged
        merged._start = min(self._start, other._start or 0)
        merged._next = max(self._next, other._next)
        merged._blocks = dict(self._blocks)
        _check_disjoint([*self._blocks, *other._blocks])
        for (level, number), state in other._blocks.items():
            merged._insert(level, number, state)
        return merged

    @torch.no_grad()
    def result(self) -> Float[Tensor, "1 d"]:
        """The reduction of all elements so far; more may be added afterwards.

        Returns:
            State, (1, d): the identity if there are no elements.

        Raises:
            ValueError: there are no elements, and ⊕ has no identity.
        """
        if not self._blocks:
            if self.operator.identity is None:
                raise ValueError(
                    f"there are no elements, and {self.operator.name!r} has no identity to give "
                    "for none: add some, or use an operator with an identity (learn_identity=True)"
                )
            return self.operator.identity.detach()[None].clone()
        firsts = sorted((number << level, (level, number)) for level, number in self._blocks)
        left = [(first, self._blocks[place]) for first, place in firsts]
        while len(left) > 1:  # next to meet are those that the smallest block covers
            meets = [(a ^ b).bit_length() for (a, _), (b, _) in pairwise(left)]
            at = meets.index(min(meets))
            left[at : at + 2] = [(left[at][0], self._combined(left[at][1], left[at + 1][1]))]
        return left[0][1][None].clone()

    def __repr__(self) -> str:
        kind = "bag" if self._start is None else f"range from {self._start}"
        return f"Running({self.operator.name}, {kind}, {self.count} elements)"

    def _insert(self, level: int, number: int, state: Tensor) -> None:
        """Add a block, which joins the other half of the next larger one if that is there."""
        while (other := self._blocks.pop((level, number ^ 1), None)) is not None:
            pair = (other, state) if number % 2 else (state, other)
            level, number, state = level + 1, number // 2, self._combined(*pair)
        self._blocks[level, number] = state

    def _added(self, other: "Running") -> dict[tuple[int, int], Tensor]:
        """The blocks of two bags, added like binary numbers: at most one of each size is left."""
        total, carry = self.count + other.count, None
        blocks = {}
        mine, theirs = (
            {level: x for (level, _), x in each._blocks.items()} for each in (self, other)
        )
        for level in range(total.bit_length()):
            found = [x for x in (mine.get(level), theirs.get(level), carry) if x is not None]
            carry = self._combined(*found[:2]) if len(found) > 1 else None
            if len(found) % 2:
                blocks[level, (total >> level) - 1] = found[-1]
        return blocks

    def _combined(self, left: Tensor, right: Tensor) -> Tensor:
        return self._reduced(torch.stack([left, right]), (2,))[0]

    def _reduced(self, x: Tensor, sizes: tuple[int, ...]) -> Tensor:
        return reduce(self.operator, x, plan=_plan(sizes, x.device))


@lru_cache(maxsize=64)
def _plan(sizes: tuple[int, ...], device: torch.device) -> ReductionPlan:
    return ReductionPlan.from_sizes(sizes, device=device)


def aligned_blocks(start: int, stop: int) -> Iterator[tuple[int, int]]:
    """Cut the positions from start to stop into the largest blocks: (level, number) of each.

    >>> list(aligned_blocks(3, 8))  # 3 alone, and 4 to 7
    [(0, 3), (2, 1)]

    Args:
        start, stop: positions; the last one is left out.
    """
    while start < stop:
        level = (stop - start).bit_length() - 1
        if start:
            level = min(level, (start & -start).bit_length() - 1)
        yield level, start >> level
        start += 1 << level


def _check_disjoint(places: list[tuple[int, int]]) -> None:
    ranges = sorted((number << level, (number + 1) << level) for level, number in places)
    for (_, end), (first, _) in pairwise(ranges):
        if first < end:
            raise ValueError(
                f"both have the elements at positions {first} to {end - 1}: give each range a "
                "start of its own, and merge it once"
            )
