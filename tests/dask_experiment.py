"""An experiment of 24 small runs, for the tests of workers on a cluster."""

from lcm_core.experiments import Experiment, Report, Results, TrainingRun
from lcm_core.training.recipe import Recipe

SMALL = "bits=4 channels=8 batch_size=16"


def jobs() -> list[TrainingRun]:
    return [
        TrainingRun(row, column, Recipe.parse(f"{SMALL} readout={row}"), None, ("size 16",), steps)
        for column, steps in (("short", 10), ("long", 40))
        for row in ("sum", "max", "symmetrized_gru", "gru_fold")
    ]


def report(results: Results) -> Report:
    return [f"{results.finished} of {results.wanted}"]


EXPERIMENT = Experiment(
    name="dask_experiment",
    title="Runs for a cluster",
    question="Do workers that come and go give the results of one process?",
    jobs=jobs,
    report=report,
    seeds=3,
)
