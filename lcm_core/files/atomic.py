"""A file that is written whole or not at all."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["atomic_write"]


@contextmanager
def atomic_write(path: str | Path) -> Iterator[Path]:
    """A temporary path with the same ending; what is written there becomes `path` at the end.

    The temporary file lies beside `path`, and replaces it in one step, when its contents have
    reached the disk. An error in the block, or a crash, leaves `path` as it was. Missing folders
    are made.

    Raises:
        OSError: the folder cannot be made, or not be written to; before the block begins.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(4)}{path.suffix}")
    unfinished.touch()
    unfinished.unlink()  # whoever writes may take a file that is there for finished
    try:
        yield unfinished
        with unfinished.open("rb+") as file:
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)
