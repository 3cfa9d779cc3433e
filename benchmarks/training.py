"""Sets, graphs or molecules that training takes in a second, by task."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.launches import count
from benchmarks.workloads import clock
from lcm_core import Recipe, Trainer
from lcm_core.tasks import task_kind, task_names

BATCHES = (256, 4096)
WARM_UP, STEPS = 20, 100
MOST_SECONDS = 2.5  # for one measurement, when steps are slow
NO_EVALUATION = {"eval_every": 10**6, "eval_splits": "none"}


@dataclass(frozen=True)
class Throughput:
    """Sets, graphs or molecules a second of a recipe, or why there is no number."""

    recipe: str
    batch_size: int
    per_second: float | None
    failure: str = ""
    missing: bool = False  # the failure is that a package is not installed


def recipes() -> Iterator[Recipe]:
    """The default recipe of each task: set tasks with two batch sizes, one of them penalised."""
    for name in task_names():
        if task_kind(name) != "sets":
            yield Recipe(task=name)
            continue
        for batch_size in BATCHES:
            yield Recipe(task=name, batch_size=batch_size)
            if name == Recipe().task:
                yield Recipe(task=name, batch_size=batch_size, associativity=1.0)


def throughput(
    recipe: Recipe, device: str, steps: int = STEPS, most: float = MOST_SECONDS
) -> Throughput:
    """Items a second over so many steps after `WARM_UP` steps, records included.

    After `most` seconds it ends with the next record.
    """
    text = recipe.text()
    try:
        records = Trainer(recipe.replace(device=device, **NO_EVALUATION)).records()
        first = next(record.step for record in records if record.step >= WARM_UP)
        begin = clock()
        for record in records:
            slow = time.perf_counter() - begin > most
            if record.step >= first + steps or slow:
                break
        done = record.step - first
        return Throughput(text, recipe.batch_size, done * recipe.batch_size / (clock() - begin))
    except Exception as error:
        why = f"{type(error).__name__}: {error}"
        missing = isinstance(error, ImportError)
        return Throughput(text, recipe.batch_size, None, why, missing)


def launches_a_step(recipe: Recipe, device: str, steps: int = 50) -> float:
    """Launches of kernels in a training step, CUDA graphs aside; with its share of a record's."""
    trainer = Trainer(recipe.replace(device=device, log_every=steps, **NO_EVALUATION))
    records = trainer.records()
    next(records)
    return count(lambda: next(records)).launches / steps


def report(device: str) -> Iterator[str]:
    """The table of all tasks."""
    yield "## Training"
    yield ""
    yield f"Sets, graphs or molecules a second of the default recipes, over {STEPS} steps after"
    yield f"{WARM_UP} others, with records and without evaluation."
    yield ""
    yield "| recipe | batch | a second |"
    yield "|---|---:|---:|"
    failures = []
    for recipe in recipes():
        found = throughput(recipe, device)
        value = "–" if found.per_second is None else f"{found.per_second:,.0f}"
        yield f"| {found.recipe} | {found.batch_size:,} | {value} |"
        failures += [f"- {found.recipe}: {found.failure}"] * bool(found.failure)
    if failures:
        yield ""
        yield "Not measured:"
        yield ""
        yield from failures
