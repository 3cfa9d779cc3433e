"""The device of a run, and the algorithms that give the same result every time on it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

__all__ = ["describe_device", "deterministic", "device_names", "pick_device"]


def pick_device(name: str) -> torch.device:
    """The device of that name; "auto" is cuda, then mps, then cpu."""
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        return torch.empty(0, device=name).device
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise ValueError(
            f"expected device to be auto, cpu, or one that is here, got {name!r} ({error})"
        ) from error


def device_names() -> list[str]:
    """The names that `pick_device` takes here: "auto", "cpu", and those of what else there is."""
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    gpus = ["cuda"] if count == 1 else [f"cuda:{number}" for number in range(count)]
    return ["auto", "cpu", *gpus, *["mps"] * torch.backends.mps.is_available()]


def describe_device(device: torch.device) -> str:
    """Name a device; of a GPU also the model and the memory in use, by all programs together."""
    if device.type != "cuda":
        return str(device)
    free, total = torch.cuda.mem_get_info(device)
    return (
        f"{device}: {torch.cuda.get_device_name(device)}, {(total - free) / 2**30:.1f} of "
        f"{total / 2**30:.1f} GiB in use"
    )


@contextmanager
def deterministic(device: torch.device) -> Iterator[None]:
    """On CUDA: only algorithms that give the same result every time.

    PyTorch then also fills new memory before it is written, for code that reads what nobody wrote.
    Ours does not: the fills, one for each new tensor, are switched off.
    """
    if device.type != "cuda":
        yield
        return
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    before = torch.are_deterministic_algorithms_enabled()
    warns = torch.is_deterministic_algorithms_warn_only_enabled()
    memory: Any = torch.utils.deterministic  # a module with a property
    fills = memory.fill_uninitialized_memory
    torch.use_deterministic_algorithms(True)
    memory.fill_uninitialized_memory = False
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before, warn_only=warns)
        memory.fill_uninitialized_memory = fills
