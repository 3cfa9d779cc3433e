"""Find the fastest tile sizes of the Triton kernels on this GPU.

    python -m benchmarks.tiles [--widths 64,128] [--precisions tf32x3,tf32,bf16] [--kernels …]

It compiles all candidates, in as many processes as there are cores, times each, and prints them
from the fastest to the slowest. The tiles in `lcm_core/gpu/symmetrized_gru.py` come from it.
"""

import argparse
import os
import statistics
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import torch
import triton

from lcm_core.gpu import symmetrized_gru
from lcm_core.gpu.launch import Kernel

PAIRS = (1_000, 30_000, 1_000_000)
LEVEL_TILES = (
    (16, 32, 32, 4),
    (16, 64, 32, 4),
    (32, 32, 32, 4),
    (64, 32, 32, 4),
    (64, 32, 64, 4),
    (64, 64, 32, 8),
    (128, 16, 32, 8),
    (128, 32, 32, 8),
    (128, 32, 64, 8),
    (128, 64, 32, 8),
)
WEIGHT_TILES = (
    (32, 64, 32, 4),
    (32, 64, 64, 4),
    (64, 64, 32, 2),
    (64, 64, 64, 2),
    (64, 64, 32, 4),
    (64, 64, 64, 4),
    (128, 32, 64, 4),
    (128, 64, 32, 4),
    (128, 64, 64, 8),
)
STAGES = (3,)
NAMES = "forward_level", "backward_gates", "backward_operands", "backward_weights"

Job = tuple[str, int, str, tuple[int, ...], int]  # kernel, d, precision, tile, stages


def jobs(widths: list[int], precisions: list[str], kernels: list[str]) -> Iterator[Job]:
    for d in widths:
        for precision in precisions:
            for kernel in kernels:
                for tile in WEIGHT_TILES if kernel == "backward_weights" else LEVEL_TILES:
                    if tile[1] <= d and (kernel == "backward_weights" or tile[2] <= d):
                        for stages in STAGES:
                            yield kernel, d, precision, tile, stages


class Data:
    """The tensors of a level of m pairs: rows 2i and 2i + 1 give row 2m + i."""

    def __init__(self, d: int, precision: str, m: int):
        low = torch.bfloat16 if precision == "bf16" else torch.float32
        self.m, self.d, self.precision = m, d, "tf32" if precision == "bf16" else precision
        make = {"device": "cuda", "dtype": low}
        each = torch.arange(m, device="cuda")
        self.codes = torch.stack([2 * each, 2 * each + 1, 2 * m + each]).int()
        self.bounds = torch.tensor([0, m], dtype=torch.int32, device="cuda")
        self.x = torch.randn(16, d, **make)
        self.states, self.to = torch.randn(3 * m, d, **make), torch.randn(3 * m, d, **make)
        self.weights = torch.randn(2, 6, d, d, **make) / d**0.5
        self.kernels: dict[tuple[object, ...], Kernel] = {}
        self.biases = torch.randn(4, d, device="cuda")
        self.gradients = torch.empty(m, 8 * d, **make)
        self.sums = torch.empty(512, 6, d, d, device="cuda")
        self.bias_sums = torch.empty(512, 4, d, device="cuda")

    def launch(self, name: str, tile: tuple[int, ...], stages: int) -> None:
        d, m = self.d, self.m
        *sizes, warps = tile
        place = self.codes, m, self.bounds, 1, 0, m
        names = ("BJ", "BN", "BM") if name == "backward_weights" else ("BM", "BN", "BK")
        kernel = Kernel(
            getattr(symmetrized_gru, name),
            {"D": d, "C": 1} | dict(zip(names, sizes, strict=True)) | {"P": self.precision}
            | ({"MORE": False} if name == "backward_gates" else {}),
            {"num_warps": warps, "num_stages": stages},
        )  # fmt: skip
        kernel = self.kernels.setdefault((name, tile, stages), kernel)
        across = triton.cdiv(d, sizes[1])
        grid: tuple[int, ...] = (triton.cdiv(m, sizes[0]) * across,)
        if name == "backward_weights":
            across *= 3 * triton.cdiv(2 * d, sizes[0])
            grid = max(min(triton.cdiv(m, sizes[2]), triton.cdiv(512, across)), 1), across
            kernel(
                grid, self.x, self.states, self.codes, m, self.bounds, 1, 0, m, self.gradients,
                self.sums, self.bias_sums, 0,
            )  # fmt: skip
        elif name == "forward_level":
            kernel(grid, self.x, self.states, self.x, *place, self.weights, self.biases)
        elif name == "backward_gates":
            kernel(
                grid, self.x, self.states, *place, self.weights, self.biases, self.x, self.to,
                self.to, self.x, self.gradients, 0,
            )  # fmt: skip
        else:
            kernel(grid, *place, self.weights, self.to, self.x, self.gradients, 0)


def compile_one(job: Job) -> None:
    kernel, d, precision, tile, stages = job
    try:
        Data(d, precision, 64).launch(kernel, tile, stages)
        torch.cuda.synchronize()
    except Exception as error:
        print(job, type(error).__name__, str(error)[:100], flush=True)


def milliseconds(data: Data, *launch: Any) -> float:
    repeats = 1 if data.m > 10**5 else 20
    data.launch(*launch)
    times = []
    for _ in range(7):
        start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        start.record()
        for _ in range(repeats):
            data.launch(*launch)
        end.record()
        end.synchronize()
        times.append(start.elapsed_time(end) / repeats)
    return statistics.median(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--widths", default="64,128")
    parser.add_argument("--precisions", default="tf32x3,tf32,bf16")
    parser.add_argument("--kernels", default=",".join(NAMES))
    options = parser.parse_args()
    widths = [int(w) for w in options.widths.split(",")]
    kernels = options.kernels.split(",")
    every = list(jobs(widths, options.precisions.split(","), kernels))
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn")) as pool:
        list(pool.map(compile_one, every, chunksize=1))
    for d in widths:
        for precision in options.precisions.split(","):
            for m in PAIRS:
                data = Data(d, precision, m * 64 // max(d, 64))
                for kernel in kernels:
                    found = []
                    for job in every:
                        if job[:3] != (kernel, d, precision):
                            continue
                        try:
                            found.append((milliseconds(data, kernel, *job[3:]), job[3:]))
                        except Exception:  # too large for the card: said when it was compiled
                            continue
                    best = "; ".join(f"{1e3 * t:.1f} µs {j}" for t, j in sorted(found)[:5])
                    print(f"{kernel} d={d} {precision} m={data.m}: {best}", flush=True)
                del data


if __name__ == "__main__":
    main()
