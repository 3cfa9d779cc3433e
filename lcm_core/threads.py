"""Threads of the CPU: how they wait for one another, and how many a computation takes.

At the end of a parallel loop the threads that are done wait for the others. By default they *spin*
for a while: they ask over and over, which is quickest on idle cores. On cores that other programs
use too, a thread that spins keeps the one that it waits for from running: with a load of 3 on 2
cores, training took 15 times as long. A thread that waits *passively* sleeps, and others run.
OpenMP reads the choice from the environment when torch is imported, and OpenBLAS when NumPy is.

The last digits of a result depend on the number of threads, since sums are split among them. The
number is therefore chosen from the machine, and never from what else runs on it.
"""

import atexit
import math
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = [
    "PASSIVE",
    "VARIABLE",
    "available_cpus",
    "begin_thread",
    "cpu_quota",
    "default_threads",
    "keeping_threads",
    "let_threads_yield",
    "using_threads",
    "waiting_advice",
]

VARIABLE = "LCM_CORE_THREADS"  # for the user
MOST = 4  # more threads do not speed up batches of the usual sizes, and leave less to others
SHARE = 2  # CPUs for each thread: the others are for the kernel's own cells, the page, and company

#: How threads wait, for GNU's OpenMP, for Intel's and LLVM's, and for NumPy's OpenBLAS. GNU's ask a
#: thousand times before they sleep: to wake a thread takes longer than the work between two loops
#: often does. OpenBLAS's would spin for 30 ms after each product, a third of a run with a picture.
PASSIVE = {
    "OMP_WAIT_POLICY": "PASSIVE",
    "GOMP_SPINCOUNT": "1000",
    "KMP_BLOCKTIME": "0",
    "OPENBLAS_THREAD_TIMEOUT": "4",  # 2⁴ cycles, the fewest
}

GRACE = 4.0  # seconds that all threads have to end when Python does; Jupyter kills after 5

_lock = threading.Lock()
_changes = 0  # of torch's number that hold now, in all threads of Python
_steady = 1  # its number before the first of them
_spinning = False  # whether torch was imported too early for us to choose, and its threads spin
_to_stop: dict[threading.Thread, Callable[[], None]] = {}  # what asks each thread to end


def let_threads_yield() -> None:
    """Let threads wait passively, unless the user has chosen otherwise or torch is imported.

    Where a control group limits the time on the CPUs, which OpenMP does not see, it also sets the
    number of threads.
    """
    global _spinning
    chosen = any(name in os.environ for name in PASSIVE)
    if "torch" in sys.modules:
        _spinning = not chosen
        return
    if not chosen:
        os.environ.update(PASSIVE)
    if available_cpus() < _affine_cpus():
        os.environ.setdefault("OMP_NUM_THREADS", str(available_cpus()))


def waiting_advice(threads: int) -> str:
    """What to do if several threads spin because torch was imported first; "" if they do not."""
    if not _spinning or threads == 1:
        return ""
    return (
        "torch was imported before lcm_core, so its threads spin while they wait: this is slow "
        "beside other programs. Import lcm_core first, or set the environment variable "
        "OMP_WAIT_POLICY=PASSIVE before Python or Jupyter starts"
    )


def default_threads() -> int:
    """The number of threads of a run whose recipe does not name one.

    It is torch's own number, but at most `$LCM_CORE_THREADS`; or, where that is not set, at most 4,
    and at most one for every two CPUs that this process may use. On two CPUs two threads train
    faster only in a program without others: beside the cells of a notebook, whose threads count
    too, GNU's OpenMP wakes the second one so slowly that one alone makes 1.4 times as many steps.

    Raises:
        ValueError: the variable holds no number of threads.
    """
    given = os.environ.get(VARIABLE) or str(min(max(1, available_cpus() // SHARE), MOST))
    if not given.isdecimal() or int(given) == 0:
        raise ValueError(f"expected {VARIABLE} to be a number of threads ≥ 1, got {given!r}")
    return min(_steady_threads(), int(given))


@contextmanager
def using_threads(count: int) -> Iterator[None]:
    """Context manager: in this thread of Python, torch computes on `count` threads."""
    import torch

    global _changes, _steady
    before = torch.get_num_threads()
    if count == before:
        yield
        return
    with _lock:
        _steady = _steady if _changes else before
        _changes += 1
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
        with _lock:
            _changes -= 1


def keeping_threads(function: Callable[[], None]) -> Callable[[], None]:
    """The function for a new thread of Python, in which torch has its number of threads.

    By itself a new thread takes the number that was set last, if only for a while and elsewhere.
    """
    count = _steady_threads()

    def run() -> None:
        import torch

        torch.set_num_threads(count)
        function()

    return run


def begin_thread(
    function: Callable[[], None], name: str, stop: Callable[[], None]
) -> threading.Thread:
    """Start a thread that ends before Python does.

    A daemon thread of Python is ended wherever it is. If that is inside torch, C++ ends the process
    with "terminate called", and the exit status is lost.

    Args:
        function: what the thread does.
        name: of the thread.
        stop: called at Python's end if the function still runs; it asks it to return.
    """

    def run() -> None:
        try:
            function()
        finally:
            _to_stop.pop(thread, None)

    thread = threading.Thread(target=run, name=name, daemon=True)
    atexit.unregister(_end_threads)  # once, and before what was registered until now
    atexit.register(_end_threads)
    _to_stop[thread] = stop
    thread.start()
    return thread


def _end_threads() -> None:
    deadline = time.monotonic() + GRACE
    for stop in list(_to_stop.values()):
        stop()
    for thread in list(_to_stop):
        thread.join(max(0.0, deadline - time.monotonic()))


def _steady_threads() -> int:
    """Torch's number of threads outside all `using_threads`."""
    import torch

    with _lock:
        return _steady if _changes else torch.get_num_threads()


# The machine ------------------------------------------------------------------------------------


def available_cpus() -> int:
    """The CPUs that this process may use, by its affinity and the quota of its control groups."""
    return max(1, math.floor(min(_affine_cpus(), cpu_quota())))


def cpu_quota(
    groups: Path = Path("/proc/self/cgroup"), mounted: Path = Path("/sys/fs/cgroup")
) -> float:
    """The CPUs' worth of time that control groups allow; infinity where there is no limit.

    Source: https://docs.kernel.org/admin-guide/cgroup-v2.html (`cpu.max`) and, for version 1,
    https://docs.kernel.org/scheduler/sched-bwc.html (`cpu.cfs_quota_us`).

    Args:
        groups: the file that names the groups of this process.
        mounted: where the groups are mounted.
    """
    try:
        lines = groups.read_text().splitlines()
    except OSError:  # not Linux
        return math.inf
    quotas = [math.inf]
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        top = mounted / controllers
        own = top / path.lstrip("/")
        # A container may see its own group as the top one, whatever the path says.
        for folder in (own, *own.parents):
            quotas.append(_quota_of(folder))
            if folder == top:
                break
    return min(quotas)


def _quota_of(folder: Path) -> float:
    try:
        if (version_2 := folder / "cpu.max").exists():
            quota, period = version_2.read_text().split()
        else:
            quota, period = (
                (folder / f"cpu.cfs_{name}_us").read_text().strip() for name in ("quota", "period")
            )
    except OSError:
        return math.inf
    return math.inf if quota in ("max", "-1") else int(quota) / int(period)


def _affine_cpus() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
