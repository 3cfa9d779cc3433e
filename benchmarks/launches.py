"""What a call asks of a GPU: kernels launched, copies, and how often the host waits for it."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch.autograd import DeviceType
from torch.profiler import ProfilerActivity, profile, record_function

MEASURED = "benchmarks: the measured call"
LAUNCH = re.compile(r"cu(da)?Launch(Cooperative)?Kernel")
GRAPH = re.compile(r"cu(da)?GraphLaunch")
COPY = re.compile(r"cu(da)?(Memcpy|Memset)")
WAIT = re.compile(r"cu(da)?(Stream|Device|Event|Ctx)Synchronize|cudaMemcpy$")


@dataclass(frozen=True)
class Counts:
    """Counts of one call.

    Attributes:
        launches: of kernels by themselves.
        graphs: launches of CUDA graphs.
        copies: copies and fills of memory that are no kernels.
        waits: of the host for the GPU.
    """

    launches: int
    graphs: int
    copies: int
    waits: int


def count(function: Callable[[], object]) -> Counts:
    """Count by torch's profiler. On a CPU there is nothing to count, and all is 0."""
    activities = [ProfilerActivity.CPU]
    if torch.cuda.is_available():
        activities.append(ProfilerActivity.CUDA)
        torch.cuda.synchronize()
    with profile(activities=activities) as profiler:
        with record_function(MEASURED):
            function()
        if torch.cuda.is_available():
            torch.cuda.synchronize()
    return counted(profiler.events())


def counted(events: Iterable[Any]) -> Counts:
    """Counts from events of the profiler: calls of CUDA's functions, and what ran on the GPU.

    Calls count while the measured call runs: what the profiler itself asks of the GPU comes before
    and after. Each kernel that ran was launched by itself, unless there was a graph.
    """
    on_host = [event for event in events if event.device_type == DeviceType.CPU]
    span = next(event.time_range for event in on_host if event.name == MEASURED)
    calls = [event.name for event in on_host if span.start <= event.time_range.start <= span.end]
    on_gpu = [
        event.name
        for event in events
        if event.device_type == DeviceType.CUDA
        and event.name != MEASURED
        and not getattr(event, "is_user_annotation", False)
    ]
    kernels = [name for name in on_gpu if not name.startswith(("Memcpy", "Memset"))]
    graphs = sum(bool(GRAPH.match(name)) for name in calls)
    launches = sum(bool(LAUNCH.match(name)) for name in calls)
    return Counts(
        launches=launches if graphs else max(launches, len(kernels)),
        graphs=graphs,
        copies=sum(bool(COPY.match(name)) for name in calls),
        waits=sum(bool(WAIT.match(name)) for name in calls),
    )
