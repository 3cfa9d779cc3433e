"""The checks of `07_depth_and_parallelism`: rounds, seconds and gradients of a chain and a tree."""

from __future__ import annotations

import math
from collections.abc import Callable

from lcm_core.exercises.progress import remembered
from lcm_core.exercises.verdict import Verdict

__all__ = ["check_gradients", "check_rounds", "check_seconds"]

#: Sizes and processors, easy ones first.
ROUNDS = ((8, 4), (8, 1), (8, 2), (2, 1), (16, 2), (5, 2), (1, 3), (100, 7), (1000, 32))

#: Sizes, and seconds of a call and of a pair, easy ones first.
SECONDS = ((8, 1.0, 0.0), (8, 0.0, 1.0), (8, 10.0, 1.0), (5, 10.0, 1.0), (1, 3.0, 2.0))

#: Sizes and factors of an application, easy ones first.
FACTORS = ((8, 0.1), (2, 0.5), (1000, 0.4), (1, 0.3), (131_072, 0.4))


@remembered
def check_rounds(rounds: Callable[[int, int], int]) -> Verdict:
    """Whether `rounds(n, p)` is the number of rounds of a balanced tree with p processors."""
    for n, p in ROUNDS:
        expected = sum(math.ceil(pairs / p) for pairs in _levels(n))
        try:
            found = rounds(n, p)
        except Exception as error:
            return Verdict(False, f"for n = {n}, p = {p}: {type(error).__name__}: {error}.")
        if found is None:
            return Verdict(False, "it returns nothing: end it with return.")
        if found == expected:
            continue
        why = "Level by level: so many pairs, p of them in each round, and then the next level."
        if found == len(_levels(n)):
            why = "That is the depth, the rounds with as many processors as one likes: here are p."
        elif found == n - 1:
            why = "That is the work, the rounds of one processor alone."
        elif found == math.ceil((n - 1) / p):
            why = "The work divided by p is too few: a level must wait for the one below it."
        levels = ", ".join(map(str, _levels(n))) or "none"
        return Verdict(
            False,
            f"for n = {n}, p = {p} it gives {found}, but it takes {expected} rounds (pairs of the "
            f"levels: {levels}). {why}",
        )
    return Verdict(
        True,
        "never fewer than the depth, never fewer than (n − 1)/p, and never more than both "
        "together: 1,000 elements need 999 rounds with one processor, 36 with 32, and 10 with 500 "
        "or more. A chain needs 999 with any number.",
    )


@remembered
def check_seconds(seconds: Callable[[int, float, float], tuple[float, float]]) -> Verdict:
    """Whether `seconds(n, call, pair)` is (chain, tree), where a call on m pairs takes
    call + m · pair.
    """
    for n, call, pair in SECONDS:
        depth = len(_levels(n))
        expected = (n - 1) * (call + pair), depth * call + (n - 1) * pair
        try:
            chain, tree = map(float, seconds(n, call, pair))
        except Exception as error:
            return Verdict(
                False,
                f"for n = {n}, call = {call:g}, pair = {pair:g}: two numbers are wanted, chain and "
                f"tree ({type(error).__name__}: {error}).",
            )
        said = f"for n = {n}, call = {call:g}, pair = {pair:g} "
        if not math.isclose(chain, expected[0]):
            return Verdict(
                False,
                f"{said}it gives {chain:g} for the chain, not {expected[0]:g}: n − 1 calls, on one "
                "pair each.",
            )
        if not math.isclose(tree, expected[1]):
            why = "a call for each level, and n − 1 pairs in all of them together."
            if math.isclose(tree, depth * (call + pair)):
                why = "you count one pair a level, but a level has many: " + why
            return Verdict(
                False, f"{said}it gives {tree:g} for the tree, not {expected[1]:g}: {why}"
            )
    return Verdict(
        True,
        "both pay for the same n − 1 pairs; the chain also pays for n − 1 calls, the tree for "
        "⌈log₂ n⌉. Where a call costs 1,000 times as much as a pair, as on a GPU, the tree of "
        "131,072 elements is about 890 times as fast; where calls are free, not at all.",
    )


@remembered
def check_gradients(gradients: Callable[[int, float], tuple[float, float]]) -> Verdict:
    """Whether `gradients(n, factor)` is log₁₀ of the gradient at the first element, (chain, tree),
    if each application multiplies it by the factor.
    """
    for n, factor in FACTORS:
        steps = n - 1, len(_levels(n))
        try:
            found = tuple(map(float, gradients(n, factor)))
        except Exception as error:
            hint = ""
            if isinstance(error, ValueError) and n > 500:
                hint = (
                    f" {factor} ** {n - 1} is 0 for a computer, and 0 has no logarithm: use "
                    "log(a^k) = k · log(a), and take no power at all."
                )
            return Verdict(
                False,
                f"for n = {n:,}, factor = {factor} it stops with {type(error).__name__}: {error}."
                f"{hint}",
            )
        if len(found) != 2:
            return Verdict(False, f"two numbers are wanted, chain and tree, not {len(found)}.")
        for name, number, count in zip(("chain", "tree"), found, steps, strict=True):
            if math.isclose(number, count * math.log10(factor), abs_tol=1e-9):
                continue
            why = f"between the first element and the root there are {count:,} applications."
            if math.isclose(number, count * math.log(factor), abs_tol=1e-9) and count:
                why = "this is the natural logarithm: use log10."
            elif math.isclose(number, factor**count, rel_tol=1e-6) and count:
                why = "this is the gradient itself: give its log₁₀."
            return Verdict(
                False,
                f"for n = {n:,}, factor = {factor} it gives {number:g} for the {name}, not "
                f"{count * math.log10(factor):g}: {why}",
            )
    return Verdict(
        True,
        "with a factor of 0.4, the first of 131,072 elements has a gradient of 10^−52,158 by the "
        "chain, and of 10^−6.8 by the tree. The chain's is factor^(n − 1): exponential. The "
        "tree's is factor^⌈log₂ n⌉, about n^(log₂ factor): a power of n, here n^−1.3, and n^−1 "
        "with the factor ½ of a mean.",
    )


def _levels(n: int) -> list[int]:
    """The number of pairs of each level of a balanced tree."""
    pairs = []
    while n > 1:
        pairs.append(n // 2)
        n -= n // 2
    return pairs
