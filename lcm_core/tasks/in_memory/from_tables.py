"""Sets from tables: a column says which set a row belongs to, or holds whole sets as lists."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lcm_core.tasks.in_memory.groups import (
    Elements,
    Found,
    Given,
    Groups,
    first_reason,
    read_elements,
)
from lcm_core.tasks.in_memory.splits import split_name
from lcm_core.tasks.tables.columns import SAMPLE, find_features, find_targets
from lcm_core.tasks.tables.left_out import LeftOut, LeftOutRow, shown
from lcm_core.tasks.tables.source import ParquetTable, Table
from lcm_core.tasks.tables.values import TargetColumns, as_targets

__all__ = ["ragged_sets", "sets_of_groups"]


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
    rows = read_elements(table, group, columns, reader)
    if not rows.groups:
        raise ValueError(f"expected rows of sets in {table.name}, found none{first_reason(rows)}")
    values = reader.finish()
    groups = Groups(rows, values, targets, "set")
    x = np.frombuffer(rows.values, np.float64).reshape(-1, len(columns))[groups.order]
    sets = [torch.from_numpy(part).float() for part in np.split(x, groups.sizes.cumsum()[:-1])]
    splits = _splits(table, split_column, rows, groups) if split_column else None
    understood = {
        **table.understood,
        "sets": group,
        "features": ", ".join(columns),
        "targets": f"{', '.join(targets)} ({values.words})",
    }
    found: Found = {"target": tuple(targets), "features": tuple(columns), "kind": values.kind}
    return groups.given(sets, splits, understood, found)


def _splits(table: Table, column: str, rows: Elements, groups: Groups) -> dict[str, list[int]]:
    """The sets of each split; those of no split are left out."""
    at = table.column(column)
    splits: dict[str, list[int]] = {}
    names = list(rows.groups)
    for place in list(groups.kept):
        text = rows.first[place][at]
        if (split := split_name(text)) is None:
            groups.kept.remove(place)
            first = rows.group.index(place)
            reason = f"column {column!r}: expected train, validation or test, found {shown(text)!r}"
            left_out = LeftOutRow(rows.lines[first], shown(names[place]), reason)
            groups.left_out.rows.append(left_out)
        else:
            splits.setdefault(split, []).append(place)
    number = {place: item for item, place in enumerate(groups.kept)}
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
    sample = table.sample(SAMPLE)
    targets = find_targets(table, target, elements, sample)
    places = [table.column(name) for name in targets]
    reader = TargetColumns(targets, places, sample, kind)
    left_out, sets = LeftOut(), []
    lists = zip(*(table.values(name) for name in elements), strict=True)
    width = 0
    for row, parts in zip(table.rows(), lists, strict=True):
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
    answers = as_targets(values.with_y(values.y[kept]), targets)
    found: Found = {"target": tuple(targets), "kind": values.kind}
    return Given(chosen, answers, None, left_out, understood, found)


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
