"""Where jobs are worked on: in this process, or in several others, with one thread each."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Protocol

import torch

from lcm_core.experiments.framework.work import Event, Failed, Progress, Work, events

__all__ = ["InProcess", "ProcessPool", "Workers", "one_thread"]


class Workers(Protocol):
    """Takes work while `free` is positive; tells what happens to it."""

    @property
    def free(self) -> int:
        """How many more works can be started now."""
        ...

    def start(self, work: Work) -> None:
        """Begins a work."""
        ...

    def events(self) -> Iterator[tuple[Work, Event]]:
        """What has happened to the works begun; waits until something has."""
        ...

    def close(self) -> None:
        """Ends all that is still going on."""
        ...


@contextmanager
def one_thread() -> Iterator[None]:
    """PyTorch computes on one thread, whatever number it had before and has again after."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class InProcess:
    """One work at a time, in this process."""

    def __init__(self) -> None:
        self._work: Work | None = None

    @property
    def free(self) -> int:
        return int(self._work is None)

    def start(self, work: Work) -> None:
        self._work = work

    def events(self) -> Iterator[tuple[Work, Event]]:
        """All events of the work, to its end."""
        work = self._work
        assert work is not None
        with one_thread():
            for event in events(work):
                if not isinstance(event, Progress):
                    self._work = None
                yield work, event

    def close(self) -> None:
        self._work = None


class ProcessPool:
    """Works in `count` other processes; one that dies fails its work, and is replaced.

    Args:
        count: of the processes.
        module: what they import first: it may register operators or tasks.
    """

    def __init__(self, count: int, module: str):
        self._module = module
        self._context = multiprocessing.get_context("spawn")
        self._processes: dict[Connection, BaseProcess] = {}
        self._works: dict[Connection, Work] = {}
        for _ in range(count):
            self._add()

    @property
    def free(self) -> int:
        return len(self._processes) - len(self._works)

    def start(self, work: Work) -> None:
        while True:
            end = next(end for end in self._processes if end not in self._works)
            self._works[end] = work
            try:
                end.send(work)
                return
            except OSError:  # it died while it had nothing to do
                self._buried(end)

    def events(self) -> Iterator[tuple[Work, Event]]:
        for end in wait(list(self._works)):
            assert isinstance(end, Connection)
            work = self._works[end]
            event: Event
            try:
                event = end.recv()
            except (EOFError, OSError):
                event = self._buried(end)
            else:
                if not isinstance(event, Progress):
                    del self._works[end]
            yield work, event

    def close(self) -> None:
        for process in self._processes.values():
            process.kill()
        for process in self._processes.values():
            process.join()
        self._processes, self._works = {}, {}

    def _add(self) -> None:
        end, other = self._context.Pipe()
        process = self._context.Process(target=_serve, args=(other, self._module), daemon=True)
        with _deaf_to_ctrl_c():
            process.start()
        other.close()  # so that each end hears when the other process is gone
        self._processes[end] = process

    def _buried(self, end: Connection) -> Failed:
        process = self._processes.pop(end)
        del self._works[end]
        process.join()
        self._add()
        return Failed(f"its process died (exit status {process.exitcode}): out of memory, perhaps")


@contextmanager
def _deaf_to_ctrl_c() -> Iterator[None]:
    """Processes begun within it are, from their first moment: Ctrl-C is for this one alone."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are the main thread's
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _end_with_parent() -> None:
    """A command that was killed leaves nobody at work, not even to the next step."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _serve(end: Connection, module: str) -> None:
    """Works on what comes, until the one who sends is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    torch.set_num_threads(1)
    try:
        while True:
            for event in _events_with(module, end.recv()):
                end.send(event)
    except (EOFError, OSError):
        return


def _events_with(module: str, work: Work) -> Iterator[Event]:
    try:
        import_module(module)
    except Exception as error:  # whatever it is, each job is told of it
        yield Failed(f"its process cannot import {module}: {type(error).__name__}: {error}")
        return
    yield from events(work)
