"""Commutative monoids of m symbols, and learning the table of one from products of whole sets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from lcm_core.errors import unknown
from lcm_core.laws.penalties import law_penalty
from lcm_core.laws.worst_triple import worst_associativity
from lcm_core.operators import Cayley
from lcm_core.optimizers import Adam
from lcm_core.reduction.plan import ReductionPlan
from lcm_core.reduction.ragged import reduce
from lcm_core.seeding import Seeded

__all__ = ["MONOIDS", "LearnedTable", "TableLearner", "monoid_table"]

Rule = Callable[[Tensor, Tensor, int], Tensor]

#: x ⊕ y of symbols 0 … m − 1, with 0 as the identity.
MONOIDS: dict[str, Rule] = {
    "addition modulo m": lambda x, y, m: (x + y) % m,
    "maximum": lambda x, y, m: torch.maximum(x, y),
    "counting up to m − 1": lambda x, y, m: (x + y).clamp_max(m - 1),
    "bits of either": lambda x, y, m: x | y,
}
TESTED = 256  # sets of each size


def monoid_table(name: str, m: int) -> Int[Tensor, "m m"]:
    """The multiplication table of a finite commutative monoid whose identity is symbol 0.

    Args:
        name: of `MONOIDS`.
        m: number of symbols, at least 2; a power of 2 for the bits.
    """
    if name not in MONOIDS:
        raise unknown("monoid", name, MONOIDS)
    if m < 2:
        raise ValueError(f"expected m ≥ 2 symbols, got {m}")
    x, y = torch.meshgrid(torch.arange(m), torch.arange(m), indexing="ij")
    products = MONOIDS[name](x, y, m)
    if int(products.max()) >= m:
        raise ValueError(f"expected a power of 2 for {name!r}, got m = {m}")
    return products


@dataclass(frozen=True)
class LearnedTable:
    """How far learning is.

    Args:
        step: updates done.
        loss: mean −log probability of the right symbol, in nats, of the last batch.
        right: the share of sets whose likeliest symbol is right, by set size.
        worst, mean: the largest and the mean associativity error of all triples of symbols.
    """

    step: int
    loss: float
    right: dict[int, float]
    worst: float
    mean: float

    @property
    def wrong(self) -> float:
        """The share of sets whose likeliest symbol is wrong, all sizes taken together."""
        return 1 - sum(self.right.values()) / len(self.right)


class TableLearner:
    """Learns a multiplication table from sets of symbols, of which it is told only the product.

    Sets have one size, and no symbol 0 in them; they are reduced by the balanced tree. Products of
    two alone are never shown, unless the size is 2: what the symbols between mean is for training
    to find.

    Args:
        products: the table to be learned (m, m), such as one of `monoid_table`.
        size: elements of a training set.
        associativity: weight of the regulariser of associativity, on random symbols.
        seed: of the table to begin with and of all sets.
        batch: sets a step.
        rate: learning rate of Adam.
        tested: sizes on which `state` measures.
    """

    def __init__(
        self,
        products: Int[Tensor, "m m"],
        size: int = 4,
        associativity: float = 0.0,
        seed: int = 0,
        batch: int = 64,
        rate: float = 0.05,
        tested: tuple[int, ...] = (2, 3, 4, 8, 32),
    ):
        if size < 2:
            raise ValueError(f"expected sets of at least 2 symbols, got size = {size}")
        if associativity < 0:
            raise ValueError(f"expected a weight ≥ 0, got associativity = {associativity}")
        self.products, self.size, self.associativity = products, size, associativity
        self.batch, self.tested, self.step, self.loss = batch, tested, 0, float("nan")
        m = len(products)
        with Seeded(seed):
            self.operator = Cayley(m, symbols=m, tables=1)
        self.symbols = torch.eye(m)
        self._draw = torch.Generator().manual_seed(seed)
        self._plan = ReductionPlan.from_sizes([size] * batch)
        self._optimizer = Adam([self.operator.logits], lr=rate)

    def advance(self, steps: int = 1) -> None:
        """Some more updates of the table."""
        for _ in range(steps):
            sets = self._sets(self.size, self.batch, self._draw)
            states = self.symbols[sets.flatten()]
            answers = reduce(self.operator, states, plan=self._plan)
            chance = answers.gather(1, self.product(sets)[:, None]).clamp_min(1e-9)
            loss = -chance.log().mean()
            self.loss = float(loss.detach())
            if self.associativity > 0:
                m = len(self.products)
                triples = torch.randint(m, (3, 256), generator=self._draw)
                states = self.symbols[triples]
                loss = loss + self.associativity * law_penalty(
                    self.operator, "associativity", *states
                )
            self._optimizer.zero_grad()
            loss.backward()
            self._optimizer.step()
            self.step += 1

    def state(self) -> LearnedTable:
        """How far it is; the sets it is tested on are always the same."""
        draw = torch.Generator().manual_seed(0)
        right = {}
        for size in self.tested:
            sets = self._sets(size, TESTED, draw)
            plan = ReductionPlan.from_sizes([size] * TESTED)
            with torch.no_grad():
                answers = reduce(self.operator, self.symbols[sets.flatten()], plan=plan)
            right[size] = float((answers.argmax(1) == self.product(sets)).float().mean())
        found = worst_associativity(self.operator)
        return LearnedTable(self.step, self.loss, right, found.error, found.mean)

    def product(self, sets: Int[Tensor, "B n"]) -> Int[Tensor, " B"]:
        """The right product of each set."""
        answer = sets[:, 0]
        for column in sets.T[1:]:
            answer = self.products[answer, column]
        return answer

    def table(self) -> Float[Tensor, "m m m"]:
        """The table as it is now."""
        with torch.no_grad():
            return self.operator.table()[0]

    def _sets(self, size: int, count: int, draw: torch.Generator) -> Int[Tensor, "count size"]:
        return torch.randint(1, len(self.products), (count, size), generator=draw)
