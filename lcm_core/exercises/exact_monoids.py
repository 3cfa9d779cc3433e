"""Checks of `11_exact_monoids`: what exact monoids cannot hold, and tables that can."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from lcm_core.exercises.progress import remembered
from lcm_core.exercises.verdict import Verdict
from lcm_core.laws.worst_triple import WorstTriple, worst_associativity
from lcm_core.operators import Cayley
from lcm_core.seeding import Seeded

__all__ = [
    "check_cancellation",
    "check_counting",
    "check_modulo",
    "check_rock_paper_scissors",
    "check_worst",
]

MODULI = (2, 3, 7, 10)
ELEMENTS = 5000  # of the sets that are added up modulo k
NAMES = {1: "rock", 2: "paper", 3: "scissors"}
WINNERS = {(1, 2): 2, (1, 3): 1, (2, 3): 3}

Table = Tensor | Sequence[Sequence[int]]


@remembered
def check_cancellation(x: float, y: float, z: float) -> Verdict:
    """Says whether three numbers show that max is no ψ⁻¹(ψ(x) + ψ(y)).

    Args:
        x, y, z: for which max(x, y) = max(x, z).
    """
    if max(x, y) != max(x, z):
        return Verdict(
            False,
            f"max({x}, {y}) = {max(x, y)} and max({x}, {z}) = {max(x, z)} differ, as they would "
            "for a sum. Look for an x that is larger than both y and z.",
        )
    if y == z:
        return Verdict(
            False,
            f"max({x}, {y}) = max({x}, {z}), but y and z are the same number: that is so for "
            "every operator. They must differ.",
        )
    return Verdict(
        True,
        f"max({x}, {y}) = max({x}, {z}) = {max(x, y)}. If it were ψ⁻¹(ψ(x) + ψ(y)), then "
        f"ψ({x}) + ψ({y}) = ψ({x}) + ψ({z}), so ψ({y}) = ψ({z}), and ψ could not be undone.",
    )


@remembered
def check_modulo(lift: Callable[[Tensor, int], Tensor]) -> Verdict:
    """Says whether products of complex numbers add whole numbers modulo k.

    Args:
        lift: from whole numbers `(n,)` and k to complex numbers `(n,)`.
    """
    for k in MODULI:
        numbers = torch.arange(k)
        try:
            lifted = lift(numbers, k)
        except Exception as problem:
            return Verdict(False, f"it could not be computed: {type(problem).__name__}: {problem}.")
        if not isinstance(lifted, Tensor) or lifted.shape != numbers.shape:
            return Verdict(False, "a tensor with one complex number for each number is wanted.")
        lifted = lifted.to(torch.complex128)
        largest, smallest = float(lifted.abs().max()), float(lifted.abs().min())
        if largest > 1 + 1e-5 or smallest < 1 - 1e-5:
            return Verdict(
                False,
                f"for k = {k} the moduli are from {smallest:.3g} to {largest:.3g}. A modulus above "
                "1 overflows in a large set, and one below 1 fades to 0: for sums that come back, "
                "all must be 1. `torch.polar(modulus, angle)` makes such numbers.",
            )
        apart = (lifted[:, None] - lifted).abs() + 9 * torch.eye(k)
        if float(apart.min()) < 1e-4:
            i, j = divmod(int(apart.argmin()), k)
            return Verdict(
                False,
                f"for k = {k} the numbers {i} and {j} are lifted to the same complex number, so "
                "that no answer can tell them apart.",
            )
        again = lift(torch.tensor([k]), k).to(torch.complex128)
        if float((again - lifted[0]).abs().max()) > 1e-4:
            return Verdict(
                False,
                f"for k = {k} the number {k} is lifted to {complex(again[0]):.2f}, and 0 to "
                f"{complex(lifted[0]):.2f}: modulo {k} they are the same. k steps must make a "
                "whole turn, 2π.",
            )
        if (lesson := _wrong_product(lift, k, lifted)) is not None:
            return Verdict(False, lesson)
    return Verdict(
        True,
        f"right for k = {', '.join(map(str, MODULI))}, and for sets of {ELEMENTS:,} numbers: "
        "one coefficient is enough. A sum needs an answer that comes back again and again over "
        "an ever longer line, and a network has never seen the rest of the line.",
    )


def _wrong_product(lift: Callable[[Tensor, int], Tensor], k: int, symbols: Tensor) -> str | None:
    """What is wrong where many are multiplied."""
    draw = torch.Generator().manual_seed(0)
    for count in (2, 3, ELEMENTS):
        numbers = torch.randint(k, (count,), generator=draw)
        product = lift(numbers, k).to(torch.complex128).prod()
        answer, want = int((product - symbols).abs().argmin()), int(numbers.sum()) % k
        if answer != want:
            shown = f"{numbers.tolist()}" if count < 5 else f"{count:,} numbers"
            return (
                f"for k = {k} the product for {shown} is nearest to that of {answer}, and the sum "
                f"modulo {k} is {want}: angles add up when complex numbers are multiplied, so the "
                "angle must be in proportion to the number."
            )
    return None


@remembered
def check_counting(products: Table) -> Verdict:
    """Says whether a table counts "none, one, two or more".

    Args:
        products: (3, 3): row x, column y, the symbol of x ⊕ y.
    """
    table = torch.as_tensor(products)
    if (problem := _no_table(table, 3)) is not None:
        return Verdict(False, problem)
    for x in range(3):
        for y in range(3):
            if int(table[x, y]) != min(x + y, 2):
                return Verdict(
                    False,
                    f"{_COUNTS[x]} and {_COUNTS[y]} together are {_COUNTS[min(x + y, 2)]}: "
                    f"expected {x} ⊕ {y} = {min(x + y, 2)}, got {int(table[x, y])}.",
                )
    return Verdict(
        True,
        "1 ⊕ 1 = 2 = 1 ⊕ 1 ⊕ 1, and 1 is not 2. In sums, in maxima and in products of complex "
        "numbers, from a ⊕ a = a ⊕ a ⊕ a follows a = a ⊕ a: none of them has such a state.",
    )


_COUNTS = ("none", "one", "two or more")


@remembered
def check_worst(worst: Callable[[Tensor], tuple[float, tuple[int, int, int]]]) -> Verdict:
    """Says whether a function finds the worst associativity error of a table.

    Args:
        worst: from a table (m, m, m) to the error and the three symbols.
    """
    for m in (3, 4, 5):
        with Seeded(m):
            operator = Cayley(m, symbols=m, tables=1)
        with torch.no_grad():
            table = operator.table()[0].double()
        want = worst_associativity(operator)
        try:
            error, triple = worst(table)
            i, j, k = (int(symbol) for symbol in triple)
            error = float(error)
        except Exception as problem:
            return Verdict(
                False,
                f"an error and three symbols are wanted, as in 0.25, (1, 2, 2): "
                f"{type(problem).__name__}: {problem}.",
            )
        if not math.isclose(error, want.error, rel_tol=1e-4):
            return Verdict(False, _wrong_worst(error, want, m))
        if not 0 <= min(i, j, k) <= max(i, j, k) < m:
            return Verdict(False, f"the symbols are 0 to {m - 1}, and you name {i}, {j} and {k}.")
        left, right = table[i, j] @ table[:, k], table[i].T @ table[j, k]
        if not math.isclose(0.5 * float((left - right).abs().sum()), error, rel_tol=1e-4):
            return Verdict(
                False,
                f"the error is right, {error:.4f}, but at x = {i}, y = {j}, z = {k} it is "
                f"{0.5 * float((left - right).abs().sum()):.4f}: name the triple where it is.",
            )
    return Verdict(
        True,
        "right for tables of 3, 4 and 5 symbols. For every other operator here such a number can "
        "only be searched for, and a search gives a lower bound.",
    )


def _wrong_worst(error: float, want: WorstTriple, m: int) -> str:
    start = f"for a table of {m} symbols you get {error:.4f}, expected {want.error:.4f}: "
    if math.isclose(error, 2 * want.error, rel_tol=1e-4):
        return start + "take half of the sum of |left − right|, so that 1 is the most it can be."
    if math.isclose(error, want.mean, rel_tol=1e-4):
        return start + "this is the mean over all triples. The worst is wanted."
    if error == 0:
        return start + (
            "go through all x, y and z, and compare (x ⊕ y) ⊕ z with x ⊕ (y ⊕ z). The product of a "
            "distribution p with symbol z is Σ pₐ T[a, z]."
        )
    return start + (
        "(x ⊕ y) ⊕ z is Σ T[x, y, a] T[a, z], and x ⊕ (y ⊕ z) is Σ T[y, z, a] T[x, a], each summed "
        "over a; the error is ½ Σ |left − right|."
    )


@remembered
def check_rock_paper_scissors(products: Table) -> Verdict:
    """Says whether a table is the game, and how far it is from associative.

    Args:
        products: (4, 4), with 0 for nobody, 1 rock, 2 paper, 3 scissors.
    """
    table = torch.as_tensor(products)
    if (problem := _no_table(table, 4)) is not None:
        return Verdict(False, problem)
    for x, name in NAMES.items():
        if int(table[x, x]) != x:
            return Verdict(False, f"two players with {name} are as one: expected {x} ⊕ {x} = {x}.")
    for (x, y), winner in WINNERS.items():
        if int(table[x, y]) != winner:
            return Verdict(
                False,
                f"of {NAMES[x]} and {NAMES[y]}, {NAMES[winner]} wins: expected "
                f"{x} ⊕ {y} = {winner}, got {int(table[x, y])}.",
            )
    operator = Cayley(4, symbols=4, tables=1)
    operator.set_products(table)
    worst = worst_associativity(operator)
    x, y, z = worst.symbols
    left, right = (int(side.argmax()) for side in (worst.left, worst.right))
    return Verdict(
        True,
        f"it commutes and has an identity, and its worst associativity error is {worst.error:g}, "
        f"the most there is: ({NAMES[x]} ⊕ {NAMES[y]}) ⊕ {NAMES[z]} is {NAMES[left]}, and "
        f"{NAMES[x]} ⊕ ({NAMES[y]} ⊕ {NAMES[z]}) is {NAMES[right]}. Who wins a knock-out cup is "
        "decided by the draw.",
    )


def _no_table(table: Tensor, m: int) -> str | None:
    """What keeps it from being a commutative table of m symbols with the identity 0."""
    if table.shape != (m, m) or table.is_floating_point():
        return f"{m} rows of {m} whole numbers are wanted, got shape {tuple(table.shape)}."
    if bool(((table < 0) | (table >= m)).any()):
        return f"the symbols are 0 to {m - 1}: a product must be one of them."
    if table[0].tolist() != list(range(m)):
        return (
            f"symbol 0 is the identity, 0 ⊕ y = y: the first row must be {list(range(m))}, and "
            f"it is {table[0].tolist()}."
        )
    if not torch.equal(table, table.T):
        x, y = (table != table.T).nonzero()[0].tolist()
        return (
            f"it does not commute: {x} ⊕ {y} = {int(table[x, y])}, and {y} ⊕ {x} = "
            f"{int(table[y, x])}."
        )
    return None
