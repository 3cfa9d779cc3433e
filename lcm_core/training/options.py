"""Options of a task in a recipe: those of its constructor, and no others."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from lcm_core.errors import unknown
from lcm_core.tasks.registry import TASKS, make_task, no_such_option, task_options
from lcm_core.training.fields import checked, kind_of

__all__ = ["chosen_options", "unknown_field"]


def chosen_options(
    task: str, given: Mapping[str, Any], fields: Iterable[str]
) -> tuple[tuple[str, Any], ...]:
    """The options that are not the default, checked, in the order of the task's constructor.

    Args:
        task: its name.
        given: values by name.
        fields: those of a recipe, to name the nearest where a name is neither.

    Raises:
        ValueError, TypeError: an option that the task does not have, or a value that is not
            possible.
    """
    defaults = task_options(task)
    for name in given:
        if name not in defaults:
            raise unknown_field(name, task, fields)
    values = {name: checked(name, given[name], kind_of(defaults[name])) for name in given}
    options = tuple(
        (name, values[name])
        for name, default in defaults.items()
        if values.get(name, default) != default
    )
    if options:
        _try(TASKS[task], task, options)
    return options


def unknown_field(field: str, task: str, fields: Iterable[str]) -> Exception:
    """The error for what is neither a field of a recipe nor an option of its task."""
    if any(field in TASKS[name].options() for name in TASKS):
        return TypeError(no_such_option(task, field))
    return unknown("recipe field", field, [*fields, *task_options(task)])


@lru_cache(maxsize=256)
def _try(_: type, task: str, options: tuple[tuple[str, Any], ...]) -> None:
    """Make the task once, which refuses options that are not possible."""
    try:
        make_task(task, **dict(options))
    except (ValueError, TypeError, OSError, ImportError):
        raise
    except Exception as error:
        said = " ".join(f"{name}={value}" for name, value in options)
        raise ValueError(f"task={task} {said}: {type(error).__name__}: {error}") from error


TASKS.watch(lambda _: _try.cache_clear())  # data in memory that is replaced can be freed
