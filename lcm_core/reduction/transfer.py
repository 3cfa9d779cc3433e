"""Copies from the host to a device that the host does not wait for."""

import numpy as np
import torch
from torch import Tensor

__all__ = ["to_device"]


def to_device(host: Tensor | np.ndarray, device: torch.device) -> Tensor:
    """A tensor or array of the host on a device.

    On CUDA it is copied from page-locked memory: from any other the host may have to wait for work
    that goes before the copy.

    Args:
        host: on the CPU. What is on a device already is moved from there.
        device: where to.
    """
    tensor = torch.from_numpy(host) if isinstance(host, np.ndarray) else host
    if device.type != "cuda":
        return tensor.to(device)
    if tensor.device.type == "cpu" and not torch.compiler.is_compiling():
        tensor = tensor.pin_memory()
    return tensor.to(device, non_blocking=True)
