"""Six questions about sets of integers, twelve aggregations, one minute of training each."""

from __future__ import annotations

from collections.abc import Mapping

from lcm_core.experiments.framework.base import Experiment, Report, TrainingRun
from lcm_core.experiments.framework.registry import register_experiment
from lcm_core.experiments.framework.results import Results
from lcm_core.experiments.set_tasks_report import SIZES, show
from lcm_core.training.recipe import Recipe

__all__ = ["BUDGET", "COLUMNS", "EXPERIMENT", "RATES", "ROWS", "jobs"]

BUDGET = 60.0
SPLITS = ("validation", *SIZES.values())
NETWORK = "bits=8 channels=64 batch_size=64"

#: Fields of a recipe by row.
ROWS: Mapping[str, str] = {
    "LCM": "readout=symmetrized_gru",
    "LCM + associativity": "readout=symmetrized_gru @1500 associativity=1",
    "sum": "readout=sum",
    "max": "readout=max",
    "GRU": "readout=gru_fold",
    "GRU + SIRE": "readout=gru_fold sire=0.1",
    "PNA": "readout=pna",
    "Set2Set": "readout=set2set",
    "Set Transformer": "readout=set_transformer",
    "DeepSets": "readout=deepsets",
    "PyG's LCM": "readout=pyg_lcm",
    "quasi-arithmetic": "readout=quasi_arithmetic",
}

RATE = 0.01
#: Peaks of the rows that `RATE` does not suit.
RATES: Mapping[str, float] = {"Set Transformer": 0.003}

COLUMNS: Mapping[str, str] = {
    "second minimum": "task=second_minimum small_values=0.3",
    "parity": "task=parity",
    "sum modulo 4": "task=sum_modulo modulus=4",
    "distinct elements": "task=distinct",
    "median": "task=median",
    "above the mean": "task=above_mean",
}


def jobs() -> list[TrainingRun]:
    """Row by row, so that what a killed experiment has is whole rows."""
    return [
        TrainingRun(
            row,
            column,
            Recipe.parse(f"{task} {NETWORK} learning_rate={RATES.get(row, RATE)} {how}"),
            BUDGET,
            SPLITS,
        )
        for row, how in ROWS.items()
        for column, task in COLUMNS.items()
    ]


def report(results: Results) -> Report:
    """A table for each task, and where LCM wins and loses."""
    lower = ", ".join(f"{row} at {rate:g}" for row, rate in RATES.items())
    return [
        "Elements are 8-bit integers, training sets have 2 to 16 of them, fresh ones in each of "
        f"the steps; every run has {BUDGET:g} CPU seconds on one thread, so that a cheap "
        "aggregation sees more sets. All rows have one network (encode each element, aggregate, "
        "decode; 64 channels, which sees no size), batches of 64 sets, AdamW and the one-cycle "
        f"schedule with a peak of {RATE:g}{f' ({lower})' if lower else ''}. LCM + associativity "
        "has the regulariser from step 1,500 on: from the start it keeps parity from being "
        "learned, as the experiment `notebook_runs` shows. The score is what the "
        "table says, on 1,024 sets (256 at size 1,024), and that of the best constant answer is "
        "exact but for the two counts, where it is counted on the same sets. Sets of the two "
        "counts are drawn so that the size does not say the answer; of the second minimum, three "
        "training sets of ten are shifted to small values, since large sets are decided by these.",
        *show(results, list(COLUMNS)),
    ]


EXPERIMENT = Experiment(
    name="set_tasks",
    title="Questions about sets",
    question=(
        "Which aggregation learns which question about a set from sets of 2 to 16 elements, and "
        "answers it for 16, 32, 128 and 1,024?"
    ),
    jobs=jobs,
    report=report,
)

register_experiment(EXPERIMENT)
