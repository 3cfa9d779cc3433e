"""The report of the experiment on graph properties, with made-up results."""

from lcm_core.experiments import Picture, Results, Table, find_experiment
from lcm_core.experiments.framework.results import FinishedRun
from lcm_core.experiments.graph_properties import COLUMN, LARGER, ROWS
from lcm_core.tasks.graphs.properties import PROPERTIES

EXPERIMENT = find_experiment("graph_properties")


def made_up(scores: dict[str, list[float]]) -> Results:
    """Test scores by row, one a seed; larger graphs are worse by 0.2 from size to size."""
    runs = []
    for row, values in scores.items():
        for seed, score in enumerate(values):
            by_split = {"test": score, "validation": score}
            by_split |= {f"test: {name}": score for name in PROPERTIES}
            by_split |= {split: score + 0.2 * k for k, split in enumerate(LARGER)}
            runs.append(
                FinishedRun(
                    row=row,
                    column=COLUMN,
                    seed=seed,
                    budget=180.0,
                    recipe="task=graph_properties steps=1500",
                    metric="mean log10 MSE",
                    higher_is_better=False,
                    scores=by_split,
                    constants=dict.fromkeys(by_split, -1.5),
                    laws={"order spread": 0.1},
                    cpu_seconds=60.0,
                )
            )
    return Results(rows=list(ROWS), columns=[COLUMN], runs=runs, wanted=21)


def words(results: Results) -> str:
    return "\n".join(part for part in EXPERIMENT.report(results) if isinstance(part, str))


def test_every_aggregation_has_the_same_network_and_budget() -> None:
    jobs = EXPERIMENT.jobs()
    assert {job.row for job in jobs} == {
        *("sum", "max", "PNA", "GRU", "GRU + SIRE", "LCM", "LCM + associativity")
    }
    others = [
        (job.recipe.readout, job.recipe.channels, job.recipe.batch_size, job.recipe.learning_rate)
        for job in jobs
    ]
    assert len(set(others)) == 1
    assert {(job.budget, job.steps) for job in jobs} == {(180.0, None)}


def test_what_the_seeds_cannot_tell_apart_is_called_not_decided() -> None:
    near = made_up({"LCM": [-2.0, -2.4, -2.2], "GRU": [-2.1, -2.3, -2.0]})
    assert "**LCM against GRU**: −2.20" in words(near)
    assert "above 0 where LCM is better: not decided" in words(near)
    better = words(made_up({"LCM": [-2.4, -2.41], "GRU": [-2.1, -2.11]}))
    assert "difference +0.30 (+0.27 to +0.33), above 0 where LCM is better: decided" in better
    worse = words(made_up({"LCM": [-2.1, -2.11], "GRU": [-2.4, -2.41]}))
    assert "difference −0.30 (−0.33 to −0.27), above 0 where LCM is better: decided" in worse
    assert "no more than a hint" in words(made_up({"LCM": [-2.0], "GRU": [-2.1]}))


def test_tables_and_picture_say_where_larger_graphs_are_lost() -> None:
    results = made_up({"sum": [-2.0, -2.1, -2.2], "LCM": [-1.4, -1.3, -1.2]})
    parts = EXPERIMENT.report(results)
    picture = next(part for part in parts if isinstance(part, Picture))
    assert "sum up to 34 nodes" in picture.alt  # −2.1, −1.9, −1.7, and then −1.5
    assert "LCM at none of these sizes" in picture.alt
    names = [trace.name for trace in picture.draw().data]
    assert names == ["sum", "LCM", "best constant answer"]
    tables = [part for part in parts if isinstance(part, Table)]
    assert tables[0].rows[0][:2] == ["sum", "**−2.10 (−2.20 to −2.00)**"]
    assert any(tuple(table.headings[1:]) == PROPERTIES for table in tables)
    assert "The lowest median error has sum for distance" in words(results)
