"""Sets from tables: a column says which set a row belongs to, or holds whole sets as lists."""

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lcm_core.tasks.in_memory.splits import split_name
from lcm_core.tasks.in_memory.targets import Targets
from lcm_core.tasks.tables.columns import SAMPLE, find_features, find_targets
from lcm_core.tasks.tables.left_out import LeftOut, LeftOutRow, shown
from lcm_core.tasks.tables.source import ParquetTable, Table
from lcm_core.tasks.tables.values import TargetColumns, as_targets, read_number

__all__ = [
    "Elements",
    "Given",
    "answers_of_groups",
    "first_reason",
    "ragged_sets",
    "read_elements",
    "sets_of_groups",
]


@dataclass
class Given:
    """What a table holds, as `register_task` takes it.

    Attributes:
        items: sets, or graphs.
        targets: one for each.
        splits: the items of each split, if a column says so.
        left_out: rows and items that are missing.
        understood: how the table was read, in words.
    """

    items: list[Any]
    targets: Targets | None
    splits: dict[str, list[int]] | None
    left_out: LeftOut
    understood: dict[str, str]


@dataclass
class Elements:
    """The whole rows of a table, with the number of their group.

    Attributes:
        groups: the number of each group, by its name.
        group, lines: of each row.
        values: the numbers of all rows, one row after another.
        first: the fields of the first row of each group.
        left_out: rows that are not whole.
    """

    groups: dict[str, int] = field(default_factory=dict)
    group: array = field(default_factory=lambda: array("q"))
    values: array = field(default_factory=lambda: array("d"))
    lines: array = field(default_factory=lambda: array("q"))
    first: list[Sequence[str]] = field(default_factory=list)
    left_out: list[LeftOutRow] = field(default_factory=list)


def sets_of_groups(
    table: Table,
    group: str,
    target: Sequence[str],
    features: Sequence[str] = (),
    kind: str = "",
    split_column: str = "",
) -> Given:
    """Sets whose elements are rows of a table.

    A row that cannot be read is left out of its set, and reported. A set whose rows differ in their
    target is left out, too.

    Args:
        table: whose rows are elements, in any order.
        group: the column that says which set a row belongs to.
        target: columns of targets, the same in all rows of a set; empty to find one.
        features: columns of an element; empty for all other columns of numbers.
        kind: of the targets; "" to find it.
        split_column: says train, validation or test; "" without one.

    Raises:
        ValueError: a column cannot be found, or no set is left.
    """
    sample = table.sample(SAMPLE)
    others = [group, *filter(None, [split_column])]
    targets = find_targets(table, target, others, sample)
    columns = find_features(table, features, [*others, *targets], sample)
    places = [table.column(name) for name in targets]
    reader = TargetColumns(targets, places, sample, kind, table.decimal)
    found = read_elements(table, group, columns, reader)
    if not found.groups:
        raise ValueError(f"expected rows of sets in {table.name}, found none{first_reason(found)}")
    values = reader.finish()
    width, of_row = len(columns), np.array(found.group)
    order = np.argsort(of_row, kind="stable")
    sizes = np.bincount(of_row, minlength=len(found.groups))
    x = np.frombuffer(found.values, np.float64).reshape(-1, width)[order]
    sets = [torch.from_numpy(part).float() for part in np.split(x, sizes.cumsum()[:-1])]
    y, conflicts = answers_of_groups(values.y[order], sizes)
    names = list(found.groups)
    lines = np.array(found.lines)[order]
    for row in conflicts:
        name = names[of_row[order][row]]
        reason = f"its {targets[0]!r} differs from earlier rows of the set; the set is left out"
        found.left_out.append(LeftOutRow(int(lines[row]), shown(name), reason))
    known = ~np.isnan(y).all(1)
    bad = set(of_row[order][conflicts].tolist())
    kept = [place for place in range(len(sets)) if known[place] and place not in bad]
    left_out = LeftOut(sorted(found.left_out, key=lambda row: row.line))
    left_out.unlabelled = int((~known).sum())
    splits = _splits(table, split_column, found, kept, left_out) if split_column else None
    if not kept:
        raise ValueError(f"no set of {table.name} has a target{first_reason(found)}")
    understood = {
        **table.understood,
        "sets": group,
        "features": ", ".join(columns),
        "targets": f"{', '.join(targets)} ({values.words})",
    }
    return Given(
        [sets[place] for place in kept],
        as_targets(values.with_y(y[kept]), targets),
        splits,
        left_out,
        understood,
    )


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
    found = Elements()
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


def answers_of_groups(y: np.ndarray, sizes: np.ndarray) -> tuple[np.ndarray, list[int]]:
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


def _splits(
    table: Table, column: str, found: Elements, kept: list[int], left_out: LeftOut
) -> dict[str, list[int]]:
    """The sets of each split; those of no split are left out."""
    at = table.column(column)
    splits: dict[str, list[int]] = {}
    names = list(found.groups)
    for place in list(kept):
        text = found.first[place][at]
        if (split := split_name(text)) is None:
            kept.remove(place)
            first = found.group.index(place)
            reason = f"column {column!r}: expected train, validation or test, found {shown(text)!r}"
            left_out.rows.append(LeftOutRow(found.lines[first], shown(names[place]), reason))
        else:
            splits.setdefault(split, []).append(place)
    number = {place: item for item, place in enumerate(kept)}
    return {split: [number[place] for place in places] for split, places in splits.items()}


def ragged_sets(
    table: ParquetTable, elements: Sequence[str], target: Sequence[str], kind: str = ""
) -> Given:
    """Sets that are rows of a table: columns of lists, of numbers or of vectors.

    Args:
        table: of Parquet.
        elements: columns of lists; several of them are features, whose lists are equally long.
        target, kind: as of `sets_of_groups`.

    Raises:
        ValueError: a column cannot be found, or no row is whole.
    """
    rows = list(table.rows())
    sample = [row.fields for row in rows[:SAMPLE]]
    targets = find_targets(table, target, elements, sample)
    places = [table.column(name) for name in targets]
    reader = TargetColumns(targets, places, sample, kind)
    left_out, sets = LeftOut(), []
    lists = zip(*(table.values(name) for name in elements), strict=True)
    width = 0
    for row, parts in zip(rows, lists, strict=True):
        problem = ""
        try:
            x = _vectors(parts)
            width = width or (x.shape[1] if len(x) else 0)
            if len(x) and x.shape[1] != width:
                problem = f"expected {width} features, found {x.shape[1]}"
        except (ValueError, TypeError) as error:
            problem = f"expected lists of numbers in {', '.join(elements)}: {error}"
        before = reader.rows
        if problem or (problem := reader.add(row.fields)):
            reader.take_back(before)
            left_out.rows.append(LeftOutRow(row.line, shown(row.fields[places[0]]), problem))
            continue
        sets.append(x)
    if not sets:
        first = f"; the first: {left_out.rows[0]}" if left_out.rows else ""
        raise ValueError(f"expected rows of sets in {table.name}, found none{first}")
    values = reader.finish()
    kept = np.flatnonzero(~np.isnan(values.y).all(1))
    left_out.unlabelled = len(sets) - len(kept)
    understood = {
        **table.understood,
        "sets": ", ".join(elements),
        "targets": f"{', '.join(targets)} ({values.words})",
    }
    chosen = [sets[place] for place in kept]
    return Given(
        chosen, as_targets(values.with_y(values.y[kept]), targets), None, left_out, understood
    )


def _vectors(parts: Sequence[Any]) -> Tensor:
    """The elements of a set, (n, features)."""
    columns = []
    for part in parts:
        if part is None:
            raise ValueError("there is no list")
        array_ = np.asarray([np.asarray(each, float) for each in part], float)
        columns.append(array_.reshape(len(part), -1) if len(part) else np.zeros((0, 1)))
    if len({len(column) for column in columns}) > 1:
        raise ValueError(f"the lists have {[len(column) for column in columns]} elements")
    together = np.concatenate(columns, axis=1)
    if not np.isfinite(together).all():
        raise ValueError("a number is not finite")
    return torch.from_numpy(together).float()


def first_reason(found: Elements) -> str:
    """Why the first row was left out, behind a semicolon; or ""."""
    return f"; the first: {found.left_out[0]}" if found.left_out else ""
