"""Initialisation that is a function of a seed, whatever other threads draw meanwhile."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

__all__ = ["Seeded"]


class Seeded(TorchDispatchMode):
    """Within it, this thread's in-place draws (`uniform_`, `normal_`, …) come from `seed` alone.

    `torch.random.fork_rng` with `manual_seed` would do for one thread; but the global generator
    belongs to all, and a panel initialises a model while other cells draw.

    >>> with Seeded(0):
    ...     first = torch.nn.Linear(2, 2)
    >>> with Seeded(0):
    ...     again = torch.nn.Linear(2, 2)
    >>> torch.equal(first.weight, again.weight)
    True
    """

    def __init__(self, seed: int):
        super().__init__()
        self.generator = torch.Generator().manual_seed(seed)

    def __torch_dispatch__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        kwargs = dict(kwargs or {})
        if any(argument.name == "generator" for argument in func._schema.arguments):  # type: ignore[attr-defined]
            kwargs["generator"] = self.generator
        return func(*args, **kwargs)
