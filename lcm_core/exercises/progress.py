"""Solved exercises are remembered in a file beside the notebooks; nothing leaves the machine."""

from __future__ import annotations

import dataclasses
import functools
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import ParamSpec

from lcm_core.exercises.verdict import Verdict
from lcm_core.files.atomic import atomic_write

__all__ = ["PROGRESS", "START_PAGE", "remembered", "solved"]

#: The start page of the notebooks. Exercises are remembered only in a folder that has one.
START_PAGE = "index.ipynb"
#: The file beside it: {"solved": {name of the check: time of the first pass}}.
PROGRESS = "progress.json"

Arguments = ParamSpec("Arguments")


def remembered(check: Callable[Arguments, Verdict]) -> Callable[Arguments, Verdict]:
    """Let a check remember its exercise when it passes.

    The exercise is known by the name of its check, so that notebooks and folders may be renamed.
    Where the file cannot be written, the verdict stays and says so.
    """

    @functools.wraps(check)
    def checked(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Verdict:
        verdict = check(*args, **kwargs)
        folder = Path.cwd()
        if not verdict.passed or not (folder / START_PAGE).exists():
            return verdict
        try:
            _remember(check.__name__, folder)
        except (OSError, ValueError) as problem:
            note = f" (It could not be remembered in {PROGRESS}: {problem}.)"
            return dataclasses.replace(verdict, text=verdict.text + note)
        return verdict

    return checked


def solved(folder: str | Path) -> dict[str, str]:
    """The names of the checks that passed in a folder, with the time (UTC) of the first pass.

    Raises:
        ValueError: `progress.json` is there, but is not a file of ours.
    """
    path = Path(folder) / PROGRESS
    if not path.exists():
        return {}
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        read = None
    found = read.get("solved") if isinstance(read, dict) else None
    if not isinstance(found, dict) or not all(isinstance(time, str) for time in found.values()):
        raise ValueError(
            f'expected {{"solved": {{check: time}}}} in {PROGRESS}, got something else; '
            "rename or delete that file, and a new one is begun"
        )
    return found


def _remember(name: str, folder: Path) -> None:
    known = solved(folder)
    if name in known:
        return
    known[name] = datetime.now(UTC).isoformat(timespec="seconds")
    with atomic_write(folder / PROGRESS) as unfinished:
        unfinished.write_text(json.dumps({"solved": known}, indent=1) + "\n", encoding="utf-8")
