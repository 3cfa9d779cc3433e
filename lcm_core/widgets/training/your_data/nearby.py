"""Files near the notebook, and a place among them for one that was uploaded."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path
from typing import IO

from lcm_core.files.atomic import atomic_write

__all__ = ["ENDINGS", "free_place", "nearby_files", "place_of", "same_contents", "store"]

ENDINGS = (".csv", ".tsv", ".tab", ".txt", ".smi", ".parquet", ".pq", ".pt")
DEPTH = 2  # folders below the notebook's
MOST, LOOKED_AT = 100, 5_000  # files that are listed, and entries that are looked at


def nearby_files(folder: Path) -> list[str]:
    """Tables in a folder and the folders in it, and folders with graphs; paths from the folder."""
    found = islice(_entries(folder, DEPTH), LOOKED_AT)
    graphs = (path for path in found if _is_table(path))
    places = (path.parent if path.suffix == ".pt" else path for path in graphs)
    return list(islice(dict.fromkeys(path.relative_to(folder).as_posix() for path in places), MOST))


def _entries(folder: Path, depth: int) -> Iterator[Path]:
    try:
        entries = sorted(folder.iterdir(), key=lambda path: (path.is_dir(), path.name.lower()))
    except OSError:  # no right to look into it
        return
    for path in entries:
        if path.name.startswith((".", "_")):
            continue
        if not path.is_dir():
            yield path
        elif depth:
            yield from _entries(path, depth - 1)


def _is_table(path: Path) -> bool:
    name = path.name.lower().removesuffix(".gz")
    return name.endswith(ENDINGS)


def place_of(name: str, folder: Path) -> Path:
    """Where a file with this name goes; a browser may send any name.

    Raises:
        ValueError: a name that is no name of a file.
    """
    plain = name.replace("\\", "/").rpartition("/")[2].strip().lstrip(".")
    if not plain or not plain.isprintable():
        raise ValueError(f"expected a file with a name, such as mine.csv, got {name!r}")
    return folder / plain


def free_place(path: Path) -> Path:
    """The first of `mine-2.csv`, `mine-3.csv` … where no file is."""
    stem, dot, ending = path.name.partition(".")
    names = (path.with_name(f"{stem}-{number}{dot}{ending}") for number in count(2))
    return next(place for place in names if not place.exists())


def same_contents(path: Path, file: IO[bytes]) -> bool:
    """Whether a file holds exactly these bytes; `file` is read from its beginning."""
    file.seek(0)
    with path.open("rb") as there:
        while True:
            one, other = there.read(1 << 20), file.read(1 << 20)
            if one != other:
                return False
            if not one:
                return True


def store(file: IO[bytes], path: Path) -> None:
    """Write a file whole or not at all.

    Raises:
        OSError: the folder cannot be written to.
    """
    file.seek(0)
    with atomic_write(path) as unfinished, unfinished.open("wb") as written:
        shutil.copyfileobj(file, written)
