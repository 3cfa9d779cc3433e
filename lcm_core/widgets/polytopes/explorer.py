"""What the explorers of all bracketings and of all orders share."""

from __future__ import annotations

from typing import Any

import ipywidgets as widgets
import torch
from torch import Tensor

from lcm_core.errors import unknown
from lcm_core.laws.deviations import measure_deviations
from lcm_core.operators import Operator
from lcm_core.reduction.ragged import trace
from lcm_core.widgets.base.controls import button, compact, row
from lcm_core.widgets.base.panel import Panel
from lcm_core.widgets.base.text_areas import ReadOut
from lcm_core.widgets.base.values import Values
from lcm_core.widgets.operators.menu import OperatorChoice, OperatorMenu
from lcm_core.widgets.polytopes.parts import (
    NOTHING,
    TILT,
    TURN,
    Look,
    PolytopeSet,
    Shape,
    angle_slider,
    scale_menu,
    seed_box,
    size_menu,
    vertex_menu,
)
from lcm_core.widgets.polytopes.text import of_vertex, summary
from lcm_core.widgets.polytopes.view import PolytopeView

__all__ = ["LETTERS", "PolytopeExplorer"]

LETTERS = "abcdef"

#: Degrees of turn and tilt at which the vertices of these numbers hide each other least.
VIEWS = {14: (40, 30), 24: (25, 20), 42: (230, 15)}


class PolytopeExplorer(Panel):
    """A graph of many trees over the same states, and the tree of the chosen vertex beside it.

    Subclasses say the `shape` and have controls of their own.

    Attributes:
        elements: those of the set on show, (n, channels).
        shape: the graph on show; `NOTHING` while there was only an error.
        deviations: the numbers on show.
        chosen: the number of the chosen vertex.
    """

    sizes: tuple[int, ...]

    def __init__(
        self,
        operator: OperatorChoice,
        n: int,
        values: Values | None,
        channels: int,
        seed: int,
        look: Look,
    ):
        super().__init__()
        if n not in self.sizes:
            raise ValueError(f"expected n among {', '.join(map(str, self.sizes))}, got {n}")
        self._set = PolytopeSet(values, n, channels, look.draw)
        self.shape, self.chosen, self._look = NOTHING, 0, look
        self._visits: dict[int, int] = {}
        self._drawn: dict[str, Any] = {}  # arguments of the last drawing
        self._make_parts(operator, n, seed, look.colours)
        if look.vertex is not None and look.vertex not in (names := self.make_shape().names):
            raise unknown("vertex", look.vertex, names)

    def _make_parts(self, operator: OperatorChoice, n: int, seed: int, colours: str) -> None:
        self.operator_menu = OperatorMenu(self, operator, self.draw)
        self.size_menu = size_menu(self.sizes, n)
        self.seed_box = seed_box(seed)
        self.vertex_menu = vertex_menu()
        self.turn_slider = angle_slider("Turn", *TURN, "about the upright axis")
        self.tilt_slider = angle_slider("Tilt", *TILT, "towards you")
        self.scale_menu = scale_menu(colours)
        self.values_button = button("New values", "another set of elements, same weights")
        self.next_button = button(
            "Next neighbour", "go along an edge, to where you have not been for longest"
        )
        self.largest_button = button("Largest jump", "go to its one end, and then to the other")
        self.connect(self.draw, self.size_menu, self.seed_box)
        self.connect(self._choose_from_menu, self.vertex_menu)
        self.connect(self._show_graph, self.turn_slider, self.tilt_slider, self.scale_menu)
        self.connect(self._new_values, self.values_button)
        self.connect(self._next, self.next_button)
        self.connect(self._to_largest, self.largest_button)
        self._view = PolytopeView(self.locked(self.choose), self.locked(self._go_along))
        self._figure = self._view.figure
        self.read_out = ReadOut("polytope-text")
        set_row = row(
            compact(self.operator_menu.widget, 240),
            self.size_menu,
            *self.own_controls(),
            self.seed_box,
            self.values_button,
        )
        graph_row = row(
            self.vertex_menu,
            self.next_button,
            self.largest_button,
            self.turn_slider,
            self.tilt_slider,
            self.scale_menu,
        )
        figures = row(self._figure.part("65%"), self._view.tree_figure.part("34%"))
        self.lay_out([set_row, graph_row], [figures, self.read_out])

    # What subclasses say

    def own_controls(self) -> list[widgets.Widget]:
        """Controls of this explorer alone; they call `draw`."""
        raise NotImplementedError

    def make_shape(self) -> Shape:
        """The graph for what the controls say now; the same object if they say the same."""
        raise NotImplementedError

    def remarks(self, operator: Operator, states: Tensor) -> str:
        """A sentence or two, in HTML, for the read-out."""
        raise NotImplementedError

    def arguments(self) -> dict[str, Any]:
        """What is on show; while the controls ask for what cannot be drawn, the last drawing."""
        return self._drawn if self._stale else self.as_arguments()

    def as_arguments(self) -> dict[str, Any]:
        """What the controls say; a subclass adds its own."""
        usual = VIEWS.get(len(self.shape.names), (0, 0))
        turn, tilt = (
            None if slider.disabled or slider.value == angle else slider.value
            for slider, angle in zip((self.turn_slider, self.tilt_slider), usual, strict=True)
        )
        return {
            "operator": self.operator_menu.choice,
            "n": self.size_menu.value,
            "seed": self.seed_box.value,
            "draw": self._set.draws,
            "vertex": self.shape.names[self.chosen] if self.chosen else None,
            "turn": turn,
            "tilt": tilt,
            "colours": self.scale_menu.value,
        }

    # What the controls do

    def _choose_from_menu(self) -> None:
        self.choose(self.vertex_menu.value)

    def choose(self, vertex: int) -> None:
        """Draws the tree of a vertex."""
        with self.lock:
            self.chosen = vertex
            self._visits[vertex] = max(self._visits.values(), default=0) + 1
            with self.quietly():
                self.vertex_menu.value = vertex
            self._show()

    def _next(self) -> None:
        if self.shape is NOTHING:
            return
        self._visits.setdefault(self.chosen, 0)
        ends = [end for _, end in self.shape.neighbours(self.chosen)]
        self.choose(min(ends, key=lambda end: self._visits.get(end, -1)))

    def _to_largest(self) -> None:
        if self.shape is not NOTHING:
            self._go_along(int(self.deviations.jumps.argmax()))

    def _go_along(self, edge: int) -> None:
        """To an end of this edge: the other one, if the first is chosen."""
        one, other = self.shape.edges[edge].tolist()
        self.choose(other if self.chosen == one else one)

    def _new_values(self) -> None:
        self._set.draw_anew()
        self.draw()

    # What is shown

    @torch.no_grad()
    def draw(self) -> None:
        """Reduces by all trees anew; also in the thread of a training run that is followed."""
        self._stale = True
        shape, seed = self.make_shape(), self.seed_box.value
        elements = self._set.choose(self.size_menu.value, seed, self.operator_menu)
        operator = self.operator_menu.operator(elements.shape[1], seed)
        assert operator is not None
        states = operator.lift(elements)
        self.deviations = measure_deviations(operator, states, shape.trees, shape.edges)
        self.elements, self._operator, self._states = elements, operator, states
        if shape is not self.shape:
            self._reshape(shape)
        self._remarks = self.remarks(operator, states)
        self._stale = False
        self._drawn = self.as_arguments()
        self._show()

    def _reshape(self, shape: Shape) -> None:
        """Another graph; the vertex of the same name stays chosen."""
        before = self.shape.names[self.chosen] if self.shape.names else self._look.vertex
        same_size = len(shape.names) == len(self.shape.names)
        self.shape = shape
        self.chosen = shape.names.index(before) if before in shape.names else 0
        self._visits = {}
        flat = shape.places.shape[1] == 2
        with self.quietly():
            self.vertex_menu.options = [(name, i) for i, name in enumerate(shape.names)]
            self.vertex_menu.value = self.chosen
            self.vertex_menu.description = shape.vertex.capitalize()
            angles = VIEWS.get(len(shape.names), (0, 0))
            wanted = (self._look.turn, self._look.tilt)
            sliders = (self.turn_slider, self.tilt_slider)
            for slider, angle, first in zip(sliders, angles, wanted, strict=True):
                slider.disabled = flat
                if not same_size:
                    slider.value = angle if first is None else first
        self._look = Look()  # the next graph is seen as usual

    def _show(self) -> None:
        self._show_graph()
        with torch.no_grad():
            self.trace = trace(self._operator, self._states, self.shape.trees[self.chosen])
        names = list(LETTERS[: len(self.elements)])
        self._view.show_tree(self.trace, names)
        texts = (
            summary(self.shape, self.deviations, len(names)),
            self._remarks,
            of_vertex(self.shape, self.deviations, self.chosen),
        )
        self.read_out.say("<br>".join(texts))

    def _show_graph(self) -> None:
        if not self.shape.names:
            return
        self._view.show_graph(
            self.shape,
            self.deviations,
            self.chosen,
            self.scale_menu.value,
            self.turn_slider.value,
            self.tilt_slider.value,
        )
