"""A run, or a race, in a file that the panel and the command write and read alike.

It is an ordinary checkpoint of the first recipe, as `Trainer.save` writes it, with its records and
the other recipes of the race in it too: the menus of operators can read it as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lcm_core.files.checkpoints import read_checkpoint, write_checkpoint
from lcm_core.training.recipe import Recipe
from lcm_core.training.run_state import Lane
from lcm_core.training.trainer import STATE_KEYS, Record

__all__ = ["read_lanes", "save_lanes"]


def save_lanes(path: Path, lanes: Sequence[Lane]) -> None:
    """Writes what is needed to go on with all lanes, and their records.

    Raises:
        ValueError: a lane has no trainer yet.
    """
    first, *others = [_state(lane) for lane in lanes]
    write_checkpoint(path, {**first, "others": others})


def read_lanes(path: Path) -> list[Lane]:
    """The lanes of a file, ready to go on where they were.

    Raises:
        FileNotFoundError, ValueError: there is no such file, or it is not a checkpoint of runs.
    """
    if not path.exists():
        raise FileNotFoundError(f"there is no file {path} in {Path.cwd()}")
    first = read_checkpoint(path, STATE_KEYS)
    try:
        return [_lane(state, path) for state in (first, *first.get("others", []))]
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"{path} does not fit this version of lcm_core: {error}") from error


def _state(lane: Lane) -> dict[str, Any]:
    if lane.trainer is None:
        raise ValueError("there is nothing to save yet: press Start first")
    records = [asdict(record) for record in lane.records]
    return {**lane.trainer.state_dict(), "records": records, "seconds": lane.seconds}


def _lane(state: dict[str, Any], path: Path) -> Lane:
    return Lane(
        Recipe.parse(state["recipe"]),
        saved=state,
        file=str(path),
        records=[Record(**record) for record in state.get("records", [])],
        seconds=float(state.get("seconds", 0.0)),
    )
