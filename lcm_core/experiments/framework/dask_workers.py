"""Works on jobs in the workers of a Dask cluster, which may come and go."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from queue import Empty, SimpleQueue
from typing import Any

from lcm_core.experiments.framework.machine import describe_machine
from lcm_core.experiments.framework.work import (
    Done,
    Event,
    Failed,
    Measure,
    Progress,
    Train,
    Work,
    events,
)
from lcm_core.experiments.framework.workers import one_thread
from lcm_core.training.recipe import Recipe

__all__ = ["DaskWorkers"]

WAIT = 1.0  # seconds until we look again whether workers came
TOPIC = "lcm_core progress"


class DaskWorkers:
    """One work at a time in each worker of a cluster.

    Dask gives the work of a worker that dies to another, which goes on from the checkpoint of the
    run; so all workers need to see the same folder. A work that kills one worker after another is
    given up.

    Args:
        address: of Dask's scheduler, such as `tcp://10.0.0.1:8786`.
        module: what workers import first: it may register operators or tasks.

    Raises:
        ImportError: Dask's `distributed` is not installed.
        OSError: there is no scheduler at the address.
    """

    def __init__(self, address: str, module: str):
        try:
            from distributed import Client
        except ImportError as error:
            raise ImportError(
                "--scheduler needs Dask's distributed, which is not installed; install it with: "
                "pip install distributed"
            ) from error
        self._address, self._module, self._told = address, module, False
        self._happened: SimpleQueue[tuple[Any, Event]] = SimpleQueue()
        self._begun: dict[Any, tuple[Work, Any]] = {}  # with the future of each
        self._client = Client(address, set_as_default=False)
        self._client.subscribe_topic(TOPIC, self._progress)

    @property
    def free(self) -> int:
        """How many workers have no work of ours."""
        workers = len(self._client.nthreads())
        if not (workers or self._told):
            self._told = True
            print(f"waiting for workers of the scheduler at {self._address}", file=sys.stderr)
        return max(0, workers - len(self._begun))

    def start(self, work: Work) -> None:
        """Send the work to a worker."""
        future = self._client.submit(_work_on, work, self._module, pure=False)
        self._begun[future.key] = work, future
        future.add_done_callback(self._ended)

    def events(self) -> Iterator[tuple[Work, Event]]:
        """What has happened to the works begun; nothing if nothing did for a second."""
        try:
            key, event = self._happened.get(timeout=WAIT)
        except Empty:
            return
        if key in self._begun:
            work, _ = self._begun[key]
            if not isinstance(event, Progress):
                del self._begun[key]
            yield work, event

    def close(self) -> None:
        """Take all works back; a worker ends its own at the next record."""
        self._client.cancel([future for _, future in self._begun.values()], force=True)
        self._client.close()
        self._begun = {}

    def _progress(self, message: tuple[float, Any]) -> None:
        _, (key, *numbers) = message
        self._happened.put((key, Progress(*numbers)))

    def _ended(self, future: Any) -> None:
        """Called in a thread of Dask."""
        try:
            event = future.result()
        except BaseException as error:  # of the worker, or the scheduler is gone
            event = Failed(f"{type(error).__name__}: {error}")
        self._happened.put((future.key, event))


def _work_on(work: Work, module: str) -> Event:
    """In a worker: the last event of a work. The others are told on the way."""
    from distributed import get_worker

    worker = get_worker()
    if worker.state.nthreads != 1:
        return Failed(
            f"expected workers of one thread, got one of {worker.state.nthreads}, where runs would "
            "disturb each other: start workers with --nthreads 1"
        )
    assert not isinstance(work, Measure)
    key = worker.get_current_task()
    try:
        import_module(module)
    except Exception as error:  # whatever it is, each job is told of it
        return Failed(f"its worker cannot import {module}: {type(error).__name__}: {error}")
    with one_thread():
        for event in events(work):
            if isinstance(event, Failed):
                return event
            if isinstance(event, Done):
                return _with_machine(event, work.recipe) if isinstance(work, Train) else event
            if worker.state.tasks[key].state != "executing":
                break
            worker.log_event(TOPIC, (key, event.step, event.steps, event.rate))
    return Failed("the command that waited for it ended")


def _with_machine(event: Done, recipe: str) -> Done:
    return Done({**event.values, "machine": describe_machine(Recipe.parse(recipe).device)})
