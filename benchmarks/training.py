"""Sets, graphs or molecules that training takes in a second, by task."""

import time
from collections.abc import Iterator

import torch

from benchmarks.failure import Failure
from benchmarks.launches import count
from benchmarks.workloads import clock
from lcm_core import Recipe, Trainer, register_task
from lcm_core.pyg import Data
from lcm_core.tasks import task_kind, task_names

BATCHES = (256, 4096)
WARM_UP, STEPS = 20, 100
MOST_SECONDS = 2.5  # for one measurement, when steps are slow
NO_EVALUATION = {"eval_every": 10**6, "eval_splits": "none"}
OWN = "graphs_of_ones_own"  # as a user registers them: real-valued features, one graph is large
OWN_SIZES = [1000, *range(5, 45)] + [20] * 2000


def register_own() -> None:
    """Register the task `OWN`."""
    draw = torch.Generator().manual_seed(0)
    graphs = []
    for nodes in OWN_SIZES:
        ends = torch.randint(nodes, (2, 2 * nodes), generator=draw)
        x, edge_attr = (torch.rand(n, 4, generator=draw) for n in (nodes, 2 * nodes))
        graphs.append(Data(x=x, edge_index=ends, edge_attr=edge_attr))
    targets = [float(graph.x.amax()) for graph in graphs]
    register_task(OWN, graphs=graphs, targets=targets, replace=True)


def recipes() -> Iterator[Recipe]:
    """The default recipe of each task: set tasks with two batch sizes, one of them penalised."""
    register_own()
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
) -> float:
    """Items a second over so many steps after `WARM_UP` steps, records included.

    After `most` seconds it ends with the next record.
    """
    records = Trainer(recipe.replace(device=device, **NO_EVALUATION)).records()
    first = next(record.step for record in records if record.step >= WARM_UP)
    begin = clock()
    for record in records:
        if record.step >= first + steps or time.perf_counter() - begin > most:
            break
    return (record.step - first) * recipe.batch_size / (clock() - begin)


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
        try:
            value = f"{throughput(recipe, device):,.0f}"
        except Exception as error:  # a package is missing, say: the other tasks go on
            value = "–"
            failures.append(f"- {recipe.text()}: {Failure.of(error).why}")
        yield f"| {recipe.text()} | {recipe.batch_size:,} | {value} |"
    if failures:
        yield ""
        yield "Not measured:"
        yield ""
        yield from failures
