"""Molecule tables from CSV files of SMILES strings, and their processed copies.

Reading molecules through RDKit takes about a millisecond and a half each: three seconds for
BBBP's 2,039, a minute for the 41,127 of HIV. So `process("table.csv")` writes the result beside
the file, as table.npz, which loads in a fraction of a second; and a file with no such copy and at
least `LARGE` rows gets one in the cache (`lcm_core.files.cache`) when it is first read. A copy
is used as long as the CSV file has exactly the contents that it was made from.
"""

import csv
import gzip
import hashlib
import io
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import torch
from tqdm import tqdm

from lcm_core.errors import unknown
from lcm_core.files.atomic import atomic_write
from lcm_core.files.cache import cached
from lcm_core.pyg import pyg_version
from lcm_core.tasks.molecules.copies import read_copy, write_copy
from lcm_core.tasks.molecules.featurise import (
    featurise,
    import_rdkit,
    parse,
    scaffold,
    silent_rdkit,
)
from lcm_core.tasks.molecules.table import MoleculeTable, Unparsable

__all__ = ["ZERO_OR_ONE", "Columns", "build_table", "load_table", "process"]

LARGE = 5_000  # rows: about seven seconds
ZERO_OR_ONE = {"0": 0, "1": 1, "0.0": 0, "1.0": 1}


class Columns(NamedTuple):
    """Which columns of a file hold the SMILES strings and the targets, and what targets mean."""

    smiles: str = "smiles"
    target: str = "target"
    classes: tuple[tuple[str, int], ...] = tuple(ZERO_OR_ONE.items())


def load_table(
    path: str | Path,
    smiles_column: str = "smiles",
    target_column: str = "target",
    classes: Mapping[str, int] = ZERO_OR_ONE,
) -> MoleculeTable:
    """The molecules of a CSV file with two classes; read once a process, unless it changes.

    Args:
        path: a CSV file, or one compressed by gzip (`.gz`).
        smiles_column, target_column: the names of the columns.
        classes: what each text in the target column means, 0 or 1.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: a missing column, a target that is not in `classes`, or no readable molecule.
        ImportError: there is no processed copy, and RDKit is not installed.
        OSError: the cache folder cannot be written to.
    """
    path = Path(path).resolve()
    columns = Columns(smiles_column, target_column, tuple(classes.items()))
    return _load_table(path, path.read_bytes(), columns)


@lru_cache(maxsize=4)
def _load_table(path: Path, contents: bytes, columns: Columns) -> MoleculeTable:
    made_from = _made_from(contents, columns)
    if (beside := path.with_suffix(".npz")).exists():
        table, its_source = read_copy(beside)
        if its_source == made_from:
            return table
    rows = list(read_rows(_text(path, contents), path.name, columns))
    if len(rows) < LARGE:
        return build_table(rows, path.name)
    key = hashlib.sha256(f"{made_from} {pyg_version}".encode()).hexdigest()[:16]
    stem = path.name.removesuffix(".gz").removesuffix(".csv")
    copy = cached(
        f"{stem}-{key}.npz", lambda to: write_copy(build_table(rows, path.name), made_from, to)
    )
    return read_copy(copy)[0]


def read_rows(
    text: str, name: str, columns: Columns | None = None
) -> Iterator[tuple[int, str, float]]:
    """Yield (line in the file, SMILES, target) of each row of a CSV text; `name` is for errors."""
    columns = columns or Columns()
    classes = dict(columns.classes)
    reader = csv.DictReader(io.StringIO(text, newline=""))
    present = reader.fieldnames or []
    for column in (columns.smiles, columns.target):
        if column not in present:
            raise unknown(f"column of {name}", column, present)
    for row in reader:
        target = (row[columns.target] or "").strip()
        if target not in classes:
            allowed = "0 or 1" if classes == ZERO_OR_ONE else " or ".join(classes)
            raise ValueError(
                f"{name}, line {reader.line_num}: column {columns.target!r} must be {allowed}, "
                f"got {target!r}"
            )
        yield reader.line_num, (row[columns.smiles] or "").strip(), float(classes[target])


def build_table(rows: list[tuple[int, str, float]], name: str) -> MoleculeTable:
    """Graphs and scaffolds of (line, SMILES, target) rows; those that fail are kept apart.

    A bar shows the progress of at least `LARGE` rows.
    """
    import_rdkit()  # before a bar says that anything began
    graphs, smiles, scaffolds, targets = [], [], [], []
    unparsable: list[Unparsable] = []
    few = len(rows) < LARGE
    bar = tqdm(rows, f"graphs of {name}", unit=" molecules", mininterval=0.5, disable=few)
    with silent_rdkit():  # what RDKit would print is counted and reported instead
        for line, text, target in bar:
            try:
                molecule = parse(text)
                graphs.append(featurise(molecule))
            except ValueError as error:
                unparsable.append(Unparsable(line, text, str(error)))
                continue
            smiles.append(text)
            scaffolds.append(scaffold(molecule))
            targets.append(target)
    if not graphs:
        raise ValueError(
            f"none of the {len(unparsable)} rows of {name} could be read as a molecule; "
            "does smiles_column name the column of the SMILES strings?"
        )
    return MoleculeTable(
        x=torch.cat([graph.x for graph in graphs]),
        edge_index=torch.cat([graph.edge_index for graph in graphs], dim=1),
        edge_attr=torch.cat([graph.edge_attr for graph in graphs]),
        node_ptr=torch.tensor([0, *(len(graph.x) for graph in graphs)]).cumsum(0),
        edge_ptr=torch.tensor([0, *(len(graph.edge_attr) for graph in graphs)]).cumsum(0),
        y=torch.tensor(targets),
        smiles=tuple(smiles),
        scaffolds=tuple(scaffolds),
        unparsable=tuple(unparsable),
    )


def process(
    path: str | Path,
    smiles_column: str = "smiles",
    target_column: str = "target",
    classes: Mapping[str, int] = ZERO_OR_ONE,
) -> Path:
    """Write the processed copy of a CSV file beside it; returns the copy's path (`.npz`)."""
    path = Path(path)
    contents = path.read_bytes()
    columns = Columns(smiles_column, target_column, tuple(classes.items()))
    table = build_table(list(read_rows(_text(path, contents), path.name, columns)), path.name)
    with atomic_write(path.with_suffix(".npz")) as unfinished:
        write_copy(table, _made_from(contents, columns), unfinished)
    return path.with_suffix(".npz")


def _text(path: Path, contents: bytes) -> str:
    plain = gzip.decompress(contents) if path.suffix == ".gz" else contents
    return plain.decode("utf-8-sig")


def _made_from(contents: bytes, columns: Columns) -> str:
    meaning = [] if columns.classes == Columns().classes else [repr(columns.classes)]
    return " ".join(
        [hashlib.sha256(contents).hexdigest(), columns.smiles, columns.target, *meaning]
    )
