"""Which graphs of a folder fit together; each of the others costs itself alone."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from lcm_core.pyg import Data
from lcm_core.tasks.in_memory.from_folder import FoundGraph
from lcm_core.tasks.in_memory.graphs import edge_index_of, features_of, row_of
from lcm_core.tasks.tables.left_out import LeftOut, LeftOutRow

__all__ = ["usable_graphs"]

THIS = "the graph"


class _Widths(NamedTuple):
    """What all graphs must share; 0 for features that a graph does not have.

    `y` is the number of targets of the graph, or of each of its nodes where `of_nodes`; 0 if its
    `y` is not of that kind.
    """

    x: int
    edge_attr: int
    y: int
    y_of_nodes: int


def usable_graphs(found: Sequence[FoundGraph], left_out: LeftOut, numbered: bool) -> list[Data]:
    """The graphs that are whole, and shaped as most are.

    Args:
        found: all graphs of a folder.
        left_out: the others come into it, with the names of their files and the reasons.
        numbered: whether somebody counts the graphs, so that none may be missing.

    Raises:
        ValueError: more than half of them are left out, or one is where they are numbered.
    """
    widths: dict[int, _Widths] = {}
    reasons: dict[int, str] = {}
    for number, each in enumerate(found):
        try:
            widths[number] = _widths(each.graph)
        except Exception as error:  # the fields of a foreign graph may raise anything
            reasons[number] = str(error) or type(error).__name__
    reasons |= _others(widths)
    rows = [
        LeftOutRow(found[number].file, found[number].name, reason)
        for number, reason in sorted(reasons.items())
    ]
    if rows and numbered:
        raise ValueError(f"splits count the graphs of the folder, and one is not whole: {rows[0]}")
    if 2 * len(rows) > len(found):
        raise ValueError(
            f"{len(rows):,} of the {len(found):,} graphs cannot be used; the first: {rows[0]}"
        )
    left_out.rows = sorted([*left_out.rows, *rows], key=lambda row: row.line)
    return [each.graph for number, each in enumerate(found) if number not in reasons]


def _widths(graph: Data) -> _Widths:
    """The widths of a graph that is whole.

    Raises:
        ValueError: it is not.
    """
    if graph.edge_index is None or not graph.num_nodes:
        raise ValueError("expected a graph with nodes and an edge_index")
    edges, nodes = edge_index_of(THIS, graph), int(graph.num_nodes)
    given = graph.get("x", None), graph.get("edge_attr", None)
    x = 0 if given[0] is None else features_of(THIS, "x", given[0], nodes).shape[1]
    edge_attr = (
        0 if given[1] is None else features_of(THIS, "edge_attr", given[1], edges.shape[1]).shape[1]
    )
    y = graph.y
    of_nodes = isinstance(y, Tensor) and y.dim() in (1, 2) and len(y) == nodes
    try:
        width = row_of(THIS, graph).shape[1]
    except ValueError:
        if not of_nodes:
            raise
        width = 0
    if not torch.as_tensor(y).isfinite().all():
        raise ValueError("expected finite numbers as y of the graph")
    return _Widths(x, edge_attr, width, int(y[0].numel()) if of_nodes else 0)


def _others(widths: dict[int, _Widths]) -> dict[int, str]:
    """Why graphs do not fit to most others."""
    reasons: dict[int, str] = {}
    for field in ("x", "edge_attr"):
        each = {number: int(getattr(own, field)) for number, own in widths.items()}
        usual = _most(each)
        for number, width in each.items():
            if width != usual:
                reasons.setdefault(
                    number,
                    f"expected {_features(field, usual)}, as most graphs have, found "
                    f"{_features(field, width)}",
                )
    fitting = {number: own for number, own in widths.items() if number not in reasons}
    of_graphs = {number: own.y for number, own in fitting.items()}
    of_nodes = {number: own.y_of_nodes for number, own in fitting.items()}
    nodes_win = _count(of_nodes) >= _count(of_graphs)
    each, what = (of_nodes, "each node") if nodes_win else (of_graphs, "the graph")
    usual = _most(each)
    for number, width in each.items():
        if width != usual:
            reasons[number] = (
                f"expected a y with {usual} for {what}, as most graphs have, found one of another "
                "shape"
            )
    return reasons


def _most(each: dict[int, int]) -> int:
    """The value that most graphs have; 0 without graphs."""
    return max(Counter(each.values()).items(), key=lambda item: item[1], default=(0, 0))[0]


def _count(each: dict[int, int]) -> int:
    """How many graphs have the usual number of targets."""
    return max(Counter(filter(None, each.values())).values(), default=0)


def _features(field: str, width: int) -> str:
    return f"{field} with {width} features" if width else f"no {field}"
