"""What the tree explorer says beside its picture."""

from __future__ import annotations

import html
from collections.abc import Sequence

import networkx as nx
import numpy as np
from torch import Tensor

from lcm_core.trees.tree import make_tree
from lcm_core.widgets.trees.reductions import TreeReductions
from lcm_core.widgets.trees.values import NodeNumbers, is_rounding, root_of

__all__ = ["colour_text", "comparison_text", "lead_text", "level_text", "reduction_text"]

MEANINGS = {
    "norm": "the length of a state",
    "component": "the place of a state along the direction in which all states differ most",
    "deviation": "the largest difference of a feature from what the balanced tree makes of the "
    "same leaves in the same order",
}

SAME = "<b>the same answer</b>"


def lead_text(shown: TreeReductions) -> str:
    """One sentence: whether another order or another tree gives another answer.

    It compares with the second tree if there is one; else with what the reader has left, the first
    order and the balanced tree; and where nothing was changed, with a few others that are tried.
    """
    n, root = len(shown.names), root_of(shown.traces[0])
    if n < 2:
        answer = "the identity" if n == 0 else "its one element"
        return f"Nothing to combine: the answer is {answer}, <b>{numbers(root)}</b>."
    if len(shown.traces) > 1:
        return _of_two_trees(shown, root)
    changed = []
    if not np.array_equal(shown.order, np.arange(n)):
        changed.append(("the first order", shown.to_unshuffled))
    if shown.traces[0].graph["tree"] != make_tree("balanced", n):
        changed.append(("the balanced tree", shown.to_balanced))
    if changed:
        another = ["gives another answer, <b>{}</b> away", "one <b>{}</b> away"]
        told = another if _differs(changed[0][1], root) else another[:1] * 2
        facts = [(*each, other) for each, other in zip(changed, told, strict=False)]
        return _sentence(facts, root, "gives")
    (orders, trees), move = shown.tried(), "move the answer by up to <b>{}</b>"
    move_too = "by up to <b>{}</b>" if _differs(orders, root) else move
    facts = [("other orders", orders, move), ("other trees", trees, move_too)]
    return _sentence(facts, root, "give")


def _sentence(facts: Sequence[tuple[str, float, str]], root: Tensor, verb: str) -> str:
    """Of one or two: whether they give the same answer, or in other words how far it moves."""
    if len(facts) == 2 and not any(_differs(value, root) for _, value, _ in facts):
        said = f"{facts[0][0]} and {facts[1][0]} give {SAME}"
    else:
        parts = (
            f"{who} {other.format(f'{value:.2g}') if _differs(value, root) else f'{verb} {SAME}'}"
            for who, value, other in facts
        )
        said = ", ".join(parts)
    return f"{said[0].upper()}{said[1:]}."


def _of_two_trees(shown: TreeReductions, root: Tensor) -> str:
    differences = list(shown.shared.items())
    whole, apart = differences[-1], [each for each in differences if _differs(each[1], root)]
    if not _differs(whole[1], root):
        return f"The two trees give {SAME}."
    where = f": they part over {html.escape(_braces(apart[0][0]))}" if apart[0] != whole else ""
    return f"The two trees give different answers, <b>{whole[1]:.2g}</b> apart{where}."


def level_text(graph: nx.DiGraph, names: Sequence[str], level: int) -> str:
    """How far the reduction is, and what has just been made."""
    tree, depth = graph.graph["tree"], graph.graph["depth"]
    made = [
        node
        for node, height in graph.nodes(data="height")
        if height == level and not graph.nodes[node]["leaf"]
    ]
    now = ": the elements"
    if tree is None:
        now = ": nothing to reduce"
    elif made:
        shown = ", ".join(_short(tree.bracketing(names, node), 40) for node in made[:4])
        now = f": made {shown}" + (f" and {len(made) - 4} more" if len(made) > 4 else "")
    elif level > depth:
        return f"Level {level}: this tree was finished at level {depth}.<br>"
    return f"Level {level} of {depth}{html.escape(now)}.<br>"


def reduction_text(shown: TreeReductions) -> str:
    """What is known of the first reduction."""
    facts, root = shown.traces[0].graph, root_of(shown.traces[0])
    if facts["tree"] is None:
        return f"<b>An empty set</b>: its answer is the identity {numbers(root)}<br>"
    bracketing = _short(facts["tree"].bracketing(shown.names), 80)
    return (
        f"<b>Depth {facts['depth']}</b>, operator calls {facts['calls']} (one for each level), "
        f"{len(shown.names) - 1} applications of ⊕ in all. "
        f"Bracketing <code>{html.escape(bracketing)}</code><br>"
        f"Root state {numbers(root)}<br>"
        f"Difference to the balanced tree, same order: {_verdict(shown.to_balanced, root)}. "
        f"Difference to the first order, same tree: {_verdict(shown.to_unshuffled, root)}.<br>"
    )


def comparison_text(shown: TreeReductions, title: str) -> str:
    """The second tree, and how far the two differ at each shared node."""
    root, depth = root_of(shown.traces[0]), shown.traces[1].graph["depth"]
    if len(shown.names) == 1:
        return f"<b>Beside it</b>: {html.escape(title)}, which is the same for one leaf.<br>"
    *inner, (_, whole) = shown.shared.items()
    told = [f"{_braces(names)}: {_small(value, root)}" for names, value in inner[:8]]
    if further := [value for _, value in inner[8:]]:
        told.append(f"at {len(further)} more, at most {_small(max(further), root)}")
    nodes = "; ".join(told) or "there are none"
    return (
        f"<b>Beside it</b>: {html.escape(title)}, depth {depth}. "
        f"Difference at the root: {_verdict(whole, root)}. "
        f"At other nodes over the same leaves (Δ in the figure): {html.escape(nodes)}.<br>"
    )


def colour_text(kind: str, shown: TreeReductions, drawn: NodeNumbers) -> str:
    """What the colours stand for, and their extremes in the first tree."""
    tree, names, values = shown.traces[0].graph["tree"], shown.names, drawn.values[0]
    finite = np.where(np.isfinite(values), values, np.nan)
    if tree is None or np.isnan(finite).all():
        return f"Colours: {MEANINGS[kind]}.<br>"
    most, least = int(np.nanargmax(finite)), int(np.nanargmin(finite))
    ends = [(most, "largest")] if kind == "deviation" else [(least, "least"), (most, "largest")]
    found = ", ".join(
        f"{word} {values[node]:.3g} at {_short(tree.bracketing(names, node), 40)}"
        for node, word in ends
    )
    if kind == "deviation" and values[most] == 0:
        found = "0 at every node"
    return f"Colours: {MEANINGS[kind]}; {html.escape(found)}.<br>"


def numbers(state: Tensor) -> str:
    """The first few features."""
    shown = ", ".join(f"{value:.3f}" for value in state[:8].tolist())
    return f"({shown}{', …' if len(state) > 8 else ''})"


def _differs(difference: float, state: Tensor) -> bool:
    return not is_rounding(difference, state)


def _verdict(difference: float, state: Tensor) -> str:
    if difference == 0:
        return "<b>0</b>, the same answer to the last bit"
    if is_rounding(difference, state):
        return f"<b>{difference:.1e}</b>, the same answer but for rounding"
    return f"<b>{difference:.3g}</b>, another answer"


def _small(difference: float, state: Tensor) -> str:
    return "0" if is_rounding(difference, state) else f"{difference:.2g}"


def _braces(names: Sequence[str]) -> str:
    shown = list(names) if len(names) <= 6 else [*names[:3], "…", names[-1]]
    return "{" + ", ".join(shown) + "}"


def _short(text: str, length: int) -> str:
    if len(text) <= length:
        return text
    return f"{text[: length // 2]} … {text[-length // 2 :]}"
