"""Named experiments: runs that anyone can repeat, their results, and how these are shown.

    python -m lcm_core.experiments --list
    python -m lcm_core.experiments NAME

Open `second_minimum.py` first: an experiment is a module of this folder that registers one, and
is imported here. `framework/` runs, stores and shows them.
"""

from lcm_core.experiments.framework.base import (
    Experiment,
    Measurement,
    Picture,
    Report,
    Table,
    TrainingRun,
)
from lcm_core.experiments.framework.registry import (
    experiment_names,
    find_experiment,
    register_experiment,
)
from lcm_core.experiments.framework.results import Results
from lcm_core.experiments.framework.runner import run_experiment
from lcm_core.experiments.framework.store import read_results
from lcm_core.experiments.framework.tables import score_table

# Each registers itself; lists and docs/results.md have them in this order.
# isort: off
from lcm_core.experiments import second_minimum  # noqa: F401
from lcm_core.experiments import second_minimum_16_bits  # noqa: F401
from lcm_core.experiments import pyg_example  # noqa: F401
from lcm_core.experiments import associativity_weight  # noqa: F401
from lcm_core.experiments import weight_by_validation  # noqa: F401
from lcm_core.experiments import set_tasks  # noqa: F401
from lcm_core.experiments import graph_properties  # noqa: F401
from lcm_core.experiments import molecules  # noqa: F401
from lcm_core.experiments import hiv  # noqa: F401
from lcm_core.experiments import equal_steps  # noqa: F401
from lcm_core.experiments import depth  # noqa: F401
from lcm_core.experiments import checkpoints  # noqa: F401
from lcm_core.experiments import set_size  # noqa: F401
from lcm_core.experiments import notebook_runs  # noqa: F401
from lcm_core.experiments import exact_parity  # noqa: F401
# isort: on

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
    "register_experiment",
    "run_experiment",
    "score_table",
]
