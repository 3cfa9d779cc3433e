"""The parts of an explorer of bracketings or orders: its graph, its elements, its controls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import ipywidgets as widgets
import networkx as nx
import numpy as np
import torch
from torch import Tensor

from lcm_core.errors import unknown
from lcm_core.figures.polytope import SCALES
from lcm_core.trees.tree import Tree
from lcm_core.widgets.base.controls import compact
from lcm_core.widgets.base.values import Values, as_elements
from lcm_core.widgets.operators.menu import OperatorMenu

__all__ = [
    "NOTHING",
    "TILT",
    "TURN",
    "Look",
    "PolytopeSet",
    "Shape",
    "angle_slider",
    "scale_menu",
    "seed_box",
    "size_menu",
    "vertex_menu",
]


TURN, TILT = (0, 360), (-90, 90)  # degrees


@dataclass(frozen=True)
class Look:
    """How an explorer begins, but for its elements, its operator and its graph.

    Args:
        draw: how often the elements have been drawn anew.
        vertex: the name of the chosen one; None for the first.
        turn, tilt: degrees; None where the vertices of a graph hide each other least.
        colours: one of `SCALES`.

    Raises:
        ValueError: an angle that cannot be.
    """

    draw: int = 0
    vertex: str | None = None
    turn: int | None = None
    tilt: int | None = None
    colours: str = SCALES[0]

    def __post_init__(self) -> None:
        for name, angle, (low, high) in (("turn", self.turn, TURN), ("tilt", self.tilt, TILT)):
            if angle is not None and not (isinstance(angle, int) and low <= angle <= high):
                raise ValueError(
                    f"expected {name} to be whole degrees from {low} to {high}, got {angle!r}"
                )


@dataclass(frozen=True, eq=False)
class Shape:
    """What is drawn: a graph, and the tree that belongs to each vertex.

    Args:
        graph: with the node attribute `place`.
        trees: of the nodes, in their order.
        names: of the nodes.
        vertex, move: what a vertex and an edge are called, such as "bracketing".
        free: (m,), edges whose moves cost nothing if ⊕ commutes.
        moves: what each edge does, in words; "" where its two ends say it.
        crowded: whether only the names around the chosen vertex are written.
    """

    graph: nx.Graph
    trees: tuple[Tree, ...]
    names: tuple[str, ...]
    vertex: str
    move: str
    free: np.ndarray | None = None
    moves: tuple[str, ...] = ()
    crowded: bool = False

    @cached_property
    def places(self) -> np.ndarray:
        """(k, 2) or (k, 3)."""
        return np.array([place for _, place in self.graph.nodes(data="place")])

    @cached_property
    def edges(self) -> np.ndarray:
        """(m, 2), numbers of vertices."""
        number = {node: i for i, node in enumerate(self.graph)}
        return np.array([[number[one], number[other]] for one, other in self.graph.edges])

    def neighbours(self, vertex: int) -> list[tuple[int, int]]:
        """(edge, vertex at its other end) of each edge at this vertex."""
        ends = enumerate(self.edges.tolist())
        return [(e, a + b - vertex) for e, (a, b) in ends if vertex in (a, b)]


NOTHING = Shape(nx.Graph(), (), (), "", "")


MOST = 6


class PolytopeSet:
    """Given elements, those that came with an operator, or Gaussian ones.

    Args:
        values: the given ones, `(m, channels)` or m numbers; None if there are none.
        n: how many will be asked for first.
        channels: the width of Gaussian ones, unless the operator says it.
        draws: how often they have been drawn anew.
    """

    def __init__(self, values: Values | None, n: int, channels: int, draws: int):
        self._values = None if values is None else as_elements(values)
        if self._values is not None and len(self._values) < n:
            raise ValueError(f"expected at least n = {n} values, got {len(self._values)}")
        if draws < 0:
            raise ValueError(f"expected draw to be 0 or more, got {draws}")
        self._channels, self.draws = channels, draws

    def draw_anew(self) -> None:
        """From now on others: of given ones a random choice instead of the first."""
        self.draws += 1

    def choose(self, n: int, seed: int, menu: OperatorMenu) -> Tensor:
        """(n, channels); Gaussian ones are the first n of the same, whatever n is.

        Raises:
            ValueError: there are not as many.
        """
        generator = np.random.default_rng([seed, self.draws])
        given = menu.elements if self._values is None else self._values
        if given is None:
            drawn = generator.standard_normal((MOST, menu.channels or self._channels))
            return torch.tensor(drawn[:n], dtype=torch.float32)
        if len(given) < n:
            raise ValueError(f"{n} elements are asked for, and there are {len(given)}")
        rows = generator.permutation(len(given))[:n] if self.draws else np.arange(n)
        return given[torch.as_tensor(rows)]


# Controls


def size_menu(sizes: Sequence[int], n: int) -> widgets.Dropdown:
    """How many elements there are."""
    made = widgets.Dropdown(
        options=sizes, value=n, description="Elements", tooltip="elements in the set"
    )
    return compact(made, 160, "elements")


def seed_box(seed: int) -> widgets.BoundedIntText:
    """The seed."""
    made = widgets.BoundedIntText(
        value=seed, min=0, max=10**6, description="Seed", tooltip="of the values and weights"
    )
    return compact(made, 110, "seed")


def vertex_menu() -> widgets.Dropdown:
    """The chosen vertex; without a description until there is a shape."""
    return compact(widgets.Dropdown(tooltip="whose tree is drawn"), 250, "vertex")


def angle_slider(description: str, low: int, high: int, tooltip: str) -> widgets.IntSlider:
    """An angle, in degrees."""
    made = widgets.IntSlider(
        min=low, max=high, step=5, description=description, tooltip=tooltip, readout=False
    )
    return compact(made, 170, description.lower())


def scale_menu(scale: str) -> widgets.Dropdown:
    """The scale of the colours."""
    if scale not in SCALES:
        raise unknown("scale of colours", scale, SCALES)
    made = widgets.Dropdown(
        options=SCALES,
        value=scale,
        description="Colours",
        tooltip="what the brightest colour stands for",
    )
    return compact(made, 200, "colours")
