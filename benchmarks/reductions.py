"""Times and memory of reductions, against PyG's and the bare matrix products.

Run by `make bench`, which prints a table and writes it to docs/benchmarks.md, too:

    python -m benchmarks.reductions [--device cuda] [--workloads ragged,tiny] [--output FILE]
"""

import argparse
import os
import platform
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
import torch_geometric
from tqdm import tqdm

from benchmarks.measure import PASSES, peak_memory, time_workload
from benchmarks.workloads import (
    CONTENDERS,
    FLOOR,
    FOLD,
    OURS,
    PYG,
    PYG_GRU,
    SCALES,
    WORKLOADS,
    Workload,
)

Results = dict[str, dict[str, float | None]]
FORWARD, BOTH = PASSES
MOST_PADDED = 10**6  # elements of `scale` that PyG is asked to pad
PADDED_MOST = ("graph", "skewed")


def main(arguments: Sequence[str] | None = None) -> None:
    options = parse(arguments)
    torch.set_num_threads(options.threads)
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
    text = "\n".join(report(measured, options))
    print(text)
    if options.output:
        Path(options.output).write_text(text + "\n")


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--repeats", type=int, default=7, help="runs that a median is of")
    parser.add_argument("--workloads", help=f"of {', '.join(WORKLOADS)}, scale (default: all)")
    parser.add_argument(
        "--largest", type=int, default=SCALES[-1], help="elements of scale, at most"
    )
    parser.add_argument("--output", help="a file for the table")
    return parser.parse_args(arguments)


def measure(name: str, options: argparse.Namespace) -> dict[str, Results]:
    """Memory first: who does not fit is not timed."""
    able = list(CONTENDERS)
    if name.startswith("scale"):
        able = [OURS, PYG] if int(name.split()[1]) <= MOST_PADDED else [OURS]
    limit = int(0.8 * os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    memory: Results = {
        title: {
            who: peak_memory(name, who, bool(k), options.device, limit, options.threads)
            for who in able
            if who != FLOOR
        }
        for k, title in enumerate(PASSES)
    }
    fitting = [who for who in able if who == FLOOR or memory[BOTH][who] is not None]
    seconds = time_workload(Workload(name, options.device), fitting, options.repeats)
    return {"seconds": dict(seconds), "memory": memory}


# The report -------------------------------------------------------------------------------------


def report(measured: dict[str, dict[str, Results]], options: argparse.Namespace) -> Iterator[str]:
    command = "python -m benchmarks.reductions"
    yield "# Reductions: time and memory"
    yield ""
    yield f"Made by `make bench` (`{command}`). {machine(options)}"
    yield ""
    yield f"Times are medians of {options.repeats} runs that take turns. *ours* has its plan ready;"
    yield "making one, from an index, is a column of its own. Memory is the peak of a fresh process"
    yield "above its baseline. The *GEMM floor* is the matrix products [2m, d] @ [d, 6d] of the m"
    yield "combinations of the definition alone, into memory that is there, in the chunks that are"
    yield "fastest. A dash: it needs more memory than four fifths of this machine's."
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
    timed = [*CONTENDERS[:-1], FLOOR] if title == FORWARD else CONTENDERS[:-1]
    ratios = [f"{PYG} / ours", f"{PYG_GRU} / {FOLD}"]
    ratios += [f"ours / {FLOOR}"] if title == FORWARD else []
    yield "| workload | " + " | ".join([*timed, "plan", *ratios]) + " |"
    yield "|---" + "|---:" * (len(timed) + 1 + len(ratios)) + "|"
    for name, results in measured.items():
        seconds = results["seconds"][title]
        cells = [duration(seconds.get(who)) for who in timed]
        cells += [duration(results["seconds"]["plan"]["plan"])]
        cells += [ratio(seconds, PYG, OURS), ratio(seconds, PYG_GRU, FOLD)]
        cells += [ratio(seconds, OURS, FLOOR)] if title == FORWARD else []
        yield f"| {name} | " + " | ".join(cells) + " |"


def memory_table(measured: dict[str, dict[str, Results]]) -> Iterator[str]:
    who = CONTENDERS[:-1]
    columns = [f"{name}, {title}" for title in PASSES for name in who]
    yield "| workload | " + " | ".join([*columns, f"ours / {PYG}, {BOTH}"]) + " |"
    yield "|---" + "|---:" * (len(columns) + 1) + "|"
    for name, results in measured.items():
        memory = results["memory"]
        cells = [mebibytes(memory[title].get(each)) for title in PASSES for each in who]
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


def ratio(values: dict[str, float | None], above: str, below: str, style: str = "") -> str:
    a, b = values.get(above), values.get(below)
    if not a or not b:
        return "–"
    return style.format(a / b) if style else f"{a / b:.3g}×"


def duration(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    return f"{seconds:.2f} s" if seconds >= 1 else f"{1e3 * seconds:.3g} ms"


def mebibytes(value: float | None) -> str:
    return "–" if value is None else f"{value / 2**20:,.1f} MiB"


def machine(options: argparse.Namespace) -> str:
    versions = f"torch {torch.__version__}, PyG {torch_geometric.__version__}"
    if options.device != "cpu":
        return f"On {torch.cuda.get_device_name()}; {versions}."
    threads = f"{options.threads} thread{'s' * (options.threads != 1)}"
    return f"On {processor()}, {threads} of {os.cpu_count()} cores; {versions}."


def processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":")[1].strip()
    return platform.processor() or platform.machine()


if __name__ == "__main__":
    main()
