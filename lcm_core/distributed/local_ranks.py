"""Ranks on this machine: processes that gloo joins, for notebooks, tests and trying things out.

For real work there is `torchrun`, which starts the ranks of many machines.
"""

import multiprocessing
import os
import pickle
import socket
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from datetime import timedelta
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist

from lcm_core.distributed.portable import from_bytes, to_bytes

__all__ = ["LocalRanks"]

HOST = "127.0.0.1"
LONGEST = 60.0  # seconds until ranks that do not answer are given up


class LocalRanks:
    """Processes on this machine, one a rank, in a process group of gloo.

    Each has one thread. They end with `close`, at the end of a `with` block, or with this process.
    A script starts them under `if __name__ == "__main__":`, since each rank reads the script too.

    >>> def greet(rank, word):
    ...     import torch.distributed as dist
    ...     return f"{word} from {rank} of {dist.get_world_size()}"
    >>> with LocalRanks(2) as ranks:
    ...     ranks.run(greet, "hello")
    ['hello from 0 of 2', 'hello from 1 of 2']

    Args:
        count: number of ranks.

    Raises:
        ValueError: count is not positive.
        RuntimeError: a rank does not start.
    """

    def __init__(self, count: int):
        if count < 1:
            raise ValueError(f"expected a number of ranks ≥ 1, got {count}")
        self.count = count
        self._folder = tempfile.TemporaryDirectory(prefix="lcm_core_ranks")
        self._store = dist.TCPStore(HOST, 0, is_master=True, wait_for_workers=False)
        self._ends: list[Connection] = []
        self._processes: list[BaseProcess] = []
        context = _context()
        for rank in range(count):
            end, other = context.Pipe()
            arguments = (other, rank, count, self._store.port, str(self._words(rank)))
            process = context.Process(target=_serve, args=arguments, daemon=True)
            process.start()
            other.close()  # so that each end hears when the other process is gone
            self._ends.append(end)
            self._processes.append(process)
        self._succeeded(self.finish())

    def run(
        self, function: Callable[..., Any], *arguments: Any, limit: float = LONGEST
    ) -> list[Any]:
        """Call a function on all ranks at once: `function(rank, *arguments)`.

        Args:
            function: of a module, or of a notebook's cell.
            *arguments: that pickle can take; the same for all ranks.
            limit: seconds until ranks that do not answer are given up.

        Returns:
            What it returned, by rank.

        Raises:
            RuntimeError: a rank raised an error, died, or did not answer.
        """
        self.start(function, *arguments)
        return self._succeeded(self.finish(limit))

    def start(self, function: Callable[..., Any], *arguments: Any) -> None:
        """As `run`, but without waiting; `finish` waits.

        Args:
            function, *arguments: as in `run`.
        """
        call = to_bytes(function, arguments)
        for end in self._ends:
            try:
                end.send_bytes(call)
            except OSError:  # it is dead, which `finish` finds
                continue

    def finish(self, limit: float = LONGEST) -> list[Any]:
        """Wait for what was started: the results by rank, with errors in place of some.

        Args:
            limit: seconds until ranks that do not answer are given up, and all are ended.
        """
        found: list[Any] = [None] * len(self._ends)
        left, last = {end: rank for rank, end in enumerate(self._ends)}, time.monotonic() + limit
        while left:
            ready = wait(list(left), timeout=max(last - time.monotonic(), 0.0))
            for end in ready:
                assert isinstance(end, Connection)
                rank = left.pop(end)
                try:
                    found[rank] = pickle.loads(end.recv_bytes())
                except (EOFError, OSError):
                    found[rank] = self._died(rank)
            if not ready:
                for rank in left.values():
                    found[rank] = TimeoutError(f"rank {rank} did not answer within {limit:g} s")
                self.close()
                break
        return found

    def kill(self, rank: int) -> None:
        """End a rank at once, as the system ends a process when memory runs out.

        Args:
            rank: which one.
        """
        self._processes[rank].kill()

    def close(self) -> None:
        """End all ranks."""
        for process in self._processes:
            process.kill()
        for process, end in zip(self._processes, self._ends, strict=True):
            process.join()
            end.close()
        self._processes, self._ends = [], []
        self._folder.cleanup()

    def __enter__(self) -> "LocalRanks":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"LocalRanks({self.count})"

    def _succeeded(self, found: list[Any]) -> list[Any]:
        """The results; or the first error, after which the ranks may wait for each other."""
        for rank, outcome in enumerate(found):
            if isinstance(outcome, BaseException):
                raise RuntimeError(f"rank {rank} of {self.count}: {outcome}") from outcome
        return found

    def _died(self, rank: int) -> RuntimeError:
        self._processes[rank].join(5.0)
        words = self._words(rank)
        last = words.read_text(errors="replace")[-2000:].strip() if words.exists() else ""
        status = self._processes[rank].exitcode
        return RuntimeError(f"rank {rank} died (exit status {status})" + f": {last}" * bool(last))

    def _words(self, rank: int) -> Path:
        """The file that has all that a rank prints."""
        return Path(self._folder.name) / f"rank_{rank}"


def _context() -> Any:
    """On Linux the ranks are forks of a process that has imported all they need, once."""
    if sys.platform != "linux":
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["lcm_core.api", __name__])
    return context


def _serve(end: Connection, rank: int, count: int, port: int, words: str) -> None:
    """Join the group, then answer calls until the parent is gone."""
    file = os.open(words, os.O_WRONLY | os.O_CREAT)
    os.dup2(file, 1)
    os.dup2(file, 2)
    torch.set_num_threads(1)
    if loopback := [name for _, name in socket.if_nameindex() if name.startswith("lo")]:
        os.environ.setdefault("GLOO_SOCKET_IFNAME", loopback[0])  # no host's name is looked up
    limit = timedelta(seconds=LONGEST)
    store = dist.TCPStore(HOST, port, is_master=False, timeout=limit)
    dist.init_process_group("gloo", store=store, rank=rank, world_size=count, timeout=limit)
    end.send_bytes(pickle.dumps(None))
    while True:
        try:
            call = end.recv_bytes()
        except (EOFError, OSError):
            return
        try:
            function, arguments = from_bytes(call)
            answer = pickle.dumps(function(rank, *arguments))
        except Exception as error:
            traceback.print_exc()
            answer = _packed(error)
        end.send_bytes(answer)


def _packed(error: Exception) -> bytes:
    try:
        data = pickle.dumps(error)
        pickle.loads(data)
    except Exception:  # one that pickle cannot take: its words
        return pickle.dumps(RuntimeError(f"{type(error).__name__}: {error}"))
    return data
