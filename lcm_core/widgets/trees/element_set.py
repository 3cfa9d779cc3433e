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

TYPED_AT_FIRST = "3 1 4 1.5"


class TreeSet:
    """Elements from one of several sources, and an order of the first few.

    Args:
        values, names, graph, node, channels, seed, source, draw, order: see `TreeExplorer`.
        leaves: how many elements to begin with; None for all of them.
        usual: how many to begin with where there is no end of them.

    Attributes:
        sources: where elements can come from.
        first_source: from where they come to begin with.
        typed: the elements as text, to begin with.
        draws: how often elements were drawn anew.
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
        source: str | None,
        draw: int,
        order: Sequence[int] | None,
    ):
        self._channels, self._seed = channels, seed
        self._shuffles, self.draws = 0, draw
        self.sources, self.first_source = [DRAWN, TYPED, TASK], DRAWN
        self._given, self.graph, self.node, self.typed = None, None, 0, TYPED_AT_FIRST
        if isinstance(values, str):
            self.first_source = TASK
            if any(character.isdigit() for character in values) or source == TYPED:
                self.first_source, self.typed = TYPED, values
            elif values != "second_minimum":
                raise unknown("task", values, ["second_minimum"])
        elif values is not None:
            self._given = given_elements(values, names)
            self.sources, self.first_source = [GIVEN, *self.sources], GIVEN
        if graph is not None:
            self.graph = read_graph(graph)
            self.node = self.graph.find(node)
            self.sources, self.first_source = [NEIGHBOURS, *self.sources], NEIGHBOURS
        if source is not None:
            if source not in self.sources:
                raise unknown("source", source, self.sources)
            self.first_source = source
        if leaves is None and order is not None:
            leaves = len(order)
        if leaves is None and self.first_source in (DRAWN, TASK):
            leaves = usual
        given = self._given if self.first_source == GIVEN else None
        most = MAX_LEAVES if given is None else len(given.names)
        if leaves is not None and (not isinstance(leaves, int) or isinstance(leaves, bool)):
            raise TypeError(f"expected leaves to be an int from 1 to {most}, got {leaves!r}")
        if leaves is not None and not 1 <= leaves <= most:
            raise ValueError(f"expected leaves from 1 to {most}, got {leaves}")
        self.order = np.arange(most if leaves is None else leaves)
        if order is not None:
            self.reorder(order)
        text = self.typed if self.first_source == TYPED else ""
        self._origin = None if leaves is None else (self.first_source, text, self.node)

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
            return task_elements(self._seed, self.draws)
        channels = menu.channels or self._channels
        return drawn_elements(channels, self._seed, self.draws, menu.elements)

    def take(self, leaves: int) -> None:
        """The first few elements; if they are more or fewer than before, in the first order."""
        if len(self.order) != leaves:
            self.order = np.arange(leaves)

    def reorder(self, order: Sequence[int]) -> None:
        """Which element each leaf holds from now on.

        Raises:
            ValueError: not all of the numbers 0 … n − 1, once each.
        """
        n = len(self.order)
        if sorted(order) != list(range(n)):
            raise ValueError(
                f"expected order to hold each number from 0 to {n - 1} once, got {list(order)}"
            )
        self.order = np.array(order, dtype=int)

    @property
    def leaf_names(self) -> list[str]:
        """Of the elements, leaf by leaf."""
        return [self.elements.names[element] for element in self.order]

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
        self.draws += 1
