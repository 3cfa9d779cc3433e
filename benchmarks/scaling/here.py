"""What is measured on this machine: ranks that share its cores, and streams."""

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any

import torch
import torch.distributed as dist

from lcm_core import make_operator, reduce
from lcm_core.distributed import LocalRanks, all_reduce
from lcm_core.reduction import ReductionPlan

WIDTH = 64
GROUPS: dict[int, dist.ProcessGroup] = {}
SHORT = 0.05  # seconds of a window: calls in a row, about


def make_groups(rank: int, sizes: Sequence[int]) -> None:
    torch.manual_seed(rank)
    for size in sizes:
        GROUPS[size] = dist.new_group(list(range(size)))


def timed(rank: int, size: int, how: str, name: str, sets: int, repeats: int) -> tuple | None:
    """Seconds of a call by the clock, and of a core, each of the best window."""
    if rank >= size:
        return None
    operator = make_operator(name, channels=WIDTH)
    states = torch.randn(sets, WIDTH)
    plan = ReductionPlan.from_sizes([size] * sets)

    def call() -> None:
        if how == "tree":
            all_reduce(operator, states, group=GROUPS[size])
            return
        gathered = [torch.empty_like(states) for _ in range(size)]
        dist.all_gather(gathered, states, group=GROUPS[size])
        if how == "gather":
            reduce(operator, torch.stack(gathered, 1).flatten(0, 1), plan=plan)

    def both() -> None:
        x = states.clone().requires_grad_()
        all_reduce(operator, x, group=GROUPS[size]).sum().backward()

    run = both if how == "tree, backward" else call
    with torch.set_grad_enabled(how == "tree, backward"):
        began = time.perf_counter()
        for _ in range(3):
            run()
        once = torch.tensor((time.perf_counter() - began) / 3)
        dist.all_reduce(once, dist.ReduceOp.MAX, group=GROUPS[size])
        calls = max(int(SHORT / once.item()), 3)
        clock, work = [], []
        for _ in range(repeats):
            began = time.perf_counter(), time.process_time()
            for _ in range(calls):
                run()
            clock.append((time.perf_counter() - began[0]) / calls)
            work.append((time.process_time() - began[1]) / calls)
    return min(clock), min(work)


def alone(rank: int, name: str, sets: int, repeats: int) -> float | None:
    """Seconds of one combination of all sets, on one core, by rank 0; the others rest."""
    if rank:
        return None
    operator, x = make_operator(name, channels=WIDTH), torch.randn(2 * sets, WIDTH)
    plan, found = ReductionPlan.from_sizes([2] * sets), []
    with torch.no_grad():
        for _ in range(repeats + 1):
            began, calls = time.perf_counter(), 0
            while time.perf_counter() - began < SHORT:
                reduce(operator, x, plan=plan)
                calls += 1
            found.append((time.perf_counter() - began) / calls)
    return min(found)


class Measured:
    """Times of ranks on this machine, each measured once, when it is first asked for."""

    def __init__(self, ranks: LocalRanks, repeats: int):
        self._ranks, self._repeats = ranks, repeats
        self._found: dict[tuple, Any] = {}

    def seconds(self, size: int, how: str, name: str, sets: int) -> float:
        """By the clock, of the slowest rank."""
        return self._times(size, how, name, sets)[0]

    def work(self, size: int, how: str, name: str, sets: int) -> float:
        """Of a core, of the busiest rank."""
        return self._times(size, how, name, sets)[1]

    def _times(self, *key: Any) -> tuple[float, float]:
        if key not in self._found:
            times = self._ranks.run(timed, *key, self._repeats, limit=300.0)[: key[0]]
            self._found[key] = tuple(map(max, zip(*times, strict=True)))
        return self._found[key]

    def combine(self, name: str, sets: int) -> float:
        key = (name, sets)
        if key not in self._found:
            self._found[key] = self._ranks.run(alone, *key, self._repeats, limit=300.0)[0]
        return self._found[key]


# Streams ----------------------------------------------------------------------------------------

STREAM = """
import json, sys, time
import torch
from lcm_core import make_operator
from lcm_core.distributed import Running
name, width, n, chunk, threads = json.loads(sys.argv[1])
torch.set_num_threads(threads)
torch.manual_seed(0)
operator = make_operator(name, channels=width)
running, seconds = Running(operator), 0.0
def memory(field):
    with open("/proc/self/status") as file:
        return 1024 * int(next(line for line in file if line.startswith(field)).split()[1])
before = memory("VmRSS")
for first in range(0, n, chunk):
    x = torch.randn(min(chunk, n - first), width)
    began = time.perf_counter()
    running.add(x)
    seconds += time.perf_counter() - began
    del x
print(json.dumps([seconds, memory("VmHWM"), before]))
"""


def stream(name: str, width: int, n: int, chunk: int, threads: int) -> tuple[float, int, int]:
    """Seconds of the reduction alone, peak memory of its process, and that before it, in bytes."""
    arguments = json.dumps([name, width, n, chunk, threads])
    done = subprocess.run(
        [sys.executable, "-c", STREAM, arguments], check=True, capture_output=True, text=True
    )
    seconds, peak, before = json.loads(done.stdout)
    return seconds, peak, before
