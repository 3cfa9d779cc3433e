"""The picture of the tree explorer: what is drawn, as plain data, and the view that draws it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import traitlets

from lcm_core.widgets.base.page_files import module
from lcm_core.widgets.base.view import View
from lcm_core.widgets.trees.reductions import TreeReductions
from lcm_core.widgets.trees.values import NodeNumbers, largest_size, states_of

__all__ = ["TreeView", "tree_data"]

#: A state of more features is drawn by one number; of those that are said, these are the first.
MOST_CELLS, MOST_SAID = 16, 8
DIGITS = 6  # significant, of what is sent to the page


class TreeView(View):
    """One tree or two on the page.

    Its `value` is `{"order": …}`, the element of each leaf, after a leaf was dragged; or
    `{"bracket": [first, last]}` after a click on the node over these leaves of the first tree,
    counted from the left. Both have a `turn`, which the data that answer it repeat as `heard`.

    Attributes:
        level: how far the reduction is.
        playing: whether the page is playing it; the page ends that.
    """

    _esm = module(Path(__file__).parent / "tree_view.js")
    level = traitlets.Int(0).tag(sync=True)
    playing = traitlets.Bool(False).tag(sync=True)


def tree_data(
    shown: TreeReductions, titles: Sequence[str], kind: str, single: NodeNumbers
) -> dict[str, Any]:
    """What `tree_view.js` draws.

    Args:
        shown: the reductions of a set that is not empty.
        titles: what the trees are called.
        kind: what colours stand for.
        single: one number for each state, drawn where its features are not.
    """
    graphs = shown.traces
    width = len(states_of(graphs[0])[0])
    as_cells = kind == "features" and width <= MOST_CELLS
    states = [states_of(graph).double().numpy() for graph in graphs]
    two = len(graphs) > 1
    trees = [
        {
            "title": f"{name}, depth {graph.graph['depth']}" if two else "",
            "children": graph.graph["tree"].children,
            "states": _rounded(state[:, : MOST_CELLS if as_cells else MOST_SAID]),
            "values": _rounded(values),
            "marks": [[node, _rounded(np.array(mark))] for node, mark in marks.items()],
        }
        for graph, name, state, values, marks in zip(
            graphs, titles, states, single.values, shown.marks, strict=False
        )
    ]
    cells = None
    if as_cells:
        cells = _look(NodeNumbers(states, "", largest_size(states), signed=True))
    return {
        "trees": trees,
        "names": shown.names,
        "order": shown.order,
        "width": width,
        "looks": {"cells": cells, "single": _look(single)},
        "label": _label(graphs, len(shown.names)),
    }


def _look(numbers: NodeNumbers) -> dict[str, Any]:
    """Of the scale of the theme, `low` is its beginning; `from` is where the legend begins."""
    return {
        "title": numbers.title,
        "low": 0.0 if numbers.error else -numbers.high,
        "high": numbers.high,
        "from": -numbers.high if numbers.signed else 0.0,
        "scale": "error" if numbers.error else "signed",
    }


def _label(graphs: Sequence[nx.DiGraph], leaves: int) -> str:
    depths = " and ".join(str(graph.graph["depth"]) for graph in graphs)
    trees = "Two trees" if len(graphs) > 1 else "A tree"
    return (
        f"{trees} of {leaves} leaves, depth {depths}. Arrow keys go from node to node; Shift with "
        "an arrow key moves a leaf; Enter moves the bracket of a node."
    )


def _rounded(values: np.ndarray) -> Any:
    """The numbers as lists, to so many digits: less to send."""
    if values.ndim == 0:
        return float(f"{float(values):.{DIGITS}g}")
    return [_rounded(each) for each in values]
