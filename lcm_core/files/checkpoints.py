"""Files with the state of a run: written whole or not at all, and read without running code."""

from pathlib import Path
from typing import IO, Any

import torch

from lcm_core.files.atomic import atomic_write

__all__ = ["read_checkpoint", "save_tensors", "write_checkpoint"]

FORMAT = "lcm_core checkpoint, format 1"


def write_checkpoint(path: str | Path, state: dict[str, Any]) -> None:
    """Write a state, so that a crash leaves the old file; equal states give equal files."""
    with atomic_write(path) as unfinished, unfinished.open("wb") as file:
        save_tensors({"format": FORMAT, **state}, file)  # given a path, its name would be in it


def save_tensors(state: Any, to: str | Path | IO[bytes]) -> None:
    """`torch.save`, where Ctrl-C and a full disk stay what they are.

    There both end in a `RuntimeError` about the file.
    """
    try:
        torch.save(state, to)
    except RuntimeError as error:
        if isinstance(error.__context__, KeyboardInterrupt | OSError):
            raise error.__context__ from None
        raise


def read_checkpoint(path: str | Path, keys: tuple[str, ...]) -> dict[str, Any]:
    """Read what `write_checkpoint` wrote; tensors come to the CPU.

    Only tensors and plain data are read (`weights_only=True`): no file can run code.

    Args:
        keys: what the state must hold.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is cut off, damaged, not one of ours, or holds more than plain data.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise
    except Exception as error:  # reading a foreign file may raise anything
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ValueError(
            f"{path} cannot be read as a checkpoint: it is cut off, damaged, or holds more than "
            f"tensors and plain data ({reason})"
        ) from error
    if not isinstance(state, dict) or state.get("format") != FORMAT:
        raise ValueError(f"{path} is not a checkpoint of lcm_core (expected {FORMAT!r} in it)")
    if missing := [key for key in keys if key not in state]:
        raise ValueError(f"{path} is a checkpoint without {', '.join(missing)}: write it again")
    return state
