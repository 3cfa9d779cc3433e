"""A learned multiplication table in words."""

from __future__ import annotations

import numpy as np

from lcm_core.laws.worst_triple import WorstTriple
from lcm_core.rounding import TABLE
from lcm_core.training.table_learner import LearnedTable

__all__ = ["learned_in_words", "table_in_words", "worst_in_words"]


def learned_in_words(found: LearnedTable, table: np.ndarray, products: np.ndarray) -> str:
    """How many products are right, and how many sets of each size (HTML)."""
    m = len(products)
    right = int((table.argmax(-1) == products).sum())
    sizes = ", ".join(f"{share:.0%} of sets of {size}" for size, share in found.right.items())
    loss = "" if np.isnan(found.loss) else f", loss {found.loss:.2f}"
    return (
        f"<b>Step {found.step}</b>{loss}. In the table {right} of {m * m} products are right "
        f"(the first row and column are so by construction). Right answers: {sizes}."
    )


def worst_in_words(worst: WorstTriple) -> str:
    """Where associativity is broken most, and that nothing is worse (HTML)."""
    if worst.error < TABLE:
        return "<b>Associative</b>, for all states there are: the worst triple is off by 0."
    x, y, z = worst.symbols
    left, right = (
        f"{int(side.argmax())} (probability {float(side.max()):.2f})"
        for side in (worst.left, worst.right)
    )
    return (
        f"<b>Worst associativity error of all states, exactly: {worst.error:.3f}</b>, at x = {x}, "
        f"y = {y}, z = {z}: (x ⊕ y) ⊕ z is likeliest {left}, x ⊕ (y ⊕ z) is {right}. "
        f"The mean over all triples of symbols is {worst.mean:.3f}."
    )


def table_in_words(table: np.ndarray) -> str:
    """The likeliest products, row by row, with their certainty (HTML, folded)."""
    rows = "".join(
        f"<tr><th scope='row'>{x} ⊕</th>"
        + "".join(f"<td>{row.argmax()} <small>({row.max():.2f})</small></td>" for row in products)
        + "</tr>"
        for x, products in enumerate(table)
    )
    head = "".join(f"<th scope='col'>{y}</th>" for y in range(len(table)))
    return (
        "<details><summary>The table in numbers: likeliest product (probability)</summary>"
        f"<table><tr><th></th>{head}</tr>{rows}</table></details>"
    )
