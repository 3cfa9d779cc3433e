"""Sets of very unequal sizes: our LCMAggregation against PyG's, which pads to the largest set.

Run by `make bench`. Prints medians of interleaved runs, and their ratio.
"""

import platform
import statistics
import time

import numpy as np
import torch
from torch import Tensor
from torch_geometric.nn.aggr import LCMAggregation as PyGLCMAggregation

from lcm_core import LCMAggregation

SETS, CHANNELS, LARGEST, TARGET = 2000, 64, 1500, 200


def skewed_sizes(seed: int = 0) -> np.ndarray:
    """Pareto(1.3) sizes, at least 1, at most `LARGEST`."""
    draws = np.random.default_rng(seed).pareto(1.3, SETS) + 1
    return np.minimum(draws.astype(np.int64), LARGEST)


def measure(aggregation: torch.nn.Module, x: Tensor, index: Tensor, backward: bool) -> float:
    """Seconds of one forward pass, or of one forward and backward pass."""
    x = x.clone().requires_grad_(backward)
    started = time.perf_counter()
    with torch.set_grad_enabled(backward):
        result = aggregation(x, index, dim_size=SETS)
        if backward:
            result.square().sum().backward()
    return time.perf_counter() - started


def compare(times: int = 3, ours_a_round: int = 7) -> dict[str, dict[str, float]]:
    """Median seconds of both and their ratio, by pass; runs of both alternate."""
    torch.manual_seed(0)
    sizes = skewed_sizes()
    x = torch.randn(int(sizes.sum()), CHANNELS)
    index = torch.repeat_interleave(torch.arange(SETS), torch.from_numpy(sizes))
    peer = PyGLCMAggregation(CHANNELS, CHANNELS, project=False)
    ours = LCMAggregation.from_pyg(peer)
    results = {}
    for name, backward in {"forward": False, "forward + backward": True}.items():
        measure(ours, x, index, backward)
        seconds: dict[str, list[float]] = {"ours": [], "PyG": []}
        for _ in range(times):
            seconds["PyG"].append(measure(peer, x, index, backward))
            seconds["ours"] += [measure(ours, x, index, backward) for _ in range(ours_a_round)]
        medians = {who: statistics.median(all_) for who, all_ in seconds.items()}
        results[name] = medians | {"ratio": medians["PyG"] / medians["ours"]}
    return results


if __name__ == "__main__":
    torch.set_num_threads(1)
    sizes = skewed_sizes()
    print(f"{platform.processor() or platform.machine()}, 1 thread, torch {torch.__version__}")
    print(f"{SETS} sets, {sizes.sum()} elements, largest {sizes.max()}, d = {CHANNELS}")
    print(f"{'':20}{'PyG':>10}{'ours':>10}{'ratio':>8}")
    for name, row in compare().items():
        print(f"{name:20}{row['PyG']:9.3f}s{row['ours']:9.4f}s{row['ratio']:8.0f}")
