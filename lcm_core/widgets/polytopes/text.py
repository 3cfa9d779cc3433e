"""What the read-out of an explorer of bracketings or orders says."""

from __future__ import annotations

import html

from torch import Tensor

from lcm_core.laws.deviations import Deviations
from lcm_core.widgets.polytopes.parts import Shape

__all__ = ["in_units", "of_vertex", "summary"]


def summary(shape: Shape, found: Deviations, n: int) -> str:
    """Whether the answers for a set of n differ, by how much, and where; HTML."""
    k, m = len(shape.trees), len(shape.edges)
    if found.one_answer:
        how = "to the last bit" if found.largest == 0 else "to rounding"
        return (
            f"<b>One answer for all {k} {shape.vertex}s, {how}</b>: none of the {m} {shape.move}s "
            "changes it."
        )
    far, edge = int(found.deviations.argmax()), int(found.jumps.argmax())
    one, other = (shape.names[end] for end in shape.edges[edge])
    free = int((found.jumps <= found.rounding).sum())
    unit = (
        f"1 is the spread between sets: the root-mean-square distance of the results of other sets "
        f"of {n} such elements from their mean (s = {found.spread:.3g})."
        if found.spread > 0
        else "All other sets give one result, so these numbers have no unit to be measured in."
    )
    return (
        f"<b>Answers differ</b> among the {k} {shape.vertex}s. Largest deviation from their mean "
        f"<b>{found.deviations[far]:.3g}</b>, at {_code(shape.names[far])}. Largest jump "
        f"<b>{found.jumps[edge]:.3g}</b>, between {_code(one)} and {_code(other)} (diamond). "
        f"{free} of {m} {shape.move}s change nothing. {unit}"
    )


def of_vertex(shape: Shape, found: Deviations, vertex: int) -> str:
    """The chosen vertex: its result, its deviation, and the jumps around it; HTML."""
    around = ", ".join(
        f"{in_units(found, found.jumps[edge])} to {_code(shape.names[end])}"
        + (f" ({shape.moves[edge]})" if shape.moves else "")
        for edge, end in shape.neighbours(vertex)
    )
    return (
        f"<b>Chosen</b>: {_code(shape.names[vertex])}, result {_numbers(found.results[vertex])}, "
        f"deviation {in_units(found, found.deviations[vertex])}. Jumps: {around}. "
        "Click another vertex to choose it."
    )


def in_units(found: Deviations, value: float) -> str:
    """A deviation or jump; one that may be rounding is called 0."""
    if value == 0:
        return "0"
    return f"{value:.3g}" if value > found.rounding else f"0 ({value:.0e})"


def _code(name: str) -> str:
    return f"<code>{html.escape(name)}</code>"


def _numbers(state: Tensor) -> str:
    shown = ", ".join(f"{value:.3f}" for value in state[:8].tolist())
    return f"({shown}{', …' if len(state) > 8 else ''})"
