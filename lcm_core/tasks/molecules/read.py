"""Molecules with their targets from a table in a file: what was understood, what was left out."""

from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from lcm_core.tasks.in_memory.splits import split_name
from lcm_core.tasks.in_memory.targets import Targets
from lcm_core.tasks.molecules.build import kept_table
from lcm_core.tasks.molecules.featurise import parse, silent_rdkit
from lcm_core.tasks.molecules.table import MoleculeTable
from lcm_core.tasks.tables.columns import (
    SAMPLE,
    SMILES,
    find_by_name,
    find_smiles,
    find_targets,
)
from lcm_core.tasks.tables.left_out import LeftOut, LeftOutRow, shown
from lcm_core.tasks.tables.source import Table, TextTable, open_parquet, open_table
from lcm_core.tasks.tables.values import TargetColumns, TargetValues, as_targets

__all__ = [
    "Choices",
    "Molecules",
    "Rows",
    "contents_of",
    "gather_molecules",
    "load_molecules",
    "open_molecules",
    "read_rows",
]


class Choices(NamedTuple):
    """What is said about a table of molecules; "" and () are found by what it holds.

    `classes` says what texts of the only target mean, as pairs (text, 0 or 1); `split_column` has
    the split of each row.
    """

    smiles: str = ""
    target: tuple[str, ...] = ()
    kind: str = ""
    classes: tuple[tuple[str, int], ...] = ()
    split_column: str = ""
    encoding: str = ""
    delimiter: str = ""
    header: str = ""
    parquet: bool = False


@dataclass
class Rows:
    """The rows of a table that are whole: their strings, targets, lines.

    Attributes:
        table: where they come from.
        smiles: the strings, as they stand there.
        targets: reads the columns of targets; it has a row for each string.
        lines: of the file, one for each.
        numbers: of the table's rows from 0, broken ones counted, one for each.
        splits: "train", "validation" or "test", one for each; empty without such a column.
        dropped: whether a row is left out, one for each: its target or split is wrong.
        left_out: these, and the broken ones.
        count: rows of the table, broken ones counted.
    """

    table: Table
    smiles_column: str
    target_columns: list[str]
    targets: TargetColumns
    smiles: list[str] = field(default_factory=list)
    lines: array = field(default_factory=lambda: array("q"))
    numbers: array = field(default_factory=lambda: array("q"))
    splits: list[str] = field(default_factory=list)
    dropped: bytearray = field(default_factory=bytearray)
    left_out: list[LeftOutRow] = field(default_factory=list)
    count: int = 0


@dataclass(frozen=True)
class Molecules:
    """The molecules of a table that have a graph and at least one target.

    Shapes: `places` (M,), their places in `table`; `lines`, `numbers` (M,), where they stand in the
    file; `targets.y` (M, width).

    `found` has options of an address that say what was found: `smiles`, `target` and `kind`.
    """

    table: MoleculeTable
    places: Tensor
    lines: np.ndarray
    numbers: np.ndarray
    targets: Targets
    splits: tuple[str, ...]
    left_out: LeftOut
    understood: Mapping[str, str]
    found: Mapping[str, str | tuple[str, ...]]
    rows: int

    def __len__(self) -> int:
        return len(self.places)

    @property
    def identities(self) -> np.ndarray:
        """Equal numbers for equal molecules, (M,)."""
        return self.table.identity[self.places].numpy()

    def scaffolds(self) -> list[str]:
        """The scaffold of each whole molecule, as a SMILES string; "" for one without rings."""
        names = list(self.table.scaffold_names)
        return [names[place] for place in self.table.scaffold[self.places].tolist()]


def load_molecules(path: Path, choices: Choices) -> Molecules:
    """The molecules of a table in a file; read once a process, unless the file changes.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: what is needed cannot be found, or no row is left; the message says what.
        ImportError: RDKit, or for Parquet pandas, is not installed.
    """
    return _load(path.name, contents_of(path), choices)


def contents_of(path: Path) -> bytes:
    """The bytes of a file; a FileNotFoundError says where it was looked for."""
    if not path.exists():
        raise FileNotFoundError(f"there is no file {path} in {Path.cwd()}")
    if path.is_dir():
        raise ValueError(f"expected a file, got the folder {path}")
    return path.read_bytes()


@lru_cache(maxsize=4)
def _load(name: str, contents: bytes, choices: Choices) -> Molecules:
    rows = read_rows(open_molecules(Path(name), contents, choices), choices)
    return gather_molecules(rows, kept_table(rows.smiles, name))


def open_molecules(path: Path, contents: bytes, choices: Choices) -> Table:
    """The table in a file; whether it has a header is found by its first row.

    Raises:
        ValueError: the file is empty, no table, or holds no text.
    """
    if choices.parquet:
        return open_parquet(path, contents)
    how = (path, contents, choices.encoding, choices.delimiter)
    if choices.header not in ("", "yes", "no"):
        raise ValueError(f"expected header=yes or header=no, got {choices.header!r}")
    table = open_table(*how, header=choices.header != "no")
    if choices.header or choices.smiles or choices.target or not _is_data(table):
        return table
    return open_table(*how, header=False)


def _is_data(table: TextTable) -> bool:
    """Whether the first row holds a molecule, and no name of a column that is known."""
    if find_by_name(table, SMILES) or not any(each.strip() for each in table.header):
        return False
    return any(_is_molecule(name) and not name.isalpha() for name in table.header)


def _is_molecule(text: str) -> bool:
    try:
        with silent_rdkit():
            parse(text)
    except ValueError:
        return False
    return True


def read_rows(table: Table, choices: Choices) -> Rows:
    """The rows of a table, with their targets; a broken one is left out and reported.

    Raises:
        ValueError: a column cannot be found, or no row is whole.
    """
    sample = table.sample(SAMPLE)
    smiles = find_smiles(table, choices.smiles, _is_molecule, sample)
    others = [smiles, *filter(None, [choices.split_column])]
    targets = find_targets(table, choices.target, others, sample)
    places = [table.column(name) for name in targets]
    meaning = dict(choices.classes) or None
    columns = TargetColumns(targets, places, sample, choices.kind, table.decimal, meaning)
    rows = Rows(table, smiles, targets, columns)
    at = table.column(smiles)
    split_at = table.column(choices.split_column) if choices.split_column else None
    for row in table.rows():
        number, rows.count = rows.count, rows.count + 1
        if row.problem:
            text = shown(" ".join(row.fields))
            rows.left_out.append(LeftOutRow(row.line, text, row.problem))
            continue
        split, problem = "", columns.add(row.fields)
        if split_at is not None:
            split = split_name(row.fields[split_at]) or ""
            if not split and not problem:
                problem = (
                    f"column {choices.split_column!r}: expected train, validation or test, found "
                    f"{shown(row.fields[split_at])!r}"
                )
            rows.splits.append(split)
        if problem:
            rows.left_out.append(LeftOutRow(row.line, shown(row.fields[at]), problem))
        rows.dropped.append(bool(problem))
        rows.smiles.append(row.fields[at].strip())
        rows.lines.append(row.line)
        rows.numbers.append(number)
    if not rows.smiles:
        reason = f"; the first: {rows.left_out[0]}" if rows.left_out else ""
        raise ValueError(f"expected rows of molecules in {table.name}, found none{reason}")
    return rows


def gather_molecules(rows: Rows, table: MoleculeTable) -> Molecules:
    """The molecules that are left: with a graph, a target, and nothing wrong.

    Raises:
        ValueError: none is left.
    """
    lines, numbers = np.array(rows.lines), np.array(rows.numbers)
    left = rows.left_out + [
        LeftOutRow(rows.lines[row], shown(rows.smiles[row]), reason)
        for row, reason in zip(table.unread.tolist(), table.reasons, strict=True)
        if not rows.dropped[row]
    ]
    left_out = LeftOut(sorted(left, key=lambda each: each.line))
    if not len(table):
        raise ValueError(
            f"none of the {len(rows.smiles):,} rows of {rows.table.name} could be read as a "
            f"molecule; does smiles_column name the column of the SMILES strings? The first: "
            f"{left_out.rows[0]}"
        )
    values = rows.targets.finish()
    row_of = table.row.numpy()
    usable = ~np.frombuffer(rows.dropped, bool)[row_of]
    labelled = ~np.isnan(values.y[row_of]).all(1)
    places = np.flatnonzero(usable & labelled)
    left_out.unlabelled = int((usable & ~labelled).sum())
    chosen = row_of[places]
    y = values.y[chosen]
    if not len(places):
        first = f" The first: {left_out.rows[0]}" if left_out.rows else ""
        raise ValueError(f"no row of {rows.table.name} has both a molecule and a target.{first}")
    blanks = np.isnan(y).sum(0).tolist()
    left_out.blanks = {
        name: count + left_out.unlabelled
        for name, count in zip(rows.target_columns, blanks, strict=True)
    }
    left_out.copies, left_out.conflicts = _copies(
        table.identity.numpy()[places], y, lines[chosen].tolist()
    )
    return Molecules(
        table=table,
        places=torch.from_numpy(places),
        lines=lines[chosen],
        numbers=numbers[chosen],
        targets=as_targets(values.with_y(y), rows.target_columns),
        splits=tuple(rows.splits[row] for row in chosen) if rows.splits else (),
        left_out=left_out,
        understood=_understood(rows, values),
        found={
            "smiles": rows.smiles_column,
            "target": tuple(rows.target_columns),
            "kind": values.kind,
        },
        rows=rows.count,
    )


def _copies(identities: np.ndarray, y: np.ndarray, lines: list[int]) -> tuple[int, list[int]]:
    """How many molecules were there before, and the lines of those with another target then.

    A copy is compared with the first value that the molecule has, for each target.
    """
    groups, group = np.unique(identities, return_inverse=True)
    group = group.reshape(-1)
    differs = np.zeros(len(y), bool)
    for column in y.T:
        known = np.flatnonzero(~np.isnan(column))
        named, first = np.unique(group[known], return_index=True)
        before = np.full(len(groups), np.nan)
        before[named] = column[known[first]]
        differs[known] |= column[known] != before[group[known]]
    return len(y) - len(groups), [lines[place] for place in np.flatnonzero(differs)]


def _understood(rows: Rows, values: TargetValues) -> dict[str, str]:
    names = rows.target_columns
    shown_names = ", ".join(names[:12]) + (", …" if len(names) > 12 else "")
    return {
        **rows.table.understood,
        "molecules": rows.smiles_column,
        "targets": f"{shown_names} ({values.words})",
    }
