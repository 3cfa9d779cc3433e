"""Time and memory of LCM aggregation on a graph of a million nodes: all neighbours, and sampled.

Run by `make large-graph`, which prints a table and writes it to docs/large_graphs.md, too:

    python -m benchmarks.large_graph [--nodes N] [--edges E] [--channels D] [--output FILE]

Each measurement has a process of its own. Its time is CPU time of all threads, which other
programs on the machine change less than that of the clock. Its memory is the peak of the resident
set during the measurement, above what the process held before: graph and node states.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
import torch_geometric
from torch import Tensor
from torch_geometric.nn import SAGEConv
from torch_geometric.nn.aggr import SumAggregation

from benchmarks.measure import memory_now
from benchmarks.tables import duration
from lcm_core import CSRGraph, LCMAggregation
from lcm_core.experiments.framework.machine import processor

SEEDS, COUNTS = 1024, (10, 10)
PART = 2**20  # edges


@dataclass(frozen=True)
class Sizes:
    """Of the graph and of its states."""

    nodes: int
    edges: int
    channels: int

    def edge_index(self) -> Tensor:
        """Random edges: node i has about E/(3N) · (i/N)^(−2/3) neighbours, the first most."""
        rng = np.random.default_rng(0)
        ends = rng.random((2, self.edges))
        ends[1] **= 3
        return torch.from_numpy((self.nodes * ends).astype(np.int64))

    def states(self) -> Tensor:
        generator = torch.Generator().manual_seed(0)
        return torch.randn(self.nodes, self.channels, generator=generator)


# What is measured --------------------------------------------------------------------------------


def all_neighbors(graph: CSRGraph, x: Tensor, kind: str, part: int, backward: bool) -> None:
    d = x.shape[1]
    aggregation = SumAggregation() if kind == "sum" else LCMAggregation(d, d, operator=kind)
    with torch.set_grad_enabled(backward):
        result = graph.aggregate(aggregation, x.requires_grad_(backward), part)
        if backward:
            result.sum().backward()


def layers(d: int) -> torch.nn.ModuleList:
    torch.manual_seed(0)
    return torch.nn.ModuleList(SAGEConv(d, d, aggr=LCMAggregation(d, d)) for _ in COUNTS)


def sampled_step(graph: CSRGraph, x: Tensor, model: torch.nn.ModuleList, step: int) -> None:
    seeds = torch.randperm(len(x), generator=torch.Generator().manual_seed(step))[:SEEDS]
    sample = graph.sample(seeds, COUNTS, seed=step)
    states = x[sample.nodes]
    for layer in model:
        states = layer(states, sample.edge_index).relu()
    states[: sample.num_seeds].square().mean().backward()


@dataclass(frozen=True)
class Case:
    """A measurement: its name in the table, and what it does, once or often."""

    name: str
    work: Callable[[CSRGraph, Tensor], None]
    per: str = ""


def _full(kind: str, part: int, backward: bool) -> Callable[[CSRGraph, Tensor], None]:
    return lambda graph, x: all_neighbors(graph, x, kind, part, backward)


BATCHES = 20


def _sampling(graph: CSRGraph, x: Tensor) -> None:
    for step in range(BATCHES):
        nodes = torch.randperm(len(x), generator=torch.Generator().manual_seed(step))[:SEEDS]
        graph.sample(nodes, COUNTS, seed=step)


def _training(graph: CSRGraph, x: Tensor) -> None:
    model = layers(x.shape[1])
    for step in range(BATCHES):
        sampled_step(graph, x, model, step)


CASES = [
    Case("PyG's sum, forward", _full("sum", PART, False)),
    Case("PyG's sum, forward + backward", _full("sum", PART, True)),
    Case("LCM, forward", _full("symmetrized_gru", PART, False)),
    Case("LCM, forward, all edges at once", _full("symmetrized_gru", sys.maxsize, False)),
    Case("LCM, forward + backward", _full("symmetrized_gru", PART, True)),
    Case("sampling a batch", _sampling, "batch"),
    Case("a training step on a sample", _training, "batch"),
]


# Processes ---------------------------------------------------------------------------------------


def measure(case: Case, sizes: Sizes) -> dict[str, float]:
    """In a process of its own."""
    graph, x = CSRGraph(sizes.edge_index(), sizes.nodes), sizes.states()
    before = memory_now("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    began = time.process_time()
    case.work(graph, x)
    seconds = time.process_time() - began
    return {
        "seconds": seconds / (BATCHES if case.per else 1),
        "bytes": memory_now("VmHWM") - before,
    }


def in_a_process(number: int, sizes: Sizes) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.large_graph", "--case", str(number)]
    options = [f"--{name}={value}" for name, value in asdict(sizes).items()]
    done = subprocess.run([*command, *options], check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


# The report --------------------------------------------------------------------------------------


def facts(sizes: Sizes) -> dict[str, float]:
    """Of the graph, and of how it is made; and whether a sample of all neighbours is exact."""
    edge_index = sizes.edge_index()
    began = time.process_time()
    graph = CSRGraph(edge_index, sizes.nodes)
    seconds, x = time.process_time() - began, sizes.states()
    torch.manual_seed(0)
    aggregation = LCMAggregation(sizes.channels, sizes.channels)
    some = torch.arange(0, sizes.nodes, max(1, sizes.nodes // 100))
    with torch.no_grad():
        sample = graph.sample(some, [-1])
        neighbor, node = sample.edge_index
        own = aggregation(x[sample.nodes[neighbor]], node, dim_size=len(some))
        full = graph.aggregate(aggregation, x, PART)[some]
    two_hops = [len(graph.sample(some, COUNTS, seed).nodes) / len(some) for seed in range(5)]
    return {
        "seconds": seconds,
        "largest": int(graph.degrees.max()),
        "median": int(graph.degrees.median()),
        "difference": float((own - full).abs().max()),
        "nodes a seed": sum(two_hops) / len(two_hops),
    }


def report(sizes: Sizes) -> Iterator[str]:
    found = facts(sizes)
    padded = sizes.nodes * found["largest"] * sizes.channels * 4
    yield "# LCM aggregation on a large graph"
    yield ""
    yield "Made by `make large-graph` (`python -m benchmarks.large_graph`)."
    yield f"On {processor()}, {torch.get_num_threads()} of {os.cpu_count()} cores; torch"
    yield f"{torch.__version__}, PyG {torch_geometric.__version__}."
    yield ""
    yield f"The graph has {sizes.nodes:,} nodes and {sizes.edges:,} edges, with skewed degrees: the"
    yield f"median is {found['median']}, the largest {found['largest']:,}. States have"
    yield f"{sizes.channels} channels (float32). `CSRGraph` takes {duration(found['seconds'])} to"
    yield "make, and has two integers an edge and one a node. `graph.aggregate` takes parts of 2²⁰"
    yield "edges, and recomputes each part in the backward pass; `graph.sample` draws at most"
    yield f"{COUNTS[0]} neighbours of {SEEDS:,} nodes and {COUNTS[1]} of theirs, which comes to"
    yield f"{found['nodes a seed']:.0f} nodes a seed. A training step is that, two layers"
    yield "`SAGEConv(aggr=LCMAggregation)`, and the backward pass."
    yield ""
    yield "| what | CPU time of all threads | memory above graph and states |"
    yield "|---|---:|---:|"
    for number, case in enumerate(CASES):
        row = in_a_process(number, sizes)
        each = f" a {case.per}" if case.per else ""
        yield f"| {case.name} | {duration(row['seconds'])}{each} | {row['bytes'] / 1e9:.2f} GB |"
    yield ""
    minutes = row["seconds"] * sizes.nodes / SEEDS / 60
    yield f"An epoch of {sizes.nodes:,} seeds is {sizes.nodes / SEEDS:,.0f} such steps: about"
    yield f"{minutes:.0f} minutes of CPU time (extrapolated from"
    yield f"{BATCHES} steps). With all neighbours sampled, the aggregates of 100 nodes differ by at"
    yield f"most {found['difference']:.1e} from those of the whole graph."
    yield ""
    yield "PyG's `LCMAggregation` pads every neighbourhood to the largest one: for this graph"
    yield f"{padded / 1e12:.1f} TB for the elements alone."


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--nodes", type=int, default=10**6)
    parser.add_argument("--edges", type=int, default=10**7)
    parser.add_argument("--channels", type=int, default=16)
    parser.add_argument("--output", help="a file for the table")
    parser.add_argument("--case", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    sizes = Sizes(options.nodes, options.edges, options.channels)
    if options.case is not None:
        print(json.dumps(measure(CASES[options.case], sizes)))
        return
    lines = []
    for line in report(sizes):
        print(line, flush=True)
        lines.append(line)
    if options.output:
        Path(options.output).write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
