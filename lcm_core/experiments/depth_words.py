"""What the measurements of depth say, in sentences with their numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping

from lcm_core.depth.cost import Cost
from lcm_core.laws.wording import power_of_ten

__all__ = [
    "CHAIN",
    "NETWORK",
    "PYG",
    "TREE",
    "Costs",
    "ends_in_words",
    "gradients_in_words",
    "short",
    "times_in_words",
]

TREE, CHAIN = "symmetrised GRU, tree", "symmetrised GRU, chain"
NETWORK, PYG = "GRU network", "PyG's GRUAggregation"

#: By row, and in it by the number of elements.
Costs = Mapping[str, Mapping[int, Cost]]


def times_in_words(costs: Costs) -> str:
    """How much longer the chain takes than the tree, and from which size on."""
    both = sorted(costs[TREE].keys() & costs[CHAIN].keys())
    if not both:
        return ""
    n, tree, chain = both[-1], costs[TREE], costs[CHAIN]
    there = chain[n].forward.cpu / tree[n].forward.cpu
    back = chain[n].backward.cpu / tree[n].backward.cpu
    text = (
        f"At {n:,} elements the chain of the symmetrised GRU takes {back:,.0f} times as long as "
        f"its tree, forward and backward ({chain[n].backward.cpu:,.3g} s against "
        f"{tree[n].backward.cpu:,.3g} s); forward alone, {there:,.0f} times."
    )
    networks = [
        f"{_called(row)} {costs[row][n].backward.cpu / tree[n].backward.cpu:,.0f} times"
        for row in (NETWORK, PYG)
        if n in costs[row]
    ]
    if networks:
        text += f" Forward and backward, {', '.join(networks)} as long as the tree."
    slower = [m for m in both if tree[m].backward.cpu >= chain[m].backward.cpu]
    if slower and slower[-1] < n:
        text += f" Up to {slower[-1]:,} elements the chain is the faster one."
    return f"{text} {_growth(costs, both)}".strip()


def _called(row: str) -> str:
    return row if row.startswith("PyG") else f"the {row}"


def ends_in_words(costs: Costs) -> str:
    """Where each line of the times begins and ends."""
    said = []
    for row, found in costs.items():
        if found:
            first, last = min(found), max(found)
            seconds = (short(found[n].backward.cpu) for n in (first, last))
            said.append(f"{row}, from {' to '.join(seconds)} s")
    return "; ".join(said)


def _growth(costs: Costs, sizes: list[int]) -> str:
    if len(sizes) < 2:
        return ""
    before, n = sizes[-2:]
    growth = {
        row: costs[row][n].backward.cpu / costs[row][before].backward.cpu for row in (TREE, CHAIN)
    }
    return (
        f"From {before:,} to {n:,} elements, {n / before:g} times as many, the time of the tree "
        f"grows {growth[TREE]:.1f}-fold and that of the chain {growth[CHAIN]:.1f}-fold: on one "
        "thread both do the same n − 1 applications, and the chain pays for a call with each."
    )


def gradients_in_words(costs: Costs) -> str:
    """How the gradient at the first element falls with n."""
    said = []
    for name, row in (("chain", CHAIN), ("GRU network", NETWORK)):
        sizes = sorted(costs[row])
        if len(sizes) < 2:
            continue
        a, b = costs[row][sizes[-2]], costs[row][sizes[-1]]
        said.append(
            f"By the {name} the gradient at the first of {b.n:,} elements is "
            f"{power_of_ten(b.first)}: it falls by a factor of "
            f"{10 ** ((a.first - b.first) / (b.n - a.n)):.2f} with each further element, and in "
            f"float32 {b.reached:,} elements get a gradient that is not 0."
        )
    sizes = sorted(costs[TREE])
    if len(sizes) > 1:
        a, b = costs[TREE][sizes[0]], costs[TREE][sizes[-1]]
        power = (b.first - a.first) / math.log10(b.n / a.n)
        said.append(
            f"By its tree it is {power_of_ten(b.first)}, about n^{power:.2f}".replace("-", "−")
            + f" (a mean has n^−1), and reaches {b.reached:,} of {b.n:,} elements."
        )
    return " ".join(said)


def short(seconds: float) -> str:
    """Seconds in two or three digits."""
    return f"{seconds:.3g}" if seconds >= 0.001 else f"{seconds:.2g}"
