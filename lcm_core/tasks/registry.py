"""Tasks by name.

>>> task = make_task("second_minimum", bits=4)
>>> batch = task.train_batch(step=0, batch_size=3, seed=0)
>>> batch.y.shape
torch.Size([3, 4])
"""

from typing import Any

from lcm_core.errors import unknown
from lcm_core.tasks.base import Task
from lcm_core.tasks.graphs.properties import GraphProperties, OriginalGraphProperties
from lcm_core.tasks.molecules.shipped import BACE, BBBP, HIV, ClinTox
from lcm_core.tasks.sets.above_mean import AboveMean
from lcm_core.tasks.sets.distinct import Distinct
from lcm_core.tasks.sets.median import Median
from lcm_core.tasks.sets.second_minimum import SecondMinimum
from lcm_core.tasks.sets.sum_modulo import Parity, SumModulo

__all__ = ["make_task", "task_kind", "task_names", "task_options"]

_TASKS: dict[str, type[Task[Any]]] = {
    "second_minimum": SecondMinimum,
    "parity": Parity,
    "sum_modulo": SumModulo,
    "distinct": Distinct,
    "median": Median,
    "above_mean": AboveMean,
    "graph_properties": GraphProperties,
    "graph_properties_original": OriginalGraphProperties,
    "bbbp": BBBP,
    "bace": BACE,
    "clintox": ClinTox,
    "hiv": HIV,
}


def task_names() -> list[str]:
    """The names that `make_task` knows."""
    return list(_TASKS)


def task_options(name: str) -> tuple[str, ...]:
    """The fields of a recipe that the task of that name takes, such as `bits`."""
    if name not in _TASKS:
        raise unknown("task", name, _TASKS)
    return _TASKS[name].options


def task_kind(name: str) -> str:
    """What the task of that name is about: `sets`, or a kind of graphs."""
    if name not in _TASKS:
        raise unknown("task", name, _TASKS)
    return _TASKS[name].kind


def make_task(name: str, **options: Any) -> Task[Any]:
    """A task by name; `options` are those of its class, such as `bits=16`.

    Raises:
        ValueError: an unknown name (the nearest ones are given).
        TypeError: an option that the task does not have.
    """
    if name not in _TASKS:
        raise unknown("task", name, _TASKS)
    return _TASKS[name](**options)
