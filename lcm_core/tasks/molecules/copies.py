"""Processed copies of the tables that come with the library, read without RDKit.

`python -m lcm_core.tasks.molecules.copies` writes them anew.
"""

import argparse
import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lcm_core.files.atomic import atomic_write
from lcm_core.files.mapped import mapped
from lcm_core.tasks.molecules.build import build_table
from lcm_core.tasks.molecules.read import Choices, open_molecules, read_rows
from lcm_core.tasks.molecules.table import MoleculeTable

__all__ = ["SHIPPED", "read_copy", "write_copy"]

SHIPPED = Choices(smiles="smiles", target=("target",))
MADE_FROM = "made_from"


def write_copy(path: Path) -> Path:
    """Write the graphs of a CSV file of ours as a NumPy file (`.npz`) beside it; returns its path.

    Only for tables of the library: what is computed of others goes to the cache.
    """
    contents = path.read_bytes()
    rows = read_rows(open_molecules(path, contents, SHIPPED), SHIPPED)
    tensors = build_table(rows.smiles, path.name).tensors()
    arrays: dict[str, Any] = {name: _smallest(t.numpy()) for name, t in tensors.items()}
    arrays[MADE_FROM] = np.array(hashlib.sha256(contents).hexdigest())
    copy = path.with_suffix(".npz")
    with atomic_write(copy) as unfinished:
        np.savez_compressed(unfinished, **arrays)
    return copy


def read_copy(path: Path, contents: bytes) -> MoleculeTable | None:
    """The table of a file of `write_copy`; None if it was made from other contents.

    Args:
        path: of the copy.
        contents: of the CSV file.
    """
    with np.load(path, allow_pickle=False) as arrays:
        if str(arrays[MADE_FROM]) != hashlib.sha256(contents).hexdigest():
            return None
        tensors = mapped(
            f"molecules-{path.stem}",
            path.read_bytes(),
            lambda: {
                name: torch.from_numpy(_wide(name, arrays[name]))
                for name in arrays.files
                if name != MADE_FROM
            },
        )
    return MoleculeTable.from_tensors(tensors)


def _smallest(values: np.ndarray) -> np.ndarray:
    """The same non-negative integers in the smallest type that holds them."""
    return values.astype(np.min_scalar_type(int(values.max(initial=0))))


def _wide(name: str, values: np.ndarray) -> np.ndarray:
    """Of the type that a table has."""
    if name in ("x", "edge_attr", "smiles", "scaffold_names", "reasons"):
        return values
    return values.astype(np.int16 if name == "edge_index" else np.int64)


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    for each in sorted((Path(__file__).parent / "data").glob("*.csv")):
        print(write_copy(each))
