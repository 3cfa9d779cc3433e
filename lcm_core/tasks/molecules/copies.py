"""Processed copies of molecule tables: compact NumPy files (`.npz`), read without RDKit."""

from pathlib import Path
from typing import Any

import numpy as np
import torch

from lcm_core.files.mapped import mapped
from lcm_core.tasks.molecules.table import MoleculeTable, Unparsable

__all__ = ["TENSORS", "read_copy", "write_copy"]

TENSORS = ("x", "edge_index", "edge_attr", "node_ptr", "edge_ptr", "y")


def write_copy(table: MoleculeTable, made_from: str, path: Path) -> None:
    """Write a table and a text that says what it was made from; `path` ends in `.npz`."""
    arrays: dict[str, Any] = dict(
        made_from=np.array(made_from),
        smiles=np.array("\n".join(table.smiles)),
        scaffolds=np.array("\n".join(table.scaffolds)),
        unparsable=np.array([(row.line, row.smiles, row.reason) for row in table.unparsable], str),
        **{name: _smallest(getattr(table, name).numpy()) for name in TENSORS},
    )
    np.savez_compressed(path, **arrays)


def read_copy(path: Path) -> tuple[MoleculeTable, str]:
    """The table of a file of `write_copy`, and what it was made from."""
    with np.load(path, allow_pickle=False) as arrays:
        tensors = mapped(
            path.stem,
            path.read_bytes(),
            lambda: {name: torch.from_numpy(arrays[name].astype(np.int64)) for name in TENSORS},
        )
        table = MoleculeTable(
            **{**tensors, "y": tensors["y"].float()},
            smiles=tuple(str(arrays["smiles"]).split("\n")),
            scaffolds=tuple(str(arrays["scaffolds"]).split("\n")),
            unparsable=tuple(
                Unparsable(int(line), smiles, reason)
                for line, smiles, reason in arrays["unparsable"].tolist()
            ),
        )
        return table, str(arrays["made_from"])


def _smallest(values: np.ndarray) -> np.ndarray:
    """The same non-negative integers in the smallest type that holds them."""
    return values.astype(np.min_scalar_type(int(values.max(initial=0))))
