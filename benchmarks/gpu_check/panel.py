"""Part "panel": what a training panel costs that draws, and how soon Stop stops."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from benchmarks.failure import Failure
from benchmarks.gpu_check.findings import Finding, Notebook
from lcm_core import Recipe
from lcm_core.training.run_state import RunState

if TYPE_CHECKING:  # needs ipywidgets, which a GPU machine may lack
    from lcm_core.widgets.training.run import Run

REPETITIONS = 5
WARM_UP, WARM_UP_LIMIT = 50, 60.0  # steps; seconds
MOST_COST, MOST_STOPPING = 0.05, 0.150  # of the throughput; seconds
#: Runs end when they are stopped.
RECIPE = Recipe(steps=10**6, eval_every=10**6, eval_splits="none")


def check(notebook: Notebook, device: str, seconds: float) -> None:
    """Runs with a panel and without one in turns; pages are needed for neither."""
    try:
        from lcm_core.widgets.training.panel import TrainingPanel
    except ImportError as error:
        notebook.leave_out("the training panel", str(error))
        return

    from lcm_core.widgets.training.run import Run

    recipe, time_each, repetitions = RECIPE.replace(device=device), 4.0, REPETITIONS
    if device == "cpu":
        recipe, time_each, repetitions = recipe.replace(batch_size=8, channels=4), 0.5, 1

    def alone() -> tuple[float, float]:
        return measured(Run([RunState(recipe)], lambda run: None), time_each)

    def drawn() -> tuple[float, float]:
        panel = TrainingPanel(recipe)
        try:
            return measured(panel.run, time_each)
        finally:
            panel.close()

    try:
        for finding in findings([(alone(), drawn()) for _ in range(repetitions)]):
            notebook.add(finding)
    except Exception as error:
        notebook.fail("the training panel trains", Failure.of(error))


def findings(pairs: list[tuple[tuple[float, float], tuple[float, float]]]) -> Iterator[Finding]:
    """Judge what `measured` gave without a panel and with one, for each pair of runs."""
    cost = 1 - statistics.median(with_panel[0] / alone[0] for alone, with_panel in pairs)
    rate = statistics.median(alone[0] for alone, _ in pairs)
    yield Finding(
        f"redraws of the panel cost at most {MOST_COST:.0%} of throughput",
        f"{cost:.1%} of {rate:,.0f} sets/s, median of {len(pairs)}",
        cost <= MOST_COST,
    )
    slowest = max(with_panel[1] for _, with_panel in pairs)
    yield Finding(
        f"Stop within {MOST_STOPPING * 1e3:g} ms",
        f"{slowest * 1e3:.0f} ms, the slowest of {len(pairs)}",
        slowest <= MOST_STOPPING,
    )


def measured(run: Run, seconds: float) -> tuple[float, float]:
    """Sets a second once it is warm, and seconds from Stop until the run stands still."""
    (run_state,) = run.run_states
    run.go()
    limit = time.monotonic() + WARM_UP_LIMIT
    while run_state.step < WARM_UP and not run.ended and time.monotonic() < limit:
        time.sleep(0.01)
    begin, step = time.perf_counter(), run_state.step
    time.sleep(seconds)
    rate = (run_state.step - step) * run_state.recipe.batch_size / (time.perf_counter() - begin)
    asked = time.perf_counter()
    run.stop()
    run.wait(WARM_UP_LIMIT)
    stopping = time.perf_counter() - asked
    if run.error is not None:
        raise run.error
    if run.state != "stopped":
        raise RuntimeError(f"expected a run that was stopped, got one that is {run.state}")
    return rate, stopping
