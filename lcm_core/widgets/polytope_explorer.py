"""What the explorers of all bracketings and of all orders share."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import ipywidgets as widgets
import numpy as np
import torch
from torch import Tensor

from lcm_core.deviations import measure_deviations
from lcm_core.figures import polytope_figure, tree_figure
from lcm_core.figures.polytope import EDGES, SCALES, VERTICES
from lcm_core.operators import Operator
from lcm_core.reduction import trace
from lcm_core.widgets.live_figure import LiveFigure
from lcm_core.widgets.operator_menu import OperatorChoice, OperatorMenu
from lcm_core.widgets.page_script import PageScript
from lcm_core.widgets.panel import Panel, ReadOut, button, row
from lcm_core.widgets.polytope_shape import NOTHING, Shape
from lcm_core.widgets.polytope_text import of_vertex, summary

LETTERS = "abcdef"
HEIGHT = 400
TREE_WIDTH = 265  # pixels, about

#: Of the controls, in pixels.
WIDTHS = {
    "operator": 240,
    "elements": 120,
    "seed": 110,
    "vertex": 250,
    "turn": 170,
    "tilt": 170,
    "colours": 200,
}

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
        values: Tensor | np.ndarray | Sequence[float] | None,
        channels: int,
        seed: int,
    ):
        super().__init__()
        if n not in self.sizes:
            raise ValueError(f"expected n among {', '.join(map(str, self.sizes))}, got {n}")
        self._values = None if values is None else _as_elements(values)
        if self._values is not None and len(self._values) < n:
            raise ValueError(f"expected at least n = {n} values, got {len(self._values)}")
        self._channels, self._draws = channels, 0
        self.shape, self.chosen = NOTHING, 0
        self._quiet = self._clickable = False
        self._visits: dict[int, int] = {}
        self._build(operator, n, seed)

    def _build(self, operator: OperatorChoice, n: int, seed: int) -> None:
        guard = self.guard
        self.operator_menu = OperatorMenu(operator, guard(self._measure))
        self.size_menu = widgets.Dropdown(
            options=self.sizes, value=n, description="Elements", tooltip="elements in the set"
        )
        self.seed_box = widgets.BoundedIntText(
            value=seed, min=0, max=10**6, description="Seed", tooltip="of the values and weights"
        )
        self.vertex_menu = widgets.Dropdown(tooltip="whose tree is drawn")
        self.turn_slider = _angle("Turn", 0, 360, "about the upright axis")
        self.tilt_slider = _angle("Tilt", -90, 90, "towards you")
        self.scale_menu = widgets.Dropdown(
            options=SCALES, description="Colours", tooltip="what the brightest colour stands for"
        )
        self.values_button = button(
            "New values", "another set of elements, same weights", guard(self._new_values)
        )
        self.next_button = button(
            "Next neighbour",
            "go along an edge, to where you have not been for longest",
            guard(self._next),
        )
        self.largest_button = button(
            "Largest jump", "go to its one end, and then to the other", guard(self._to_largest)
        )
        for name, control, callback in (
            ("elements", self.size_menu, self._measure),
            ("seed", self.seed_box, self._measure),
            ("vertex", self.vertex_menu, self._choose_from_menu),
            ("turn", self.turn_slider, self._draw_graph),
            ("tilt", self.tilt_slider, self._draw_graph),
            ("colours", self.scale_menu, self._draw_graph),
        ):
            control.add_class(f"lcm-{name}")
            compact(control, WIDTHS[name])
            control.observe(guard(callback), names="value")
        compact(self.operator_menu.widget, WIDTHS["operator"])
        self._figure, self._tree_figure = LiveFigure(), LiveFigure()
        self.read_out = ReadOut("polytope-text")
        self.children = [
            row(
                self.operator_menu.widget,
                self.size_menu,
                *self.own_controls(),
                self.seed_box,
                self.values_button,
            ),
            row(
                self.vertex_menu,
                self.next_button,
                self.largest_button,
                self.turn_slider,
                self.tilt_slider,
                self.scale_menu,
            ),
            self._error_area,
            row(_part(self._figure, "65%"), _part(self._tree_figure, "34%")),
            self.read_out,
            PageScript(),
        ]
        self.made()
        guard(self._measure)()

    # What subclasses say

    def own_controls(self) -> list[widgets.Widget]:
        """Controls of this explorer alone; they call `_measure`."""
        raise NotImplementedError

    def make_shape(self) -> Shape:
        """The graph for what the controls say now; the same object if they say the same."""
        raise NotImplementedError

    def remarks(self, operator: Operator, states: Tensor) -> str:
        """A sentence or two, in HTML, for the read-out."""
        raise NotImplementedError

    def end_work(self) -> None:
        self.operator_menu.close()

    # What the controls do

    def _choose_from_menu(self, _: object = None) -> None:
        with self._state_lock:
            if not self._quiet:
                self.choose(self.vertex_menu.value)

    def choose(self, vertex: int) -> None:
        """Draws the tree of a vertex."""
        with self._state_lock:
            self.chosen = vertex
            self._visits[vertex] = max(self._visits.values(), default=0) + 1
            with self._silence():
                self.vertex_menu.value = vertex
            self._draw()

    def _next(self, _: object = None) -> None:
        self._visits.setdefault(self.chosen, 0)
        ends = [end for _, end in self.shape.neighbours(self.chosen)]
        self.choose(min(ends, key=lambda end: self._visits.get(end, -1)))

    def _to_largest(self, _: object = None) -> None:
        one, other = self.shape.edges[int(self.deviations.jumps.argmax())].tolist()
        self.choose(other if self.chosen == one else one)

    def _new_values(self, _: object = None) -> None:
        self._draws += 1
        self._measure()

    def _clicked(self, trace: int) -> Callable[..., None]:
        def choose(_: object, points: object, __: object) -> None:
            if found := list(points.point_inds):  # type: ignore[attr-defined]
                if trace == VERTICES:
                    self.choose(found[0])
                else:
                    one, other = self.shape.edges[found[0]].tolist()
                    self.choose(other if self.chosen == one else one)

        return self.guard(choose)

    def _silence(self) -> _Silence:
        return _Silence(self)

    # What is shown

    def _measure(self, _: object = None) -> None:
        """Reduces by all trees anew; also in the thread of a training run that is followed."""
        with self._state_lock, torch.no_grad():
            if self._quiet or self._closed:
                return
            shape, elements = self.make_shape(), self._draw_elements()
            operator = self.operator_menu.operator(elements.shape[1], self.seed_box.value)
            assert operator is not None
            states = operator.lift(elements)
            self.deviations = measure_deviations(operator, states, shape.trees, shape.edges)
            self.elements, self._operator, self._states = elements, operator, states
            if shape is not self.shape:
                self._reshape(shape)
            self._remarks = self.remarks(operator, states)
            self._draw()

    def _reshape(self, shape: Shape) -> None:
        """Another graph; the vertex of the same name stays chosen."""
        before = self.shape.names[self.chosen] if self.shape.names else ""
        same_size = len(shape.names) == len(self.shape.names)
        self.shape = shape
        self.chosen = shape.names.index(before) if before in shape.names else 0
        self._visits = {}
        flat = shape.places.shape[1] == 2
        with self._silence():
            self.vertex_menu.options = [(name, i) for i, name in enumerate(shape.names)]
            self.vertex_menu.value = self.chosen
            self.vertex_menu.description = shape.vertex.capitalize()
            angles = VIEWS.get(len(shape.names), (0, 0))
            for slider, angle in zip((self.turn_slider, self.tilt_slider), angles, strict=True):
                slider.disabled = flat
                slider.value = slider.value if same_size else angle

    def _draw_elements(self) -> Tensor:
        n = self.size_menu.value
        generator = np.random.default_rng([self.seed_box.value, self._draws])
        given = self.operator_menu.elements if self._values is None else self._values
        if given is None:
            channels = self.operator_menu.channels or self._channels
            drawn = generator.standard_normal((len(LETTERS), channels))
            return torch.tensor(drawn[:n], dtype=torch.float32)
        if len(given) < n:
            raise ValueError(f"{n} elements are asked for, and there are {len(given)}")
        rows = generator.permutation(len(given))[:n] if self._draws else np.arange(n)
        return given[torch.as_tensor(rows)]

    def _draw(self) -> None:
        self._draw_graph()
        with torch.no_grad():
            self.trace = trace(self._operator, self._states, self.shape.trees[self.chosen])
        names = list(LETTERS[: len(self.elements)])
        figure = tree_figure(self.trace, names=names, height=HEIGHT, width=TREE_WIDTH)
        figure.update_layout(coloraxis_showscale=False)  # the read-out has the numbers
        self._tree_figure.show(figure)
        texts = (
            summary(self.shape, self.deviations, len(names)),
            self._remarks,
            of_vertex(self.shape, self.deviations, self.chosen),
        )
        self.read_out.say("<br>".join(texts))

    def _draw_graph(self, _: object = None) -> None:
        with self._state_lock:
            if self._quiet or not self.shape.names:
                return
            shape, found = self.shape, self.deviations
            near = {self.chosen, *(end for _, end in shape.neighbours(self.chosen))}
            shown = [
                name if not shape.crowded or i in near else "" for i, name in enumerate(shape.names)
            ]
            figure = polytope_figure(
                shape.places,
                shape.edges,
                found.without_rounding(found.deviations),
                found.without_rounding(found.jumps),
                shape.names,
                chosen=self.chosen,
                free=shape.free,
                scale=self.scale_menu.value,
                turn=self.turn_slider.value,
                tilt=self.tilt_slider.value,
                shown_names=shown,
                height=HEIGHT,
            )
            self._figure.show(figure)
            if not self._clickable:
                self._clickable = True
                for place in (EDGES, VERTICES):
                    self._figure.widget.data[place].on_click(self._clicked(place))


class _Silence:
    """While it lasts, changes of controls do nothing."""

    def __init__(self, panel: PolytopeExplorer):
        self._panel = panel

    def __enter__(self) -> None:
        self._before, self._panel._quiet = self._panel._quiet, True

    def __exit__(self, *_: object) -> None:
        self._panel._quiet = self._before


def _as_elements(values: Tensor | np.ndarray | Sequence[float]) -> Tensor:
    elements = torch.as_tensor(values, dtype=torch.float32).detach().cpu()
    if elements.ndim == 1:
        elements = elements[:, None]
    if elements.ndim != 2:
        raise ValueError(f"expected values of shape (n, channels), got {tuple(elements.shape)}")
    return elements


def compact(control: widgets.DOMWidget, width: int) -> None:
    """Makes a control this many pixels wide, its description as wide as its text."""
    control.style.description_width = "initial"
    control.layout.width = f"{width}px"


def _angle(description: str, low: int, high: int, tooltip: str) -> widgets.IntSlider:
    return widgets.IntSlider(
        min=low, max=high, step=5, description=description, tooltip=tooltip, readout=False
    )


def _part(figure: LiveFigure, width: str) -> widgets.VBox:
    """Shares the width of the page."""
    return widgets.VBox(
        [figure.widget], layout=widgets.Layout(width=width, min_width="300px", overflow="hidden")
    )
