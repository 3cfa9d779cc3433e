"""Tasks: sources of sets or graphs with targets, each with its loss, metric and best constant.

Open `base.py` first, then `sets/second_minimum.py` as an example; `registry.py` has their names.
"""

from lcm_core.tasks.base import SetBatch, Task
from lcm_core.tasks.graphs.properties import GraphProperties, OriginalGraphProperties
from lcm_core.tasks.molecules.shipped import BACE, BBBP, HIV, ClinTox
from lcm_core.tasks.molecules.task import MoleculeTask
from lcm_core.tasks.preview import DataPreview, preview_data
from lcm_core.tasks.registry import (
    make_task,
    register_task,
    task_kind,
    task_names,
    task_options,
)
from lcm_core.tasks.sets.above_mean import AboveMean
from lcm_core.tasks.sets.answers import BitsTask, ClassTask, CountTask
from lcm_core.tasks.sets.distinct import Distinct
from lcm_core.tasks.sets.median import Median
from lcm_core.tasks.sets.second_minimum import SecondMinimum
from lcm_core.tasks.sets.set_task import SetTask
from lcm_core.tasks.sets.sum_modulo import Parity, SumModulo

__all__ = [
    "BACE",
    "BBBP",
    "HIV",
    "AboveMean",
    "BitsTask",
    "ClassTask",
    "ClinTox",
    "CountTask",
    "DataPreview",
    "Distinct",
    "GraphProperties",
    "Median",
    "MoleculeTask",
    "OriginalGraphProperties",
    "Parity",
    "SecondMinimum",
    "SetBatch",
    "SetTask",
    "SumModulo",
    "Task",
    "make_task",
    "preview_data",
    "register_task",
    "task_kind",
    "task_names",
    "task_options",
]
