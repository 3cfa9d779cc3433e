"""Part "training": sets, graphs and molecules a second, and records that repeat."""

import dataclasses
import traceback
from collections.abc import Callable, Iterator

from benchmarks.gpu_check.findings import Finding, Notebook
from benchmarks.training import BATCHES, NO_EVALUATION, STEPS, launches_a_step, throughput
from lcm_core import Recipe, Trainer
from lcm_core.tasks import task_kind, task_names

LEAST = {256: 100_000, 4096: 1_000_000}  # sets a second, by batch size
LEAST_OF_GRAPHS = {"bbbp": 30_000, "graph_properties": 20_000}  # a second
PENALISED = 0.5  # of the default's throughput, at least, with associativity=1
MOST_LAUNCHES = 5


def check(notebook: Notebook, device: str, seconds: float) -> None:
    """The default task first, then what else there are numbers for, then all other tasks."""
    dry = device == "cpu"
    steps = 10 if dry else STEPS
    for title, measure in measurements(device, steps, dry):
        try:
            for finding in measure():
                notebook.add(finding)
        except Exception as error:
            notebook.add(Finding(title, f"{type(error).__name__}: {error}", False))
            trace = traceback.format_exc().splitlines()[-12:]
            notebook.tell([f"{title}:", "", *(f"    {line}" for line in trace)])


def measurements(
    device: str, steps: int, dry: bool
) -> Iterator[tuple[str, Callable[[], Iterator[Finding]]]]:
    for batch_size in BATCHES[:1] if dry else BATCHES:
        yield f"batch {batch_size}", lambda size=batch_size: default(size, device, steps)
    yield "launches a step", lambda: launches(device)
    yield "the same records twice", lambda: repeated(device, 3 * steps // 10)
    for name, least in LEAST_OF_GRAPHS.items():
        yield name, lambda name=name, least=least: graphs(name, least, device, steps)
    if dry:
        return
    for name in task_names():
        if name == Recipe().task or name in LEAST_OF_GRAPHS:
            continue
        for batch_size in BATCHES if task_kind(name) == "sets" else (None,):
            yield name, lambda n=name, size=batch_size: others(n, size, device, steps)


def default(batch_size: int, device: str, steps: int) -> Iterator[Finding]:
    recipe = Recipe(batch_size=batch_size)
    plain = throughput(recipe, device, steps)
    least = LEAST[batch_size]
    if plain.per_second is None:
        yield Finding(f"batch {batch_size:,}: it trains", plain.failure, False)
        return
    yield Finding(
        f"default recipe, batch {batch_size:,}: ≥ {least:,} sets/s",
        f"{plain.per_second:,.0f}",
        plain.per_second >= least,
    )
    found = throughput(recipe.replace(associativity=1.0), device, steps)
    if found.per_second is None:
        yield Finding(f"batch {batch_size:,}, associativity=1: it trains", found.failure, False)
        return
    share = found.per_second / plain.per_second
    yield Finding(
        f"default recipe, batch {batch_size:,}, associativity=1: ≥ {PENALISED:g} of that",
        f"{share:.2f} ({found.per_second:,.0f} sets/s)",
        share >= PENALISED,
    )


def launches(device: str) -> Iterator[Finding]:
    found = launches_a_step(Recipe(), device, steps=50 if device != "cpu" else 5)
    yield Finding(
        f"default recipe: at most {MOST_LAUNCHES} launches a step besides a graph",
        f"{found:.1f}",
        found <= MOST_LAUNCHES,
    )


def repeated(device: str, steps: int) -> Iterator[Finding]:
    """Two runs of the default recipe; times aside."""
    recipe = Recipe(device=device, log_every=5, steps=max(steps, 10), **NO_EVALUATION)
    runs = [
        [
            dataclasses.replace(record, sets_per_second=0, seconds=0, cpu_seconds=0)
            for record in Trainer(recipe).records()
        ]
        for _ in range(2)
    ]
    same = runs[0] == runs[1]
    asked = f"two runs of {recipe.steps} steps give the same records"
    yield Finding(asked, "yes" if same else "no", same)


def graphs(name: str, least: int, device: str, steps: int) -> Iterator[Finding]:
    found = throughput(Recipe(task=name), device, steps)
    asked = f"task={name}: ≥ {least:,} a second"
    if found.per_second is None:
        yield Finding(asked, found.failure, None if found.missing else False)
    else:
        yield Finding(asked, f"{found.per_second:,.0f}", found.per_second >= least)


def others(name: str, batch_size: int | None, device: str, steps: int) -> Iterator[Finding]:
    recipe = Recipe(task=name, **({"batch_size": batch_size} if batch_size else {}))
    found = throughput(recipe, device, steps, most=1.5)
    asked = f"{found.recipe}, batch {found.batch_size:,}: how many a second?"
    if found.per_second is None:
        yield Finding(asked, found.failure, None if found.missing else False)
    else:
        yield Finding(asked, f"{found.per_second:,.0f}")
