"""Part "training": sets, graphs and molecules a second, and records that repeat."""

from collections.abc import Callable, Iterator
from functools import partial

from benchmarks.failure import Failure
from benchmarks.gpu_check.findings import Finding, Notebook
from benchmarks.training import BATCHES, OWN, STEPS, launches_a_step, register_own, throughput
from lcm_core import Recipe, Trainer
from lcm_core.tasks import task_kind, task_names

LEAST = {256: 100_000, 4096: 1_000_000}  # sets a second, by batch size
LEAST_OF_GRAPHS = {"bbbp": 30_000, "graph_properties": 20_000}  # a second
PENALISED = 0.5  # of the default's throughput, at least, with associativity=1
MOST_LAUNCHES = 5


def check(notebook: Notebook, device: str, seconds: float) -> None:
    """The default task first, then what else there are numbers for, then all other tasks."""
    dry = device == "cpu"
    for title, measure in measurements(device, 10 if dry else STEPS, dry):
        try:
            for finding in measure():
                notebook.add(finding)
        except Exception as error:
            if isinstance(error, ImportError) and title in task_names():
                notebook.leave_out(f"task={title}", str(error))
            else:
                notebook.fail(f"{title}: it trains", Failure.of(error))


def measurements(
    device: str, steps: int, dry: bool
) -> Iterator[tuple[str, Callable[[], Iterator[Finding]]]]:
    """(what it is about, the measurement) of each."""
    for batch_size in BATCHES[:1] if dry else BATCHES:
        yield f"batch {batch_size}", partial(default, batch_size, device, steps)
    yield "launches a step", partial(launches, device, 5 if dry else 50)
    twice = 10 if dry else 30
    yield "the same records twice", partial(repeated, Recipe().task, device, twice)
    for name, least in LEAST_OF_GRAPHS.items():
        yield name, partial(graphs, name, least, device, steps)
        yield name, partial(repeated, name, device, twice)
    register_own()
    yield OWN, partial(repeated, OWN, device, twice)
    for name in task_names():
        if not dry and name != Recipe().task and name not in LEAST_OF_GRAPHS:
            sizes = BATCHES if task_kind(name) == "sets" else BATCHES[:1]
            yield name, partial(others, name, device, steps, sizes)


def default(batch_size: int, device: str, steps: int) -> Iterator[Finding]:
    recipe, least = Recipe(batch_size=batch_size), LEAST[batch_size]
    plain = throughput(recipe, device, steps)
    yield Finding(
        f"default recipe, batch {batch_size:,}: ≥ {least:,} sets/s", f"{plain:,.0f}", plain >= least
    )
    found = throughput(recipe.replace(associativity=1.0), device, steps)
    yield Finding(
        f"default recipe, batch {batch_size:,}, associativity=1: ≥ {PENALISED:g} of that",
        f"{found / plain:.2f} ({found:,.0f} sets/s)",
        found >= PENALISED * plain,
    )


def launches(device: str, steps: int) -> Iterator[Finding]:
    found = launches_a_step(Recipe(), device, steps)
    yield Finding(
        f"default recipe: at most {MOST_LAUNCHES} launches a step besides a graph",
        f"{found:.1f}",
        found <= MOST_LAUNCHES,
    )


def repeated(task: str, device: str, steps: int) -> Iterator[Finding]:
    """Two runs of the task's default recipe, evaluation included; times aside."""
    recipe = Recipe(task=task, device=device, log_every=5, steps=steps, eval_splits="none")
    runs = [[record.timeless() for record in Trainer(recipe).records()] for _ in range(2)]
    same = runs[0] == runs[1]
    yield Finding(
        f"task={task}: two runs of {steps} steps give the same records",
        "yes" if same else "no",
        same,
    )


def graphs(name: str, least: int, device: str, steps: int) -> Iterator[Finding]:
    found = throughput(Recipe(task=name), device, steps)
    yield Finding(f"task={name}: ≥ {least:,} a second", f"{found:,.0f}", found >= least)


def others(name: str, device: str, steps: int, sizes: tuple[int, ...]) -> Iterator[Finding]:
    for size in sizes:
        found = throughput(Recipe(task=name, batch_size=size), device, steps, most=1.5)
        yield Finding(f"task={name}, batch {size:,}: how many a second?", f"{found:,.0f}")
