"""Rows run again for equal steps: they are what they say, and claims use them when complete."""

from dataclasses import replace
from pathlib import Path

import pytest

from lcm_core.experiments import claims, equal_steps, find_experiment, read_results, set_size
from lcm_core.experiments.framework.base import Table, TrainingRun, plain
from lcm_core.experiments.framework.results import FinishedRun, Results
from lcm_core.experiments.framework.store import Store
from lcm_core.experiments.framework.tables import steps_of

FOLDER = Path(__file__).parents[1] / "docs" / "results"
OF = ("set_tasks", "graph_properties", "molecules")


def stored(name: str) -> Results:
    return Store.read(FOLDER / f"{name}.json").results(find_experiment(name))


ORIGINALS = {name: stored(name) for name in OF}


def original(rerun: equal_steps.Rerun) -> str:
    return next(name for name in OF if rerun.of in ORIGINALS[name].columns)


@pytest.mark.parametrize("rerun", equal_steps.RERUNS, ids=lambda rerun: rerun.column)
def test_the_steps_are_those_of_the_row_compared_with_and_the_recipes_are_the_same(rerun):
    name = original(rerun)
    assert set(steps_of(ORIGINALS[name], rerun.like, rerun.of)) == {rerun.steps}
    recipes = {
        job.row: job.recipe
        for job in find_experiment(name).jobs()
        if isinstance(job, TrainingRun) and job.column == rerun.of
    }
    for run in rerun.runs():
        if run.row == equal_steps.BOTH:
            wanted = recipes["LCM"].replace(readout="product(sum,symmetrized_gru)")
        else:
            wanted = recipes[run.row]
        assert plain(run.recipe) == plain(wanted)
        assert run.steps == rerun.steps
        assert set(run.resampled) < set(run.splits)


def test_the_rows_of_molecules_are_those_that_validation_chooses():
    chosen = {}
    for each in claims.answers_to(ORIGINALS):
        rows = [
            each.best(kinds) for kinds in (("recurrent",), ("sum", "other invariant"), ("LCM",))
        ]
        chosen[each.question.column] = {answer.row for answer in rows if answer}
    for rerun in equal_steps.RERUNS:
        if original(rerun) == "molecules":
            assert chosen[rerun.of] <= set(rerun.rows)
            assert rerun.like in chosen[rerun.of]


def test_the_steps_of_the_size_shares_are_those_of_set_tasks():
    results = ORIGINALS["set_tasks"]
    for column, (plain_steps, penalised) in set_size.STEPS.items():
        assert set(steps_of(results, "LCM", column)) == {plain_steps}
        assert set(steps_of(results, "LCM + associativity", column)) == {penalised}


def test_the_steps_of_the_size_shares_on_graphs_are_those_of_their_experiments():
    for results in map(read_results, ("graph_properties", "hiv")):
        (column,) = results.columns
        for row, steps in set_size.GRAPHS[column][1].items():
            assert set(steps_of(results, row, column)) == {steps}


def runs(column, split, scores, steps, resampled=()):
    """Results with these scores, by row."""
    made = [
        FinishedRun(
            row, column, seed, None, f"steps={steps[row]}", "score", True,
            {split: score, "validation": score}, {split: 0.1}, cpu_seconds=1.0,
            resampled={split: [score + each for each in resampled]} if resampled else {},
        )
        for row, some in scores.items()
        for seed, score in enumerate(some)
    ]  # fmt: skip
    return Results(list(scores), [column], made)


def first_claim(found, title):
    """The row of the first claim's table on this question, by heading."""
    table = next(part for part in claims.report(found) if isinstance(part, Table))
    (row,) = [row for row in table.rows if row[0] == title]
    return dict(zip(table.headings, row, strict=True))


def test_a_row_run_again_takes_its_place_once_all_its_seeds_are_there():
    rerun = equal_steps.RERUNS[0]
    first = runs(
        rerun.of,
        "size 128",
        {"GRU": [0.5, 0.51, 0.5], "sum": [0.9, 0.9, 0.91]},
        {"GRU": rerun.steps, "sum": 2 * rerun.steps},
    )
    again = runs(rerun.column, "size 128", {"sum": [0.6, 0.6, 0.61]}, {"sum": rerun.steps})
    partial = replace(again, runs=again.runs[:2])
    for incomplete in ({}, {"equal_steps": partial}):
        row = first_claim({"set_tasks": first, **incomplete}, rerun.of)
        assert row["conclusion"] == "withheld"
        assert row["theirs"] == "sum 90.0% (90.0–91.0); 16,868 steps, 1 s"
    row = first_claim({"set_tasks": first, "equal_steps": again}, rerun.of)
    assert row["conclusion"] == "behind"
    assert row["theirs"] == "sum 60.0% (60.0–61.0); 8,434 steps, 1 s, run again"
    assert row["ours"] == "GRU 50.0% (50.0–51.0); 8,434 steps, 1 s"


def test_two_rows_run_again_are_compared_in_pairs():
    rerun = next(each for each in equal_steps.RERUNS if each.of == "BBBP, readout")
    scores = {"GRU": [0.9, 0.91, 0.9], "sum": [0.8, 0.8, 0.81]}
    steps = dict.fromkeys(scores, rerun.steps)
    again = runs(rerun.column, "test", scores, steps, resampled=(-0.1, 0.0, 0.1))
    first = runs(rerun.of, "test", scores, steps)
    (each,) = claims.answers_to({"molecules": first, "equal_steps": again})
    ours, theirs = (each.best((kind,)) for kind in ("recurrent", "sum"))
    here, there = each.at_equal_steps(ours, theirs)
    assert (here.scores, there.scores) == (ours.scores, theirs.scores)
    assert here.effort.endswith("run again")
    assert each.item_variance(here, there) == pytest.approx(0, abs=1e-9)


def test_an_incomplete_experiment_says_so():
    results = stored("equal_steps")
    said = "\n".join(
        str(part)
        for part in find_experiment("equal_steps").report(results)
        if isinstance(part, str)
    )
    assert "paired bootstrap" in said
    for rerun in equal_steps.RERUNS:
        for row in rerun.rows:
            whole = equal_steps.complete(results, row, rerun.column)
            assert whole == (len(results.of(row, rerun.column)) == 3)
