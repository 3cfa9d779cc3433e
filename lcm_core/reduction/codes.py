"""A plan as GPU kernels read it: three codes for each pair, level by level."""

from dataclasses import dataclass
from itertools import accumulate, pairwise

import torch
from jaxtyping import Int
from torch import Tensor

from lcm_core.reduction.layout import Pieces, Rows, as_tensor
from lcm_core.reduction.transfer import to_device

__all__ = ["PairCodes", "pair_codes"]


@dataclass(frozen=True)
class PairCodes:
    """The pairs of all levels. A code v ≥ 0 is row v of the states, v < 0 another row, −1 − v.

    Args:
        codes: (3, pairs or more): the left operand and the right one (another row: of x), and the
            place of the result (another row: of the roots). A state is the operand of one pair.
        bounds: the number of singles; where levels 1 to depth begin; the number of pairs:
            (depth + 2,).
        sizes: of levels 1 to depth, on the host; of a static plan, the most that they can be.
        singles: of sets of one element, the rows of x and the rows of the roots, (k,) each.
        num_states: rows of the states, of which some may not be used.
        static: whether the host knows the most that the numbers can be, and not the numbers.
    """

    codes: Int[Tensor, "3 pairs"]
    bounds: Int[Tensor, " depth_plus_2"]
    sizes: tuple[int, ...]
    singles: tuple[Int[Tensor, " k"], Int[Tensor, " k"]]
    num_states: int
    static: bool = False

    @property
    def count(self) -> int:
        """Columns of the codes: the number of pairs, or more."""
        return self.codes.shape[1]

    @property
    def pairs(self) -> int:
        """Number of pairs; of a static plan, room for so many."""
        return sum(self.sizes)


def pair_codes(
    device: torch.device,
    bounds: tuple[int, ...],
    pieces: tuple[Pieces, ...],
    late_rows: Rows,
    pairs: tuple[tuple[Rows, Rows], ...],
    root_rows: Rows,
) -> PairCodes:
    """Make the codes of a plan, of which the arguments are the parts."""
    late = bounds[1]
    sizes = tuple(b - a for a, b in pairwise(bounds[1:]))
    first = sizes[0] if sizes else 0
    sides = [_cat(side, device) for side in zip(*pairs, strict=True)] or [_cat((), device)] * 2
    operands = torch.stack(sides)
    shallow, deep = -1 - operands[:, :first], operands[:, first:]
    leaves = -1 - as_tensor(late_rows, device)
    if late:
        deep = torch.where(deep < late, leaves[deep.clamp(max=late - 1)], deep)
    places = torch.arange(bounds[-1], device=device)
    roots = as_tensor(root_rows, device)
    places[roots] = torch.arange(-1, -1 - len(roots), -1, device=device)
    alone = sum(n for taken_at, n in pieces[0] if taken_at == 0)
    singles = (-1 - torch.stack([leaves[:alone], places[:alone]])).int()
    numbers = torch.tensor([alone, *accumulate(sizes, initial=0)], dtype=torch.int32)
    return PairCodes(
        codes=torch.cat([torch.cat([shallow, deep], 1), places[None, late:]]).int(),
        bounds=to_device(numbers, device),
        sizes=sizes,
        singles=(singles[0], singles[1].clone()),  # each at a round address
        num_states=bounds[-1],
    )


def _cat(rows: tuple[Rows, ...], device: torch.device) -> Tensor:
    parts = [as_tensor(each, device) for each in rows]
    return torch.cat(parts) if parts else torch.empty(0, dtype=torch.long, device=device)
