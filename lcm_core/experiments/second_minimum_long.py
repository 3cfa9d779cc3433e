"""The second minimum with an hour of training, and with 16 bits."""

from __future__ import annotations

from dataclasses import replace

from lcm_core.experiments.base import Experiment, Report, Results, TrainingRun
from lcm_core.experiments.second_minimum import DEFAULT
from lcm_core.experiments.tables import score_table

__all__ = ["EXPERIMENT"]

HOUR = 3600.0
EIGHT, SIXTEEN = "8 bits", "16 bits"
SPLITS = ("size 16", "size 32", "size 128", "size 1024")
RECIPES = {
    EIGHT: replace(DEFAULT, channels=96, learning_rate=5e-3),
    SIXTEEN: replace(DEFAULT, channels=96, learning_rate=5e-3, bits=16, small_values=0.5),
}


def jobs() -> list[TrainingRun]:
    """One run of an hour for each width of the integers."""
    return [TrainingRun("LCM", bits, recipe, HOUR, SPLITS) for bits, recipe in RECIPES.items()]


def report(results: Results) -> Report:
    """Scores by size, beside those of the best constant answer."""
    tables = [
        score_table(
            results,
            [(split, bits, split) for split in SPLITS],
            first=bits,
            caption=f"Share of sets with every bit right, {bits}, after an hour of training.",
        )
        for bits in RECIPES
    ]
    return [
        "Training sets of 2 to 16 elements. Of 1,024 8-bit integers the second smallest is almost "
        "always one of very few: see the best constant answer. With 16 bits it is not.",
        *tables,
    ]


EXPERIMENT = Experiment(
    name="second_minimum_long",
    title="The second minimum, with an hour",
    question="How far does the learned monoid come with an hour of one core, and with 16 bits?",
    jobs=jobs,
    report=report,
)
