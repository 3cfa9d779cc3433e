"""Limits of a recipe's fields in a panel: what would fill the memory, or make a page slow."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from lcm_core.tasks.in_memory.task import GivenItems
from lcm_core.tasks.registry import TASKS, task_kind
from lcm_core.training.recipe import Recipe

__all__ = ["check_channels", "check_limits", "estimated_bytes", "free_bytes"]

MOST_RECORDS = 100_000
MOST_THREADS = 4 * (os.cpu_count() or 1)
SHARE = 0.5  # of the free memory that a run may take
UNKNOWN = 4 * 2**30  # bytes, where the system does not say what is free

#: Floats kept for the backward pass, per element, channel and layer; and weights, per channel
#: squared and layer, with their gradients and the optimiser's two moments. Both are upper bounds:
#: tests/test_training_limits.py compares them with what torch takes.
FLOATS_OF_STATES = 40
FLOATS_OF_WEIGHTS = 120
ELEMENTS = 32  # of a set or graph, where the task does not say how many


def check_limits(recipe: Recipe) -> Recipe:
    """The recipe, if a kernel of this machine survives it.

    Raises:
        ValueError: a field is too large; the message says for what, and what to do.
    """
    records = recipe.steps / recipe.log_every
    if records > MOST_RECORDS:
        raise ValueError(
            f"expected at most {MOST_RECORDS:,} records, since a page keeps all of them, and "
            f"steps={recipe.steps} with log_every={recipe.log_every} asks for {records:,.0f}: "
            f"write log_every={-(-recipe.steps // MOST_RECORDS)} or more, or fewer steps"
        )
    if recipe.threads > MOST_THREADS:
        raise ValueError(
            f"expected threads ≤ {MOST_THREADS}, four for each core of this machine, got "
            f"{recipe.threads}: threads=0 chooses by the machine"
        )
    wanted, allowed = estimated_bytes(recipe), SHARE * free_bytes()
    if wanted > allowed:
        fields = ["batch_size", "channels"] + ["layers"] * (_layers(recipe) > 1)
        asked = ", ".join(f"{field}={getattr(recipe, field)}" for field in fields)
        raise ValueError(
            f"{asked} needs about {_size(wanted)} of memory, and a run may take "
            f"{_size(allowed)}, {SHARE:.0%} of what is free: {_advice(recipe, allowed)}"
        )
    return recipe


def check_channels(channels: int) -> None:
    """Raise a ValueError unless one layer so wide fits; a recipe already makes its aggregation."""
    wanted, allowed = 4.0 * FLOATS_OF_WEIGHTS * float(channels) ** 2, SHARE * free_bytes()
    if wanted > allowed:
        most = _rounded(int((allowed / (4.0 * FLOATS_OF_WEIGHTS)) ** 0.5))
        raise ValueError(
            f"channels={channels} needs about {_size(wanted)} of memory for the weights alone, and "
            f"a run may take {_size(allowed)}, {SHARE:.0%} of what is free: write fewer channels, "
            f"at most {most}"
        )


def estimated_bytes(recipe: Recipe) -> float:
    """Memory that a training step takes at most, about."""
    states = _elements_of_batch(recipe) * recipe.channels * _layers(recipe)
    weights = recipe.channels**2 * _layers(recipe)
    return 4.0 * (FLOATS_OF_STATES * states + FLOATS_OF_WEIGHTS * weights)


def free_bytes() -> float:
    """Memory that this process can still have: of the machine, or of its container."""
    found = []
    try:
        lines = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
        found.append(1024.0 * float(lines["MemAvailable"].split()[0]))
    except (OSError, ValueError, KeyError):  # another system than Linux
        found.append(float(UNKNOWN))
    group = Path("/sys/fs/cgroup")
    try:
        limit, used = ((group / name).read_text() for name in ("memory.max", "memory.current"))
        found.append(float(limit) - float(used))
    except (OSError, ValueError):  # no container, or one without a limit ("max")
        pass
    return max(min(found), 0.0)


def _elements(recipe: Recipe) -> int:
    """Of the largest training set or graph."""
    sizes = TASKS[recipe.task].training_sizes
    return sizes[1] if isinstance(sizes, tuple) else ELEMENTS


def _elements_of_batch(recipe: Recipe) -> int:
    """Of a training step, at most: for data in memory those of its largest items."""
    task: type[Any] = TASKS[recipe.task]
    if issubclass(task, GivenItems):
        return task.most_elements(recipe.batch_size)
    return recipe.batch_size * _elements(recipe)


def _layers(recipe: Recipe) -> int:
    """Message-passing layers, and the readout."""
    if task_kind(recipe.task) == "properties":  # n // 2 rounds for n nodes
        return 1 + _elements(recipe) // 2
    return 1 if len(recipe.aggregations) == 1 else 1 + recipe.layers


def _advice(recipe: Recipe, allowed: float) -> str:
    """A batch that fits, or what else to make smaller."""
    per_item = estimated_bytes(recipe.replace(batch_size=1))
    fixed = 4.0 * FLOATS_OF_WEIGHTS * recipe.channels**2 * _layers(recipe)
    most = int((allowed - fixed) / max(per_item - fixed, 1.0)) if per_item > fixed else 0
    if most >= 1:
        return f"write batch_size={_rounded(most)} or less"
    return "write fewer channels" + (" or layers" if _layers(recipe) > 1 else "")


def _rounded(value: int) -> int:
    """Down to two digits."""
    unit = 10 ** max(len(str(value)) - 2, 0)
    return value // unit * unit


def _size(count: float) -> str:
    for unit, name in ((2**40, "TB"), (2**30, "GB")):
        if count >= unit:
            return f"{count / unit:,.1f} {name}"
    return f"{count / 2**20:,.0f} MB"
