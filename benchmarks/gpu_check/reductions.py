"""Part "reductions": times, memory, launches and waits, against PyG's and the floors."""

from collections.abc import Iterator

from benchmarks.failure import Failure
from benchmarks.gpu_check.findings import Finding, Notebook
from benchmarks.on_gpu import (
    BOTH,
    BYTES,
    FORWARD,
    PRODUCTS,
    Measured,
    copy_bandwidth,
    count_table,
    machine,
    measure,
    memory_table,
    time_table,
)
from benchmarks.tables import mebibytes
from benchmarks.workloads import FOLD, OURS, PLAIN, PLANNING, PYG, PYG_GRU

#: So many times as fast as PyG's LCM, forward.
FASTER = {
    "uniform16": 4.0,
    "ragged": 4.0,
    "batch": 4.0,
    "long": 4.0,
    "one": 4.0,
    "skewed": 20.0,
    "many64": 6.0,
}
FASTER_BOTH = 3.0
FLOORS = 3.0  # ours is at most so many times the larger floor, on many64 in tf32
LARGE = 200 * 2**20  # bytes that PyG's needs, from which on ours may need half at most
ROWS = (
    ("many64", "highest"),
    ("uniform16", "highest"),
    ("ragged", "highest"),
    ("batch", "highest"),
    ("tiny", "highest"),
    ("skewed", "highest"),
    ("long", "highest"),
    ("one", "highest"),
    ("zipf", "highest"),
    ("many64", "high"),
    ("many128", "highest"),
    ("many128", "high"),
    ("graph", "highest"),
)
FOLDED = {"uniform16": 0.95, "ragged": 1.0}  # our fold, so many times as fast as PyG's GRU
PEERS = (PYG, PYG_GRU)
PLAINLY = ("uniform16", "ragged", "batch")  # without kernels, at least as fast as PyG's LCM


def check(notebook: Notebook, device: str, seconds: float) -> None:
    """Measure each workload, and judge it as soon as it is measured."""
    dry = device == "cpu"
    repeats = 2 if dry else 15
    notebook.tell([machine(device)])
    bandwidth = copy_bandwidth(device, repeats)
    rows = []
    for name, precision in [row for row in ROWS if not dry or row[0] in ("tiny", "batch")]:
        timed = [OURS, PLANNING, PYG]
        timed += [FOLD, PYG_GRU] if name in FOLDED else []
        timed += [PLAIN] if name in PLAINLY else []
        try:
            row = measure(
                name, device, repeats, bandwidth, precision, timed, to_count=(OURS, PLANNING)
            )
        except Exception as error:
            notebook.fail(name, Failure.of(error))
            continue
        rows.append(row)
        for finding in judge(row):
            notebook.add(finding)
        for who, failure in row.failures.items():
            if not who.startswith(PEERS):
                notebook.fail(f"{row.title}: {who} runs", failure)
    notebook.tell([f"A large copy moves {bandwidth / 1e9:,.0f} GB/s, read and written."])
    for title in (FORWARD, BOTH):
        notebook.tell([f"{title[0].upper()}{title[1:]}:", "", *time_table(rows, title)])
    notebook.tell(list(count_table(rows)))
    notebook.tell(["Peak memory:", "", *memory_table(rows)])


def judge(row: Measured) -> Iterator[Finding]:
    """What was asked of a workload, and what came out."""
    for who, failure in row.failures.items():
        if who.startswith(PEERS):
            yield Finding(f"{row.title}: {who} runs", failure.why)
    for title in (FORWARD, BOTH):
        yield from _speed(row, title)
        yield from _launches(row, title)
    yield from _memory(row)
    if row.name == "many64" and row.precision == "high" and OURS in row.seconds[FORWARD]:
        took, floor = row.seconds[FORWARD][OURS], max(row.floors.values())
        which = max(row.floors, key=row.floors.__getitem__)
        yield Finding(
            f"{row.title}, forward: at most {FLOORS:g}× the larger of {BYTES} and {PRODUCTS}",
            f"{took / floor:.2f}× ({1e3 * took:.3g} ms; {which} {1e3 * floor:.3g} ms)",
            took <= FLOORS * floor,
        )


def _speed(row: Measured, title: str) -> Iterator[Finding]:
    least = FASTER.get(row.name, 1.0)
    if title == BOTH and row.name in FASTER:
        least = FASTER_BOTH
    asked = [(OURS, PYG, least), (PLANNING, PYG, 1.0)]
    asked += [(FOLD, PYG_GRU, FOLDED.get(row.name, 0.0)), (PLAIN, PYG, 1.0)]
    for who, peer, factor in asked:
        seconds = row.seconds[title]
        if who not in seconds or peer not in seconds:
            continue
        ratio = seconds[peer] / seconds[who]
        yield Finding(
            f"{row.title}, {title}: {who} ≥ {factor:g}× as fast as {peer}",
            f"{ratio:.3g}× ({1e3 * seconds[who]:.3g} ms, {peer} {1e3 * seconds[peer]:.3g} ms)",
            ratio >= factor,
        )


def _launches(row: Measured, title: str) -> Iterator[Finding]:
    most = row.depth + 4 if title == FORWARD else 3 * row.depth + 12
    counts = row.counts[title]
    if OURS in counts:
        found = counts[OURS]
        yield Finding(
            f"{row.title}, {title}: at most {most} launches, and no wait with a plan",
            f"{found.launches} launches, {found.copies} copies, {found.waits} waits",
            found.launches <= most and found.waits == 0,
        )
    if PLANNING in counts:
        found = counts[PLANNING]
        yield Finding(
            f"{row.title}, {title}: at most one wait where the plan is made in the call",
            f"{found.waits} waits, {found.launches} launches, {found.copies} copies",
            found.waits <= 1,
        )


def _memory(row: Measured) -> Iterator[Finding]:
    for title in (FORWARD, BOTH):
        ours, pygs = (row.memory[title].get(who) for who in (OURS, PYG))
        if ours is not None and pygs is not None and pygs > LARGE:
            yield Finding(
                f"{row.title}, {title}: at most half of {PYG}'s memory",
                f"{ours / pygs:.2f} ({mebibytes(ours)} of {mebibytes(pygs)})",
                ours <= pygs / 2,
            )
