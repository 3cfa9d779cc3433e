"""Molecule tables from SMILES strings, and their copies in the cache.

Reading a molecule takes RDKit about half a millisecond, so that tables of at least `LARGE` rows are
kept in the cache (`lcm_core.files.cache`), by the strings and by the versions of what read them.
"""

import hashlib
from array import array
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from itertools import accumulate

import numpy as np
import torch
from torch import Tensor

from lcm_core.files.decoding import BROKEN
from lcm_core.files.mapped import mapped
from lcm_core.pyg import pyg_version
from lcm_core.tasks.molecules.featurise import (
    canonical,
    featurise,
    import_rdkit,
    murcko,
    parse,
    silent_rdkit,
)
from lcm_core.tasks.molecules.table import MoleculeTable
from lcm_core.tasks.molecules.texts import Texts
from lcm_core.terminal import Progress

__all__ = ["LARGE", "build_table", "kept_table"]

LARGE = 5_000  # rows: about three seconds
FORMAT = "molecules, format 3"
SHOWN_EVERY = 100  # molecules


def kept_table(smiles: Sequence[str], name: str) -> MoleculeTable:
    """As `build_table`; large ones are made once and then mapped from the cache.

    The strings themselves are the key: `row` counts them, and another version of our reader may
    find other rows in the same file.

    Args:
        smiles: one for each row.
        name: of the file.
    """
    if len(smiles) < LARGE:
        return build_table(smiles, name)
    versions = f"{FORMAT} {pyg_version} {_rdkit_version()}"
    stem = "".join(sign if sign.isalnum() else "-" for sign in name)[:40]
    tensors = mapped(
        f"molecules-{stem}",
        f"{versions} {_hash(smiles)}".encode(),
        lambda: build_table(smiles, name).tensors(),
    )
    return MoleculeTable.from_tensors(tensors)


def build_table(smiles: Sequence[str], name: str) -> MoleculeTable:
    """Graphs and scaffolds of SMILES strings; those that fail are kept apart with their reasons.

    The progress is shown of at least `LARGE` strings.

    Args:
        smiles: one for each row of a table.
        name: of the file, for the progress.
    """
    import_rdkit()  # before anything says that it began
    pieces = _Pieces()
    unread, reasons = array("q"), []
    rows, identities, scaffolds = array("q"), array("q"), array("q")
    places: dict[str, int] = {}
    title = f"graphs of {name}"
    # What RDKit would print is counted and reported instead.
    with (
        silent_rdkit(),
        Progress(len(smiles), title, "molecules", hidden=len(smiles) < LARGE) as bar,
    ):
        for row, text in enumerate(smiles):
            if row % SHOWN_EVERY == 0:
                bar.to(row)
            try:
                if BROKEN in text:
                    raise ValueError("some of its bytes are no text in the encoding of the file")
                molecule = parse(text)
                features, frame, itself = featurise(molecule), murcko(molecule), canonical(molecule)
            except ValueError as error:
                unread.append(row)
                reasons.append(str(error))
                continue
            pieces.add(features.x, features.ends, features.edge_attr)
            rows.append(row)
            identities.append(_number(itself))
            scaffolds.append(places.setdefault(frame, len(places)))
        bar.to(len(smiles))
    return MoleculeTable(
        **pieces.tensors(),
        row=_tensor(rows),
        identity=_tensor(identities),
        scaffold=_tensor(scaffolds),
        unread=_tensor(unread),
        smiles=Texts.of(smiles[row] for row in rows),
        scaffold_names=Texts.of(places),
        reasons=Texts.of(reasons),
    )


class _Pieces:
    """The features of many molecules, in bytes."""

    def __init__(self) -> None:
        self._x, self._edge_attr, self._ends = bytearray(), bytearray(), array("H")
        self._atoms, self._edges = array("q"), array("q")

    def add(self, x: bytes, ends: list[tuple[int, int]], edge_attr: bytes) -> None:
        self._x += x
        self._edge_attr += edge_attr
        for pair in ends:
            self._ends.extend(pair)
        self._atoms.append(len(x) // 9)
        self._edges.append(len(ends))

    def tensors(self) -> dict[str, Tensor]:
        def as_bytes(given: bytearray, width: int) -> Tensor:
            if not given:
                return torch.zeros(0, width, dtype=torch.uint8)
            return torch.frombuffer(given, dtype=torch.uint8).view(-1, width)

        ends = np.frombuffer(self._ends, np.uint16) if self._ends else np.zeros(0, np.uint16)
        small = ends.max(initial=0) < 2**15
        pairs = ends.astype(np.int16 if small else np.int32).reshape(-1, 2)
        return {
            "x": as_bytes(self._x, 9),
            "edge_index": torch.from_numpy(np.ascontiguousarray(pairs.T)),
            "edge_attr": as_bytes(self._edge_attr, 3),
            "node_ptr": torch.tensor([0, *accumulate(self._atoms)]),
            "edge_ptr": torch.tensor([0, *accumulate(self._edges)]),
        }


def _tensor(values: array) -> Tensor:
    return (
        torch.from_numpy(np.frombuffer(values, np.int64).copy())
        if values
        else torch.zeros(0, dtype=torch.int64)
    )


def _hash(texts: Sequence[str]) -> str:
    """A hash of the texts and of where each ends."""
    found = hashlib.sha256()
    for text in texts:
        signs = text.encode("utf-8", "surrogatepass")
        found.update(len(signs).to_bytes(8, "little") + signs)
    return found.hexdigest()


def _number(text: str) -> int:
    """A number of 63 bits that stands for a text."""
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1


def _rdkit_version() -> str:
    try:
        return version("rdkit")
    except PackageNotFoundError:
        return "none"
