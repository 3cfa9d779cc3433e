"""Rows of other experiments, run again for as many steps as the row they are compared with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from lcm_core.experiments import graph_properties, molecules, set_tasks
from lcm_core.experiments.framework.base import Experiment, Job, Report, Table, TrainingRun
from lcm_core.experiments.framework.comparisons import holm, paired_difference
from lcm_core.experiments.framework.endings import NEIGHBORS, RESAMPLES
from lcm_core.experiments.framework.registry import register_experiment
from lcm_core.experiments.framework.results import Results
from lcm_core.experiments.framework.tables import (
    interval,
    law_table,
    p_value,
    score_table,
    with_effort,
)
from lcm_core.experiments.set_tasks_report import SIZES

__all__ = ["BOTH", "EXPERIMENT", "RERUNS", "Rerun", "complete"]

#: A sum in one half of the channels and a symmetrised GRU in the other: bounded and unbounded.
BOTH = "sum × LCM"
HALVES = "product(sum,symmetrized_gru)"

OF_SETS = ("validation", *SIZES.values())
OF_GRAPHS = ("validation", "test")


class Rerun(NamedTuple):
    """Rows of a column of another experiment, for the same number of steps.

    Attributes:
        jobs: of that experiment: the recipes come from there.
        of: the column there.
        steps: those of one of its rows, as calibrated there: `like`.
        like: the row that the others are compared with; it is run again where it is in `rows`.
        rows: that are run again.
        splits: that are scored; the second one is also scored on resamples of its items.
        form: of a score.
    """

    jobs: Callable[[], Sequence[Job]]
    of: str
    steps: int
    like: str
    rows: tuple[str, ...]
    splits: tuple[str, ...]
    form: str

    @property
    def column(self) -> str:
        return f"{self.of}, {self.steps:,} steps"

    @property
    def test(self) -> str:
        """The split that rows are compared on."""
        return "size 128" if self.splits == OF_SETS else "test"

    def runs(self) -> Iterator[TrainingRun]:
        """Each row's recipe, as that experiment has it, for these steps."""
        recipes = {
            job.row: job.recipe
            for job in self.jobs()
            if isinstance(job, TrainingRun) and job.column == self.of
        }
        for row in self.rows:
            recipe = recipes["LCM"].replace(readout=HALVES) if row == BOTH else recipes[row]
            yield TrainingRun(
                row,
                self.column,
                recipe,
                splits=self.splits,
                steps=self.steps,
                resampled=(self.test,),
            )


def _of_molecules(of: str, steps: int, rows: tuple[str, ...]) -> Rerun:
    form = molecules.FORM
    return Rerun(molecules.EXPERIMENT.jobs, of, steps, "GRU", rows, OF_GRAPHS, form)


def _of_properties(steps: int, like: str, *rows: str) -> Rerun:
    of, form = graph_properties.COLUMN, graph_properties.FORM
    return Rerun(graph_properties.EXPERIMENT.jobs, of, steps, like, rows, OF_GRAPHS, form)


PLAIN = "LCM without associativity"
#: On sets and on the PNA benchmark the sum, which took many more steps; of molecules the rows that
#: validation chooses in the experiment `molecules`, and every row where the steps explained most.
RERUNS = (
    Rerun(set_tasks.jobs, "median", 8434, "GRU", ("sum",), OF_SETS, ".1%"),
    Rerun(set_tasks.jobs, "above the mean", 7110, "GRU", ("sum", BOTH), OF_SETS, ".1%"),
    _of_properties(1664, "GRU + SIRE", "sum"),
    _of_properties(2335, "LCM", "sum"),
    _of_molecules(
        "BACE, neighbours",
        431,
        ("GRU", "sum", "mean", "max", "PNA", "GRU + SIRE", "LCM", PLAIN, "PyG's LCM"),
    ),
    _of_molecules("BBBP, readout", 716, ("GRU", "max", "LCM")),
    _of_molecules("BACE, readout", 775, ("GRU", "Set2Set", PLAIN)),
    _of_molecules("BBBP, neighbours", 505, ("GRU", "PNA", PLAIN)),
)


def jobs() -> list[TrainingRun]:
    """All rows, place by place."""
    return [run for rerun in RERUNS for run in rerun.runs()]


def complete(results: Results, row: str, column: str) -> bool:
    """Whether all seeds of a row are there; else nothing is concluded from it."""
    return len(results.of(row, column)) >= EXPERIMENT.seeds


# The report -------------------------------------------------------------------------------------


def report(results: Results) -> Report:
    """Scores, differences in pairs and laws, place by place."""
    shown: list[str | Table] = [
        "Where all rows had the same *time*, cheap ones took more *steps*. Here rows of the "
        "experiments `set_tasks`, `graph_properties` and `molecules` take the steps of the row "
        "that they are compared with there; the recipes are the same otherwise. Of molecules, "
        "these are the rows that validation chose for each kind, but all rows among the "
        "neighbours of BACE. "
        f"*{BOTH}* is no row of `set_tasks`: half of the channels are a sum, the other half a "
        "symmetrised GRU (`product(sum,symmetrized_gru)`). The comparisons are in the claims above."
    ]
    for rerun in RERUNS:
        if results.of(column=rerun.column):
            shown += _tables(results, rerun)
    shown.append(_missing_in_words(results))
    shown.append(
        "*In pairs*: the test items are the same for all rows, so that a difference is surer than "
        f"each score. Each run is scored on {RESAMPLES} resamples of the test items, the same ones "
        "for all (a paired bootstrap); the variance of the difference over these is added to that "
        "of Welch's t over the seeds. *p* is corrected by Holm within a table."
    )
    return shown


def _tables(results: Results, rerun: Rerun) -> Iterator[str | Table]:
    column = rerun.column
    table = score_table(
        results,
        [(split, column, split) for split in rerun.splits],
        rerun.rows,
        rerun.form,
        caption=(
            f"{column[0].upper()}{column[1:]}, those of {rerun.like}: {results.metric(column)}."
        ),
    )
    yield with_effort(table, results, column)
    if paired := _in_pairs(results, rerun):
        yield Table(["in pairs", "difference, above 0: better", "p"], paired)
    if "neighbours" in column:
        what = f"{column}, the neighbours' aggregation (means over the layers)"
        yield law_table(results, [column], what, rerun.rows, prefix=NEIGHBORS)
    else:
        yield law_table(results, [column], f"{column[0].upper()}{column[1:]}", rerun.rows)


def _missing_in_words(results: Results) -> str:
    """Which rows do not have all of their seeds yet."""
    missing = []
    for rerun in RERUNS:
        rows = [row for row in rerun.rows if not complete(results, row, rerun.column)]
        if rows:
            missing.append(f"{rerun.column} ({', '.join(rows)})")
    if not missing:
        return ""
    return (
        "Not all seeds are here yet, so that nothing is concluded from these rows: "
        f"{'; '.join(missing)}."
    )


def _in_pairs(results: Results, rerun: Rerun) -> list[list[str]]:
    """Each complete row against the one whose steps it took, and the penalty against none."""
    column, found = rerun.column, {}
    for one, other in [*((row, rerun.like) for row in rerun.rows), ("LCM", PLAIN)]:
        if one != other and all(complete(results, row, column) for row in (one, other)):
            apart = paired_difference(results, one, other, column, rerun.test)
            if apart is not None:
                found[f"{one} against {other}"] = apart
    corrected = holm([apart.p for apart in found.values()])
    return [
        [pair, interval(apart, rerun.form), p_value(p)]
        for (pair, apart), p in zip(found.items(), corrected, strict=True)
    ]


EXPERIMENT = Experiment(
    name="equal_steps",
    title="At equal steps, in pairs",
    question=(
        "How much of what one row is ahead of another is owed to its larger number of steps, and "
        "how sure is a difference on the same test items?"
    ),
    jobs=jobs,
    report=report,
)

register_experiment(EXPERIMENT)
