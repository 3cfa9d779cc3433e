"""Times, memory and launches of reductions on a GPU, against PyG's and against two floors."""

import argparse
import contextlib
import gc
import statistics
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import torch
import torch_geometric
from torch import Tensor
from tqdm import tqdm

from benchmarks import training
from benchmarks.failure import Failure
from benchmarks.launches import Counts, count
from benchmarks.measure import PASSES, run
from benchmarks.tables import duration, mebibytes, ratio
from benchmarks.workloads import (
    FOLD,
    MANY,
    OURS,
    PLANNING,
    PYG,
    PYG_GRU,
    SCALES,
    WORKLOADS,
    Workload,
    clock,
)

FORWARD, BOTH = PASSES
TIMED = (OURS, PLANNING, PYG, FOLD, PYG_GRU)
COUNTED = (OURS, PLANNING, PYG)
BYTES, PRODUCTS = "byte floor", "product floor"
LONG = 0.3  # seconds: a run that takes longer is timed once, after one that is not timed
PRODUCT_CHUNKS = tuple(2**k for k in range(12, 21, 2))
MOST_SCALED = 10**6  # elements of `scale`
COPIED = 2**31  # bytes of the tensor that is copied to measure the bandwidth


@dataclass
class Measured:
    """What was measured on a workload.

    `seconds`, `memory` (bytes above the inputs) and `counts` are by pass and contender; one that
    failed, with too little memory for example, is missing there, and `failures` says why.
    """

    name: str
    precision: str
    depth: int
    plan: float = 0.0
    seconds: dict[str, dict[str, float | None]] = field(default_factory=dict)
    memory: dict[str, dict[str, float | None]] = field(default_factory=dict)
    counts: dict[str, dict[str, Counts]] = field(default_factory=dict)
    floors: dict[str, float] = field(default_factory=dict)
    failures: dict[str, Failure] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """Its name, and the precision if that is not the default."""
        return self.name if self.precision == "highest" else f"{self.name}, tf32"


@contextlib.contextmanager
def precision_of(name: str) -> Iterator[None]:
    """Context manager: "highest" is float32, "high" is tf32, of products and of cuDNN alike."""
    before = torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32
    torch.set_float32_matmul_precision(name)
    torch.backends.cudnn.allow_tf32 = name != "highest"
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before[0])
        torch.backends.cudnn.allow_tf32 = before[1]


def measure(
    name: str,
    device: str,
    repeats: int,
    bandwidth: float,
    precision: str = "highest",
    timed: Sequence[str] = TIMED,
    to_count: Sequence[str] = COUNTED,
) -> Measured:
    """All about one workload; bandwidth in bytes a second."""
    _free_memory(device)
    with precision_of(precision):
        workload = Workload(name, device)
        measured = Measured(name, precision, workload.make_plan().depth)
        functions = {who: workload.contender(who) for who in timed}
        workload.x.requires_grad_()
        for backward, title in enumerate(PASSES):
            calls = {who: _call(workload, f, bool(backward)) for who, f in functions.items()}
            _time(measured, title, calls, workload, repeats)
            measured.counts[title] = {
                who: count(calls[who]) for who in to_count if who in measured.seconds[title]
            }
            workload.forget_gradients()
        measured.plan = _median(lambda: workload.make_plan(), repeats)
        measured.floors = {
            BYTES: workload.pairs * 3 * workload.channels * workload.x.element_size() / bandwidth,
            PRODUCTS: product_floor(workload, repeats),
        }
    return measured


def _call(
    workload: Workload, function: Callable[[Tensor], Tensor], backward: bool
) -> Callable[[], None]:
    def call() -> None:
        workload.forget_gradients()
        run(function, workload.x, backward)

    return call


def _time(
    measured: Measured,
    title: str,
    calls: dict[str, Callable[[], None]],
    workload: Workload,
    repeats: int,
) -> None:
    """Medians of runs that take turns, the first of each aside; and the peak of the second."""
    seconds: dict[str, list[float]] = {who: [] for who in calls}
    memory: dict[str, float | None] = {}
    for turn in range(repeats + 1):
        for who, call in calls.items():
            key = f"{who}, {title}"
            if key in measured.failures or (seconds[who] and seconds[who][-1] > LONG):
                continue
            workload.forget_gradients()
            before = _start_counting(workload.device)
            start = clock()
            try:
                call()
            except Exception as error:
                measured.failures[key] = Failure.of(error)
                workload.forget_gradients()
                _free_memory(workload.device)
                continue
            took = clock() - start
            if turn == 1:
                memory[who] = _peak(workload.device) - before
            if turn > 0:
                seconds[who].append(took)
    fine = [who for who in calls if f"{who}, {title}" not in measured.failures]
    measured.seconds[title] = {who: statistics.median(seconds[who]) for who in fine}
    measured.memory[title] = {who: memory[who] for who in fine}


def _free_memory(device: str) -> None:
    gc.collect()
    if device != "cpu":
        torch.cuda.empty_cache()


def _start_counting(device: str) -> int:
    if device == "cpu":
        return 0
    torch.cuda.synchronize()
    torch.cuda.reset_peak_memory_stats()
    return torch.cuda.memory_allocated()


def _peak(device: str) -> int:
    return 0 if device == "cpu" else torch.cuda.max_memory_allocated()


def _median(function: Callable[[], object], repeats: int) -> float:
    function()
    seconds = []
    for _ in range(repeats):
        start = clock()
        function()
        seconds.append(clock() - start)
    return statistics.median(seconds)


# Floors -----------------------------------------------------------------------------------------


def copy_bandwidth(device: str, repeats: int = 10) -> float:
    """Bytes a second, read and written, of a large copy on the device."""
    size = COPIED if device != "cpu" else 2**26
    source = torch.zeros(size, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    return 2 * size / _median(lambda: target.copy_(source), repeats)


def product_floor(workload: Workload, repeats: int) -> float:
    """Seconds of the products [2m, d] @ [d, 4d] for m combinations, in the fastest chunks.

    That is 8 d² multiplications a pair, the least that is known for the symmetrised GRU: sums and
    differences of the two operands meet two of its three gates. They go into memory that is there.
    """
    rows = 2 * workload.pairs
    chunks = [chunk for chunk in PRODUCT_CHUNKS if chunk <= 2 * rows] or [PRODUCT_CHUNKS[0]]
    products = workload.products(4, max(chunks))
    with torch.no_grad():
        times = {chunk: _median(lambda chunk=chunk: products(chunk), 3) for chunk in chunks}
        fastest = min(times, key=times.__getitem__)
        return _median(lambda: products(fastest), repeats)


# The report -------------------------------------------------------------------------------------


def chosen(options: argparse.Namespace) -> Iterator[tuple[str, str]]:
    """(workload, precision) of each row; the one with the longest folds comes last."""
    names = options.workloads.split(",") if options.workloads else [*WORKLOADS, *MANY, "scale"]
    for name in sorted(names, key=lambda name: name == "one"):
        if name == "scale":
            for n in SCALES:
                if n <= min(options.largest, MOST_SCALED):
                    yield f"scale {n}", "highest"
        else:
            yield name, "highest"
            if name in MANY:
                yield name, "high"


def report(options: argparse.Namespace) -> Iterator[str]:
    """The lines of docs/benchmarks-cuda.md."""
    device, repeats = options.device, options.repeats
    bandwidth = copy_bandwidth(device)
    rows = [
        measure(
            name,
            device,
            repeats,
            bandwidth,
            precision,
            timed=(OURS, PLANNING, PYG) if name.startswith("scale") else TIMED,
        )
        for name, precision in tqdm(
            list(chosen(options)), desc="workloads", file=sys.stderr, disable=None
        )
    ]
    yield "# Reductions and training on a GPU: time, memory, launches"
    yield ""
    yield 'Made by `make bench BENCH_FLAGS="--device cuda"`'
    yield f"(`python -m benchmarks.reductions --device {device}`). {machine(device)}"
    yield ""
    yield f"Times are medians of {repeats} runs that take turns, with the GPU idle before and after"
    yield f"each (a run of more than {LONG} s is timed once). *{OURS}* has its plan ready;"
    yield f"*{PLANNING}* makes one from an index, and *plan* is that alone. Memory is the peak"
    yield f"above what is there before the call. The *{BYTES}* is the time to read two states and"
    yield "write one for each pair, at the bandwidth of a large copy,"
    yield f"{bandwidth / 1e9:,.0f} GB/s here. The *{PRODUCTS}* is the products [2m, d] @ [d, 4d] of"
    yield "the m pairs, by cuBLAS, into memory that is there, in the chunks that are fastest."
    yield 'Precision is float32 (`torch.set_float32_matmul_precision("highest")`, and cuDNN without'
    yield 'tf32); rows marked tf32 are by "high", with tf32 in cuDNN, too. A dash: it was not'
    yield "tried, or failed, as said below."
    for title in PASSES:
        yield ""
        yield f"## {title[0].upper()}{title[1:]}"
        yield ""
        yield from time_table(rows, title)
    yield ""
    yield "## Launches and waits"
    yield ""
    yield from count_table(rows)
    yield ""
    yield "## Peak memory"
    yield ""
    yield from memory_table(rows)
    yield ""
    yield "| workload | what |"
    yield "|---|---|"
    for name in dict.fromkeys(row.name for row in rows):
        what = {**WORKLOADS, **MANY}.get(name, ("sets of 2 to 16 with so many elements, d = 16",))
        yield f"| {name} | {what[0]} |"
    if failures := [(row, *item) for row in rows for item in row.failures.items()]:
        yield ""
        yield "Failed:"
        yield ""
        for row, who, failure in failures:
            yield f"- {row.title}: {who}: {failure.why}"
    if not options.workloads:
        yield ""
        yield from training.report(device)


def time_table(rows: Sequence[Measured], title: str) -> Iterator[str]:
    floors = [BYTES, PRODUCTS] if title == FORWARD else []
    ratios = [(PYG, OURS), (PYG, PLANNING), (PYG_GRU, FOLD)]
    columns = [*TIMED, "plan", *floors, *(f"{above} / {below}" for above, below in ratios)]
    yield from head(["workload", *columns, *([f"{OURS} / larger floor"] if floors else [])])
    for row in rows:
        seconds = row.seconds[title]
        cells = [duration(seconds.get(who)) for who in TIMED] + [duration(row.plan)]
        cells += [duration(row.floors[floor]) for floor in floors]
        cells += [ratio(seconds, above, below) for above, below in ratios]
        if floors:
            larger = max(row.floors.values())
            cells.append(ratio({OURS: seconds.get(OURS), "floor": larger}, OURS, "floor"))
        yield f"| {row.title} | " + " | ".join(cells) + " |"


def count_table(rows: Sequence[Measured]) -> Iterator[str]:
    yield "Launches of kernels / copies and fills of memory / waits of the host, of one call."
    yield ""
    yield from head(
        ["workload", "depth", *(f"{who}, {title}" for title in PASSES for who in COUNTED)]
    )
    for row in rows:
        counts = [row.counts[title].get(who) for title in PASSES for who in COUNTED]
        cells = [f"{c.launches} / {c.copies} / {c.waits}" if c else "–" for c in counts]
        yield f"| {row.title} | {row.depth} | " + " | ".join(cells) + " |"


def memory_table(rows: Sequence[Measured]) -> Iterator[str]:
    who = [each for each in TIMED if each != PLANNING]
    columns = [f"{each}, {title}" for title in PASSES for each in who]
    yield from head(["workload", *columns, f"{OURS} / {PYG}, {BOTH}"])
    for row in rows:
        cells = [mebibytes(row.memory[title].get(each)) for title in PASSES for each in who]
        cells.append(ratio(row.memory[BOTH], OURS, PYG, "{:.2f}"))
        yield f"| {row.title} | " + " | ".join(cells) + " |"


def head(columns: Sequence[str]) -> Iterator[str]:
    """The two lines at the top of a table."""
    yield "| " + " | ".join(columns) + " |"
    yield "|---" + "|---:" * (len(columns) - 1) + "|"


def machine(device: str) -> str:
    """The card, and the versions of what runs on it."""
    try:
        import triton

        version = triton.__version__
    except ImportError:
        version = "none"
    card = torch.cuda.get_device_name() if device != "cpu" else "a CPU"
    return (
        f"On {card}; torch {torch.__version__}, triton {version}, "
        f"PyG {torch_geometric.__version__}."
    )
