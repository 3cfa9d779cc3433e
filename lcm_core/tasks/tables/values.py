"""Targets in the columns of a table: numbers, yes or no, or classes; blanks are no error."""

import math
from array import array
from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np
import torch

from lcm_core.errors import unknown
from lcm_core.tasks.in_memory.targets import Classes, Numbers, Targets, YesNo
from lcm_core.tasks.tables.left_out import shown

__all__ = ["KINDS", "TargetColumns", "TargetValues", "as_targets", "is_blank", "read_number"]

KINDS = ("yesno", "numbers", "classes")
BLANK = frozenset(("", "nan", "na", "n/a", "null", "none", "<na>", "?", "-", "missing", "#n/a"))
YES = (
    "yes",
    "true",
    "active",
    "positive",
    "toxic",
    "1",
    "ja",
    "wahr",
    "aktiv",
    "positiv",
    "toxisch",
    "oui",
    "vrai",
    "si",
    "sí",
)
NO = (
    "no",
    "false",
    "inactive",
    "negative",
    "nontoxic",
    "non-toxic",
    "not toxic",
    "0",
    "nein",
    "falsch",
    "inaktiv",
    "negativ",
    "nicht toxisch",
    "non",
    "faux",
)
MOST_CLASSES = 1000
SHOWN = 4  # classes that are named
REMEMBERED = 50_000  # texts whose value is kept


def is_blank(text: str) -> bool:
    """Whether a field stands for no value."""
    return text.strip().lower() in BLANK


def read_number(text: str, decimal: str = "") -> float | None:
    """A finite number, NaN for a blank, None for another text.

    Args:
        text: of a field.
        decimal: a decimal sign besides the point.
    """
    plain = text.strip()
    if is_blank(plain):
        return math.nan
    if decimal and plain.count(decimal) == 1 and "." not in plain:
        plain = plain.replace(decimal, ".")
    try:
        value = float(plain)
    except ValueError:
        return None
    return value if math.isfinite(value) and "_" not in plain else None


class TargetValues(NamedTuple):
    """The targets of all rows that were read.

    Shapes: `y` (rows, targets), float64, NaN where there is no value; of classes, their numbers.
    `classes` has the texts of classes, and is empty for other kinds.
    """

    y: np.ndarray
    kind: str
    classes: tuple[str, ...]

    @property
    def words(self) -> str:
        """The kind, in words: of classes which there are, and how often."""
        if self.kind != "classes":
            return "yes or no" if self.kind == "yesno" else self.kind
        codes = self.y[~np.isnan(self.y[:, 0]), 0].astype(int)
        counts = np.bincount(codes, minlength=len(self.classes))
        often = sorted(zip(counts, self.classes, strict=True), key=lambda each: -each[0])
        named = ", ".join(f"{shown(text)} {count:,}" for count, text in often[:SHOWN])
        more = f" and {len(often) - SHOWN} more" if len(often) > SHOWN else ""
        return f"classes: {named}{more}"

    def with_y(self, y: np.ndarray) -> "TargetValues":
        """Targets of other items, of the same kind."""
        return TargetValues(y, self.kind, self.classes)


class TargetColumns:
    """Reads the targets of a table, row after row.

    A column is one of numbers if most of its first values are; else one of texts. Numbers that are
    all 0 or 1, and two texts such as yes and no, are questions of yes or no; other texts are
    classes. Where the kind is said to be yes or no, another value costs its row, unless none of
    the first values is a yes or no: two other texts will do as well.

    Args:
        names: of the columns.
        places: of the columns, in a row.
        sample: fields of the first rows.
        kind: one of `KINDS`; "" to find it.
        decimal: a decimal sign besides the point.
        meaning: of texts, as 0 or 1; others are then an error.

    Raises:
        ValueError: an unknown kind, or classes in more than one column.
    """

    def __init__(
        self,
        names: Sequence[str],
        places: Sequence[int],
        sample: Sequence[Sequence[str]],
        kind: str = "",
        decimal: str = "",
        meaning: Mapping[str, int] | None = None,
    ):
        if kind and kind not in KINDS:
            raise unknown("kind of targets", kind, KINDS)
        self.names, self._places, self._kind, self._decimal = names, places, kind, decimal
        self._meaning = meaning
        self._numeric = [self._looks_numeric([row[p] for row in sample]) for p in places]
        if kind == "classes":
            self._numeric = [False] * len(places)
        if kind == "numbers":
            self._numeric = [True] * len(places)
        if kind == "yesno" and meaning is None:
            self._numeric = [
                numeric or any(_is_yes_or_no(row[place], decimal) for row in sample)
                for numeric, place in zip(self._numeric, places, strict=True)
            ]
        self._all_numeric = all(self._numeric)
        self._fields: Any = itemgetter(*places)
        self._known: dict[str, float] = {}
        self._codes: list[dict[str, float]] = [{} for _ in places]
        self._values = array("d")
        self._wrong = ""  # what is wrong with the first such row
        self.rows = 0

    def _looks_numeric(self, texts: Sequence[str]) -> bool:
        if self._meaning is not None:
            return False
        filled = [text for text in texts if not is_blank(text)]
        numbers = sum(read_number(text, self._decimal) is not None for text in filled)
        return 2 * numbers >= len(filled)

    def add(self, fields: Sequence[str]) -> str:
        """Read the targets of one more row; what is wrong with them, or "" if nothing is.

        A row that is wrong has no values, and keeps its place.
        """
        texts = self._fields(fields) if len(self._places) > 1 else (self._fields(fields),)
        values: list[Any] = list(map(self._known.get, texts))
        problem = ""
        if None in values or not self._all_numeric:
            values, problem = self._read(texts)
            self._wrong = self._wrong or problem
        self._values.extend([math.nan] * len(self._places) if problem else values)
        self.rows += 1
        return problem

    def take_back(self, rows: int) -> None:
        """Forget all rows but the first so many."""
        del self._values[rows * len(self._places) :]
        self.rows = rows

    def _read(self, texts: Sequence[str]) -> tuple[list[Any], str]:
        values: list[float] = []
        for place, text in enumerate(texts):
            value = self._number(text) if self._numeric[place] else self._code(place, text)
            if value is None:
                wanted = self._wanted(self._numeric[place])
                return [], f"column {self.names[place]!r}: expected {wanted}, found {shown(text)!r}"
            values.append(value)
        return values, ""

    def _number(self, text: str) -> float | None:
        read = _read_yes_or_no if self._kind == "yesno" else read_number
        value = read(text, self._decimal)
        if value is not None:
            if len(self._known) > REMEMBERED:
                self._known.clear()
            self._known[text] = value
        return value

    def _code(self, place: int, text: str) -> float | None:
        text = text.strip()
        if is_blank(text) and not (self._meaning and text in self._meaning):
            return math.nan
        if self._meaning is not None:
            meant = self._meaning.get(text)
            return None if meant is None else float(meant)
        codes = self._codes[place]
        return codes.setdefault(text, float(len(codes))) if len(codes) < MOST_CLASSES else None

    def _wanted(self, numeric: bool) -> str:
        if numeric:
            return "yes or no" if self._kind == "yesno" else "a number"
        if self._meaning is None:
            return f"one of at most {MOST_CLASSES:,} classes"
        return (
            "0 or 1"
            if set(self._meaning) <= {"0", "1", "0.0", "1.0"}
            else " or ".join(self._meaning)
        )

    def finish(self) -> TargetValues:
        """The targets of all rows.

        Raises:
            ValueError: the columns have kinds that cannot be learned together, or hold nothing.
        """
        y = np.frombuffer(self._values, dtype=np.float64).reshape(self.rows, len(self.names)).copy()
        blank = np.isnan(y)
        if blank.all():
            why = f"; the first: {self._wrong}" if self._wrong else ": all fields are blank"
            raise ValueError(f"no value in {_columns(self.names)}{why}")
        texts = []
        for place, codes in enumerate(self._codes):
            answers = None if self._kind == "classes" else _yes_or_no(codes)
            if codes and answers is not None:
                y[:, place] = _translated(y[:, place], answers)
            elif codes:
                texts.append(self.names[place])
        if texts:
            if len(self.names) > 1 or self._kind == "numbers":
                raise ValueError(
                    f"{_columns(texts)} holds texts, which are classes: expected it to be the only "
                    "target, or targets that are numbers"
                )
            order = sorted(self._codes[0], key=_natural)
            if self._kind == "yesno" and len(order) != 2:
                raise ValueError(f"expected yes or no in {_columns(texts)}, found {order[:5]}")
            codes = self._codes[0]
            ranks = {codes[text]: float(rank) for rank, text in enumerate(order)}
            y[:, 0] = _translated(y[:, 0], ranks)
            if self._kind == "yesno":
                return TargetValues(y, "yesno", ())
            return TargetValues(y, "classes", tuple(order))
        only = bool(np.isin(y[~blank], (0.0, 1.0)).all())
        if self._kind == "yesno" and not only:
            row = int(np.nonzero(~blank & ~np.isin(y, (0.0, 1.0)))[0][0])
            raise ValueError(f"kind=yesno expects 0 and 1, found {y[row].tolist()}")
        return TargetValues(y, "yesno" if only and self._kind != "numbers" else "numbers", ())


def as_targets(values: TargetValues, names: Sequence[str]) -> Targets:
    """The targets of a task."""
    if values.kind == "yesno":
        return YesNo(torch.from_numpy(values.y).float(), names)
    if values.kind == "numbers":
        return Numbers(values.y, names, blanks=True)
    known = ~np.isnan(values.y[:, 0])
    texts = np.array(values.classes)
    return Classes(texts[np.where(known, values.y[:, 0], 0).astype(int)], known)


def _read_yes_or_no(text: str, decimal: str) -> float | None:
    """1 for yes, 0 for no, NaN for a blank, None for another text or number."""
    plain = text.strip().lower()
    if plain in YES + NO:
        return float(plain in YES)
    value = read_number(plain, decimal)
    return value if value is None or value in (0.0, 1.0) or math.isnan(value) else None


def _is_yes_or_no(text: str, decimal: str) -> bool:
    return not is_blank(text) and _read_yes_or_no(text, decimal) is not None


def _yes_or_no(codes: Mapping[str, float]) -> dict[float, float] | None:
    """What the codes of texts such as yes and no mean; None if they are others."""
    meant: dict[float, float] = {}
    for text, code in codes.items():
        plain = text.lower()
        if plain not in YES + NO:
            return None
        meant[code] = float(plain in YES)
    return meant


def _translated(column: np.ndarray, meaning: Mapping[float, float]) -> np.ndarray:
    table = np.full(len(meaning) and int(max(meaning)) + 1, np.nan)
    for code, value in meaning.items():
        table[int(code)] = value
    known = ~np.isnan(column)
    column = column.copy()
    column[known] = table[column[known].astype(int)]
    return column


def _natural(text: str) -> tuple[float, str]:
    """Sorts numbers by value, then texts."""
    number = read_number(text)
    return (math.inf if number is None or math.isnan(number) else number), text


def _columns(names: Sequence[str]) -> str:
    shown_names = ", ".join(map(repr, names[:5]))
    return f"column{'s' * (len(names) > 1)} {shown_names}{', …' if len(names) > 5 else ''}"
