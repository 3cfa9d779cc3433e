"""Checks of `12_one_set_on_many_machines`: partners, traffic, shares, and blocks of a stream."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lcm_core.exercises.verdict import Verdict
from lcm_core.trees.tree import make_tree

__all__ = ["check_blocks", "check_partner", "check_shares", "check_traffic"]

ELEMENTS, RANKS = 12, 4


def check_partner(partner: Callable[[int, int], int]) -> Verdict:
    """Whether `partner(rank, number)` gives every rank the states of all, in log₂ R rounds."""
    for levels in (1, 2, 3, 4):
        ranks = 2**levels
        knows = [{rank} for rank in range(ranks)]
        for number in range(levels):
            try:
                others = [int(partner(rank, number)) for rank in range(ranks)]
            except Exception as error:
                return Verdict(False, f"partner(…, {number}): {type(error).__name__}: {error}.")
            for rank, other in enumerate(others):
                where = f"with {ranks} ranks, in round {number},"
                if not 0 <= other < ranks:
                    return Verdict(
                        False,
                        f"{where} rank {rank} is to meet rank {other}, and there are only the "
                        f"ranks 0 to {ranks - 1}. Neighbours pair up: 0 with 1, 2 with 3.",
                    )
                if other == rank or others[other] != rank:
                    return Verdict(
                        False,
                        f"{where} rank {rank} is to meet rank {other}, which is to meet rank "
                        f"{others[other]}: both must name each other, or one waits for ever.",
                    )
                if knows[rank] & knows[other]:
                    return Verdict(
                        False,
                        f"{where} ranks {rank} and {other} meet, and both have the states of "
                        f"{sorted(knows[rank] & knows[other])} already: these would count twice.",
                    )
            knows = [knows[rank] | knows[other] for rank, other in enumerate(others)]
            size = 2 ** (number + 1)
            for rank, known in enumerate(knows):
                if known != set(range(rank // size * size, (rank // size + 1) * size)):
                    return Verdict(
                        False,
                        f"with {ranks} ranks, after round {number}, rank {rank} has the states of "
                        f"{sorted(known)}. Nothing is missing and nothing twice, but these are no "
                        "neighbours, so the brackets are not those of the balanced tree.",
                    )
    return Verdict(
        True,
        "16 ranks have all states after 4 rounds, each by the brackets of the balanced tree. In "
        "round k partners differ in bit k of their numbers alone; this is called recursive "
        "doubling, or a hypercube.",
    )


def check_traffic(
    tree: Callable[[int, int], float], gather: Callable[[int, int], float]
) -> Verdict:
    """Whether the two count the numbers that one rank receives: `f(ranks, numbers)`."""
    for levels in (1, 2, 3, 10):
        for numbers in (1, 64):
            ranks = 2**levels
            wanted = {"tree": levels * numbers, "gather": (ranks - 1) * numbers}
            for name, count in {"tree": tree, "gather": gather}.items():
                try:
                    found = float(count(ranks, numbers))
                except Exception as error:
                    return Verdict(False, f"{name}({ranks}, {numbers}): {error}.")
                if found != wanted[name]:
                    why = (
                        "In each of log₂ R rounds one message arrives, of one state."
                        if name == "tree"
                        else "The states of all other ranks arrive."
                    )
                    return Verdict(
                        False,
                        f"{name}({ranks}, {numbers}) is {found:g}, and {wanted[name]} numbers "
                        f"arrive. {why}",
                    )
    return Verdict(
        True,
        "with 2 ranks it is the same, with 8 ranks 3 against 7 states, with 1,024 ranks 10 against "
        "1,023. Rounds cost time of their own, though: docs/scaling.md has both.",
    )


def check_shares(shares: Sequence[int]) -> Verdict:
    """Whether these shares of 12 elements on 4 ranks give the balanced tree of one machine."""
    sizes = [int(size) for size in shares]
    if len(sizes) != RANKS or min(sizes) < 0 or sum(sizes) != ELEMENTS:
        return Verdict(
            False,
            f"{RANKS} shares of {ELEMENTS} elements in all are wanted, got {sizes}, which are "
            f"{sum(sizes)} elements on {len(sizes)} ranks.",
        )
    parts, start = [], 0
    for size in sizes:
        names = [str(position) for position in range(start, start + size)]
        parts.append(make_tree("balanced", size).bracketing(names) if size else "")
        start += size
    found = _over_ranks(parts)
    wanted = make_tree("balanced", ELEMENTS).bracketing([str(i) for i in range(ELEMENTS)])
    if found != wanted:
        return Verdict(
            False,
            f"these shares give {found}, and one machine has {wanted}. A rank's share must be a "
            "subtree: look for the first bracket that differs.",
        )
    if sizes.count(0) == RANKS - 1:
        return Verdict(False, "that is right, and no work is shared: use more than one machine.")
    return Verdict(
        True,
        f"{found}, as on one machine. Equal powers of two, and what is left on the last ranks: "
        "then even an operator that breaks the law gives the same on any number of machines.",
    )


def _over_ranks(parts: Sequence[str]) -> str:
    """The brackets of the balanced tree over ranks, without those that have nothing."""
    states = list(parts)
    for left, right in make_tree("balanced", len(parts)).children.tolist():
        both = [state for state in (states[left], states[right]) if state]
        inner = "" if len(both) == 2 and both[0][-1] == ")" and both[1][0] == "(" else " "
        states.append(f"({inner.join(both)})" if len(both) == 2 else "".join(both))
    return states[-1]


def check_blocks(blocks: Callable[[int, int], Sequence[tuple[int, int]]]) -> Verdict:
    """Whether `blocks(start, stop)` cuts positions into the largest aligned blocks."""
    for start, stop in ((0, 8), (0, 5), (8, 12), (3, 8), (5, 14), (6, 23), (1, 64), (7, 7)):
        try:
            found = [(int(a), int(b)) for a, b in blocks(start, stop)]
        except Exception as error:
            return Verdict(False, f"blocks({start}, {stop}): {type(error).__name__}: {error}.")
        shown = f"blocks({start}, {stop}) is {found}"
        covered = [position for a, b in found for position in range(a, b)]
        if covered != list(range(start, stop)):
            return Verdict(False, f"{shown}: it must have each of {start} to {stop - 1} once.")
        for a, b in found:
            size = b - a
            if size & (size - 1):
                return Verdict(False, f"{shown}: {a} to {b - 1} are {size}, no power of two.")
            if a % size:
                return Verdict(
                    False,
                    f"{shown}: {size} elements from {a} on are no subtree of the balanced tree. "
                    f"Its subtrees of {size} begin at multiples of {size}.",
                )
        if found != (wanted := _largest(start, stop)):
            return Verdict(
                False,
                f"{shown}: right, but with more blocks than needed; {wanted} are fewer. Take the "
                "largest block that begins here and ends in time.",
            )
    return Verdict(
        True,
        "63 positions in 6 blocks: a chunk of n elements has at most 2 log₂ n of them, wherever "
        "it begins, and each is a subtree of the balanced tree. That is how `reduce_stream` works.",
    )


def _largest(start: int, stop: int) -> list[tuple[int, int]]:
    found = []
    while start < stop:
        size = 1
        while start % (2 * size) == 0 and start + 2 * size <= stop:
            size *= 2
        found.append((start, start + size))
        start += size
    return found
