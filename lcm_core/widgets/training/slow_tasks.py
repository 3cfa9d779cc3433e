"""Tasks whose data take long to load, so that they are loaded at Start only."""

from __future__ import annotations

from pathlib import Path

from lcm_core.tasks.addresses import is_address, read_address

__all__ = ["is_slow"]

SLOW = ("hiv",)  # its graphs take a minute
LARGE = 500_000  # bytes of a table: its graphs take some ten seconds


def is_slow(task: str) -> bool:
    """Whether to wait for Start before the data of a task are loaded."""
    if not is_address(task):
        return task in SLOW
    path = Path(read_address(task).path).expanduser()
    return path.is_file() and path.stat().st_size > LARGE
