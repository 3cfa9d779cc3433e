"""Figures of wires and GPUs that others published, or that this project measured on one GPU."""

from benchmarks.scaling.model import Cluster, Wire

#: By wire: what the figures are, and where they come from.
SOURCES = {
    "NVLink 4": (
        "6 µs for a small all-reduce of 2 H100, launched as a CUDA graph "
        "([NCCL issue 1259](https://github.com/NVIDIA/nccl/issues/1259)); 370 GB/s each way is "
        "what NCCL reaches of 450 "
        "([nccl-tests issue 212](https://github.com/NVIDIA/nccl-tests/issues/212))"
    ),
    "InfiniBand": (
        "19 µs for a small all-reduce of 2 nodes, HDR, A100 "
        "([nccl-tests issue 150](https://github.com/NVIDIA/nccl-tests/issues/150)); 340 GB/s for a "
        "node of 8 H100 with 8 NICs of 400 Gb/s, 32 nodes "
        "([NCCL issue 1218](https://github.com/NVIDIA/nccl/issues/1218)), an eighth of it a GPU"
    ),
    "Ethernet": (
        "50 µs from kernel to kernel "
        "([WWT](https://www.wwt.com/article/the-basics-of-high-performance-networking)); 4 to 6 "
        "GB/s is the best that NCCL reached over TCP on 100 Gb/s "
        "([NCCL issue 450](https://github.com/NVIDIA/nccl/issues/450)), for a node of 8 GPUs, an "
        "eighth of it a GPU"
    ),
}

NVLINK = Wire("NVLink 4", 6e-6, 370e9)
INFINIBAND = Wire("InfiniBand", 19e-6, 340e9 / 8)
ETHERNET = Wire("Ethernet", 50e-6, 5e9 / 8)

WIDTH = 64
#: docs/benchmarks-cuda.md, one H200, float32: many64 combines 200,000 × 8 pairs in 3.39 ms.
PAIRS = 200_000 * 8 / 3.39e-3
#: The same: `one` has 131,071 pairs and 17 levels in 0.775 ms.
LEVEL = (0.775e-3 - 131_071 / PAIRS) / 17


def clusters_of(call: float) -> list[Cluster]:
    """Nodes of 8 H200, joined by each wire; `call` is the host's time for an exchange."""
    return [
        Cluster(f"8 H200 a node, {wire.name} across", NVLINK, wire, 8, WIDTH, PAIRS, LEVEL, call)
        for wire in (INFINIBAND, ETHERNET)
    ]
