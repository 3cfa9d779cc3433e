"""Who exchanges what with whom: the messages of an all-reduce over R ranks.

Let p be the largest power of two that is not above R. Ranks below p are *core*; the R − p others
each hand their states to the core rank that is p below them. In round k each core rank exchanges
blocks with the one whose number differs in bit k: a block is the reduction of 2ᵏ neighbouring
ranks. A core rank carries a block of the first p ranks and, if there is one, the block of the
others that is p further on. Both are subtrees of the balanced tree over all ranks, so the result
is that of the balanced tree: neighbours are paired, and an odd last one is carried up.
"""

from typing import NamedTuple

from lcm_core.trees.tree import Tree, make_tree

__all__ = ["Exchange", "Message", "exchanges", "messages", "rounds", "tree_of_ranks"]


class Exchange(NamedTuple):
    """One round of one rank.

    Attributes:
        number: of the round, from 0.
        partner: the rank at the other end.
        sends, receives: blocks, of B states each: 0, 1 or 2.
    """

    number: int
    partner: int
    sends: int
    receives: int


class Message(NamedTuple):
    """What one rank sends to another in a round.

    Attributes:
        number: of the round, from 0.
        source, target: ranks.
        blocks: (first, end) of the ranks whose states each block of the message reduces.
    """

    number: int
    source: int
    target: int
    blocks: tuple[tuple[int, int], ...]


def rounds(ranks: int) -> int:
    """Rounds of messages of an all-reduce: log₂ R for powers of two, else ⌊log₂ R⌋ + 2.

    >>> [rounds(ranks) for ranks in (1, 2, 3, 4, 5, 8)]
    [0, 1, 3, 2, 4, 3]

    Args:
        ranks: R ≥ 1.
    """
    levels = ranks.bit_length() - 1
    return levels if ranks == 1 << levels else levels + 2


def tree_of_ranks(ranks: int) -> Tree:
    """The tree that an all-reduce follows: the balanced one.

    >>> tree_of_ranks(5)
    Tree((((a b)(c d)) e))

    Args:
        ranks: R ≥ 1.
    """
    return make_tree("balanced", ranks)


def exchanges(rank: int, ranks: int) -> list[Exchange]:
    """What one rank does in an all-reduce, round by round; rounds in which it rests are left out.

    >>> exchanges(0, 3)  # it takes the states of rank 2, and hands back the result
    [Exchange(number=0, partner=2, sends=0, receives=1), \
Exchange(number=1, partner=1, sends=2, receives=1), \
Exchange(number=2, partner=2, sends=1, receives=0)]

    Args:
        rank: from 0 to R − 1.
        ranks: R.
    """
    levels = ranks.bit_length() - 1
    core = 1 << levels
    others = ranks - core
    before, last = int(others > 0), rounds(ranks) - 1
    if rank >= core:
        return [Exchange(0, rank - core, 1, 0), Exchange(last, rank - core, 0, 1)]
    taken = [Exchange(0, rank + core, 0, 1)] if rank < others else []
    for level in range(levels):
        partner = rank ^ (1 << level)
        sends, receives = (1 + (each >> level << level < others) for each in (rank, partner))
        taken.append(Exchange(before + level, partner, sends, receives))
    return taken + ([Exchange(last, rank + core, 1, 0)] if rank < others else [])


def messages(ranks: int) -> list[Message]:
    """Every message of an all-reduce over R ranks, in order of rounds.

    >>> messages(2)
    [Message(number=0, source=0, target=1, blocks=((0, 1),)), \
Message(number=0, source=1, target=0, blocks=((1, 2),))]

    Args:
        ranks: R.
    """
    core = 1 << (ranks.bit_length() - 1)
    before, last = int(ranks > core), rounds(ranks) - 1
    found = []
    for rank in range(ranks):
        for number, partner, sends, _ in exchanges(rank, ranks):
            if not sends:
                continue
            if rank >= core:
                blocks = [(rank, rank + 1)]
            elif before and number == last:
                blocks = [(0, ranks)]
            else:
                size = 1 << (number - before)
                first = rank // size * size
                blocks = [(first, first + size), (core + first, min(core + first + size, ranks))]
            found.append(Message(number, rank, partner, tuple(blocks[:sends])))
    return sorted(found)
