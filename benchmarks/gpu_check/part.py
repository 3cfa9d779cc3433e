"""One part of the check, in a process of its own: python -m benchmarks.gpu_check.part NAME."""

import argparse
import importlib
import time

import torch

from benchmarks.gpu_check.findings import Notebook

PARTS = {
    "equality": "benchmarks.gpu_check.equality",
    "reductions": "benchmarks.gpu_check.reductions",
    "training": "benchmarks.gpu_check.training",
    "tests": "benchmarks.gpu_check.tests",
    "panel": "benchmarks.gpu_check.panel",
    "accuracy": "benchmarks.gpu_check.accuracy",
    "long": "benchmarks.gpu_check.long",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=PARTS)
    parser.add_argument("--device", required=True)
    parser.add_argument("--notebook", required=True)
    parser.add_argument("--end", type=float, required=True, help="when it should end")
    options = parser.parse_args()
    if options.device == "cpu":
        torch.set_num_threads(1)
    elif not torch.cuda.is_available():
        parser.exit(2, "torch sees no GPU here: is it a build for CUDA, and is there a driver?\n")
    part = importlib.import_module(PARTS[options.name])
    seconds = max(options.end - time.time(), 1)  # less than given: importing takes its time
    part.check(Notebook(options.notebook), options.device, seconds)


if __name__ == "__main__":
    main()
