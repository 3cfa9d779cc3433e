"""Tensors that all processes of a machine share, in files that are mapped into memory."""

import hashlib
import warnings
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from lcm_core.files.cache import cache_folder, cached
from lcm_core.files.checkpoints import save_tensors

__all__ = ["mapped"]

_said: set[str] = set()  # what has been said once


def mapped(name: str, made_from: bytes, make: Callable[[], dict[str, Tensor]]) -> dict[str, Tensor]:
    """The tensors that `make` makes, mapped from a file of the cache folder.

    The first process on a machine makes them; the others read the same pages of memory. A process
    that writes into them gets pages of its own. Where the cache folder cannot be written to, each
    process makes its own tensors, and a warning says so once. A damaged file is made again.

    Args:
        name: the beginning of the file's name.
        made_from: all that the tensors depend on, such as their source.
        make: makes them.
    """
    key = hashlib.sha256(made_from).hexdigest()[:16]
    made: dict[str, Tensor] = {}

    def write(to: Path) -> None:
        made.update(make())
        save_tensors(made, to)

    path = cache_folder() / f"{name}-{key}.pt"
    try:
        if path.exists():
            try:
                return _read(path)
            except Exception:  # cut off, or not one of ours: reading it may raise anything
                path.unlink()
        return _read(cached(path.name, write))
    except OSError as error:
        _say_once(f"{error}. Until then, what is computed is kept in memory alone")
        return made or make()


def _read(path: Path) -> dict[str, Tensor]:
    return torch.load(path, mmap=True, weights_only=True)


def _say_once(text: str) -> None:
    if text not in _said:
        _said.add(text)
        warnings.warn(text, stacklevel=3)
