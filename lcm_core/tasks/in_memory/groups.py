"""Rows of a table that belong to sets or graphs, and the one answer of each of these."""

from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lcm_core.tasks.in_memory.targets import Targets
from lcm_core.tasks.tables.left_out import LeftOut, LeftOutRow, shown
from lcm_core.tasks.tables.source import Table
from lcm_core.tasks.tables.values import TargetColumns, TargetValues, as_targets, read_number

__all__ = ["Elements", "Found", "Given", "Groups", "first_reason", "read_elements"]

#: Options of an address that say what was found.
Found = Mapping[str, str | tuple[str, ...]]


@dataclass
class Given:
    """What a table holds, as `register_task` takes it.

    Attributes:
        items: sets, or graphs.
        targets: one for each, or for each of their nodes.
        splits: the items of each split, if a column says so.
        left_out: rows and items that are missing.
        understood: how the table was read, in words.
        found: options of an address that say the same, such as `target` and `kind`.
    """

    items: list[Any]
    targets: Targets
    splits: dict[str, list[int]] | None
    left_out: LeftOut
    understood: dict[str, str]
    found: Found


@dataclass
class Elements:
    """The whole rows of a table, with the number of their group.

    Attributes:
        table: where they come from.
        groups: the number of each group, by its name.
        group, lines: of each row.
        values: the numbers of all rows, one row after another.
        first: the fields of the first row of each group.
        left_out: rows that are not whole.
    """

    table: Table
    groups: dict[str, int] = field(default_factory=dict)
    group: array = field(default_factory=lambda: array("q"))
    values: array = field(default_factory=lambda: array("d"))
    lines: array = field(default_factory=lambda: array("q"))
    first: list[Sequence[str]] = field(default_factory=list)
    left_out: list[LeftOutRow] = field(default_factory=list)


def read_elements(
    table: Table,
    group: str,
    columns: Sequence[str],
    targets: TargetColumns,
    problem_of: Callable[[list[str]], str] = lambda fields: "",
) -> Elements:
    """The rows of a table that are whole.

    Args:
        table: to read.
        group: the column that says which set or graph a row belongs to; "" for one of all.
        columns: of numbers, without blanks.
        targets: which reads the targets.
        problem_of: what else is wrong with the fields of a row, or "".
    """
    found = Elements(table)
    at = table.column(group) if group else None
    places = [table.column(name) for name in columns]
    for row in table.rows():
        fields = row.fields
        if row.problem:
            found.left_out.append(LeftOutRow(row.line, shown(" ".join(fields)), row.problem))
            continue
        numbers = [read_number(fields[place], table.decimal) for place in places]
        name = table.name if at is None else fields[at].strip()
        problem = "" if name else f"column {group!r} is blank"
        for column, place, value in zip(columns, places, numbers, strict=True):
            if not problem and (value is None or value != value):
                problem = f"column {column!r}: expected a number, found {shown(fields[place])!r}"
        before = targets.rows
        if problem := problem or targets.add(fields) or problem_of(fields):
            targets.take_back(before)
            found.left_out.append(LeftOutRow(row.line, shown(" ".join(fields)), problem))
            continue
        if name not in found.groups:
            found.groups[name] = len(found.groups)
            found.first.append(fields)
        found.group.append(found.groups[name])
        found.values.extend(numbers)
        found.lines.append(row.line)
    return found


class Groups:
    """The groups of rows with the answer of each; those without one answer are left out.

    Args:
        rows: that were read.
        values: their targets.
        names: of the columns of targets.
        what: a group is, such as "set".

    Attributes:
        order: the rows, group after group.
        sizes: of each group.
        kept: the groups with an answer, whose rows agree.
        left_out: rows that are not whole, and those that differ from earlier ones.
    """

    def __init__(self, rows: Elements, values: TargetValues, names: Sequence[str], what: str):
        self._rows, self._values, self._names, self._what = rows, values, names, what
        of_row = np.array(rows.group)
        self.order = np.argsort(of_row, kind="stable")
        self.sizes = np.bincount(of_row, minlength=len(rows.groups))
        self._y, conflicts = _answers(values.y[self.order], self.sizes)
        contradict = [int(self.order[place]) for place in conflicts]
        group_names = list(rows.groups)
        reason = f"its {names[0]!r} differs from earlier rows of the {what}; the {what} is left out"
        differ = [
            LeftOutRow(rows.lines[row], shown(group_names[of_row[row]]), reason)
            for row in contradict
        ]
        known, bad = ~np.isnan(self._y).all(1), {int(of_row[row]) for row in contradict}
        self.kept = [place for place in range(len(known)) if known[place] and place not in bad]
        self.left_out = LeftOut(sorted([*rows.left_out, *differ], key=lambda row: row.line))
        self.left_out.unlabelled = int((~known).sum())

    def given(
        self,
        items: Sequence[Any],
        splits: dict[str, list[int]] | None,
        understood: dict[str, str],
        found: Found,
    ) -> Given:
        """The groups that are kept; arguments as of `Given`.

        Raises:
            ValueError: none is.
        """
        if not self.kept:
            name, reason = self._rows.table.name, first_reason(self._rows)
            raise ValueError(f"no {self._what} of {name} has a target{reason}")
        answers = self._values.with_y(self._y[self.kept])
        targets = as_targets(answers, self._names)
        chosen = [items[place] for place in self.kept]
        return Given(chosen, targets, splits, self.left_out, understood, found)


def _answers(y: np.ndarray, sizes: np.ndarray) -> tuple[np.ndarray, list[int]]:
    """The targets of each group, from sorted rows; and the rows that contradict the first known."""
    answers, conflicts, begin = np.full((len(sizes), y.shape[1]), np.nan), [], 0
    for group, size in enumerate(sizes):
        rows = y[begin : begin + size]
        for column in range(y.shape[1]):
            known = np.flatnonzero(~np.isnan(rows[:, column]))
            if len(known):
                answers[group, column] = rows[known[0], column]
                other = known[rows[known, column] != answers[group, column]]
                conflicts += [int(begin + row) for row in other[:1]]
        begin += size
    return answers, conflicts


def first_reason(found: Elements) -> str:
    """Why the first row was left out, behind a semicolon; or ""."""
    return f"; the first: {found.left_out[0]}" if found.left_out else ""
