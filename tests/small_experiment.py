"""An experiment of a second or two, for the tests of the runner."""

import torch

from lcm_core.experiments import Experiment, Measurement, Picture, Report, Results, TrainingRun
from lcm_core.experiments.framework.tables import score_table
from lcm_core.figures.results import spread_figure
from lcm_core.training.recipe import Recipe

SMALL = "task=second_minimum bits=4 channels=8 batch_size=16"


def threads() -> dict[str, int]:
    return {"threads": torch.get_num_threads()}


def jobs() -> list[TrainingRun | Measurement]:
    splits = ("size 16", "size 32")
    return [
        *(
            TrainingRun(row, column, Recipe.parse(f"{SMALL} readout={row}"), budget, splits)
            for column, budget in (("short", 0.1), ("long", 0.2))
            for row in ("sum", "max")
        ),
        TrainingRun("LCM", "short", Recipe.parse(f"{SMALL} associativity=0.1"), None, splits, 12),
        Measurement("LCM", "threads", threads, "how many threads"),
    ]


def report(results: Results) -> Report:
    seconds = [(job.column, job.budget) for job in jobs() if job.row == "sum"]
    curves = {
        row: [(x, results.scores(row, column, "size 16")) for column, x in seconds]
        for row in ("sum", "max")
    }
    return [
        score_table(results, caption="Exact match."),
        Picture(
            "budget",
            "Two lines that rise with the seconds of training.",
            lambda: spread_figure(curves, "seconds", "exact match", log_x=True, form=".0%"),
        ),
        f"Measured on {(results.measured('LCM', 'threads') or {}).get('threads')} thread.",
    ]


EXPERIMENT = Experiment(
    name="small_experiment",
    title="A small experiment",
    question="Does the machinery work?",
    jobs=jobs,
    report=report,
    seeds=2,
)
