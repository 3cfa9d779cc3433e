"""Tensors where kernels want them: on their device, without a wait; at round addresses."""

import numpy as np
import torch
from torch import Tensor

__all__ = ["aligned", "to_device"]


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


def aligned(tensor: Tensor) -> Tensor:
    """The tensor, or a copy of it: without gaps, at a multiple of 16 bytes.

    Args:
        tensor: on any device.
    """
    tensor = tensor.contiguous()
    return tensor if tensor.data_ptr() % 16 == 0 else tensor.clone()
