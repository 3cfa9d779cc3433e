"""Tasks by name, those that users register among them.

>>> task = make_task("second_minimum", bits=4)
>>> batch = task.train_batch(step=0, batch_size=3, seed=0)
>>> batch.y.shape
torch.Size([3, 4])
"""

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, overload

from lcm_core.registry import Registry
from lcm_core.tasks.addresses import is_address, read_address, write_address
from lcm_core.tasks.base import Task
from lcm_core.tasks.from_files import file_task
from lcm_core.tasks.graphs.properties import GraphProperties, OriginalGraphProperties
from lcm_core.tasks.in_memory.graphs import graphs_task
from lcm_core.tasks.in_memory.sets import sets_task
from lcm_core.tasks.molecules.shipped import BACE, BBBP, HIV, ClinTox
from lcm_core.tasks.sets.above_mean import AboveMean
from lcm_core.tasks.sets.distinct import Distinct
from lcm_core.tasks.sets.median import Median
from lcm_core.tasks.sets.second_minimum import SecondMinimum
from lcm_core.tasks.sets.sum_modulo import Parity, SumModulo

__all__ = [
    "NAMES_OF_RECIPES",
    "TASKS",
    "address_of",
    "make_task",
    "no_such_option",
    "register_task",
    "task_kind",
    "task_names",
    "task_options",
]

KINDS = ("sets", "graphs", "nodes", "properties")

#: Names that options of tasks cannot have: fields of a recipe, old ones too, and what it does.
NAMES_OF_RECIPES = frozenset(
    "task options readout operator tree channels layers neighbors steps batch_size learning_rate "
    "schedule rate_scale weight_decay clip commutativity associativity identity sire "
    "penalty_states log_every eval_every eval_splits seed start device threads events aggregations "
    "readout_facts penalties further_splits replace live with_event with_choice text parse".split()
)


class Tasks(Registry[type[Task[Any]]]):
    """Classes of tasks by name; also by the address of a file, which is not among the names."""

    def __getitem__(self, name: str) -> type[Task[Any]]:
        return file_task(name) if is_address(name) else super().__getitem__(name)

    def __contains__(self, name: object) -> bool:
        return is_address(name) or super().__contains__(name)


#: Classes of tasks by name.
TASKS = Tasks("task")

for _task in (
    SecondMinimum,
    Parity,
    SumModulo,
    Distinct,
    Median,
    AboveMean,
    GraphProperties,
    OriginalGraphProperties,
    BBBP,
    BACE,
    ClinTox,
    HIV,
):
    TASKS.add(_task.name, _task)

TaskClass = TypeVar("TaskClass", bound=type[Task[Any]])


@overload
def register_task(name: str, *, replace: bool = ...) -> Callable[[TaskClass], TaskClass]: ...


@overload
def register_task(
    name: str,
    *,
    sets: Sequence[Any],
    targets: Any,
    splits: Mapping[str, Any] | None = ...,
    replace: bool = ...,
) -> type[Task[Any]]: ...


@overload
def register_task(
    name: str,
    *,
    file: str | Path,
    splits: Mapping[str, Any] | None = ...,
    replace: bool = ...,
    **said: str | Sequence[str],
) -> type[Task[Any]]: ...


@overload
def register_task(
    name: str,
    *,
    graphs: Any,
    targets: Any = ...,
    splits: Mapping[str, Any] | None = ...,
    replace: bool = ...,
) -> type[Task[Any]]: ...


def register_task(
    name: str,
    *,
    sets: Sequence[Any] | None = None,
    graphs: Any = None,
    targets: Any = None,
    file: str | Path | None = None,
    splits: Mapping[str, Any] | None = None,
    replace: bool = False,
    **said: str | Sequence[str],
) -> Any:
    """Register a task: a class, data in memory, or a file.

    `make_task`, recipes and every menu then know the name. It is a decorator of a subclass of
    `Task`: the arguments of its constructor, each with a default, are options of recipes, such as
    `task=sum_modulo modulus=4`. Or it takes data:

    >>> sets = [[1.0, 2.0], [3.0], [0.5, 0.5, 4.0]] * 10
    >>> made = register_task("largest", sets=sets, targets=[max(each) for each in sets])
    >>> make_task("largest").metric_name
    'root mean squared error'

    Args:
        name: letters, digits and `_`.
        sets: one tensor, array or list for each set, of shape (n, features) or (n,); n may be 0.
        graphs: PyG's `Data`, as a list or a `Dataset`, or graphs of networkx. Whole-number features
            count as categories. A `y` with a row for each node is a target of nodes.
        targets: one for each set or graph (for graphs by default their `y`). Floating-point numbers
            of shape (items,) or (items, width) are learned by squared error and scored by its root;
            whole numbers, booleans and texts are classes, scored by accuracy.
        file: a table of molecules, of sets or of edges, or a folder of graphs, as
            `docs/your_data.md` explains; or an address such as `csv:FILE?target=y`.
        splits: the items of "train", "validation", "test", or more, by number or as masks; by
            default a random tenth for validation and another for test, drawn by the recipe's
            option `split_seed`.
        replace: also replace another task of that name; the library's own tasks stay.
        **said: what is said about the file, such as `target="y"` or `group="bag"`.

    Returns:
        With data, the class of the task. Without, a decorator that returns the class.

    Raises:
        ValueError: the name is taken, or the data are wrong; the message names the item.
        TypeError: the class is no complete subclass of `Task`, or its constructor needs arguments.
    """
    TASKS.check_name(name)
    if sets is not None and graphs is not None:
        raise ValueError("expected sets or graphs, got both: register two tasks")
    if file is not None:
        if sets is not None or graphs is not None or targets is not None:
            raise ValueError("expected a file, or sets or graphs with targets, got both")
        return _add(name, file_task(address_of(file, said), name, splits), replace)
    if said:
        raise TypeError(f"expected file=… beside {', '.join(said)}")
    if sets is not None:
        return _add(name, sets_task(name, sets, targets, splits), replace)
    if graphs is not None:
        return _add(name, graphs_task(name, graphs, targets, splits), replace)
    if targets is not None or splits is not None:
        raise ValueError("expected sets=[…] or graphs=[…] beside targets or splits")
    return lambda cls: _add(name, cls, replace)


def address_of(file: str | Path, said: Mapping[str, str | Sequence[str]]) -> str:
    """The address of a file, whose scheme its name and what is said of it tell."""
    if is_address(file):
        if said:
            raise ValueError(f"expected an address or options, got {file!r} and {', '.join(said)}")
        return str(file)
    path = Path(file)
    options = {n: v if isinstance(v, str) else tuple(v) for n, v in said.items()}
    if isinstance(target := options.get("target"), str):
        options["target"] = (target,)
    for name in ("features", "elements", "ends"):
        if isinstance(value := options.get(name), str):
            options[name] = (value,)
    if "nodes" in options:
        scheme = "edges"
    elif path.is_dir() or path.suffix == ".pt":
        scheme = "graphs"
    else:
        scheme = "parquet" if path.suffix.lower() in (".parquet", ".pq") else "csv"
    text = write_address(scheme, str(path), **options)
    read_address(text)  # refuses unknown options
    return text


def _add(name: str, cls: TaskClass, replace: bool) -> TaskClass:
    if not (isinstance(cls, type) and issubclass(cls, Task)):
        raise TypeError(f"expected a subclass of Task to register as {name!r}, got {cls!r}")
    if inspect.isabstract(cls):
        missing = ", ".join(sorted(cls.__abstractmethods__))
        raise TypeError(f"{cls.__name__} is no complete task: it does not define {missing}")
    kind, splits = getattr(cls, "kind", None), getattr(cls, "splits", ())
    if kind not in KINDS:
        raise TypeError(f"expected {cls.__name__}.kind to be one of {KINDS}, got {kind!r}")
    if "validation" not in splits:
        raise TypeError(f"expected 'validation' among {cls.__name__}.splits, got {splits!r}")
    if not isinstance(getattr(cls, "metric_name", None), str):
        raise TypeError(f"expected {cls.__name__}.metric_name to say what the metric is")
    _check_options(cls)
    for parameter in inspect.signature(cls).parameters.values():
        if parameter.default is parameter.empty and parameter.kind not in (
            parameter.VAR_POSITIONAL,
            parameter.VAR_KEYWORD,
        ):
            raise TypeError(
                f"{cls.__name__}(…) needs {parameter.name!r}: give it a default, so that a recipe "
                "can leave it out"
            )
    TASKS.check(name, cls, replace)
    cls.name = name
    TASKS.add(name, cls, replace)
    return cls


def _check_options(cls: type[Task[Any]]) -> None:
    """Refuse options that the text of a recipe could not hold."""
    for name, default in cls.options().items():
        if name in NAMES_OF_RECIPES:
            raise TypeError(
                f"{cls.__name__}(…, {name}=…): {name!r} is a name of recipes themselves: call the "
                "argument something else"
            )
        if isinstance(default, float) and not math.isfinite(default):
            raise TypeError(f"expected a finite default of {name!r}, got {default}")
        if isinstance(default, str) and (not default or any(c.isspace() for c in default)):
            raise TypeError(f"expected the default of {name!r} to be one word, got {default!r}")


def task_names() -> list[str]:
    """List the names that `make_task` knows, in the order of registration.

    >>> "second_minimum" in task_names()
    True
    """
    return list(TASKS)


def task_options(name: str) -> dict[str, Any]:
    """The options of recipes that the task of that name takes, with their defaults.

    >>> task_options("sum_modulo")
    {'bits': 8, 'modulus': 10}
    """
    return TASKS[name].options()


def task_kind(name: str) -> str:
    """The `Task.kind` of the task of that name."""
    return TASKS[name].kind


def make_task(name: str, **options: Any) -> Task[Any]:
    """Make a task by name.

    >>> task = make_task("sum_modulo", modulus=4)
    >>> batch = task.train_batch(step=0, batch_size=8, seed=0)
    >>> batch.ptr.shape, batch.y.shape
    (torch.Size([9]), torch.Size([8, 4]))

    Args:
        name: one of `task_names()`.
        **options: of that task, such as `bits=16`; `Task.options` lists them.

    Raises:
        ValueError: an unknown name (the nearest names are given), or an impossible value.
        TypeError: an option that the task does not have; the message lists its options.
    """
    cls = TASKS[name]
    if unused := [option for option in options if option not in cls.options()]:
        raise TypeError(no_such_option(name, unused[0]))
    return cls(**options)


def no_such_option(name: str, option: str) -> str:
    """The error message for an option that the task does not have."""
    has = ", ".join(f"{key}={value}" for key, value in TASKS[name].options().items())
    return f"task {name!r} has no option {option!r}: it has {has or 'none'}"
