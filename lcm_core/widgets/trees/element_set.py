"""The set that the tree explorer reduces: which elements, and which of them each leaf holds."""

from __future__ import annotations

from collections.abc import Sequence

import networkx as nx
import numpy as np

from lcm_core.errors import unknown
from lcm_core.pyg import Data
from lcm_core.widgets.base.values import Values
from lcm_core.widgets.operators.menu import OperatorMenu
from lcm_core.widgets.trees.controls import DRAWN, GIVEN, NEIGHBOURS, TASK, TYPED
from lcm_core.widgets.trees.neighbourhood import read_graph
from lcm_core.widgets.trees.sources import (
    MAX_LEAVES,
    Elements,
    drawn_elements,
    given_elements,
    task_elements,
    typed_elements,
)

__all__ = ["TreeSet"]


class TreeSet:
    """Elements from one of several sources, and an order of the first few.

    Args:
        values, names, graph, node, channels, seed: see `TreeExplorer`.
        leaves: how many elements to begin with; None for all of them.
        usual: how many to begin with where there is no end of them.

    Attributes:
        sources: where elements can come from.
        first_source: from where they come to begin with.
        graph, node: see `TreeExplorer`; node 0 without a graph.
        elements: those of the source, of which the first few make the set.
        order: (n,), the element of each leaf.

    Raises:
        ValueError: what is wrong with the arguments.
    """

    elements: Elements

    def __init__(
        self,
        values: Values | str | None,
        names: Sequence[str] | None,
        graph: str | nx.Graph | Data | None,
        node: object,
        leaves: int | None,
        usual: int,
        channels: int,
        seed: int,
    ):
        self._channels, self._seed = channels, seed
        self._shuffles = self._draws = 0
        self.sources, self.first_source = [DRAWN, TYPED, TASK], DRAWN
        self._given, self.graph, self.node = None, None, 0
        if isinstance(values, str):
            if values != "second_minimum":
                raise unknown("task", values, ["second_minimum"])
            self.first_source = TASK
        elif values is not None:
            self._given = given_elements(values, names)
            self.sources, self.first_source = [GIVEN, *self.sources], GIVEN
        if graph is not None:
            self.graph = read_graph(graph)
            self.node = self.graph.find(node)
            self.sources, self.first_source = [NEIGHBOURS, *self.sources], NEIGHBOURS
        if leaves is None and self.first_source in (DRAWN, TASK):
            leaves = usual
        given = self._given if self.first_source == GIVEN else None
        most = MAX_LEAVES if given is None else len(given.names)
        if leaves is not None and (not isinstance(leaves, int) or isinstance(leaves, bool)):
            raise TypeError(f"expected leaves to be an int from 1 to {most}, got {leaves!r}")
        if leaves is not None and not 1 <= leaves <= most:
            raise ValueError(f"expected leaves from 1 to {most}, got {leaves}")
        self.order = np.arange(most if leaves is None else leaves)
        self._origin = None if leaves is None else (self.first_source, "", self.node)

    def read(self, source: str, typed: str, menu: OperatorMenu) -> bool:
        """Reads the elements of a source; whether all are to be taken, as they are others now."""
        self.elements = self._read(source, typed, menu)
        origin = (source, typed if source == TYPED else "", self.node)
        before, self._origin = self._origin, origin
        return origin != before and source not in (DRAWN, TASK)

    def _read(self, source: str, typed: str, menu: OperatorMenu) -> Elements:
        if source == GIVEN and self._given is not None:
            return self._given
        if source == NEIGHBOURS and self.graph is not None:
            return self.graph.neighbourhood(self.node)
        if source == TYPED:
            return typed_elements(typed)
        if source == TASK:
            return task_elements(self._seed, self._draws)
        channels = menu.channels or self._channels
        return drawn_elements(channels, self._seed, self._draws, menu.elements)

    def take(self, leaves: int) -> None:
        """The first few elements; if they are more or fewer than before, in the first order."""
        if len(self.order) != leaves:
            self.order = np.arange(leaves)

    def shuffle(self) -> None:
        """Another order of the same elements."""
        self._shuffles += 1
        generator = np.random.default_rng([self._seed, self._shuffles])
        self.order = generator.permutation(len(self.order))

    def unshuffle(self) -> None:
        """The first order."""
        self.order = np.arange(len(self.order))

    def draw_anew(self) -> None:
        """From now on other elements, where they are drawn."""
        self._draws += 1
