"""What the notebooks take: until the first panel, for Run All, and memory of kernels at once.

Run by `make notebook-times`, which prints a table and writes it to docs/notebook_times.md, too:

    python -m benchmarks.notebooks [--kernels 5] [--repeats 3] [--output FILE] [NOTEBOOK …]
"""

import argparse
import math
import os
import statistics
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Barrier

import nbformat
import torch
import torch_geometric
from nbclient import NotebookClient

from benchmarks.measure import memory_of
from lcm_core.experiments.framework.machine import processor
from lcm_core.threads import available_cpus

FOLDER = Path(__file__).parents[1] / "notebooks"
PANEL = "application/vnd.jupyter.widget-view+json"


@dataclass
class Run:
    """Of one notebook in one kernel.

    Args:
        first_panel: seconds from the start of the kernel; NaN if there is no panel.
        seconds: of all cells, from the start of the kernel.
        memory: proportional set size in bytes, after the last cell.
    """

    first_panel: float
    seconds: float
    memory: float


def run_at_once(path: Path, kernels: int) -> list[Run]:
    """Run a notebook in so many kernels; memory is measured when all have come to the end."""
    together = Barrier(kernels)
    with ThreadPoolExecutor(kernels) as pool:
        return list(pool.map(lambda _: _run(path, together), range(kernels)))


def _run(path: Path, together: Barrier) -> Run:
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook, timeout=600, resources={"metadata": {"path": str(path.parent)}}
    )
    first, began = math.nan, time.perf_counter()
    try:
        with client.setup_kernel():
            for index, cell in enumerate(notebook.cells):
                client.execute_cell(cell, index)
                shown = any(PANEL in output.get("data", {}) for output in cell.get("outputs", ()))
                if shown and math.isnan(first):
                    first = time.perf_counter() - began
            seconds = time.perf_counter() - began
            together.wait()
            memory = memory_of(client.km.provisioner.process.pid)
            together.wait()
    except BaseException:
        together.abort()
        raise
    return Run(first, seconds, memory)


def report(options: argparse.Namespace) -> Iterator[str]:
    yield "# What the notebooks take"
    yield ""
    versions = f"torch {torch.__version__}, PyG {torch_geometric.__version__}"
    yield "Made by `make notebook-times` (`python -m benchmarks.notebooks`)."
    yield f"On {processor()}, {available_cpus()} of {os.cpu_count()} cores; {versions}."
    yield ""
    yield "Seconds from the start of the kernel to the end of the first cell that shows a panel,"
    yield "and to the end of the last cell, without a browser:"
    yield f"medians of {options.repeats} runs without other kernels. Memory is the largest"
    yield f"proportional set size (PSS) of {options.kernels} kernels that are there at once and"
    yield "have all run the notebook."
    yield ""
    yield f"| notebook | first panel | Run All | memory, each of {options.kernels} |"
    yield "|---|---:|---:|---:|"
    for path in options.notebooks:
        alone = [run_at_once(path, 1)[0] for _ in range(options.repeats)]
        first = statistics.median(run.first_panel for run in alone)
        seconds = statistics.median(run.seconds for run in alone)
        memory = max(run.memory for run in run_at_once(path, options.kernels))
        shown = f"{first:.1f} s" if not math.isnan(first) else "–"
        yield f"| {path.stem} | {shown} | {seconds:.1f} s | {memory / 1e6:.0f} MB |"


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("notebooks", nargs="*", type=Path, help="files; all lessons by default")
    parser.add_argument("--kernels", type=int, default=5, help="at once, for their memory")
    parser.add_argument("--repeats", type=int, default=3, help="runs that a median is of")
    parser.add_argument("--output", type=Path, help="a file for the table")
    options = parser.parse_args(arguments)
    options.notebooks = options.notebooks or sorted(FOLDER.glob("[0-9]*.ipynb"))
    return options


def main(arguments: Sequence[str] | None = None) -> None:
    options, lines = parse(arguments), []
    for line in report(options):
        print(line, flush=True)
        lines.append(line)
    if options.output:
        options.output.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
