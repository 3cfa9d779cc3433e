"""Tasks on data in files: the class of an address, such as `csv:FILE?target=…`."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

from lcm_core.tasks.addresses import Address, read_address
from lcm_core.tasks.base import Task
from lcm_core.tasks.in_memory.check_graphs import usable_graphs
from lcm_core.tasks.in_memory.from_edges import edges_of_table
from lcm_core.tasks.in_memory.from_folder import graph_files, read_graphs
from lcm_core.tasks.in_memory.from_tables import ragged_sets, sets_of_groups
from lcm_core.tasks.in_memory.graphs import graphs_task
from lcm_core.tasks.in_memory.groups import Given
from lcm_core.tasks.in_memory.sets import sets_task
from lcm_core.tasks.molecules.read import contents_of
from lcm_core.tasks.molecules.task import MoleculeTask
from lcm_core.tasks.tables.source import Table, open_parquet, open_table

__all__ = ["MoleculeFile", "file_task", "is_molecules"]


class MoleculeFile(MoleculeTask):
    """A table of molecules in a file, which is read when the task is made.

    Args:
        split_seed: draws the split, where it is drawn.
    """

    address: ClassVar[Address]
    given_splits: ClassVar[Mapping[str, Any] | None] = None

    def __init__(self, split_seed: int = 0) -> None:
        address, said = self.address, self.address.text
        super().__init__(
            address.path,
            name=self.name,
            smiles_column=said("smiles"),
            target_column=address.names("target"),
            split_seed=split_seed,
            split=self.given_splits or said("split", "scaffold"),
            split_column=said("split_column"),
            kind=said("kind"),
            encoding=said("encoding"),
            delimiter=said("delimiter"),
            header=said("header"),
            parquet=address.scheme == "parquet",
        )

    @classmethod
    def options(cls) -> dict[str, Any]:
        """`split_seed`, unless the split depends on the file alone."""
        said = cls.address.text
        by_file = said("split_column") or said("split") == "ogb_scaffold"
        return {} if cls.given_splits or by_file else super().options()


def file_task(
    text: str, name: str = "", splits: Mapping[str, Any] | None = None
) -> type[Task[Any]]:
    """The class of the task at an address.

    Molecules are read when the task is made. Sets and graphs are read here, and again when their
    files have changed.

    Args:
        text: of the address.
        name: of the task; by default the address.
        splits: rows, sets or graphs of each split, by number from 0; by default as the address
            says, or drawn.

    Raises:
        ValueError, FileNotFoundError, ImportError: the address or its file cannot be read.
    """
    address = read_address(text)
    if splits is not None:
        return _make(address, name or text, splits)
    return _kept(address, name or text, _stamps(address))


@lru_cache(maxsize=32)
def _kept(address: Address, name: str, stamps: tuple[Any, ...]) -> type[Task[Any]]:
    return _make(address, name, None)


def _make(address: Address, name: str, splits: Mapping[str, Any] | None) -> type[Task[Any]]:
    if is_molecules(address):
        facts: dict[str, Any] = {
            "__doc__": MoleculeFile.__doc__,
            "__module__": "in a file",  # not of the library: a cell may register it again
            "address": address,
            "name": name,
            "given_splits": splits,
        }
        if splits is not None:
            facts["splits"] = tuple(dict.fromkeys(("validation", *splits)))
        return type("MoleculeFile", (MoleculeFile,), facts)
    cls: type[Any]
    if address.scheme == "graphs":
        found, left_out = read_graphs(graph_files(Path(address.path).expanduser()))
        graphs = usable_graphs(found, left_out, numbered=splits is not None)
        cls = graphs_task(name, graphs, None, splits)
        cls.left_out = left_out
        return cls
    given = _given(address)
    splits = splits or given.splits
    if address.scheme != "edges":
        cls = sets_task(name, given.items, given.targets, splits)
    elif address.text("level", "node") == "node":
        cls = graphs_task(name, given.items, None, splits, of_nodes=given.targets)
    else:
        cls = graphs_task(name, given.items, given.targets, splits)
    cls.left_out, cls.understood, cls.found = given.left_out, given.understood, given.found
    return cls


def is_molecules(address: Address) -> bool:
    """Whether the file is a table of molecules, one a row."""
    sets = address.text("group") or (address.scheme == "parquet" and address.names("elements"))
    return address.scheme in ("csv", "parquet") and not sets


def _given(address: Address) -> Given:
    said, names = address.text, address.names
    table = _open(address, address.path)
    if address.scheme == "edges":
        if not said("nodes"):
            raise ValueError("expected edges:FILE?nodes=FILE, a table of the nodes: it is missing")
        if said("directed", "no") not in ("yes", "no"):
            raise ValueError(f"expected directed=yes or directed=no, got {said('directed')!r}")
        return edges_of_table(
            table,
            _open(address, said("nodes")),
            names("target"),
            names("features"),
            names("ends"),
            said("group"),
            said("level", "node"),
            said("kind"),
            said("directed") == "yes",
        )
    if address.scheme == "parquet" and names("elements"):
        return ragged_sets(table, names("elements"), names("target"), said("kind"))  # type: ignore[arg-type]
    return sets_of_groups(
        table,
        said("group"),
        names("target"),
        names("features"),
        said("kind"),
        said("split_column"),
    )


def _open(address: Address, file: str) -> Table:
    path = Path(file).expanduser()
    contents = contents_of(path)
    if address.scheme == "parquet":
        return open_parquet(path, contents)
    header = address.text("header") if address.scheme == "csv" else ""
    if header not in ("", "yes", "no"):
        raise ValueError(f"expected header=yes or header=no, got {header!r}")
    how = address.text("encoding"), address.text("delimiter")
    return open_table(path, contents, *how, header=header != "no")


def _stamps(address: Address) -> tuple[Any, ...]:
    """When the files of sets and graphs were last changed."""
    if is_molecules(address):
        return ()
    path = Path(address.path).expanduser()
    files = graph_files(path) if address.scheme == "graphs" else [path]
    if address.scheme == "edges" and address.text("nodes"):
        files = [path, Path(address.text("nodes")).expanduser()]
    return tuple((file.stat().st_mtime_ns, file.stat().st_size) for file in files if file.exists())
