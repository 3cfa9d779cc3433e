"""Rows of delimited text with the lines that they begin at; a broken row costs that row alone."""

import csv
import io
from collections import deque
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

__all__ = ["DELIMITERS", "Dialect", "Row", "find_dialect", "read_rows"]

DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|", "space": " "}
TRIED = 200  # rows by which the delimiter is found
SHOWN = 80  # characters of a broken row


class Dialect(NamedTuple):
    """How the fields of a row are written.

    `skipped` is the number of lines before the first row, such as Excel's `sep=;`.
    """

    delimiter: str
    quote: str = '"'
    skipped: int = 0

    @property
    def words(self) -> str:
        """The delimiter in words."""
        names = {sign: name for name, sign in DELIMITERS.items()}
        return names.get(self.delimiter, repr(self.delimiter))


class Row(NamedTuple):
    """A row of a file: where it begins (from 1), and its fields or what is wrong with it."""

    line: int
    fields: list[str]
    problem: str = ""


def find_dialect(text: str, delimiter: str = "") -> Dialect:
    """The delimiter and the quotes of a text, by its first 200 rows.

    The delimiter is the one by which most rows have as many fields as the first, and at least two.

    Args:
        text: of the file.
        delimiter: to use, a character or one of `DELIMITERS`; "" to find it.

    Raises:
        ValueError: a delimiter that is neither.
    """
    first = next(io.StringIO(text, newline=""), "").strip()
    skipped = 0
    if first.lower().startswith("sep=") and len(first) <= 5:
        delimiter, skipped = delimiter or first[4:] or "\t", 1
        first = next(islice(io.StringIO(text, newline=""), 1, None), "").strip()
    delimiter = DELIMITERS.get(delimiter, delimiter)
    if len(delimiter) > 1 or delimiter in ('"', "\r", "\n"):
        raise ValueError(
            f"expected a delimiter of one character, or one of {', '.join(DELIMITERS)}, got "
            f"{delimiter!r}"
        )
    if delimiter:
        return Dialect(delimiter, _quote(first, delimiter), skipped)
    best, score = Dialect(",", _quote(first, ","), skipped), (0.0, 0)
    for candidate in DELIMITERS.values():
        dialect = Dialect(candidate, _quote(first, candidate), skipped)
        widths = [len(row.fields) for row in islice(_records(text, dialect), TRIED)]
        if widths and widths[0] > 1:
            found = sum(width == widths[0] for width in widths) / len(widths), widths[0]
            if found > score:
                best, score = dialect, found
    return best


def _quote(first: str, delimiter: str) -> str:
    """The quotes of a header: `'` if it begins and ends all of its fields."""
    fields = [field.strip() for field in first.split(delimiter)]
    single = all(len(f) > 1 and f[0] == f[-1] == "'" for f in fields)
    return "'" if single else '"'


def read_rows(text: str, dialect: Dialect) -> Iterator[Row]:
    """The rows of a text, the header first; rows without any field are left out.

    A row whose quotes are not closed, or that has another number of fields than the first, has a
    `problem`. Reading goes on at the line after the one where that row begins: it takes no others
    with it.

    Args:
        text: of the file.
        dialect: how fields are written.
    """
    width = 0
    for row in _records(text, dialect, keep_width=True):
        if not row.problem:
            if not any(field.strip() for field in row.fields):
                continue
            width = width or len(row.fields)
            if len(row.fields) > width and not any(f.strip() for f in row.fields[width:]):
                row = Row(row.line, row.fields[:width])
            if len(row.fields) != width:
                row = Row(row.line, row.fields, _wrong_width(len(row.fields), width))
        yield row


def _records(text: str, dialect: Dialect, keep_width: bool = False) -> Iterator[Row]:
    """Rows as `csv` reads them; a row over several lines must be whole, or only its first goes."""
    lines = _Lines(text, dialect.skipped)
    reader = csv.reader(
        lines,
        delimiter=dialect.delimiter,
        quotechar=dialect.quote,
        strict=True,
        skipinitialspace=dialect.delimiter != "\t",  # runs of spaces are one delimiter
    )
    width = 0
    while True:
        lines.taken.clear()
        line, problem = lines.number + 1, ""
        fields: list[str] = []
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            problem = _in_words(str(error), dialect.quote)
        several = len(lines.taken) > 1
        if several and not problem and width and len(fields) != width:
            problem = _wrong_width(len(fields), width) + "; is a quote not closed?"
        if problem:
            if several:
                lines.read_again(lines.taken[1:])
            fields = [lines.taken[0].rstrip("\r\n")[:SHOWN]]
        elif keep_width and fields and not width:
            width = len(fields)
        yield Row(line, fields, problem)


def _wrong_width(found: int, expected: int) -> str:
    return f"expected {expected} fields, found {found}"


def _in_words(said: str, quote: str) -> str:
    if "unexpected end of data" in said:
        return f"a quote ({quote}) is opened and not closed"
    if "field larger" in said:
        return f"a field of more than {csv.field_size_limit():,} characters: is a quote not closed?"
    return f"the quotes ({quote}) are wrong: {said}"


class _Lines:
    """Iterates over the lines of a text; some may be read again.

    Attributes:
        number: of lines read so far.
        taken: those that were read since it was last cleared.
    """

    def __init__(self, text: str, skipped: int):
        self._lines = islice(io.StringIO(text, newline=""), skipped, None)
        self._again: deque[str] = deque()
        self.number = skipped
        self.taken: list[str] = []

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._lines)
        self.number += 1
        self.taken.append(line)
        return line

    def read_again(self, lines: list[str]) -> None:
        self._again.extendleft(reversed(lines))
        self.number -= len(lines)
