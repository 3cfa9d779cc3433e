"""Tensors that all processes of a machine share, in files that are mapped into memory."""

import hashlib
from collections.abc import Callable

import torch
from torch import Tensor

from lcm_core.files.cache import cached

__all__ = ["mapped"]


def mapped(name: str, made_from: bytes, make: Callable[[], dict[str, Tensor]]) -> dict[str, Tensor]:
    """The tensors that `make` makes, mapped from a file of the cache folder.

    The first process on a machine makes them; the others read the same pages of memory. A process
    that writes into them gets pages of its own. Where the cache folder cannot be written to, each
    process makes its own tensors.

    Args:
        name: the beginning of the file's name.
        made_from: all that the tensors depend on, such as their source.
        make: makes them.
    """
    key = hashlib.sha256(made_from).hexdigest()[:16]
    try:
        path = cached(f"{name}-{key}.pt", lambda to: torch.save(make(), to))
    except OSError:
        return make()
    return torch.load(path, mmap=True, weights_only=True)
