"""What was left out of somebody's data, and why: rows with their lines, blanks, copies."""

from collections.abc import Sequence
from dataclasses import dataclass, field

__all__ = ["LeftOut", "LeftOutRow", "shown"]

SHOWN = 80  # characters of a row or a value
LISTED = 10  # lines in a sentence


@dataclass(frozen=True)
class LeftOutRow:
    """A row of a file that was left out: its line in the file, what stands there, and why."""

    line: int
    text: str
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.text!r}: {self.reason}"


@dataclass
class LeftOut:
    """Everything of a file that no network will see.

    Attributes:
        rows: left out, each with its reason.
        blanks: for each target, the number of rows without a value; they are skipped for that
            target alone.
        unlabelled: the number of rows without a value for any target.
        copies: the number of rows whose item was in an earlier row already; they are kept.
        conflicts: lines of those copies that have another target than the earlier row.
    """

    rows: list[LeftOutRow] = field(default_factory=list)
    blanks: dict[str, int] = field(default_factory=dict)
    unlabelled: int = 0
    copies: int = 0
    conflicts: list[int] = field(default_factory=list)

    def sentences(self) -> list[str]:
        """What was left out, in words; nothing where nothing was."""
        said = []
        if self.rows:
            where = _lines([row.line for row in self.rows])
            count = _count(len(self.rows), "row")
            said.append(f"{count} left out ({where}); the first: {self.rows[0]}.")
        blanks = {name: count for name, count in self.blanks.items() if count}
        if blanks:
            each = ", ".join(f"{name} {count:,}" for name, count in list(blanks.items())[:LISTED])
            more = ", …" if len(blanks) > LISTED else ""
            said.append(f"Without a value, and skipped for that target: {each}{more}.")
        if self.unlabelled:
            said.append(f"{_count(self.unlabelled, 'row')} without any target left out.")
        if self.copies:
            conflicts = self.conflicts
            other = f", of which {len(conflicts):,} with another target ({_lines(conflicts)})"
            said.append(
                f"{_count(self.copies, 'row')} with the same item as an earlier row, kept"
                f"{other if conflicts else ''}."
            )
        return said


def shown(text: object) -> str:
    """A value of a file, short enough for a sentence."""
    said = str(text)
    return said if len(said) <= SHOWN else said[: SHOWN - 1] + "…"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' * (number != 1)}"


def _lines(lines: Sequence[int]) -> str:
    more = ", …" if len(lines) > LISTED else ""
    return f"line{'s' * (len(lines) > 1)} {', '.join(map(str, lines[:LISTED]))}{more}"
