"""Graphs in a folder of `.pt` files: PyG's `Data`, lists of them, or dicts of tensors."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from lcm_core.pyg import PARTS_OF_DATA, Data
from lcm_core.tasks.tables.left_out import LeftOut, LeftOutRow, shown

__all__ = ["FoundGraph", "graph_files", "read_graphs"]


class FoundGraph(NamedTuple):
    """A graph, and where it was found: the number of its file from 1, and a name for sentences."""

    graph: Data
    file: int
    name: str


def graph_files(path: Path) -> list[Path]:
    """The `.pt` files of a folder, in the order of the numbers in their names; or the one file.

    Raises:
        FileNotFoundError: there is no such file or folder.
        ValueError: there is no `.pt` file in it.
    """
    if not path.exists():
        raise FileNotFoundError(f"there is no file or folder {path} in {Path.cwd()}")
    if path.is_file():
        return [path]
    files = sorted(path.glob("*.pt"), key=lambda file: _natural(file.name))
    if not files:
        raise ValueError(f"expected .pt files with graphs in the folder {path}, found none")
    return files


def read_graphs(files: list[Path]) -> tuple[list[FoundGraph], LeftOut]:
    """The graphs of files that hold tensors and plain data alone: no file can run code.

    A file that cannot be read costs its own graphs; its number (from 1) counts as its line.

    Raises:
        ValueError: no file could be read.
    """
    graphs: list[FoundGraph] = []
    left_out = LeftOut()
    for number, file in enumerate(files, start=1):
        try:
            with torch.serialization.safe_globals(PARTS_OF_DATA):
                held = torch.load(file, map_location="cpu", weights_only=True)
            found = list(_graphs(held))
            graphs += [
                FoundGraph(graph, number, file.name + (f", graph {place}" if found[1:] else ""))
                for place, graph in enumerate(found)
            ]
        except Exception as error:  # a foreign file may raise anything
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
            left_out.rows.append(LeftOutRow(number, file.name, shown(reason)))
    if not graphs:
        raise ValueError(
            f"none of the {len(files)} files could be read as graphs of tensors; the first: "
            f"{left_out.rows[0] if left_out.rows else 'empty'}. Expected files that torch.save "
            "wrote of a torch_geometric Data, a list of them, or dicts with x, edge_index and y"
        )
    return graphs, left_out


def _graphs(held: Any) -> Iterator[Data]:
    if isinstance(held, Data):
        yield held
    elif isinstance(held, Mapping) and isinstance(held.get("edge_index"), Tensor):
        yield Data(**{str(name): value for name, value in held.items()})
    elif isinstance(held, list | tuple):
        for each in held:
            yield from _graphs(each)
    else:
        raise ValueError(f"expected a graph with edge_index, found {type(held).__name__}")


def _natural(name: str) -> list[Any]:
    """Sorts graph_2.pt before graph_10.pt."""
    parts = re.split(r"(\d+)", name)
    return [int(part) if place % 2 else part for place, part in enumerate(parts)]
