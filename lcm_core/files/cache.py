"""Copies that are made once on this machine and used again."""

import os
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from lcm_core.files.atomic import atomic_write

__all__ = ["cache_folder", "cached"]


def cache_folder() -> Path:
    """The folder of processed copies: `$LCM_CORE_CACHE`, or `lcm-core` in the user's cache folder.

    The user's cache folder is `%LOCALAPPDATA%` on Windows, `~/Library/Caches` on macOS, and
    `$XDG_CACHE_HOME` or `~/.cache` elsewhere. All that is in it can be deleted at any time, and
    is made again when it is needed.

    Source: https://specifications.freedesktop.org/basedir-spec/latest/
    """
    if chosen := os.environ.get("LCM_CORE_CACHE"):
        return Path(chosen).expanduser().absolute()
    return _user_folder() / "lcm-core"


def cached(name: str, make: Callable[[Path], object]) -> Path:
    """The file `name` of the cache folder; `make` writes it if it is not there.

    It is there whole or not at all, whatever happens on the way. Two processes that make it at
    once do the work twice, and both end with a whole file. So different contents need different
    names, which may have a hash of the source in them.

    Args:
        name: a file name, whose ending `make` may rely on.
        make: writes the file to the path that it is given.

    Raises:
        OSError: the folder cannot be written to.
    """
    path = cache_folder() / name
    if path.exists():
        return path
    try:
        with ExitStack() as stack:
            try:
                unfinished = stack.enter_context(atomic_write(path))
            except OSError as error:
                raise OSError(
                    f"cannot write to the cache folder {path.parent} ({error}); set the "
                    "environment variable LCM_CORE_CACHE to a folder that can be written to"
                ) from error
            make(unfinished)
    except PermissionError:  # on Windows: another process made it first, and is reading it
        if not path.exists():
            raise
    return path


def _user_folder() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    chosen = os.environ.get("XDG_CACHE_HOME", "")
    # A relative path there is to be ignored, says the specification.
    return Path(chosen) if os.path.isabs(chosen) else Path.home() / ".cache"
