"""Depth, time and gradients of one set of up to 131,072 elements, by a chain and by a tree."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial
from typing import Any

from lcm_core.depth import Cost, measure
from lcm_core.experiments.base import Experiment, Measurement, Picture, Report, Results, Table
from lcm_core.wording import power_of_ten

__all__ = ["EXPERIMENT", "SIZES"]

SIZES = tuple(2 * 4**k for k in range(9))  # 2 to 131,072
CHANNELS = 64
PATIENCE = 3.0  # seconds in which the runs of one pass are repeated

TREE, CHAIN = "symmetrised GRU, tree", "symmetrised GRU, chain"

#: What is measured: a way of `lcm_core.depth_ways`, and an operator for those that take one.
ROWS: Mapping[str, tuple[str, str]] = {
    TREE: ("tree", "symmetrized_gru"),
    CHAIN: ("chain", "symmetrized_gru"),
    "GRU network": ("gru_fold", "symmetrized_gru"),
    "PyG's GRUAggregation": ("pyg_gru", "symmetrized_gru"),
    "sum, tree": ("tree", "sum"),
    "sum, chain": ("chain", "sum"),
    "max, tree": ("tree", "max"),
    "max, chain": ("chain", "max"),
}
LEARNED = list(ROWS)[:4]
FIXED = list(ROWS)[4:]


def jobs() -> list[Measurement]:
    """Every way at every size, small sizes first: a run that is cut off has a whole table."""
    return [
        Measurement(
            row,
            column(n),
            partial(_measure, way, operator, n),
            f"{way} of {operator}, {n} elements of {CHANNELS} channels, {PATIENCE:g} s a pass",
        )
        for n in SIZES
        for row, (way, operator) in ROWS.items()
    ]


def column(n: int) -> str:
    """The label of a size."""
    return f"{n:,} elements"


def _measure(way: str, operator: str, n: int) -> dict[str, Any]:
    return measure(way, n, operator, CHANNELS, patience=PATIENCE).as_json()


# The report -------------------------------------------------------------------------------------


def report(results: Results) -> Report:
    """Times, gradients, and what follows from them."""
    costs = {
        row: {
            n: Cost.from_json(found)
            for n in SIZES
            if (found := results.measured(row, column(n))) is not None
        }
        for row in ROWS
    }
    if not any(costs.values()):
        return ["No measurement is finished yet."]
    times = Picture(
        "times",
        "CPU seconds of an answer with its gradients over the number of elements, both axes "
        f"logarithmic: {_ends_in_words(costs)}.",
        partial(_draw_times, costs),
    )
    gradients = Picture(
        "gradients",
        "Length of the gradient at the first element of the set, as a power of ten, over the "
        f"number of elements. {_gradients_in_words(costs)}",
        partial(_draw_gradients, costs),
    )
    return [
        f"One set of Gaussian elements of {CHANNELS} channels, operators and networks as they are "
        "initialised, one thread of the CPU. A *chain* takes one element after the other, in a "
        "plain loop over ⊕ or inside PyTorch's GRU; the *tree* is `lcm_core.reduce`, its plan "
        "included. Seconds are CPU seconds, medians where there was time for several runs.",
        _times_in_words(costs),
        _times_table(costs, LEARNED, "Forward + backward, in CPU seconds (forward alone)."),
        _times_table(costs, FIXED, "The same of operators that have nothing to learn."),
        times,
        _gradients_in_words(costs),
        _gradients_table(costs),
        gradients,
        "The gradient is that of the answer along (1, …, 1)/√d: for a sum its length is 1 at each "
        "element, for a mean 1/n. It is computed in float64, a chain's in pieces whose scale is "
        "kept apart, since below 10⁻⁴⁵ float32 knows only 0 (float64: below 10⁻³²³). *Reached* "
        "counts the elements whose gradient is not 0 in the float32 that training uses. Of a max, "
        "0 is a true 0: no feature of the first element is the largest.",
    ]


Costs = Mapping[str, Mapping[int, Cost]]


def _times_table(costs: Costs, rows: list[str], caption: str) -> Table:
    some = [n for n in SIZES if any(n in costs[row] for row in rows)]
    lines = [[f"{n:,}", *(_seconds(costs[row].get(n)) for row in rows)] for n in some]
    return Table(["elements", *rows], lines, caption)


def _gradients_table(costs: Costs) -> Table:
    rows = [row for row in ROWS if row not in ("sum, tree", "sum, chain")]
    some = [n for n in SIZES if any(n in costs[row] for row in rows)]
    lines = [
        [f"{n:,}", *_depths(costs, n), *(_gradient(costs[row].get(n)) for row in rows)]
        for n in some
    ]
    heads = ["elements", "depth of the tree", "of the chain", *rows]
    caption = (
        "Length of the gradient at the first element, of a chain the farthest from the answer; in "
        "brackets the number of elements that a gradient in float32 reaches."
    )
    return Table(heads, lines, caption)


def _depths(costs: Costs, n: int) -> list[str]:
    return [f"{costs[row][n].depth:,}" if n in costs[row] else "–" for row in (TREE, CHAIN)]


def _seconds(cost: Cost | None) -> str:
    if cost is None:
        return "–"
    return f"{_short(cost.backward.cpu)} ({_short(cost.forward.cpu)})"


def _short(seconds: float) -> str:
    return f"{seconds:.3g}" if seconds >= 0.001 else f"{seconds:.2g}"


def _gradient(cost: Cost | None) -> str:
    return "–" if cost is None else f"{power_of_ten(cost.first)} ({cost.reached:,})"


def _times_in_words(costs: Costs) -> str:
    both = [n for n in SIZES if n in costs[TREE] and n in costs[CHAIN]]
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
        for row in LEARNED[2:]
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


def _ends_in_words(costs: Costs) -> str:
    """Where each line of the times begins and ends."""
    said = []
    for row, found in costs.items():
        if found:
            first, last = min(found), max(found)
            seconds = (_short(found[n].backward.cpu) for n in (first, last))
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


def _gradients_in_words(costs: Costs) -> str:
    said = []
    for name, row in (("chain", CHAIN), ("GRU network", "GRU network")):
        sizes = [n for n in SIZES if n in costs[row]]
        if len(sizes) < 2:
            continue
        a, b = costs[row][sizes[-2]], costs[row][sizes[-1]]
        said.append(
            f"By the {name} the gradient at the first of {b.n:,} elements is "
            f"{power_of_ten(b.first)}: it falls by a factor of "
            f"{10 ** ((a.first - b.first) / (b.n - a.n)):.2f} with each further element, and in "
            f"float32 {b.reached:,} elements get a gradient that is not 0."
        )
    sizes = [n for n in SIZES if n in costs[TREE]]
    if len(sizes) > 1:
        a, b = costs[TREE][sizes[0]], costs[TREE][sizes[-1]]
        power = (b.first - a.first) / math.log10(b.n / a.n)
        said.append(
            f"By its tree it is {power_of_ten(b.first)}, about n^{power:.2f}".replace("-", "−")
            + f" (a mean has n^−1), and reaches {b.reached:,} of {b.n:,} elements."
        )
    return " ".join(said)


def _draw_times(costs: Costs) -> Any:
    from lcm_core.figures import depth_times_figure

    lines = {row: list(found.values()) for row, found in costs.items()}
    return depth_times_figure(lines, SIZES, clock="cpu", height=460)


def _draw_gradients(costs: Costs) -> Any:
    from lcm_core.figures import depth_gradients_figure

    lines = {row: list(found.values()) for row, found in costs.items()}
    return depth_gradients_figure(lines, SIZES, height=420)


EXPERIMENT = Experiment(
    name="depth",
    title="Depth: chain against tree",
    question=(
        "What do n − 1 steps one after the other cost, in time and in gradients, against the "
        "⌈log₂ n⌉ levels of a balanced tree, for one set of n elements?"
    ),
    jobs=jobs,
    report=report,
    seeds=1,
)
