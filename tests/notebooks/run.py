"""Runs a notebook in a fresh kernel and finds every error, also those that no cell shows.

    python -m tests.notebooks.run notebooks/*.ipynb

Plain execution sees only exceptions that end a cell. Here a run has failed if there is an error or
any text on stderr in an output, an Output widget, a panel, a thread, an asyncio task, a log, or on
the stderr of the kernel itself, and if a panel leaves a thread behind.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty
from typing import Any

import nbformat
from jupyter_client.blocking.client import BlockingKernelClient
from nbclient import NotebookClient
from nbformat import NotebookNode

ROOT = Path(__file__).parents[2]
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
KERNEL_WARNING = re.compile(r"^\[IPKernelApp\] WARNING .*$", re.MULTILINE)  # how it is reached
BEGIN = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from tests.notebooks import watch
sys.path.remove({str(ROOT)!r})
watch.begin()
del watch
"""
REPORT = "sys.modules['tests.notebooks.watch'].report()"


@dataclass
class Run:
    """What a run took and what went wrong in it.

    Args:
        seconds: of all cells of the notebook; `seconds_of` each, by the cell's id.
        problems: kind of place ("cell", "stderr", "panel", …) and what it holds.
    """

    name: str
    seconds_of: dict[str, float] = field(default_factory=dict)
    problems: list[tuple[str, str]] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        return sum(self.seconds_of.values())

    def __str__(self) -> str:
        slow = sorted(self.seconds_of.items(), key=lambda item: -item[1])[:4]
        head = f"{self.name}: {self.seconds:.1f} s ("
        head += ", ".join(f"{name} {took:.1f} s" for name, took in slow) + ")"
        return "\n".join([head, *(f"--- {kind}: {text}" for kind, text in self.problems)])


def run_notebook(path: Path, timeout: int = 120) -> Run:
    """Runs all cells, also after one has failed.

    Args:
        path: of the notebook; the file is not changed.
        timeout: seconds for one cell.
    """
    notebook, run = nbformat.read(path, as_version=4), Run(path.name)
    hidden = [nbformat.v4.new_code_cell(source) for source in (BEGIN, REPORT)]
    notebook.cells = [hidden[0], *notebook.cells, hidden[1]]
    started: dict[str, float] = {}

    def cell_starts(cell: NotebookNode, cell_index: int) -> None:
        started[cell.id] = time.perf_counter()

    def cell_ended(cell: NotebookNode, cell_index: int, execute_reply: Any) -> None:
        if cell not in hidden:
            run.seconds_of[cell.id] = time.perf_counter() - started[cell.id]

    client = NotebookClient(
        notebook,
        timeout=timeout,
        allow_errors=True,
        resources={"metadata": {"path": str(path.parent)}},
        on_cell_execute=cell_starts,
        on_cell_executed=cell_ended,
    )
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
    with tempfile.TemporaryFile() as stderr:
        with client.setup_kernel(env=environment, stderr=stderr), overheard(client) as messages:
            for index, cell in enumerate(notebook.cells):
                client.execute_cell(cell, index)
        stderr.seek(0)
        last_words = KERNEL_WARNING.sub("", stderr.read().decode(errors="replace")).strip()
    run.problems += [*problems_in(messages), *reported(hidden[1])]
    if last_words:
        run.problems.append(("stderr of the kernel", last_words))
    return run


@contextmanager
def overheard(client: NotebookClient) -> Iterator[list[dict[str, Any]]]:
    """All that the kernel publishes: the client itself drops what comes after its cell is over."""
    listener = BlockingKernelClient()
    listener.load_connection_info(client.km.get_connection_info())
    listener.start_channels(shell=False, stdin=False, hb=False, control=False)
    messages: list[dict[str, Any]] = []
    over = threading.Event()

    def listen() -> None:
        while True:
            try:
                messages.append(listener.get_iopub_msg(timeout=0.2))
            except Empty:
                if over.is_set():
                    return

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    try:
        yield messages
    finally:
        over.set()
        thread.join()
        listener.stop_channels()


def problems_in(messages: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Errors, wherever they are shown, and text on stderr, whichever thread wrote it."""
    found, stderr = [], ""
    for message in messages:
        content = message["content"]
        if message["msg_type"] == "error":
            trace = COLOURS.sub("", "\n".join(content["traceback"]))
            found.append(("output", f"{content['ename']}: {content['evalue']}\n{trace}"))
        elif message["msg_type"] == "stream" and content["name"] == "stderr":
            stderr += content["text"]
    if stderr.strip():
        found.append(("stderr", COLOURS.sub("", stderr).strip()))
    return found


def reported(cell: NotebookNode) -> list[tuple[str, str]]:
    """What `watch.report` displayed."""
    for output in cell.outputs:
        if "application/json" in output.get("data", {}):
            return [(kind, COLOURS.sub("", text)) for kind, text in output.data["application/json"]]
    return [("report", "the kernel gave no report: has it died?")]


if __name__ == "__main__":
    runs = [run_notebook(Path(argument)) for argument in sys.argv[1:]]
    print(*runs, sep="\n")
    sys.exit(any(run.problems for run in runs))
