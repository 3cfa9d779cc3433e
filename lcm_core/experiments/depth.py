"""Depth, time and gradients of one set of up to 131,072 elements, by a chain and by a tree."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from lcm_core.depth.cost import Cost, measure
from lcm_core.experiments.depth_words import (
    CHAIN,
    NETWORK,
    PYG,
    TREE,
    Costs,
    ends_in_words,
    gradients_in_words,
    short,
    times_in_words,
)
from lcm_core.experiments.framework.base import Experiment, Measurement, Picture, Report, Table
from lcm_core.experiments.framework.registry import register_experiment
from lcm_core.experiments.framework.results import Results
from lcm_core.laws.wording import power_of_ten

__all__ = ["EXPERIMENT", "SIZES", "column"]

SIZES = tuple(2 * 4**k for k in range(9))  # 2 to 131,072
CHANNELS = 64
PATIENCE = 3.0  # seconds in which the runs of one pass are repeated

#: What is measured: a method of `lcm_core.depth.methods`, and an operator for those that take one.
ROWS: Mapping[str, tuple[str, str]] = {
    TREE: ("tree", "symmetrized_gru"),
    CHAIN: ("chain", "symmetrized_gru"),
    NETWORK: ("gru_fold", "symmetrized_gru"),
    PYG: ("pyg_gru", "symmetrized_gru"),
    "sum, tree": ("tree", "sum"),
    "sum, chain": ("chain", "sum"),
    "max, tree": ("tree", "max"),
    "max, chain": ("chain", "max"),
}
LEARNED = list(ROWS)[:4]
FIXED = list(ROWS)[4:]


def jobs() -> list[Measurement]:
    """Every method at every size, small sizes first: a run that is cut off has a whole table."""
    return [
        Measurement(
            row,
            column(n),
            partial(_measure, method, operator, n),
            f"{method} of {operator}, {n} elements of {CHANNELS} channels, {PATIENCE:g} s a pass",
        )
        for n in SIZES
        for row, (method, operator) in ROWS.items()
    ]


def column(n: int) -> str:
    """The label of a size."""
    return f"{n:,} elements"


def _measure(method: str, operator: str, n: int) -> dict[str, Any]:
    return measure(method, n, operator, CHANNELS, patience=PATIENCE).as_json()


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
        f"logarithmic: {ends_in_words(costs)}.",
        partial(_draw_times, costs),
    )
    gradients = Picture(
        "gradients",
        "Length of the gradient at the first element of the set, as a power of ten, over the "
        f"number of elements. {gradients_in_words(costs)}",
        partial(_draw_gradients, costs),
    )
    return [
        f"One set of Gaussian elements of {CHANNELS} channels, operators and networks as they are "
        "initialised, one thread of the CPU. A *chain* takes one element after the other, in a "
        "plain loop over ⊕ or inside PyTorch's GRU; the *tree* is `lcm_core.reduce`, its plan "
        "included. Seconds are CPU seconds, medians where there was time for several runs.",
        times_in_words(costs),
        _times_table(costs, LEARNED, "Forward + backward, in CPU seconds (forward alone)."),
        _times_table(costs, FIXED, "The same of operators that have nothing to learn."),
        times,
        gradients_in_words(costs),
        _gradients_table(costs),
        gradients,
        "The gradient is that of the answer along (1, …, 1)/√d: for a sum its length is 1 at each "
        "element, for a mean 1/n. It is computed in float64, a chain's in pieces whose scale is "
        "kept apart, since below 10⁻⁴⁵ float32 knows only 0 (float64: below 10⁻³²³). *Reached* "
        "counts the elements whose gradient is not 0 in the float32 that training uses. Of a max, "
        "0 is a true 0: no feature of the first element is the largest.",
    ]


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
    return f"{short(cost.backward.cpu)} ({short(cost.forward.cpu)})"


def _gradient(cost: Cost | None) -> str:
    return "–" if cost is None else f"{power_of_ten(cost.first)} ({cost.reached:,})"


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

register_experiment(EXPERIMENT)
