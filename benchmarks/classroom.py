"""Kernels that train at once on one machine: their speed, memory, and answers to controls.

Run by `make classroom`, which prints a table and writes it to docs/classroom.md, too:

    python -m benchmarks.classroom [--kernels 1,2,4,8] [--repeats 7] [--output FILE]

Each kernel is one that Jupyter starts, with a training panel and the default recipe. The windows
of measurement of all settings alternate. Meanwhile the system stops the kernels of the others: a
paused training whose threads wait actively would go on spinning.
"""

import argparse
import os
import random
import signal
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from queue import Empty
from typing import Any

import numpy as np
import torch
import torch_geometric
from jupyter_client.manager import start_new_kernel
from tqdm import tqdm

from benchmarks.measure import memory_of
from lcm_core.experiments.framework.machine import processor
from lcm_core.threads import PASSIVE, VARIABLE, available_cpus

DEFAULT = "default"
ALL = str(available_cpus())
#: The environment variables of a kernel.
SETTINGS: Mapping[str, dict[str, str]] = {
    DEFAULT: {},
    "one thread": {VARIABLE: "1"},
    "all threads, active": {VARIABLE: ALL, "OMP_WAIT_POLICY": "ACTIVE"},
    "all threads, passive": {VARIABLE: ALL, "OMP_WAIT_POLICY": "PASSIVE"},
}
UNSET = (VARIABLE, *PASSIVE, "OMP_NUM_THREADS")
RECIPE = "steps=1000000"  # the default one, without an end
OPEN = """
import lcm_core.widgets
panel = lcm_core.widgets.TrainingPanel("{recipe}")
panel
"""
LAST = {"step": "panel.run.run_states[0].step", "error": "panel.error"}
WIDGETS = {"start": "panel.start_button", "status": "panel.status"}
BATCH = 256
SETTLE, CONTROLS = 1.0, 4  # seconds before a window; controls of each kernel after it
LONGEST = 120.0  # seconds until a message is given up


class Kernel:
    """A kernel with a training panel, as a page that is connected to it sees it."""

    def __init__(self, setting: str):
        environment = {k: v for k, v in os.environ.items() if k not in UNSET}
        self.manager, self.client = start_new_kernel(env={**environment, **SETTINGS[setting]})
        self.ask(OPEN.format(recipe=RECIPE), {})
        ids = self.ask("", {name: f"{widget}.model_id" for name, widget in WIDGETS.items()})
        self.ids = {name: text.strip("'") for name, text in ids.items()}
        self.running = False

    def ask(self, code: str, expressions: dict[str, str]) -> dict[str, str]:
        """Run code; the values of expressions after it, as text."""
        sent = self.client.execute(code, user_expressions=expressions)
        while True:
            reply = self.client.get_shell_msg(timeout=LONGEST)
            if reply["parent_header"].get("msg_id") == sent:
                break
        content = reply["content"]
        if content["status"] != "ok":
            raise RuntimeError(f"a kernel failed: {content.get('ename')}: {content.get('evalue')}")
        return {
            name: value["data"]["text/plain"]
            for name, value in content.get("user_expressions", {}).items()
        }

    def control(self, button: str, state: str) -> float:
        """Press a button, and wait until the panel shows the state: the seconds that it takes."""
        self._drain()
        content = {
            "comm_id": self.ids[button],
            "data": {"method": "custom", "content": {"event": "click"}},
        }
        message = self.client.session.msg("comm_msg", content)
        began = time.perf_counter()
        self.client.shell_channel.send(message)
        while time.perf_counter() - began < LONGEST:
            if state in self._status(self.client.get_iopub_msg(timeout=LONGEST)):
                return time.perf_counter() - began
        raise TimeoutError(f"a kernel did not become {state} in {LONGEST:.0f} s")

    def run(self, wanted: bool) -> float | None:
        """Start or pause it; the seconds that it takes, None if there is nothing to do."""
        if wanted == self.running:
            return None
        self.running = wanted
        return self.control("start", ">running<" if wanted else ">paused<")

    def position(self) -> tuple[int, float]:
        """The training steps so far, and the time by the clock."""
        found = self.ask("", LAST)
        if found["error"] != "''":
            raise RuntimeError(f"a training failed: {found['error']}")
        return int(found["step"]), time.perf_counter()

    def memory(self) -> float:
        return memory_of(self.manager.provisioner.process.pid)

    def signal(self, number: int) -> None:
        self.manager.provisioner.process.send_signal(number)

    def close(self) -> None:
        self.signal(signal.SIGCONT)
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)

    def _status(self, message: dict[str, Any]) -> str:
        content = message["content"]
        if message["msg_type"] != "comm_msg" or content["comm_id"] != self.ids["status"]:
            return ""
        return str(content["data"].get("state", {}).get("value", ""))

    def _drain(self) -> None:
        while True:
            try:
                self.client.get_iopub_msg(timeout=0)
            except Empty:
                return


@dataclass
class Found:
    """Of one setting and number of kernels.

    Args:
        speeds: sets a second of each kernel, window by window.
        answers: seconds from a control to its effect.
        memory: bytes of each kernel, while it trains.
    """

    speeds: list[list[float]] = field(default_factory=list)
    answers: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)

    @property
    def total(self) -> float:
        """The median of all kernels' speed together."""
        return statistics.median(sum(window) for window in self.speeds)

    @property
    def slowest_answers(self) -> float:
        return float(np.quantile(self.answers, 0.95))


Table = dict[tuple[str, int], Found]


def measure(options: argparse.Namespace) -> Table:
    """Windows of all settings in turn, from few kernels to many."""
    most = max(options.kernels)
    table = {(setting, k): Found() for setting in options.settings for k in options.kernels}
    bar = tqdm(total=len(table) * options.repeats, desc="windows", file=sys.stderr, disable=None)
    with ExitStack() as stack, ThreadPoolExecutor(most) as pool, bar:
        rooms: dict[str, list[Kernel]] = {setting: [] for setting in options.settings}
        for k in sorted(options.kernels):  # the default setting's kernels, nobody else being here
            room = rooms[options.settings[0]]
            _fill(room, k, options.settings[0], stack)
            in_all(pool, [lambda each=each: each.run(True) for each in room])
            time.sleep(options.seconds)
            table[options.settings[0], k].memory = [each.memory() for each in room]
            in_all(pool, [lambda each=each: each.run(False) for each in room])
        for setting in options.settings[1:]:
            signal_all(rooms.values(), signal.SIGSTOP)
            _fill(rooms[setting], most, setting, stack)
        signal_all(rooms.values(), signal.SIGSTOP)
        for _ in range(options.repeats):
            for (setting, k), found in table.items():
                present = rooms[setting][:k]
                signal_all([present], signal.SIGCONT)
                window(present, found, options.seconds, pool)
                signal_all([present], signal.SIGSTOP)
                bar.update()
    return table


def window(kernels: Sequence[Kernel], found: Found, seconds: float, pool: Any) -> None:
    """Train for so many seconds, then pause and go on, each kernel at times of its own."""
    in_all(pool, [lambda each=each: each.run(True) for each in kernels])
    time.sleep(SETTLE)
    began = in_all(pool, [each.position for each in kernels])
    time.sleep(seconds)
    ended = in_all(pool, [each.position for each in kernels])
    found.speeds.append(
        [
            BATCH * (after - before) / (end - begin)
            for (before, begin), (after, end) in zip(began, ended, strict=True)
        ]
    )
    for answers in in_all(pool, [lambda each=each: list(answers_of(each)) for each in kernels]):
        found.answers += answers


def answers_of(kernel: Kernel) -> Iterator[float]:
    """Seconds until a pause, and until it goes on; at the end it stands paused."""
    for turn in range(CONTROLS):
        time.sleep(random.uniform(0.1, 0.5))
        if (took := kernel.run(turn % 2 == 1)) is not None:
            yield took
    kernel.run(False)


def in_all(pool: ThreadPoolExecutor, work: Iterable[Callable[[], Any]]) -> list[Any]:
    """The results of functions that run at once."""
    return [future.result() for future in [pool.submit(function) for function in work]]


def signal_all(rooms: Iterable[Iterable[Kernel]], number: int) -> None:
    for kernel in chain.from_iterable(rooms):
        kernel.signal(number)


def _fill(room: list[Kernel], count: int, setting: str, stack: ExitStack) -> None:
    while len(room) < count:
        kernel = Kernel(setting)
        stack.callback(kernel.close)
        room.append(kernel)


# The report -------------------------------------------------------------------------------------


def report(table: Table, options: argparse.Namespace) -> Iterator[str]:
    yield "# A class on one machine"
    yield ""
    versions = f"torch {torch.__version__}, PyG {torch_geometric.__version__}"
    cores = f"{available_cpus()} of {os.cpu_count()} cores"
    yield "Made by `make classroom` (`python -m benchmarks.classroom`)."
    yield f"On {processor()}, {cores}; {versions}."
    yield ""
    yield "K Jupyter kernels train the default recipe at once, each from a training panel."
    yield f"Speeds are medians of {options.repeats} windows of {options.seconds:g} s, in which the"
    yield "settings take turns. An answer is the time from the press of Pause or Start, a message"
    yield "on the kernel's channel, until the panel shows its effect: the 95th percentile of all."
    yield "Memory is the mean proportional set size (PSS) of a kernel that trains, one of K."
    yield ""
    yield "| K | setting | sets/s, all | each | of the best | answer, 95 % | memory, each |"
    yield "|---:|---|---:|---:|---:|---:|---:|"
    for k in options.kernels:
        best = max(table[setting, k].total for setting in options.settings)
        for setting in options.settings:
            found = table[setting, k]
            memory = f"{statistics.mean(found.memory) / 1e6:.0f} MB" if found.memory else "–"
            yield (
                f"| {k} | {setting} | {found.total:,.0f} | {found.total / k:,.0f} "
                f"| {found.total / best:.2f} | {1e3 * found.slowest_answers:.0f} ms | {memory} |"
            )
    single = max(table[setting, options.kernels[0]].total for setting in options.settings)
    most = options.kernels[-1]
    yield ""
    yield (
        f"By default {most} kernels together train {table[DEFAULT, most].total / single:.0%} of "
        f"the sets of the best {options.kernels[0]} alone."
    )


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    def numbers(text: str) -> list[int]:
        return sorted(int(part) for part in text.split(","))

    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--kernels", type=numbers, default=[1, 2, 4, 8], help="numbers of kernels")
    parser.add_argument("--repeats", type=int, default=7, help="windows that a median is of")
    parser.add_argument("--seconds", type=float, default=5.0, help="of a window")
    parser.add_argument("--output", help="a file for the table")
    options = parser.parse_args(arguments)
    options.settings = list(SETTINGS)
    return options


def main(arguments: Sequence[str] | None = None) -> None:
    options = parse(arguments)
    text = "\n".join(report(measure(options), options))
    print(text)
    if options.output:
        Path(options.output).write_text(text + "\n")


if __name__ == "__main__":
    main()
