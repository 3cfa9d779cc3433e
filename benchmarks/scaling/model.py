"""A model of the time of a reduction over ranks: latency, bandwidth, products.

A message of b bytes takes α + b / β seconds over a wire with latency α and bandwidth β. A level of
a tree with m pairs takes λ + m / ρ seconds: λ to begin with it, and ρ pairs a second. The
host takes κ seconds for an exchange, or for a gather as a whole.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from lcm_core.distributed.schedule import exchanges

BYTES = 4  # of a number: float32


@dataclass(frozen=True)
class Wire:
    """A kind of connection: seconds of a small message, and bytes a second each way, per rank."""

    name: str
    latency: float
    bandwidth: float

    def seconds(self, numbers: float) -> float:
        return self.latency + BYTES * numbers / self.bandwidth


@dataclass(frozen=True)
class Cluster:
    """Ranks, `per_node` of them in a node, joined by one wire inside and another across nodes.

    Args:
        pairs: per second and rank, for states of `width` numbers.
        level: seconds to begin with a level.
        call: seconds of the host for an exchange, or for a gather as a whole.
    """

    name: str
    inside: Wire
    across: Wire
    per_node: int
    width: int
    pairs: float
    level: float
    call: float

    def wire(self, distance: int) -> Wire:
        """Between ranks whose numbers differ by a power of two."""
        return self.inside if distance < self.per_node else self.across

    def level_seconds(self, pairs: float) -> float:
        return self.level + pairs / self.pairs if pairs else 0.0


def tree_seconds(cluster: Cluster, ranks: int, sets: int) -> float:
    """`all_reduce` of `sets` states a rank: what rank 0 does, which takes part in every round."""
    total, core = 0.0, 1 << (ranks.bit_length() - 1)
    for _, partner, sends, receives in exchanges(0, ranks):
        total += cluster.call + cluster.wire(partner).seconds(
            max(sends, receives) * sets * cluster.width
        )
        total += cluster.level_seconds(min(sends, receives) * sets)
    return total + cluster.level_seconds(sets if ranks > core else 0)


def gather_seconds(cluster: Cluster, ranks: int, sets: int) -> float:
    """A gather of all states on all ranks, at its best, and the reduction of R states a set.

    At its best it has the latency of a tree, and the ranks of a node share what comes in from
    other nodes: each receives a part from there, and the rest from its neighbours.
    """
    numbers = sets * cluster.width
    total = cluster.call + sum(
        cluster.wire(1 << number).latency for number in range(math.ceil(math.log2(max(ranks, 1))))
    )
    near = min(ranks, cluster.per_node)
    total += BYTES * (ranks - near) / near * numbers / cluster.across.bandwidth
    total += BYTES * (ranks - 1) * numbers / cluster.inside.bandwidth
    return total + sum(
        cluster.level_seconds(sets * ranks / 2**number)
        for number in range(1, math.ceil(math.log2(max(ranks, 1))) + 1)
    )


def own_seconds(cluster: Cluster, elements: float, sets: int) -> float:
    """The reduction of the elements of one rank to one state a set."""
    levels = math.ceil(math.log2(max(elements / sets, 1)))
    return levels * cluster.level + max(elements - sets, 0) / cluster.pairs


def whole_seconds(cluster: Cluster, elements: float, ranks: int, sets: int) -> float:
    """Sets of so many elements in all, spread evenly over ranks: their states on all ranks."""
    return own_seconds(cluster, elements / ranks, sets) + tree_seconds(cluster, ranks, sets)


def crossing(cluster: Cluster, ranks: int) -> float:
    """The number of sets from which the tree is faster than a gather; infinity if it never is."""

    def ahead(sets: float) -> bool:
        return tree_seconds(cluster, ranks, sets) < gather_seconds(cluster, ranks, sets)

    return first_power(ahead)


def first_power(holds: Callable[[int], bool], most: int = 24) -> float:
    """The smallest power of two for which something holds, up to 2^most; otherwise infinity."""
    return next((2**k for k in range(most + 1) if holds(2**k)), math.inf)


# This machine -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """Seconds of one exchange of so many bytes: `fixed + each * bytes`."""

    fixed: float
    each: float

    def seconds(self, numbers: int) -> float:
        return self.fixed + self.each * BYTES * numbers


@dataclass(frozen=True)
class Shared:
    """R processes that share a few cores, joined by gloo over the loopback.

    An exchange takes a while by the clock, part of which is waiting for the other process to wake
    up, and a part is work of a core. With more ranks than cores the work queues up, R / cores in a
    row, and the waiting is hidden behind it.

    Args:
        clock: of an exchange between two ranks that have a core each.
        work: the time of a core within it, of one of the two.
        cores: of the machine.
    """

    clock: Line
    work: Line
    cores: int

    def seconds(self, ranks: int, numbers: int, combine: float) -> float:
        """An `all_reduce`: `combine` is what one combination of all sets takes, on one core."""
        clock, work = (line.seconds(numbers) + combine for line in (self.clock, self.work))
        return len(exchanges(0, ranks)) * max(clock, work * ranks / self.cores)
