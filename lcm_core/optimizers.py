"""Adam and AdamW as torch has them, without the import that their first use brings.

torch keeps its compiler out of five of their methods, and imports `torch._dynamo` to do so: 1.6 s
and 150 MB in each kernel. Here the compiler is kept out once something has imported it.
"""

import inspect
from typing import TypeVar

import torch

from lcm_core.imports import uncompiled

__all__ = ["Adam", "AdamW"]

Kind = TypeVar("Kind", bound=type[torch.optim.Optimizer])


def _quick(kind: Kind) -> Kind:
    for name in ("add_param_group", "load_state_dict", "state_dict", "zero_grad"):
        setattr(kind, name, uncompiled(inspect.unwrap(getattr(kind, name))))
    setattr(kind, "step", uncompiled(torch.no_grad()(inspect.unwrap(kind.step))))  # noqa: B010
    return kind


@_quick
class Adam(torch.optim.Adam):
    """`torch.optim.Adam`."""


@_quick
class AdamW(torch.optim.AdamW):
    """`torch.optim.AdamW`."""
