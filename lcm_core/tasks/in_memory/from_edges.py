"""Graphs from tables: one of edges, and one of nodes with features and targets."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch

from lcm_core.pyg import Data
from lcm_core.tasks.in_memory.groups import (
    Elements,
    Found,
    Given,
    Groups,
    first_reason,
    read_elements,
)
from lcm_core.tasks.tables.columns import SAMPLE, find_by_name, find_features, find_targets
from lcm_core.tasks.tables.left_out import LeftOut, LeftOutRow, shown
from lcm_core.tasks.tables.source import Table
from lcm_core.tasks.tables.values import TargetColumns, as_targets

__all__ = ["edges_of_table"]

NODE = ("node", "id", "node_id", "name", "index")
ENDS = (
    ("source", "src", "from", "u", "head", "node1", "node_1", "start"),
    ("target", "dst", "to", "v", "tail", "node2", "node_2", "end"),
)


def edges_of_table(
    edges: Table,
    nodes: Table,
    target: Sequence[str],
    features: Sequence[str] = (),
    ends: Sequence[str] = (),
    group: str = "",
    level: str = "node",
    kind: str = "",
    directed: bool = False,
) -> Given:
    """Graphs from a table of edges and a table of their nodes.

    Args:
        edges: with a row for each edge.
        nodes: with a row for each node: its name, its features, and targets.
        target: columns of the nodes' table; empty to find one.
        features: columns of the nodes' table; empty for all other columns of numbers.
        ends: the columns of an edge's ends; empty to find them.
        group: the column, of both tables, that says which graph a row belongs to; "" for one graph.
        level: "node", or "graph" where all nodes of a graph have its target.
        kind: of the targets; "" to find it.
        directed: whether an edge goes one way, from the first end to the second.

    Raises:
        ValueError: a column cannot be found, or a graph has no nodes.
    """
    if level not in ("node", "graph"):
        raise ValueError(f"expected level=node or level=graph, got {level!r}")
    if level == "graph" and not group:
        raise ValueError("expected group=COLUMN, which says which graph a node belongs to")
    sample = nodes.sample(SAMPLE)
    named = find_by_name(nodes, NODE) or nodes.header[0]
    others = [named, *filter(None, [group])]
    targets = find_targets(nodes, target, others, sample)
    columns = find_features(nodes, features, [*others, *targets], sample)
    reader = TargetColumns(
        targets, [nodes.column(name) for name in targets], sample, kind, nodes.decimal
    )
    rows, names = _nodes(nodes, named, group, columns, reader)
    if not names:
        raise ValueError(f"expected rows of nodes in {nodes.name}, found none{first_reason(rows)}")
    values = reader.finish()
    groups = Groups(rows, values, targets, "graph")
    of_row, order = np.array(rows.group), groups.order
    x = np.frombuffer(rows.values, np.float64).reshape(-1, len(columns))
    graphs, position = [], {}
    for nodes_of in np.split(order, groups.sizes.cumsum()[:-1]):
        position.update({row: number for number, row in enumerate(nodes_of.tolist())})
        graphs.append(Data(x=torch.from_numpy(x[nodes_of]).float(), num_nodes=len(nodes_of)))
    left_out = LeftOut(list(rows.left_out)) if level == "node" else groups.left_out
    pairs: list[list[tuple[int, int]]] = [[] for _ in graphs]
    for line, one, other, problem, text in _pairs(edges, ends, group, names):
        if problem:
            left_out.rows.append(LeftOutRow(line, text, f"{edges.name}: {problem}"))
            continue
        ends_here = position[one], position[other]
        of = pairs[of_row[one]]
        of.append(ends_here)
        if not directed and one != other:
            of.append(ends_here[::-1])
    for graph, of in zip(graphs, pairs, strict=True):
        graph.edge_index = torch.tensor(of, dtype=torch.int64).reshape(-1, 2).T.contiguous()
    understood = {
        **{f"{nodes.name}: {key}": value for key, value in nodes.understood.items()},
        **{f"{edges.name}: {key}": value for key, value in edges.understood.items()},
        "nodes": named,
        "features": ", ".join(columns),
        "targets": f"{', '.join(targets)} ({values.words}, of each {level})",
    }
    found: Found = {"target": tuple(targets), "features": tuple(columns), "kind": values.kind}
    if level == "graph":
        return groups.given(graphs, None, understood, found)
    left_out.unlabelled = int(np.isnan(values.y).all(1).sum())
    whole = as_targets(values.with_y(values.y[order]), targets)
    return Given(graphs, whole, None, left_out, understood, found)


def _nodes(
    table: Table, named: str, group: str, columns: Sequence[str], targets: TargetColumns
) -> tuple[Elements, dict[tuple[str, str], int]]:
    """The nodes of a table, and the row of each by its graph and its name."""
    at, graph_at = table.column(named), table.column(group) if group else None
    names: dict[tuple[str, str], int] = {}

    def problem_of(fields: list[str]) -> str:
        name = fields[at].strip()
        key = "" if graph_at is None else fields[graph_at].strip(), name
        if key in names:
            return f"there is a node {name!r} already"
        names[key] = len(names)
        return ""

    return read_elements(table, group, columns, targets, problem_of), names


def _pairs(
    table: Table, ends: Sequence[str], group: str, names: dict[tuple[str, str], int]
) -> Iterator[tuple[int, int, int, str, str]]:
    """For each row of edges: its line, the rows of both nodes, what is wrong, and its text."""
    one, other = ends or (find_by_name(table, ENDS[0]), find_by_name(table, ENDS[1]))
    if not (one and other):
        free = [name for name in table.header if name != group]
        if len(free) < 2:
            raise ValueError(f"expected two columns of ends of edges in {table.name}: {free}")
        one, other = free[:2]
    places = table.column(one), table.column(other)
    graph_at = table.column(group) if group else None
    for row in table.rows():
        if row.problem:
            yield row.line, 0, 0, row.problem, shown(" ".join(row.fields))
            continue
        of = row.fields[graph_at].strip() if graph_at is not None else ""
        both = [row.fields[place].strip() for place in places]
        missing = [name for name in both if (of, name) not in names]
        problem = f"there is no node {missing[0]!r}" if missing else ""
        rows = [names.get((of, name), 0) for name in both]
        yield row.line, rows[0], rows[1], problem, shown(" – ".join(both))
