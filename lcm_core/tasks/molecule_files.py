"""Molecule tables from CSV files of SMILES strings, and their processed copies.

Reading BBBP's 2,039 molecules through RDKit takes about three seconds. `process("table.csv")`
writes the result beside the file, as table.npz, which loads in a fraction of a second; it is
used as long as the CSV file has exactly the contents that it was made from.
"""

import csv
import hashlib
import io
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lcm_core.errors import unknown
from lcm_core.tasks.featurise import featurise, parse, scaffold, silent_rdkit
from lcm_core.tasks.molecule_table import MoleculeTable, Unparsable

TENSORS = ("x", "edge_index", "edge_attr", "node_ptr", "edge_ptr", "y")


def load_table(
    path: str | Path, smiles_column: str = "smiles", target_column: str = "target"
) -> MoleculeTable:
    """The molecules of a CSV file with 0/1 targets; read once a process, unless it changes.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: a missing column, a target other than 0 or 1, or no readable molecule at all.
        ImportError: there is no processed copy, and RDKit is not installed.
    """
    path = Path(path).resolve()
    return _load_table(path, path.read_bytes(), smiles_column, target_column)


@lru_cache(maxsize=4)
def _load_table(
    path: Path, contents: bytes, smiles_column: str, target_column: str
) -> MoleculeTable:
    processed = path.with_suffix(".npz")
    if processed.exists():
        with np.load(processed, allow_pickle=False) as arrays:
            if str(arrays["made_from"]) == _made_from(contents, smiles_column, target_column):
                return _unpack(arrays)
    rows = read_rows(contents.decode("utf-8-sig"), path.name, smiles_column, target_column)
    return build_table(rows, path.name)


def read_rows(
    text: str, name: str, smiles_column: str, target_column: str
) -> Iterator[tuple[int, str, float]]:
    """Yield (line in the file, SMILES, target) of each row of a CSV text; `name` is for errors."""
    reader = csv.DictReader(io.StringIO(text, newline=""))
    columns = reader.fieldnames or []
    for column in (smiles_column, target_column):
        if column not in columns:
            raise unknown(f"column of {name}", column, columns)
    for row in reader:
        target = (row[target_column] or "").strip()
        if target not in {"0", "1", "0.0", "1.0"}:
            raise ValueError(
                f"{name}, line {reader.line_num}: column {target_column!r} must be 0 or 1, "
                f"got {target!r}"
            )
        yield reader.line_num, (row[smiles_column] or "").strip(), float(target)


def build_table(rows: Iterator[tuple[int, str, float]], name: str) -> MoleculeTable:
    """Graphs and scaffolds of (line, SMILES, target) rows; those that fail are kept apart."""
    graphs, smiles, scaffolds, targets = [], [], [], []
    unparsable: list[Unparsable] = []
    with silent_rdkit():  # what RDKit would print is counted and reported instead
        for line, text, target in rows:
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


def process(path: str | Path, smiles_column: str = "smiles", target_column: str = "target") -> Path:
    """Write the processed copy of a CSV file beside it; returns the copy's path (`.npz`)."""
    path = Path(path)
    contents = path.read_bytes()
    rows = read_rows(contents.decode("utf-8-sig"), path.name, smiles_column, target_column)
    table = build_table(rows, path.name)
    arrays: dict[str, Any] = dict(
        made_from=np.array(_made_from(contents, smiles_column, target_column)),
        smiles=np.array("\n".join(table.smiles)),
        scaffolds=np.array("\n".join(table.scaffolds)),
        unparsable=np.array([(row.line, row.smiles, row.reason) for row in table.unparsable], str),
        **{name: _smallest(getattr(table, name).numpy()) for name in TENSORS},
    )
    np.savez_compressed(path.with_suffix(".npz"), **arrays)
    return path.with_suffix(".npz")


def _unpack(arrays: np.lib.npyio.NpzFile) -> MoleculeTable:
    tensors = {name: torch.from_numpy(arrays[name].astype(np.int64)) for name in TENSORS}
    return MoleculeTable(
        **{**tensors, "y": tensors["y"].float()},
        smiles=tuple(str(arrays["smiles"]).split("\n")),
        scaffolds=tuple(str(arrays["scaffolds"]).split("\n")),
        unparsable=tuple(
            Unparsable(int(line), smiles, reason) for line, smiles, reason in arrays["unparsable"]
        ),
    )


def _smallest(values: np.ndarray) -> np.ndarray:
    """The same non-negative integers in the smallest type that holds them."""
    return values.astype(np.min_scalar_type(int(values.max(initial=0))))


def _made_from(contents: bytes, smiles_column: str, target_column: str) -> str:
    return f"{hashlib.sha256(contents).hexdigest()} {smiles_column} {target_column}"
