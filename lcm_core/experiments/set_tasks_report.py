"""What the runs on set tasks show: a table a task, a map of all, and the words computed from it."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

from lcm_core.experiments.framework.base import Picture, Report, Table
from lcm_core.experiments.framework.comparisons import chosen, difference
from lcm_core.experiments.framework.results import Results
from lcm_core.experiments.framework.tables import (
    NOTHING,
    OF_THE_IDENTITY,
    alike_in_steps,
    interval,
    score_table,
    spread,
    steps_of,
    with_effort,
)
from lcm_core.tasks.sets.set_task import LARGE_SETS_IN_A_SPLIT, SETS_IN_A_SPLIT
from lcm_core.training.recipe import Recipe

__all__ = ["ERRORS", "LEAD", "OURS", "SIZES", "above_constant", "cells_of", "show"]

SIZES = {"16": "size 16", "32": "size 32", "128": "size 128", "1,024": "size 1024"}
LCM, ASSOCIATIVE = "LCM", "LCM + associativity"
OURS = (LCM, ASSOCIATIVE)
FORM = ".1%"
LAWS = ("associativity", "identity", "order spread")

#: A median must be so many standard errors of the best constant answer's score above it, and so
#: much at least, to have learned something.
ERRORS, LEAD = 4, 0.01

#: The task of a count that grows with the set, in spite of which some rows' results are bounded.
COUNT = "above the mean"
BOUNDED = (LCM, ASSOCIATIVE, "GRU", "GRU + SIRE", "max", "Set2Set", "Set Transformer")
UNBOUNDED = ("sum", "DeepSets")


class Cell(NamedTuple):
    """One task at one size: the scores of each row by seed, and the best constant answer.

    `ours` is that of our rows with the better *validation* score; "" if none is there.
    """

    column: str
    size: str
    scores: dict[str, list[float]]
    constant: float
    ours: str

    @property
    def medians(self) -> dict[str, float]:
        return {row: statistics.median(scores) for row, scores in self.scores.items()}

    @property
    def best(self) -> str:
        return max(self.medians, key=self.medians.__getitem__)

    @property
    def learned(self) -> bool:
        """Whether any row is above the best constant answer."""
        sets = LARGE_SETS_IN_A_SPLIT if self.size == "1,024" else SETS_IN_A_SPLIT
        return above_constant(self.medians[self.best], self.constant, sets)

    @property
    def leaders(self) -> list[str]:
        """The best row, and those whose spread over the seeds reaches into that of the best."""
        if not self.learned:
            return []
        least = min(self.scores[self.best])
        return [row for row, scores in self.scores.items() if max(scores) >= least]

    @property
    def judged(self) -> Cell:
        """The same without the one of our rows that validation did not choose."""
        others = {r: s for r, s in self.scores.items() if r == self.ours or r not in OURS}
        return Cell(self.column, self.size, others, self.constant, self.ours)


def above_constant(score: float, constant: float, sets: int) -> bool:
    """Whether a share of so many sets is above that of the best constant answer, beyond chance."""
    error = (constant * (1 - constant) / sets) ** 0.5
    return score >= constant + max(LEAD, ERRORS * error)


def show(results: Results, columns: Sequence[str]) -> Report:
    """The report on these tasks."""
    cells = [cell for column in columns for cell in cells_of(results, column)]
    if not cells:
        return ["No two rows are finished yet."]
    tables = [_task_table(results, column) for column in columns if results.of(column=column)]
    picture = Picture(
        "map",
        "A map of all scores at each size, aggregations from top to bottom, tasks from left to "
        f"right. {_best_in_words(cells)}",
        partial(_draw, results.rows, cells),
    )
    return [
        _lcm_in_words(cells),
        _losses_in_words(results, cells),
        _bounded_in_words(cells),
        _associativity_in_words(cells),
        _unlearned_in_words(cells),
        _leaders_table(results, cells),
        picture,
        *tables,
        _rows_table(results),
    ]


def cells_of(results: Results, column: str) -> Iterator[Cell]:
    """The sizes at which a task has at least two rows."""
    ours = chosen(results, OURS, column) or ""
    for size, split in SIZES.items():
        scores = {row: results.scores(row, column, split) for row in results.rows}
        scores = {row: found for row, found in scores.items() if found}
        if len(scores) > 1:
            yield Cell(column, size, scores, results.constant(column, split) or 0.0, ours)


# Tables -----------------------------------------------------------------------------------------


def _task_table(results: Results, column: str) -> Table:
    """The scores of a task by size, the best constant answer first."""
    where = [(f"size {size}", column, split) for size, split in SIZES.items()]
    caption = f"{column[0].upper()}{column[1:]}: {results.metric(column)}."
    table = score_table(results, where, form=FORM, first="aggregation", caption=caption)
    table = with_effort(table, results, column)
    last = [row for row in table.rows if row[0].startswith("*best")]
    others = [row for row in table.rows if row not in last]
    return Table(table.headings, [*last, *others], table.caption)


def _leaders_table(results: Results, cells: Sequence[Cell]) -> Table:
    """In how many tasks each row is among the leaders, by size."""
    lines = []
    for row in results.rows:
        by_size = [[cell for cell in cells if cell.size == size] for size in SIZES]
        there = [[cell for cell in some if row in cell.scores] for some in by_size]
        if any(there):
            counts = [
                f"{sum(row in cell.leaders for cell in some)} of {len(some)}" if some else NOTHING
                for some in there
            ]
            lines.append([row, *counts])
    caption = (
        "In how many tasks an aggregation is the best, or its seeds overlap with those of the "
        "best; where nothing was learned there is no best."
    )
    return Table(["aggregation", *(f"size {size}" for size in SIZES)], lines, caption)


def _rows_table(results: Results) -> Table:
    """What a run of each row had and was: rate, parameters, steps in its time, order spread."""
    lines = []
    for row in results.rows:
        runs = results.of(row)
        if not runs:
            continue
        recipes = [Recipe.parse(run.recipe) for run in runs]
        steps = [float(recipe.steps) for recipe in recipes]
        seconds = [run.cpu_seconds for run in runs]
        rates = sorted({recipe.learning_rate for recipe in recipes})
        laws = [spread([run.laws[law] for run in runs if law in run.laws], ".3f") for law in LAWS]
        sizes = [float(run.parameters) for run in runs]
        lines.append(
            [
                row,
                ", ".join(f"{rate:g}" for rate in rates),
                *map(_whole, (sizes, steps, seconds)),
                *laws,
            ]
        )
    heads = ["aggregation", "peak rate", "parameters", "steps", "CPU s", *LAWS]
    caption = (
        "The runs themselves, all tasks together: the peak of the learning rate, trained numbers, "
        "steps, CPU seconds that they took, and mean law errors after training on sets of training "
        "sizes (unitless; the order spread is that of the aggregation's result). "
        f"{OF_THE_IDENTITY} The size share of some is in the experiment `set_size`."
    )
    return Table(heads, lines, caption)


def _whole(values: Sequence[float]) -> str:
    low, high = min(values), max(values)
    return f"{low:,.0f}" if low == high else f"{low:,.0f}–{high:,.0f}"


# Words ------------------------------------------------------------------------------------------


def _at(cells: Sequence[Cell]) -> str:
    """`parity (16, 32), median (128)`."""
    by_task: dict[str, list[str]] = {}
    for cell in cells:
        by_task.setdefault(cell.column, []).append(cell.size)
    return ", ".join(f"{column} ({'; '.join(sizes)})" for column, sizes in by_task.items())


def _lcm_in_words(cells: Sequence[Cell]) -> str:
    """Where LCM, with or without the regulariser, is at the top, level with others, or behind."""
    ours = [cell for each in cells if each.ours and (cell := each.judged).learned]
    if not ours:
        return ""
    ahead = [cell for cell in ours if set(cell.leaders) <= set(OURS)]
    level = [cell for cell in ours if set(cell.leaders) & set(OURS) and cell not in ahead]
    behind = [cell for cell in ours if not set(cell.leaders) & set(OURS)]
    parts = [
        f"{text} in {len(some)} ({_at(some)})" if some else f"{text} in none"
        for text, some in (
            ("ahead of all others in every seed", ahead),
            ("level with the best within the spread of the seeds", level),
            ("behind", behind),
        )
    ]
    return (
        f"Of {len(ours)} tasks and sizes where something was learned, LCM, with or without the "
        "regulariser, whichever has the better validation score in a task, is "
        f"{'; '.join(parts)}. (Of rows that are equally good, one is ahead of another in every "
        "seed of three once in twenty. The claims above have intervals.)"
    )


def _losses_in_words(results: Results, cells: Sequence[Cell]) -> str:
    """Where LCM is behind: by how much, and whether the task or the large sets are at fault."""
    said = []
    for cell in cells:
        cell, ours = cell.judged, cell.ours
        if not ours or not cell.learned or ours in cell.leaders:
            continue
        both = [results.scores(row, cell.column, "validation") for row in (cell.best, ours)]
        text = (
            f"- {cell.column}, size {cell.size}: {cell.best} {cell.medians[cell.best]:{FORM}}, "
            f"{ours} {cell.medians[ours]:{FORM}}"
        )
        found = difference(cell.scores[ours], cell.scores[cell.best])
        if found is not None:
            text += f"; difference of the means {interval(found, FORM)}, over the seeds"
        if all(both):
            theirs, own = (statistics.median(scores) for scores in both)
            text += (
                f". On new sets of the training sizes {ours} has {own:{FORM}} and {cell.best} "
                f"{theirs:{FORM}}: "
            )
            apart, alike = _steps(results, cell)
            if max(both[1]) < min(both[0]):
                nothing = "" if alike else ": nothing follows about the aggregations"
                text += f"it learned less in its time ({apart}{nothing})"
            else:
                text += f"it learned no less, but extrapolates less ({apart})"
        said.append(f"{text}.")
    return "\n".join(["Where LCM is behind:", "", *said]) if said else ""


def _bounded_in_words(cells: Sequence[Cell]) -> str:
    """What those score whose results stay in one cube, where a count without a bound is asked."""
    cell = next((each for each in reversed(cells) if each.column == COUNT), None)
    if cell is None or not set(BOUNDED) & set(cell.scores) or not set(UNBOUNDED) & set(cell.scores):
        return ""
    bounded, unbounded = (
        [f"{row} {cell.medians[row]:{FORM}}" for row in rows if row in cell.scores]
        for rows in (BOUNDED, UNBOUNDED)
    )
    return (
        f"*{COUNT[0].upper()}{COUNT[1:]}* asks for a count without a bound. The results of some "
        "rows stay in one cube, however large the set is: a GRU's, folded or symmetrised, since "
        "|x ⊕ y|ₖ ≤ max(1, |xₖ|, |yₖ|) (notebook 08, section 3), and those of a maximum and of "
        "weighted means. Then a continuous decoder's answer is bounded, too. At size "
        f"{cell.size}: {', '.join(bounded)}. The results of others grow with the set: "
        f"{', '.join(unbounded)}. The bound is enough to explain the first list at sizes without "
        "end; that they fail at 32 already is an observation. The sum at a GRU's steps, and a sum "
        "in one half of the channels beside a symmetrised GRU in the other, are in the experiment "
        "`equal_steps`."
    )


def _associativity_in_words(cells: Sequence[Cell]) -> str:
    """Where each seed with the regulariser is better than each without, and where worse."""
    both = [cell for cell in cells if cell.learned and set(OURS) <= set(cell.scores)]
    better = [cell for cell in both if min(cell.scores[ASSOCIATIVE]) > max(cell.scores[LCM])]
    worse = [cell for cell in both if max(cell.scores[ASSOCIATIVE]) < min(cell.scores[LCM])]
    if not both:
        return ""
    said = [
        f"{text} at {_at(some)}" for text, some in (("better", better), ("worse", worse)) if some
    ]
    return (
        "With the regulariser of associativity, every seed of LCM is "
        f"{' and '.join(said) or 'nowhere better or worse'} than every seed without it."
    )


def _steps(results: Results, cell: Cell) -> tuple[str, bool]:
    """The steps of our row and of the best one in words, and whether they are alike."""
    own, theirs = (steps_of(results, row, cell.column)[0] for row in (cell.ours, cell.best))
    return f"{own:,} steps, against {theirs:,}", alike_in_steps(own, theirs)


def _unlearned_in_words(cells: Sequence[Cell]) -> str:
    some = [cell for cell in cells if not cell.learned]
    if not some:
        return ""
    return (
        f"No aggregation is above the best constant answer by {ERRORS} standard errors (and "
        f"{LEAD:.0%}) at {_at(some)}."
    )


def _best_in_words(cells: Sequence[Cell]) -> str:
    said = [
        f"{cell.column} {cell.best}, {cell.medians[cell.best]:.0%} (a constant {cell.constant:.0%})"
        for cell in cells
        if cell.size == "128"
    ]
    return f"The best at size 128: {'; '.join(said)}." if said else ""


def _draw(rows: Sequence[str], cells: Sequence[Cell]) -> Any:
    from lcm_core.figures.score_map import score_maps_figure

    maps = {
        f"size {size}": {cell.column: cell.medians for cell in cells if cell.size == size}
        for size in SIZES
    }
    return score_maps_figure(maps, [row for row in rows if any(row in c.scores for c in cells)])
