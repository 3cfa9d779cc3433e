"""Named experiments: runs that anyone can repeat, their results, and how these are shown.

    python -m lcm_core.experiments --list
    python -m lcm_core.experiments NAME

Open `second_minimum.py` first: an experiment is a module of this folder with an `EXPERIMENT`.
`framework/` runs, stores and shows them.
"""

from lcm_core.experiments.framework.base import (
    Experiment,
    Measurement,
    Picture,
    Report,
    Table,
    TrainingRun,
)
from lcm_core.experiments.framework.lookup import experiment_names, find_experiment
from lcm_core.experiments.framework.results import Results
from lcm_core.experiments.framework.store import read_results

__all__ = [
    "Experiment",
    "Measurement",
    "Picture",
    "Report",
    "Results",
    "Table",
    "TrainingRun",
    "experiment_names",
    "find_experiment",
    "read_results",
]
