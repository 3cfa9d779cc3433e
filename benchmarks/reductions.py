"""Times and memory of reductions, against PyG's and the bare matrix products.

Run by `make bench`, which prints a table and writes it to docs/benchmarks.md, too, or that of a GPU
to docs/benchmarks-cuda.md:

    python -m benchmarks.reductions [--device cuda] [--workloads ragged,tiny] [--output FILE]
"""

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
import torch_geometric
from tqdm import tqdm

from benchmarks import on_gpu
from benchmarks.measure import PASSES, busy, peak_memory, time_workload
from benchmarks.tables import duration, mebibytes, ratio
from benchmarks.workloads import (
    CONTENDERS,
    FLOOR,
    FOLD,
    OURS,
    PLANNING,
    PYG,
    PYG_GRU,
    SCALES,
    WORKLOADS,
    Workload,
)
from lcm_core.experiments.framework.machine import processor

Results = dict[str, dict[str, float | None]]
FORWARD, BOTH = PASSES
MOST_PADDED = 10**6  # elements of `scale` that PyG is asked to pad
PADDED_MOST = ("graph", "skewed", "zipf")
REMEMBERED = [who for who in CONTENDERS if who not in (PLANNING, FLOOR)]  # whose memory is measured


def main(arguments: Sequence[str] | None = None) -> None:
    options = parse(arguments)
    torch.set_num_threads(options.threads)
    with busy(options.busy):
        lines = on_cpu(options) if options.device == "cpu" else on_gpu.report(options)
        text = "\n".join(lines)
    print(text)
    if options.output:
        Path(options.output).write_text(text + "\n")


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--repeats", type=int, help="runs that a median is of (default: 7; 15)")
    parser.add_argument("--workloads", help=f"of {', '.join(WORKLOADS)}, scale (default: all)")
    parser.add_argument(
        "--largest", type=int, default=SCALES[-1], help="elements of scale, at most"
    )
    parser.add_argument("--busy", type=int, default=0, help="busy processes beside it")
    parser.add_argument("--output", help="a file for the table")
    options = parser.parse_args(arguments)
    if options.repeats is None:
        options.repeats = 7 if options.device == "cpu" else 15
    return options


def on_cpu(options: argparse.Namespace) -> Iterator[str]:
    names = options.workloads.split(",") if options.workloads else [*WORKLOADS, "scale"]
    rows = [name for name in names if name != "scale"]
    if "scale" in names:
        rows += [f"scale {n}" for n in SCALES if n <= options.largest]
    # Padding that takes gigabytes comes last: freeing them can slow a machine for a while.
    rows.sort(key=lambda name: name in PADDED_MOST)
    measured = {
        name: measure(name, options)
        for name in tqdm(rows, desc="workloads", file=sys.stderr, disable=None)
    }
    return report(measured, options)


def measure(name: str, options: argparse.Namespace) -> dict[str, Results]:
    """Memory first: who does not fit is not timed."""
    able = list(CONTENDERS)
    if name.startswith("scale"):
        able = [OURS, PYG] if int(name.split()[1]) <= MOST_PADDED else [OURS]
    limit = int(0.8 * os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    memory: Results = {
        title: {
            who: peak_memory(name, who, bool(k), limit, options.threads)
            for who in able
            if who in REMEMBERED
        }
        for k, title in enumerate(PASSES)
    }
    fitting = [who for who in able if memory[BOTH].get(who, 0) is not None]
    seconds = time_workload(Workload(name, "cpu"), fitting, options.repeats)
    return {"seconds": dict(seconds), "memory": memory}


# The report -------------------------------------------------------------------------------------


def report(measured: dict[str, dict[str, Results]], options: argparse.Namespace) -> Iterator[str]:
    command = "python -m benchmarks.reductions"
    yield "# Reductions: time and memory"
    yield ""
    yield f"Made by `make bench` (`{command}`). {machine(options)}"
    yield ""
    yield f"Times are medians of {options.repeats} runs that take turns. *{OURS}* has its plan"
    yield f"ready; *{PLANNING}* makes one from an index, and *plan* is that alone. Memory is the"
    yield "peak of a fresh process above its baseline. The *GEMM floor* is the matrix products"
    yield "[2m, d] @ [d, 6d] of the m combinations of the definition alone, into memory that is"
    yield "there, in the chunks that are fastest. A dash: it needs more memory than four fifths of"
    yield "this machine's."
    named = {name: measured[name] for name in WORKLOADS if name in measured}
    if named:
        for title in PASSES:
            yield ""
            yield f"## {title[0].upper()}{title[1:]}"
            yield ""
            yield from table(named, title)
        yield ""
        yield "## Peak memory"
        yield ""
        yield from memory_table(named)
        yield ""
        yield "| workload | what |"
        yield "|---|---|"
        for name in named:
            yield f"| {name} | {WORKLOADS[name][0]} |"
    if scales := {name: r for name, r in measured.items() if name.startswith("scale")}:
        yield ""
        yield "## Scale: sets of 2 to 16, d = 16"
        yield ""
        yield from scale_table(scales)


def table(measured: dict[str, dict[str, Results]], title: str) -> Iterator[str]:
    timed = CONTENDERS if title == FORWARD else CONTENDERS[:-1]
    ratios = [f"{PYG} / ours", f"{PYG} / {PLANNING}", f"{PYG_GRU} / {FOLD}"]
    ratios += [f"ours / {FLOOR}"] if title == FORWARD else []
    yield "| workload | " + " | ".join([*timed, "plan", *ratios]) + " |"
    yield "|---" + "|---:" * (len(timed) + 1 + len(ratios)) + "|"
    for name, results in measured.items():
        seconds = results["seconds"][title]
        cells = [duration(seconds.get(who)) for who in timed]
        cells += [duration(results["seconds"]["plan"]["plan"])]
        cells += [ratio(seconds, PYG, OURS), ratio(seconds, PYG, PLANNING)]
        cells += [ratio(seconds, PYG_GRU, FOLD)]
        cells += [ratio(seconds, OURS, FLOOR)] if title == FORWARD else []
        yield f"| {name} | " + " | ".join(cells) + " |"


def memory_table(measured: dict[str, dict[str, Results]]) -> Iterator[str]:
    columns = [f"{who}, {title}" for title in PASSES for who in REMEMBERED]
    yield "| workload | " + " | ".join([*columns, f"ours / {PYG}, {BOTH}"]) + " |"
    yield "|---" + "|---:" * (len(columns) + 1) + "|"
    for name, results in measured.items():
        memory = results["memory"]
        cells = [mebibytes(memory[title].get(each)) for title in PASSES for each in REMEMBERED]
        cells.append(ratio(memory[BOTH], OURS, PYG, "{:.2f}"))
        yield f"| {name} | " + " | ".join(cells) + " |"


def scale_table(measured: dict[str, dict[str, Results]]) -> Iterator[str]:
    yield (
        "| elements | forward | an element | forward + backward | an element | plan "
        f"| memory, {BOTH} | an element | {PYG} / ours, forward | {BOTH} |"
    )
    yield "|---:" * 10 + "|"
    for name, results in measured.items():
        seconds, n = results["seconds"], int(Workload(name, "cpu").sizes.sum())
        cells = [f"{n:,}"]
        for title in PASSES:
            took = seconds[title][OURS]
            cells += [duration(took), f"{1e9 * took / n:.0f} ns"]
        peak = results["memory"][BOTH][OURS]
        cells += [duration(seconds["plan"]["plan"]), mebibytes(peak), f"{peak / n:.0f} B"]
        cells += [ratio(seconds[title], PYG, OURS) for title in PASSES]
        yield "| " + " | ".join(cells) + " |"


def machine(options: argparse.Namespace) -> str:
    versions = f"torch {torch.__version__}, PyG {torch_geometric.__version__}"
    threads = f"{options.threads} thread{'s' * (options.threads != 1)}"
    if policy := os.environ.get("OMP_WAIT_POLICY"):
        threads += f" (OMP_WAIT_POLICY={policy})"
    beside = f", beside {options.busy} busy processes" if options.busy else ""
    return f"On {processor()}, {threads} of {os.cpu_count()} cores{beside}; {versions}."


if __name__ == "__main__":
    main()
