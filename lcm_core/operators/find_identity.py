"""Where a binary operation on numbers has its identity: a search, no proof."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from lcm_core.rounding import FORMULA

__all__ = ["Identity", "find_identity"]

Operation = Callable[[Tensor, Tensor], Tensor]

#: Where the identity is looked for; and the numbers, also farther out, that it must not change.
GRID = torch.arange(-400, 401, dtype=torch.float64) / 40
PROBES = torch.cat([torch.arange(-40, 41) * 50, torch.arange(-19, 20) * 10]).unique().double() / 100
LEAST_PROBES = 5
MOST = 32


@dataclass(frozen=True)
class Identity:
    """What was found.

    Args:
        value: e; it may be infinite.
        side: `both`; or `left` for e ⊕ x = x alone, `right` for x ⊕ e = x alone.
        low, high: the numbers x that it does not change, among those where ⊕ is defined.
        limit: e itself does not work, but numbers on the way to this infinity come ever closer.
    """

    value: float
    side: str = "both"
    low: float = -math.inf
    high: float = math.inf
    limit: bool = False

    @property
    def exact(self) -> bool:
        """It is a two-sided identity of all numbers tried."""
        whole = (self.low, self.high) == (-math.inf, math.inf)
        return whole and self.side == "both" and not self.limit


def find_identity(combine: Operation, tolerance: float = FORMULA) -> Identity | None:
    """Looks for e among the numbers from −10 to 10 and ±∞; None if there is none.

    A two-sided identity of all numbers comes before a one-sided one, that before a limit at
    infinity, and that before one for a part of the numbers.

    Args:
        combine: x ⊕ y for tensors of doubles of one shape, NaN where it is not defined.
        tolerance: how far e ⊕ x may be from x, as a share of 1 + |x|.
    """
    with torch.no_grad():
        for off_grid in (False, True):
            numbers = torch.cat([GRID, _off_grid(combine)]) if off_grid else GRID
            numbers = _promising(combine, _with_infinities(numbers), tolerance)
            kept = _kept(combine, numbers, PROBES, tolerance)
            if (found := _of_all(kept["both"], numbers)) is not None:
                return Identity(found)
        for side in ("left", "right"):
            if (found := _of_all(kept[side], numbers)) is not None:
                return Identity(found, side)
        return _limit(combine) or _of_a_part(kept["both"], numbers)


def _with_infinities(numbers: Tensor) -> Tensor:
    """Small numbers first."""
    ends = torch.tensor([-math.inf, math.inf], dtype=torch.float64)
    return torch.cat([numbers[numbers.abs().argsort(stable=True)], ends])


def _promising(combine: Operation, numbers: Tensor, tolerance: float) -> Tensor:
    """The few that do best on some of the probes, from both sides or from one; small ones first."""
    some = _kept(combine, numbers, PROBES[::8], tolerance)
    best = [marks.sum(1).argsort(descending=True, stable=True)[:MOST] for marks in some.values()]
    return numbers[torch.cat(best).unique()]


def _kept(
    combine: Operation, numbers: Tensor, probes: Tensor, tolerance: float
) -> dict[str, Tensor]:
    """For each number e and probe x: 1 if x is not changed, −1 if it is, 0 if not defined."""
    e, x = (grid.contiguous() for grid in torch.meshgrid(numbers, probes, indexing="ij"))

    def marks(value: Tensor) -> Tensor:
        same = (value - x).abs() <= tolerance * (1 + x.abs())
        return torch.where(value.isnan(), 0, torch.where(same, 1, -1))

    left, right = marks(combine(e, x)), marks(combine(x, e))
    both = torch.where((left < 0) | (right < 0), -1, left * right)
    return {"both": both, "left": left, "right": right}


def _of_all(marks: Tensor, numbers: Tensor) -> float | None:
    """The smallest number that changes no probe."""
    whole = (marks >= 0).all(1) & ((marks > 0).sum(1) >= LEAST_PROBES)
    return float(numbers[int(whole.int().argmax())]) if whole.any() else None


def _off_grid(combine: Operation) -> Tensor:
    """Numbers between those of the grid at which |e ⊕ x − x| or |x ⊕ e − x| is least."""
    found = [GRID.new_empty(0, 4)]  # low, high, x, and whether e is on the left
    for x in (1.0, 2.5, 0.3):
        for left in (1.0, 0.0):
            at = _change(combine, GRID, torch.full_like(GRID, x), torch.full_like(GRID, left))
            valley = (at[1:-1] < at[:-2]) & (at[1:-1] <= at[2:]) & (at[1:-1] > 0)
            if 0 < valley.sum() <= 40:
                low, high = GRID[:-2][valley], GRID[2:][valley]
                found.append(
                    torch.stack(
                        [low, high, torch.full_like(low, x), low.new_full(low.shape, left)], 1
                    )
                )
    low, high, probe, side = torch.cat(found).unbind(1)
    for _ in range(70):  # cut off the worse third of each interval
        third = (high - low) / 3
        one, other = low + third, high - third
        worse = _change(combine, one, probe, side) > _change(combine, other, probe, side)
        low, high = torch.where(worse, one, low), torch.where(worse, high, other)
    exact = (low + high) / 2
    return torch.cat([(exact * 1e6).round() / 1e6, exact])


def _change(combine: Operation, e: Tensor, x: Tensor, left: Tensor) -> Tensor:
    """|e ⊕ x − x| where `left` is 1, and |x ⊕ e − x| where it is 0."""
    on_left = left > 0
    return _distance(combine(torch.where(on_left, e, x), torch.where(on_left, x, e)), x)


def _distance(value: Tensor, x: Tensor) -> Tensor:
    return torch.nan_to_num((value - x).abs(), nan=math.inf)


def _limit(combine: Operation) -> Identity | None:
    """An infinity on the way to which numbers come ever closer to an identity."""
    for sign in (1.0, -1.0):
        changes = []
        for size in (1e3, 1e6, 1e9):
            e = torch.full_like(PROBES, sign * size)
            both = _distance(combine(e, PROBES), PROBES), _distance(combine(PROBES, e), PROBES)
            changes.append(torch.maximum(*both))
        if (changes[2] < 1e-5).all() and (changes[0] >= changes[2]).all():
            return Identity(sign * math.inf, limit=True)
    return None


def _of_a_part(marks: Tensor, numbers: Tensor) -> Identity | None:
    """The number that does not change the longest run of neighbouring probes, if it is long."""
    length, row, last = 0, 0, 0
    for number, states in enumerate(marks.tolist()):
        run = 0
        for place, state in enumerate(states):
            run = run + 1 if state > 0 else 0
            if run > length:
                length, row, last = run, number, place
    if length < len(PROBES) // 4:
        return None
    first = last - length + 1
    low = -math.inf if first == 0 else float(PROBES[first])
    high = math.inf if last == len(PROBES) - 1 else float(PROBES[last])
    return Identity(float(numbers[row]), "both", low, high)
