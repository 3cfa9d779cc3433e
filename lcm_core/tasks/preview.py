"""What would be understood of somebody's file: ten rows, columns, and what would be left out."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from lcm_core.tasks.addresses import Address, read_address
from lcm_core.tasks.molecules.build import build_table
from lcm_core.tasks.molecules.read import (
    Choices,
    Rows,
    contents_of,
    gather_molecules,
    open_molecules,
    read_rows,
)
from lcm_core.tasks.registry import TASKS, address_of
from lcm_core.tasks.tables.left_out import LeftOut

__all__ = ["DataPreview", "preview_data"]

SHOWN = 10  # rows
LISTED = 50  # rows that were left out
TRIED = 1000  # molecules that are read


@dataclass(frozen=True)
class DataPreview:
    """What was understood of a file, as plain data.

    Attributes:
        task: for a recipe: `Recipe(task=preview.task)`, or `task=…` in its text.
        header: the names of the columns; empty for a folder of graphs.
        rows: the first ten rows, as texts.
        understood: how the file was read, in words: encoding, delimiter, columns.
        counts: "rows", "left out", "without a target", "copies", "conflicts"; and "tried", the
            number of molecules that were read: of a long table only the first 1,000 are.
        left_out: sentences about what would be left out, and why.
        left_out_rows: the first 50 rows of these: `line`, `text` and `reason`.
        error: why the file cannot be used like this; "" if it can.
    """

    task: str
    header: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    understood: dict[str, str] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    left_out_rows: list[dict[str, Any]] = field(default_factory=list)
    error: str = ""

    @property
    def ok(self) -> bool:
        """Whether the file can be trained on."""
        return not self.error


def preview_data(file: str | Path, **said: str | Sequence[str]) -> DataPreview:
    r"""Look at a file before it is trained on.

    Nothing is raised for a file that cannot be used: `error` says why, and `header` and `rows` show
    what could be read, so that columns can be chosen.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "mine.csv"
    >>> _ = path.write_text("SMILES;potency\nCCO;1,5\nCCN;2,5\nC1CC;3\n")
    >>> found = preview_data(path)
    >>> found.understood["molecules"], found.understood["targets"]
    ('SMILES', 'potency (numbers)')
    >>> found.left_out
    ["1 row left out (line 4); the first: line 4: 'C1CC': RDKit cannot read it."]

    Args:
        file: a table or a folder, as of `register_task`; or an address such as `csv:FILE`.
        **said: what is said about it, such as `target="y"`.
    """
    shown: dict[str, Any] = {}
    task = str(file)
    try:
        task = address_of(file, said)
        address = read_address(task)
        if address.scheme in ("csv", "parquet") and not (
            address.text("group") or (address.scheme == "parquet" and address.names("elements"))
        ):
            return DataPreview(task, **_molecules(address, shown))
        if address.scheme != "graphs":
            _look(address, shown)
        cls: Any = TASKS[task]
        cls()
        shown["understood"] = dict(cls.understood)
        return DataPreview(task, **_left(cls.left_out, shown))
    except (ValueError, TypeError, OSError, ImportError) as error:
        return DataPreview(task, **{**shown, "error": str(error)})


def _look(address: Address, shown: dict[str, Any]) -> Any:
    """Open the table, and show its first rows."""
    path = Path(address.path).expanduser()
    said = address.text
    header = said("header") if address.scheme == "csv" else ""
    if address.scheme == "edges" or said("group"):
        header = header or "yes"  # no molecule tells whether there is one
    choices = Choices(
        said("smiles"),
        address.names("target"),
        said("kind"),
        (),
        said("split_column"),
        said("encoding") if address.scheme != "parquet" else "",
        said("delimiter") if address.scheme != "parquet" else "",
        header,
        address.scheme == "parquet",
    )
    table = open_molecules(path, contents_of(path), choices)
    shown["header"] = table.header
    shown["rows"] = [row.fields for row in islice(table.rows(), SHOWN)]
    shown["understood"] = dict(table.understood)
    return table, choices


def _molecules(address: Address, shown: dict[str, Any]) -> dict[str, Any]:
    table, choices = _look(address, shown)
    rows = read_rows(table, choices)
    total, tried = len(rows.smiles), min(len(rows.smiles), TRIED)
    some = build_table(rows.smiles[:tried], table.name)
    molecules = gather_molecules(_first(rows, tried), some)
    shown["understood"] = dict(molecules.understood)
    found = _left(molecules.left_out, shown)
    found["counts"] |= {"rows": rows.count, "tried": tried}
    if tried < total:
        found["left_out"].append(
            f"The molecules of the first {tried:,} rows were read; training reads all {total:,}."
        )
    return found


def _first(rows: Rows, count: int) -> Rows:
    """The same rows, of which the targets of the first `count` alone are kept."""
    rows.targets.take_back(count)
    rows.smiles, rows.dropped = rows.smiles[:count], rows.dropped[:count]
    rows.lines, rows.numbers = rows.lines[:count], rows.numbers[:count]
    rows.splits = rows.splits[:count]
    return rows


def _left(left_out: LeftOut, shown: dict[str, Any]) -> dict[str, Any]:
    return {
        **shown,
        "counts": {
            "left out": len(left_out.rows),
            "without a target": left_out.unlabelled,
            "copies": left_out.copies,
            "conflicts": len(left_out.conflicts),
        },
        "left_out": left_out.sentences(),
        "left_out_rows": [asdict(row) for row in left_out.rows[:LISTED]],
    }
