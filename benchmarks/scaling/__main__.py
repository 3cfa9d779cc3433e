"""Measures, fits, predicts, and writes the page."""

import argparse
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch

from benchmarks.scaling.here import Measured, make_groups, stream
from benchmarks.scaling.model import (
    BYTES,
    Line,
    Shared,
    crossing,
    gather_seconds,
    tree_seconds,
    whole_seconds,
)
from benchmarks.scaling.published import (
    ETHERNET,
    INFINIBAND,
    LEVEL,
    NVLINK,
    PAIRS,
    SOURCES,
    WIDTH,
    clusters_of,
)
from benchmarks.tables import duration, mebibytes
from lcm_core.distributed import LocalRanks, rounds
from lcm_core.distributed.schedule import exchanges
from lcm_core.experiments.framework.machine import processor
from lcm_core.threads import available_cpus

SIZES = (1, 2, 3, 4, 5, 8)
SETS = {"sum": (1, 64, 1024, 8192), "symmetrized_gru": (1, 64, 1024)}
NAMES = {"sum": "sum", "symmetrized_gru": "symmetrised GRU"}
GPUS = (8, 64, 512, 4096)
STREAMS = [
    *(("max", 1, 10**k, 10**6) for k in (6, 7, 8)),
    ("max", 1, 10**7, 777_777),
    ("sum", 1, 10**8, 10**6),
    *(("symmetrized_gru", 16, 10**k, 10**5) for k in (5, 6, 7)),
]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Reductions past one machine, to a page.")
    parser.add_argument(
        "--repeats", type=int, default=9, help="windows of which the fastest counts"
    )
    parser.add_argument("--output", help="a file for the page")
    options = parser.parse_args(arguments)
    threads = available_cpus()
    lines = list(introduction())  # it says how busy the machine is before we are
    with LocalRanks(max(SIZES)) as ranks:
        ranks.run(make_groups, SIZES)
        measured = Measured(ranks, options.repeats)
        lines += ranks_here(measured, threads)
        call = line_of(measured.work, measured).fixed
    lines += [*streams(threads), *clusters(call), *limits()]
    text = "\n".join(lines) + "\n"
    print(text)
    if options.output:
        Path(options.output).write_text(text)


def introduction() -> Iterator[str]:
    yield f"""\
# Scaling: one set on many machines

Made by `make scaling` (`python -m benchmarks.scaling`). On {processor()}, {available_cpus()} cores;
torch {torch.__version__}. Other programs were running: the load average was
{os.getloadavg()[0]:.1f} before it began. Tables say whether they are measured or predicted.

`lcm_core.distributed.all_reduce` makes one state of the states of R ranks, on all of them, by the
balanced tree over ranks. A rank sends one block of B · d numbers in each of log₂ R rounds (B sets,
d numbers a state); a *gather* brings the (R − 1) B d numbers of all others to each rank, which then
reduces them alone. Both give the same.

## The model

A message of b bytes takes α + b / β seconds, with the latency α and the bandwidth β of its wire. A
level of a tree with m pairs takes λ + m / ρ seconds. The host takes κ seconds for an exchange, or
for a gather as a whole: calls of Python and of libraries. Then, for R a power of two,

    tree    log₂ R · (κ + α + 4 B d / β + λ + B / ρ)
    gather  κ + log₂ R · (α + λ) + 4 (R − 1) B d / β + (R − 1) B / ρ

for a gather at its best, which also needs log₂ R rounds. With the same rounds the tree has fewer
numbers and fewer products, so where both are as good as they can be, it is never behind, and well
ahead when B d is large. What puts a gather ahead for few sets is κ: it is *one* call of a
library where the tree is log₂ R calls with products in between. For other R the tree has two more
rounds, and up to two blocks in a message. `benchmarks/scaling/model.py` has the formulas.
"""


def ranks_here(measured: Measured, cores: int) -> Iterator[str]:
    """The fit on one and two ranks, and what it predicts for more."""
    clock, work = (line_of(times, measured) for times in (measured.seconds, measured.work))
    shared = Shared(clock, work, cores)
    yield f"""\
## Measured here: ranks that share {cores} cores

R processes of this machine, one thread each, joined by gloo over the loopback; d = {WIDTH},
float32. Nothing travels over a wire: the kernel copies each message. An exchange takes time by the
clock, some of which is waiting for the other process to wake up, and time of a core. With more than
{cores} ranks, R / {cores} of them take turns on each core, and the waiting is hidden. So the model
says

    rounds · max(clock, work · R / {cores})

with `clock` and `work` = a + b · bytes + c. Here c, the time of one combination of B pairs, was
measured on one core alone, and a and b are fitted to two ranks and the sum: {words_of(clock)}
by the clock, {words_of(work)} of a core.
All below for R > 2 is predicted, then measured. Times are the best of some short windows of calls,
since other programs may use the machine too.
"""
    yield "| ⊕ | B | R | rounds | predicted | measured | predicted / measured |"
    yield "|---|---:|---:|---:|---:|---:|---:|"
    for name, words in NAMES.items():
        for sets in SETS[name]:
            for size in (2, 4, 8):
                expected = shared.seconds(size, WIDTH * sets, measured.combine(name, sets))
                found = measured.seconds(size, "tree", name, sets)
                yield (
                    f"| {words} | {sets:,} | {size} | {rounds(size)} | {duration(expected)} | "
                    f"{duration(found)} | {expected / found:.2f} |"
                )
    yield """
### Tree against gather

The time of both (`torch.distributed.all_gather` and one reduction of R states a set), the numbers
that a rank receives at most, and the time of the tree with its backward pass.

| ⊕ | B | R | tree | gather | gather / tree | numbers, tree | numbers, gather | tree, backward too |
|---|---:|---:|---:|---:|---:|---:|---:|---:|"""
    for name, words in NAMES.items():
        for sets in SETS[name]:
            for size in SIZES[1:]:
                tree = measured.seconds(size, "tree", name, sets)
                gather = measured.seconds(size, "gather", name, sets)
                both = measured.seconds(size, "tree, backward", name, sets)
                yield (
                    f"| {words} | {sets:,} | {size} | {duration(tree)} | {duration(gather)} | "
                    f"{gather / tree:.2f} | {received(size) * sets * WIDTH:,} | "
                    f"{(size - 1) * sets * WIDTH:,} | {duration(both)} |"
                )
    yield ""


def received(size: int) -> int:
    """States of a set that a rank receives, at most."""
    return max(sum(e.receives for e in exchanges(rank, size)) for rank in range(size))


def line_of(times: Callable[..., float], measured: Measured) -> Line:
    """The line of an exchange, without the combination, from two ranks and the sum."""
    return fit(
        [
            (sets, times(2, "tree", "sum", sets) - measured.combine("sum", sets))
            for sets in SETS["sum"]
        ]
    )


def fit(times: Sequence[tuple[int, float]]) -> Line:
    """Fixed seconds and seconds a byte, with the same relative error wherever the time is."""
    sets, seconds = np.array(times).T
    matrix = np.stack([np.ones_like(sets), BYTES * WIDTH * sets], 1) / seconds[:, None]
    (fixed, each), *_ = np.linalg.lstsq(matrix, np.ones_like(seconds), rcond=None)
    return Line(float(fixed), float(each))


def words_of(line: Line) -> str:
    return f"a = {1e6 * line.fixed:.0f} µs and b = {1e9 * line.each:.2f} ns a byte"


def streams(threads: int) -> Iterator[str]:
    yield f"""\
## Measured here: streams

`Running.add` on chunks of random numbers that are made one by one, {threads} threads. Time is that
of the reduction alone. Memory is the peak of a process of its own, with Python and torch in it
(*before*: what it had before the first chunk).

| ⊕ | d | elements | chunk | time | ns an element | peak | before |
|---|---:|---:|---:|---:|---:|---:|---:|"""
    for name, width, n, chunk in STREAMS:
        seconds, peak, before = stream(name, width, n, chunk, threads)
        yield (
            f"| {NAMES.get(name, name)} | {width} | {n:,} | {chunk:,} | {duration(seconds)} | "
            f"{1e9 * seconds / n:.3g} | {mebibytes(peak)} | {mebibytes(before)} |"
        )
    yield ""


def clusters(call: float) -> Iterator[str]:
    yield f"""\
## Predicted: 8 to 4,096 GPUs

Nothing here was measured on more than one GPU. Symmetrised GRU, d = {WIDTH}, float32, forward.
Of one H200 ([benchmarks-cuda.md](benchmarks-cuda.md)): ρ = {PAIRS / 1e6:.0f} million pairs a second
and λ = {1e6 * LEVEL:.0f} µs a level, most of which is the host that launches it. Wires, with what
others published:

| wire | α | β, each way and GPU | source |
|---|---:|---:|---|"""
    for wire in (NVLINK, INFINIBAND, ETHERNET):
        gigabytes = f"{wire.bandwidth / 1e9:.3g} GB/s"
        yield f"| {wire.name} | {1e6 * wire.latency:.0f} µs | {gigabytes} | {SOURCES[wire.name]} |"
    yield f"""
κ = {1e6 * call:.0f} µs is the time of a core for a small exchange in the fit above: that is of gloo
on this CPU, whose kernel also copies the message, and so rather too much.

The figures of wires are those of collectives of NCCL. Point-to-point messages, which `all_reduce`
sends, have latencies like them. Nodes have 8 GPUs: the first three rounds stay within a node.
"""
    for cluster in clusters_of(call):
        yield f"""\
### {cluster.name}

One set of N elements, spread evenly: the time until all GPUs have its state, and in brackets the
share of it in which a GPU reduces its own elements.

| N | {" | ".join(f"{ranks:,} GPUs" for ranks in (1, *GPUS))} |
|---:|{"---:|" * (1 + len(GPUS))}"""
        for power in (6, 8, 10, 12):
            cells = []
            for ranks in (1, *GPUS):
                whole = whole_seconds(cluster, 10**power, ranks, 1)
                own = whole - tree_seconds(cluster, ranks, 1)
                cells.append(f"{duration(whole)} ({own / whole:.0%})")
            yield f"| 10{superscript(power)} | {' | '.join(cells)} |"
        yield f"""
The states of B sets, from all GPUs to all: tree, and gather at its best.

| B | {" | ".join(f"{ranks:,} GPUs: tree | gather" for ranks in GPUS)} |
|---:|{"---:|" * (2 * len(GPUS))}"""
        for sets in (1, 64, 1024, 2**14, 2**17):
            cells = [
                duration(kind(cluster, ranks, sets))
                for ranks in GPUS
                for kind in (tree_seconds, gather_seconds)
            ]
            yield f"| {sets:,} | {' | '.join(cells)} |"
        ahead = {ranks: crossing(cluster, ranks) for ranks in GPUS}
        times = ", ".join(f"B ≥ {sets:,} on {ranks:,} GPUs" for ranks, sets in ahead.items())
        yield f"""
The tree is ahead of the best gather for {times}.
A gather also needs room for R · B · d numbers on
each GPU: {mebibytes(BYTES * 4096 * 2**14 * WIDTH)} for 4,096 GPUs and B = 16,384.
"""


def limits() -> Iterator[str]:
    yield """\
## What to make of it

- **Large sets scale until a GPU's share takes less time than the rounds.** A round costs
  κ + α + λ, hundreds of microseconds; a GPU combines tens of thousands of pairs in that time. So
  with 10⁶ elements in one set there is little to gain past one GPU, and with 10¹⁰ there is until
  hundreds.
- **The tree beats a gather by about R / log₂ R where bytes count**, that is for many sets or wide
  states. For few sets one call of a gather beats log₂ R exchanges, in the tables up to some
  hundreds (4,096 GPUs) or many thousands (8 GPUs). Then `torch.distributed.all_gather` and
  `reduce` are the better choice. `all_reduce(..., tree="left")`, or any other tree, gathers too, in
  R − 1 messages.
- **Over slow wires the rounds across nodes dominate**, and all GPUs of a node send the same
  block. Sending it once a node would divide those bytes by 8; that is not built.
- **10¹² elements of 64 numbers are 256 TB**: no cluster above holds them at once. `Running` takes
  them chunk by chunk, and the table then says how long the products last, and not how long
  reading takes.
- **The law is not free of R.** Where ⊕ is not associative the state depends on how elements are cut
  into shares; equal powers of two for each rank keep the tree of one machine (notebook 12).
- NCCL with several GPUs, and several machines, were not tried: no such machine was at hand.
"""


def superscript(number: int) -> str:
    return "".join("⁰¹²³⁴⁵⁶⁷⁸⁹"[int(digit)] for digit in str(number))


if __name__ == "__main__":
    main()
