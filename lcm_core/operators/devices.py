"""Where a module computes, and tensors there."""

import copy
from itertools import chain
from typing import TypeVar

import torch
from torch import Tensor, nn

__all__ = ["beside", "device_of", "on_cpu"]

Module = TypeVar("Module", bound=nn.Module)


def device_of(module: nn.Module) -> torch.device | None:
    """The device of the module's parameters and buffers; None if it has none."""
    held = next(chain(module.parameters(), module.buffers()), None)
    return None if held is None else held.device


def beside(module: nn.Module, x: Tensor) -> Tensor:
    """x on the module's device; as it is, if the module is on any.

    Measures of laws take elements and states from wherever they are: drawn on the CPU, say, for an
    operator that was trained on a GPU.

    >>> beside(nn.Linear(2, 2), torch.ones(1, 2)).device
    device(type='cpu')
    """
    device = device_of(module)
    return x if device is None else x.to(device)


def on_cpu(module: Module) -> Module:
    """The module if it is on the CPU, else a copy of it there."""
    if device_of(module) in (None, torch.device("cpu")):
        return module
    return copy.deepcopy(module).cpu()
