"""A table in a file: the names of its columns, and its rows with their lines."""

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from lcm_core.errors import unknown
from lcm_core.files.decoding import decode
from lcm_core.files.delimited import Dialect, Row, find_dialect, read_rows
from lcm_core.imports import needed
from lcm_core.tasks.tables.values import read_number
from lcm_core.terminal import Progress

__all__ = ["ParquetTable", "Table", "TextTable", "open_parquet", "open_table"]

LARGE = 200_000  # lines: reading them takes a second or more
SHOWN_EVERY = 2_000  # rows


@dataclass
class Table:
    """A table whose rows can be read any number of times.

    Attributes:
        name: of the file, for messages.
        header: the names of the columns.
        understood: how the file was read, in words: its encoding, its delimiter, its header.
        decimal: the decimal sign of its numbers besides the point; "" if there is none.
    """

    name: str
    header: list[str]
    understood: dict[str, str] = field(default_factory=dict)
    decimal: str = ""

    def _rows(self) -> Iterator[Row]:
        """The rows behind the header."""
        raise NotImplementedError

    def lines(self) -> int:
        """How many lines there are."""
        raise NotImplementedError

    def rows(self) -> Iterator[Row]:
        """The rows behind the header; the progress is shown of at least `LARGE` lines."""
        total = self.lines()
        with Progress(total, f"rows of {self.name}", "lines", hidden=total < LARGE) as bar:
            for number, row in enumerate(self._rows()):
                if number % SHOWN_EVERY == 0:
                    bar.to(row.line)
                yield row
            bar.to(total)

    def first(self, count: int) -> list[Row]:
        """The first rows, broken ones too."""
        return list(islice(self._rows(), count))

    def sample(self, count: int) -> list[list[str]]:
        """The fields of the first rows that are whole."""
        return list(islice((row.fields for row in self._rows() if not row.problem), count))

    def column(self, name: str) -> int:
        """The place of a column.

        Raises:
            ValueError: there is no such column (the nearest names are given), or there are two.
        """
        places = [place for place, each in enumerate(self.header) if each == name]
        if not places:
            raise unknown(f"column of {self.name}", name, self.header)
        if len(places) > 1:
            raise ValueError(
                f"expected one column {name!r} in {self.name}, found {len(places)}: columns "
                f"{', '.join(str(place + 1) for place in places)}; rename all but one"
            )
        return places[0]


@dataclass
class TextTable(Table):
    """A table of delimited text, read by Python's `csv`."""

    text: str = ""
    dialect: Dialect = field(default_factory=lambda: Dialect(","))
    titled: bool = True

    def _rows(self) -> Iterator[Row]:
        return islice(read_rows(self.text, self.dialect), int(self.titled), None)

    def lines(self) -> int:
        return max(self.text.count("\n"), self.text.count("\r")) + 1


@dataclass
class ParquetTable(Table):
    """A table of Apache Parquet, read by pandas; its rows count as lines from 1."""

    frame: Any = None

    def _rows(self) -> Iterator[Row]:
        for number, values in enumerate(self.frame.itertuples(index=False, name=None), start=1):
            yield Row(number, [_text(value) for value in values])

    def lines(self) -> int:
        return len(self.frame)

    def values(self, column: str) -> list[Any]:
        """The values of a column as they are: numbers, arrays, or arrays of arrays."""
        return self.frame.iloc[:, self.column(column)].tolist()

    def columns_of_lists(self) -> list[str]:
        """The columns whose first value is a list."""
        firsts = {
            name: next((v for v in self.values(name) if v is not None), 0) for name in self.header
        }
        return [
            name
            for name, value in firsts.items()
            if hasattr(value, "__len__") and not isinstance(value, str)
        ]


def open_table(
    path: Path, contents: bytes, encoding: str = "", delimiter: str = "", header: bool = True
) -> TextTable:
    """A table of delimited text.

    Args:
        path: of the file.
        contents: of the file.
        encoding, delimiter: as of `decode` and `find_dialect`; "" to find them.
        header: whether the first row has the names of the columns; else they are `column_1` and so
            on.

    Raises:
        ValueError: the file is empty, or no table.
    """
    text, found = decode(contents, path.name, encoding)
    dialect = find_dialect(text, delimiter)
    top = list(islice(read_rows(text, dialect), 2))
    if not top:
        raise ValueError(f"expected a table in {path.name}, got an empty file")
    first, title = top[0], ""
    if header and len(top) > 1 and _is_title(*top):
        first, title = top[1], first.fields[0].strip()
        dialect = Dialect(dialect.delimiter, dialect.quote, skipped=first.line - 1)
    if first.problem:
        raise ValueError(
            f"expected the names of the columns in {path.name}, line {first.line}; found "
            f"{first.fields[0]!r}: {first.problem}"
        )
    names = [field.strip() for field in first.fields]
    if not header:
        names = [f"column_{place}" for place in range(1, len(names) + 1)]
    understood = {
        "encoding": found,
        "delimiter": dialect.words,
        "columns": f"{len(names)}{'' if header else ', without a header'}",
    }
    if title:
        understood["header"] = f"line {first.line}, below the title {title!r}"
    comma = "," if dialect.delimiter != "," else ""
    return TextTable(path.name, names, understood, comma, text, dialect, header)


def _is_title(first: Row, second: Row) -> bool:
    """Whether a spreadsheet's title stands alone in the first row, and names in the second."""
    title, *rest = (field.strip() for field in first.fields)
    names = [field.strip() for field in second.fields]
    return (
        bool(title)
        and len(rest) > 1
        and not any(rest)
        and not second.problem
        and len(set(names) - {""}) > 1
        and all(read_number(name, ",") is None for name in names if name)
    )


def open_parquet(path: Path, contents: bytes) -> ParquetTable:
    """A table of Apache Parquet.

    Raises:
        ImportError: pandas or pyarrow is missing; the message has the command that installs them.
        ValueError: the file is damaged, or no Parquet.
    """
    pandas = needed("pandas", "tables", "reading Parquet")
    needed("pyarrow", "tables", "reading Parquet")
    try:
        frame = pandas.read_parquet(io.BytesIO(contents))
    except Exception as error:  # a foreign file may raise anything
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ValueError(f"{path.name} cannot be read as Parquet: {reason}") from error
    names = [str(name) for name in frame.columns]
    understood = {"format": "Parquet", "columns": str(len(names))}
    return ParquetTable(path.name, names, understood, "", frame)


def _text(value: Any) -> str:
    """A value as it would stand in a CSV file: nothing for a missing one."""
    if value is None or (isinstance(value, float) and value != value):  # not a number
        return ""
    return str(value)
