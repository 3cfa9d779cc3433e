"""The exact worst case of associativity, for operators that have a finite table."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from lcm_core.operators import Cayley
from lcm_core.operators.ordinary import strangeness

__all__ = ["WorstTriple", "worst_associativity"]


@dataclass(frozen=True)
class WorstTriple:
    """The largest error of associativity that any three states of a `Cayley` operator have.

    Args:
        error: ½ Σₖ |(x ⊕ y) ⊕ z − x ⊕ (y ⊕ z)|ₖ, from 0 to 1: the share in which, at least, the two
            products are different symbols.
        symbols: x, y and z, where it is.
        table: which of the operator's tables.
        left, right: the distributions (x ⊕ y) ⊕ z and x ⊕ (y ⊕ z) there.
        mean: the mean error of all triples of symbols, in all tables.
    """

    error: float
    symbols: tuple[int, int, int]
    table: int
    left: Float[Tensor, " m"]
    right: Float[Tensor, " m"]
    mean: float


@torch.no_grad()
def worst_associativity(operator: Cayley) -> WorstTriple:
    """The exact worst case of associativity over all states, found among triples of symbols.

    Proof. (x ⊕ y) ⊕ z − x ⊕ (y ⊕ z) is linear in each of x, y and z, so that a norm of it is convex
    in each. A convex function on a simplex is largest at a corner: moving x, then y, then z to a
    corner, which is a symbol, makes the error no smaller. So no states do worse than some symbols.

    In double precision, by m⁵ multiplications a table.

    Raises:
        TypeError: it is no `Cayley` operator: of others a search gives a lower bound alone,
            `law_report(…, search_steps=100)`.
        ValueError: ⊕ is not what the tables say: it has hooks, or a `forward` of its own.
    """
    if not isinstance(operator, Cayley):
        raise TypeError(
            "expected a Cayley operator, whose worst case is that of finitely many triples, got "
            f"{type(operator).__name__}; of others law_report(…, search_steps=100) looks for it"
        )
    strange = strangeness(operator)
    if type(operator).forward is not Cayley.forward:
        strange = f"{type(operator).__name__} has a forward of its own"
    if strange is not None:
        raise ValueError(
            f"expected a Cayley operator whose ⊕ is what its tables say, but {strange}: remove "
            "that, or let law_report(…, search_steps=100) look for the worst case"
        )
    sides = [_both_sides(table) for table in operator.table().double()]
    errors = torch.stack([0.5 * (left - right).abs().sum(-1) for left, right in sides])
    t, i, j, k = map(int, np.unravel_index(int(errors.argmax()), errors.shape))
    left, right = (side[i, j, k] for side in sides[t])
    return WorstTriple(float(errors[t, i, j, k]), (i, j, k), t, left, right, float(errors.mean()))


def _both_sides(table: Float[Tensor, "m m m"]) -> tuple[Tensor, Tensor]:
    """(i ⊕ j) ⊕ k and i ⊕ (j ⊕ k) for all symbols: each (m, m, m, m)."""
    left = torch.einsum("ija,akl->ijkl", table, table)
    return left, left.permute(2, 0, 1, 3)  # ⊕ commutes: i ⊕ (j ⊕ k) = (j ⊕ k) ⊕ i
