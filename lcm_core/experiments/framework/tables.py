"""Tables of results: the median over the seeds, and how far they spread."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

from lcm_core.experiments.framework.base import Table
from lcm_core.experiments.framework.comparisons import Difference
from lcm_core.experiments.framework.endings import SIZE_SHARE
from lcm_core.experiments.framework.results import Results
from lcm_core.training.recipe import Recipe

__all__ = [
    "NOTHING",
    "OF_THE_IDENTITY",
    "Effort",
    "alike_in_steps",
    "effort",
    "interval",
    "law_table",
    "median_steps",
    "p_value",
    "score_table",
    "spread",
    "steps_of",
    "value_table",
    "with_effort",
]

NOTHING = "–"  # where there is no result yet
LAWS = ("associativity", "exchange", "identity", "order spread", SIZE_SHARE)
LEAST_P = 0.001  # that is written as a number
#: What the error of a learned identity says, and what it does not.
OF_THE_IDENTITY = (
    "Where the error of the identity, the state for empty sets, is not small, ⊕ is used without "
    "one. (Only empty sets train it; another state may come nearer.)"
)

ALIKE = 1.2  # rows whose steps differ by a larger factor are not compared as aggregations

#: Values, one a seed, of a row in a column of the table.
Values = Callable[[str, str], Sequence[float]]


def spread(values: Sequence[float], form: str = ".1%") -> str:
    """Median (smallest–largest), such as `95.8% (94.9–96.1)`; one value alone stands alone.

    >>> spread([0.961, 0.949, 0.958])
    '95.8% (94.9–96.1)'
    >>> spread([-2.1, -2.3], ".2f")
    '−2.20 (−2.30 to −2.10)'

    Args:
        values: one a seed.
        form: of a number, as in Python's format strings.
    """
    if not values:
        return NOTHING
    middle = _number(statistics.median(values), form)
    if len(values) == 1:
        return middle
    low, high = (_number(value, form).removesuffix("%") for value in (min(values), max(values)))
    return f"{middle} ({low}{' to ' if '−' in low else '–'}{high})"


def value_table(
    rows: Sequence[str],
    headings: Sequence[str],
    values: Values,
    form: str = ".1%",
    best: Callable[[str], str | None] = lambda heading: "max",
    first: str = "",
    caption: str = "",
) -> Table:
    """A table of medians and spreads, the best median of each column in bold.

    Args:
        rows: of the table; one without any value is left out.
        headings: of its columns, those of the rows aside.
        values: `values(row, heading)`: one number a seed.
        form: of a number, as in Python's format strings.
        best: `best(heading)`: which is the best of a column: "max", "min", or None.
        first: heading of the rows.
        caption: a sentence above it.
    """
    found = {row: [values(row, heading) for heading in headings] for row in rows}
    found = {row: cells for row, cells in found.items() if any(map(len, cells))}
    texts = {row: [spread(cell, form) for cell in cells] for row, cells in found.items()}
    for place, heading in enumerate(headings):
        which = best(heading)
        medians = {
            row: _number(statistics.median(cells[place]), form)
            for row, cells in found.items()
            if len(cells[place])
        }
        if which is None or len(medians) < 2:
            continue
        choose = max if which == "max" else min
        top = choose(medians, key=lambda row: statistics.median(found[row][place]))
        for row, text in medians.items():
            if text == medians[top]:  # as good as the best, at the digits that are shown
                texts[row][place] = f"**{texts[row][place]}**"
    return Table([first, *headings], [[row, *cells] for row, cells in texts.items()], caption)


def score_table(
    results: Results,
    cells: Sequence[tuple[str, str, str]] | None = None,
    rows: Sequence[str] | None = None,
    form: str = ".1%",
    first: str = "",
    caption: str = "",
) -> Table:
    """Scores by row, and in the last row those of the best constant answer.

    Args:
        cells: `(heading, column, split)` of each column of the table; None is all columns and
            splits that there are.
        rows: None is all rows.
        form: of a number: ".1%" for shares, ".3f", ….
        first: heading of the rows.
        caption: a sentence above it.
    """
    if cells is None:
        cells = [
            (f"{c}, {split}", c, split) for c in results.columns for split in results.splits(c)
        ]
    where = {heading: (column, split) for heading, column, split in cells}
    table = value_table(
        results.rows if rows is None else rows,
        list(where),
        lambda row, heading: results.scores(row, *where[heading]),
        form,
        lambda heading: "max" if results.higher_is_better(where[heading][0]) else "min",
        first,
        caption,
    )
    constants = [results.constant(*place) for place in where.values()]
    if all(constant is None for constant in constants):
        return table
    texts = [NOTHING if each is None else _number(each, form) for each in constants]
    return Table(table.headings, [*table.rows, ["*best constant answer*", *texts]], caption)


class Effort(NamedTuple):
    """What the runs of a row took, as text: steps, and CPU seconds of training (medians)."""

    steps: str
    seconds: str


def effort(results: Results, row: str, column: str) -> Effort:
    """The steps and the CPU seconds of a row in a column; each `–` where there is no run."""
    runs = results.of(row, column)
    if not runs:
        return Effort(NOTHING, NOTHING)
    seconds = statistics.median(run.cpu_seconds for run in runs)
    return Effort(f"{median_steps(results, row, column):,.0f}", f"{seconds:,.0f}")


def steps_of(results: Results, row: str, column: str) -> list[int]:
    """The steps of a row in a column, one a seed."""
    return [_steps(run.recipe) for run in results.of(row, column)]


def median_steps(results: Results, row: str, column: str) -> float:
    """The median over the seeds of the steps of a row in a column."""
    return statistics.median(steps_of(results, row, column))


def alike_in_steps(one: float, other: float) -> bool:
    """Whether two numbers of steps differ by at most 20 %."""
    return max(one, other) <= ALIKE * min(one, other)


def with_effort(table: Table, results: Results, column: str) -> Table:
    """The same table with the steps and the CPU seconds beside each of its rows."""
    rows = [[*row, *effort(results, row[0], column)] for row in table.rows]
    return Table([*table.headings, "steps", "CPU s"], rows, table.caption)


def interval(apart: Difference, form: str = ".1%") -> str:
    """A difference with its 95 % interval, such as `+0.10 (+0.08 to +0.12)`."""
    mean, low, high = (_number(each, f"+{form}") for each in (apart.mean, apart.low, apart.high))
    return f"{mean} ({low} to {high})"


def p_value(p: float) -> str:
    """Two digits, or that it is below `LEAST_P`."""
    return f"{p:.2g}" if p >= LEAST_P else f"< {LEAST_P}"


@lru_cache(maxsize=1024)
def _steps(recipe: str) -> int:
    return Recipe.parse(recipe).steps


def law_table(
    results: Results,
    columns: Sequence[str],
    what: str,
    rows: Sequence[str] | None = None,
    first: str = "",
    prefix: str = "",
) -> Table:
    """The mean law errors at the end of training, of all seeds and these columns together.

    A law that no run has is left out.

    Args:
        what: the beginning of the caption: whose they are.
        rows: None is all rows.
        first: heading of the rows.
        prefix: of the names of the laws in the results: `NEIGHBORS`, or nothing.
    """
    rows = results.rows if rows is None else rows

    def values(row: str, law: str) -> list[float]:
        return [value for each in columns for value in results.laws(row, each, prefix + law)]

    laws = [law for law in LAWS if any(values(row, law) for row in rows)]
    share = (
        "The size share is the share of the variance of results that is the size of the set."
        if SIZE_SHARE in laws
        else "The size share (experiment `set_size`) was not measured in these runs."
    )
    return value_table(
        rows,
        laws,
        values,
        ".2g",
        lambda law: None,
        first,
        f"{what}: mean law errors (unitless). {OF_THE_IDENTITY} {share}",
    )


def _number(value: float, form: str) -> str:
    return format(value, form).replace("-", "−")
