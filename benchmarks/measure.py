"""Seconds of interleaved runs, and the peak memory of a process made for one run.

Beside busy processes, if asked for.
"""

import ctypes
import gc
import multiprocessing
import os
import resource
import signal
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor

from benchmarks.workloads import FLOOR, Workload, clock

PASSES = ("forward", "forward + backward")
BUSY = "import os, sys\nwhile os.getppid() == int(sys.argv[1]): pass"


def run(function: Callable[[Tensor], Tensor], x: Tensor, backward: bool) -> None:
    with torch.set_grad_enabled(backward):
        result = function(x)
        if backward:
            result.sum().backward()


def seconds_of(
    functions: dict[str, Callable[[], None]], repeats: int, long: float = 5.0
) -> dict[str, float]:
    """Medians; the runs of all take turns. What takes longer than `long` is not warmed up more."""
    seconds: dict[str, list[float]] = {name: [] for name in functions}
    for turn in range(repeats + 1):
        for name, function in functions.items():
            if len(seconds[name]) == repeats:
                continue
            start = clock()
            function()
            took = clock() - start
            if turn > 0 or took > long:
                seconds[name].append(took)
    return {name: statistics.median(each) for name, each in seconds.items()}


def time_workload(
    workload: Workload, names: Sequence[str], repeats: int
) -> dict[str, dict[str, float]]:
    """Median seconds by pass and contender; under "plan", those of making a plan."""
    gc.collect()
    contenders = {name: workload.contender(name) for name in names}
    x = workload.x.requires_grad_()

    def call(name: str, backward: bool) -> Callable[[], None]:
        def function() -> None:
            workload.forget_gradients()
            run(contenders[name], x, backward)

        return function

    results = {}
    for backward, title in enumerate(PASSES):
        able = [name for name in names if not (backward and name == FLOOR)]
        results[title] = seconds_of({name: call(name, bool(backward)) for name in able}, repeats)
    with torch.no_grad():
        results["plan"] = seconds_of({"plan": lambda: workload.make_plan()}, repeats)
    return results


@contextmanager
def busy(count: int) -> Iterator[list[subprocess.Popen]]:
    """Context manager: so many busy processes beside this one, which end with it at the latest."""
    command = [sys.executable, "-c", BUSY, str(os.getpid())]
    processes = [subprocess.Popen(command) for _ in range(count)]
    try:
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.wait()


# Memory -----------------------------------------------------------------------------------------


def peak_memory(
    workload: str, contender: str, backward: bool, limit: int, threads: int
) -> int | None:
    """Bytes above the baseline that one run on the CPU needs; None if more than the limit."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["benchmarks.workloads"])
    queue = context.Queue()
    process = context.Process(
        target=_report_peak, args=(queue, workload, contender, backward, limit, threads)
    )
    process.start()
    process.join()
    if process.exitcode == -signal.SIGKILL:  # the system's own limit came first
        return None
    if process.exitcode != 0:
        raise RuntimeError(f"the run of {contender} on {workload} failed: its error is above")
    return queue.get()


def _report_peak(
    queue: "multiprocessing.Queue[int | None]",
    workload: str,
    contender: str,
    backward: bool,
    limit: int,
    threads: int,
) -> None:
    torch.set_num_threads(threads)
    data = Workload(workload, "cpu")
    function, x = data.contender(contender), data.x.requires_grad_()
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    gc.collect()
    before = _start_counting()
    try:
        run(function, x, backward)
    except (RuntimeError, MemoryError) as error:
        if "memory" not in str(error):
            raise
        queue.put(None)
    else:
        queue.put(memory_now("VmHWM") - before)


def _start_counting() -> int:
    ctypes.CDLL(None).malloc_trim(0)
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")  # the peak begins anew
    return memory_now("VmRSS")


def memory_of(process: int) -> int:
    """Proportional set size in bytes: memory that n processes share counts as 1/n of each."""
    return _from_table(f"/proc/{process}/smaps_rollup", "Pss:")


def memory_now(name: str) -> int:
    """Bytes of this process: "VmRSS", now in memory; "VmHWM", the most that ever were.

    `getrusage` says the same of a process's peak, or what its parent had when it began.
    """
    return _from_table("/proc/self/status", name)


def _from_table(path: str, name: str) -> int:
    with open(path) as file:
        [line] = [line for line in file if line.startswith(name)]
    return 1024 * int(line.split()[1])
