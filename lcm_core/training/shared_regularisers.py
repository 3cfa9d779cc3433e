"""The regularisers of a batch that several ranks share: those of the whole batch.

Each rank holds the states of its own sets. All draw the same tuples of all states, which have the
order of one process, and exchange the states that were drawn.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from lcm_core.aggregations.fold import FoldAggregation, FoldedSets
from lcm_core.laws.fold_exchange import Exchanges, both_orders, draw_exchanges, exchange_penalty
from lcm_core.laws.measure import arity, law_sides
from lcm_core.laws.penalties import draw_tuples, penalty_of_sides
from lcm_core.operators import Operator
from lcm_core.reduction.engine import Levels
from lcm_core.reduction.layout import Pieces
from lcm_core.training.ranks import Ranks
from lcm_core.training.regularisers import Regularisers

__all__ = ["SharedLevel", "SharedRegularisers"]


@dataclass(frozen=True)
class SharedLevel:
    """A level of the trees of the whole batch.

    One process has the states of a level piece by piece (`lcm_core/reduction/layout.py`), and those
    of a piece set by set. So each piece is that of rank 0, then that of rank 1, and so on.

    Args:
        states: of this rank, (own, d).
        runs: (3, runs): the rank, where in its states, and where in those of all, a run begins.
        size: number of states on all ranks.
    """

    states: Float[Tensor, "own d"]
    runs: Int[Tensor, "3 runs"]
    size: int

    @classmethod
    def of_pieces(cls, states: Tensor, pieces: Sequence[Pieces]) -> "SharedLevel":
        """The level with these pieces on each rank."""
        begins, size = [0] * len(pieces), 0
        runs: list[tuple[int, int, int]] = []
        for taken_at in sorted({taken_at for own in pieces for taken_at, _ in own}):
            for rank, own in enumerate(pieces):
                if count := dict(own).get(taken_at, 0):
                    runs.append((rank, begins[rank], size))
                    begins[rank], size = begins[rank] + count, size + count
        numbers = torch.tensor(runs, dtype=torch.int64).view(len(runs), 3)
        return cls(states, numbers.T.contiguous(), size)

    def find(self, rows: Int[Tensor, " m"]) -> tuple[Int[Tensor, " m"], Int[Tensor, " m"]]:
        """The ranks that hold these rows of the level, and the rows there."""
        run = torch.searchsorted(self.runs[2], rows, right=True) - 1
        ranks, begins, firsts = self.runs[:, run]
        return ranks, begins + rows - firsts


class SharedRegularisers(Regularisers):
    """As `Regularisers`, of batches of which each rank has a share.

    Args:
        model, states: as of `Regularisers`.
        ranks: the processes.
    """

    def __init__(self, model: nn.Module, states: str, ranks: Ranks):
        super().__init__(model, states)
        self.ranks = ranks

    def tuples(
        self, calls: Sequence[Levels], law: str, count: int, generator: torch.Generator
    ) -> tuple[Tensor, ...]:
        """As of `Regularisers`; each state that was drawn is sent to all ranks."""
        levels = [level for level in self._levels_of_all(calls) if level.size]
        if not levels:
            return ()
        drawn = draw_tuples([level.size for level in levels], count, arity(law), generator)
        owners, parts = [], []
        for rows, _ in drawn:
            for level, row in zip(levels, rows, strict=True):
                owner, own = level.find(row)
                owners.append(owner)
                own = own[owner == self.ranks.rank]
                parts.append(level.states.index_select(0, own.to(level.states.device)))
        states = self.ranks.gather(torch.cat(parts), torch.cat(owners))
        each = states.chunk(len(drawn))
        return tuple(s[mixed.to(s.device)] for s, (_, mixed) in zip(each, drawn, strict=True))

    def law_penalty(self, operator: Operator, law: str, tuples: Sequence[Tensor]) -> Tensor:
        """As of `Regularisers`; each rank combines its share of the tuples."""
        count = len(tuples[0])
        own = self.ranks.share(count)
        sides = law_sides(law, operator, [each[own] for each in tuples])
        rows = torch.stack([side for pair in sides for side in pair], 1)
        left_right = self.ranks.gather(rows, self.ranks.owners(self.ranks.bounds(count))).unbind(1)
        return penalty_of_sides(list(zip(left_right[::2], left_right[1::2], strict=True)))

    def sire_penalty(
        self, fold: FoldAggregation, sets: FoldedSets, generator: torch.Generator
    ) -> Tensor:
        """As of `Regularisers`; each rank exchanges elements of its own sets."""
        x, ptr = sets
        sizes = self.ranks.gather_plain(ptr.diff().tolist())
        whole = torch.tensor([0, *(size for own in sizes for size in own)]).cumsum(0)
        drawn = draw_exchanges(whole, generator)
        if not len(drawn.sizes):
            return x.sum() * 0.0
        begin = sum(map(sum, sizes[: self.ranks.rank]))
        owners = self.ranks.owners([0, *torch.tensor([*map(sum, sizes)]).cumsum(0).tolist()])
        of_set, of_prefix = owners[drawn.pairs[:, 0]], owners[drawn.prefix]
        own = of_set == self.ranks.rank
        prefix = drawn.prefix[of_prefix == self.ranks.rank] - begin
        mine = Exchanges(prefix, drawn.sizes[own], drawn.pairs[own] - begin)
        rows = torch.stack(both_orders(fold, x, mine), 1)
        return exchange_penalty(*self.ranks.gather(rows, of_set).unbind(1))

    def _levels_of_all(self, calls: Sequence[Levels]) -> list[SharedLevel]:
        """The levels of each call, in their order."""
        mine = [(call.plan.num_elements, call.plan.pieces) for call in calls]
        everyone = self.ranks.gather_plain(mine)
        levels = []
        for number, call in enumerate(calls):
            of_ranks = [each[number] for each in everyone]
            states = self.states_of(call)
            elements = [((0, n),) for n, _ in of_ranks]
            levels.append(SharedLevel.of_pieces(states[0], elements))
            depth = 1 if self.states == "encoded" else max(len(pieces) for _, pieces in of_ranks)
            for level in range(1, depth):
                pieces = [pieces[level] if level < len(pieces) else () for _, pieces in of_ranks]
                own = states[level] if level < len(states) else states[0][:0]
                levels.append(SharedLevel.of_pieces(own, pieces))
        return levels
