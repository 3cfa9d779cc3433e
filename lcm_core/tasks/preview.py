"""What would be understood of somebody's file: ten rows, columns, and what would be left out."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from lcm_core.tasks.addresses import Address, read_address
from lcm_core.tasks.from_files import is_molecules
from lcm_core.tasks.molecules.build import build_table
from lcm_core.tasks.molecules.read import (
    Choices,
    Molecules,
    Rows,
    contents_of,
    gather_molecules,
    load_molecules,
    open_molecules,
    read_rows,
)
from lcm_core.tasks.registry import TASKS, address_of
from lcm_core.tasks.tables.columns import (
    GROUPS,
    SAMPLE,
    SMILES,
    ColumnUnsaid,
    find_by_name,
    find_split,
)
from lcm_core.tasks.tables.left_out import LeftOut
from lcm_core.tasks.tables.source import ParquetTable, Table

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
        columns: those that can be targets; of edges, the columns of the nodes' table.
        understood: how the file was read, in words: encoding, delimiter, columns.
        found: options that say what was found: `smiles`, `target`, `kind`, `features`.
        suggested: options that would make sense: `split=random` of molecules too few to be split by
            scaffold; a `split_column` that says train and validation; a `group` or `elements` of
            sets in a table without molecules.
        counts: "rows", "left out", "without a target", "copies", "conflicts"; and "tried", the
            number of molecules that were read: of a long table only the first 1,000 are.
        splits: the number of items of each split; empty for a long table.
        left_out: sentences about what would be left out, and why.
        left_out_rows: the first 50 rows of these: `line`, `text` and `reason`.
        error: why the file cannot be used like this; "" if it can.
        asks: the option that has to be said, such as `target`; "" if none has.
    """

    task: str
    header: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)
    understood: dict[str, str] = field(default_factory=dict)
    found: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    suggested: dict[str, str] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    splits: dict[str, int] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    left_out_rows: list[dict[str, Any]] = field(default_factory=list)
    error: str = ""
    asks: str = ""

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
    >>> _ = path.write_text("SMILES;potency\nCCO;1,5\nCCN;2,5\nC1CC;3\nCCC;2\nCCCC;4\n")
    >>> found = preview_data(path, split="random")
    >>> found.understood["molecules"], found.understood["targets"]
    ('SMILES', 'potency (numbers)')
    >>> found.left_out
    ["1 row left out (line 4); the first: line 4: 'C1CC': RDKit cannot read it."]
    >>> found.splits
    {'train': 2, 'validation': 1, 'test': 1}

    Args:
        file: a table or a folder, as of `register_task`; or an address such as `csv:FILE`.
        **said: what is said about it, such as `target="y"`.
    """
    shown: dict[str, Any] = {}
    task = str(file)
    try:
        task = address_of(file, said)
        address = read_address(task)
        if is_molecules(address):
            _molecules(task, address, shown)
        else:
            _items(task, address, shown)
    except (ValueError, TypeError, OSError, ImportError) as error:
        shown["error"] = str(error)
        shown["asks"] = error.option if isinstance(error, ColumnUnsaid) else ""
    return DataPreview(task, **shown)


def _items(task: str, address: Address, shown: dict[str, Any]) -> None:
    """Sets and graphs: their class reads all of them."""
    if address.scheme != "graphs":
        table, _ = _look(address, address.path, shown)
        if address.scheme == "edges" and address.text("nodes"):
            nodes, _ = _look(address, address.text("nodes"), {})
            shown["columns"] = nodes.header
        elif not address.text("split_column"):
            _suggest_column(table, [*address.names("target"), address.text("group")], shown)
    cls: Any = TASKS[task]
    shown["understood"], shown["found"] = dict(cls.understood), cls.found
    _count(cls.left_out, shown)
    _try(cls, shown)


def _look(address: Address, file: str, shown: dict[str, Any]) -> tuple[Table, Choices]:
    """Open a table, and show its first rows."""
    path = Path(file).expanduser()
    said = address.text
    header = said("header") if address.scheme == "csv" else ""
    if address.scheme == "edges" or said("group"):
        header = header or "yes"  # no molecule tells whether there is one
    parquet = address.scheme == "parquet"
    choices = Choices(
        said("smiles"),
        address.names("target"),
        said("kind"),
        (),
        said("split_column"),
        "" if parquet else said("encoding"),
        "" if parquet else said("delimiter"),
        header,
        parquet,
    )
    table = open_molecules(path, contents_of(path), choices)
    shown["header"] = shown["columns"] = table.header
    shown["rows"] = [row.fields for row in table.first(SHOWN)]
    shown["understood"] = dict(table.understood)
    return table, choices


def _molecules(task: str, address: Address, shown: dict[str, Any]) -> None:
    table, choices = _look(address, address.path, shown)
    try:
        rows = read_rows(table, choices)
    except ValueError:
        _suggest_sets(table, shown)
        raise
    total, tried = len(rows.smiles), min(len(rows.smiles), TRIED)
    whole = tried == total
    if not (address.text("split") or address.text("split_column")):
        _suggest_column(table, [rows.smiles_column, *rows.target_columns], shown)
    molecules = (
        load_molecules(Path(address.path).expanduser(), choices)  # which training takes
        if whole
        else _molecules_of(_first(rows, tried))
    )
    shown["understood"], shown["found"] = dict(molecules.understood), molecules.found
    _count(molecules.left_out, shown)
    shown["counts"] |= {"rows": rows.count, "tried": tried}
    if not whole:
        shown["left_out"].append(
            f"The molecules of the first {tried:,} rows were read; training reads all {total:,}."
        )
        return
    try:
        _try(TASKS[task], shown)
    except ValueError:
        if "split_column" not in shown.get("suggested", {}) and not address.text("split"):
            shown["suggested"] = {"split": "random"}
        raise


def _molecules_of(rows: Rows) -> Molecules:
    return gather_molecules(rows, build_table(rows.smiles, rows.table.name))


def _first(rows: Rows, count: int) -> Rows:
    """The same rows, of which the targets of the first `count` alone are kept."""
    rows.targets.take_back(count)
    rows.smiles, rows.dropped = rows.smiles[:count], rows.dropped[:count]
    rows.lines, rows.numbers = rows.lines[:count], rows.numbers[:count]
    rows.splits = rows.splits[:count]
    return rows


def _suggest_column(table: Table, others: Sequence[str], shown: dict[str, Any]) -> None:
    if column := find_split(table, others, table.sample(SAMPLE)):
        shown["suggested"] = {"split_column": column}


def _suggest_sets(table: Table, shown: dict[str, Any]) -> None:
    """A table without molecules, with lists in a column or with a name as of sets."""
    if isinstance(table, ParquetTable):
        if lists := table.columns_of_lists():
            shown["suggested"] = {"elements": lists[0]}
    elif not find_by_name(table, SMILES) and (group := find_by_name(table, GROUPS)):
        shown["suggested"] = {"group": group}


def _count(left_out: LeftOut, shown: dict[str, Any]) -> None:
    shown["counts"] = {
        "left out": len(left_out.rows),
        "without a target": left_out.unlabelled,
        "copies": left_out.copies,
        "conflicts": len(left_out.conflicts),
    }
    shown["left_out"] = left_out.sentences()
    shown["left_out_rows"] = [asdict(row) for row in left_out.rows[:LISTED]]


def _try(cls: Any, shown: dict[str, Any]) -> None:
    """Make the task, as training does: it can be split, and its score can be computed.

    Raises:
        ValueError: it cannot.
    """
    task = cls()
    task.prepare()
    order = sorted(task.members, key=("train", "validation", "test", *task.members).index)
    shown["splits"] = {split: len(task.members[split]) for split in order}
