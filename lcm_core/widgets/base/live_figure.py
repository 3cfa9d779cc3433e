"""A figure on the page that callbacks and worker threads may change at the same time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import ipywidgets as widgets
import numpy as np
import plotly.graph_objects as go
from plotly.basedatatypes import BasePlotlyType

from lcm_core.widgets.base.plotly_inside import SharedFigureWidget

__all__ = ["LiveFigure", "enlarge"]

FONT = 12  # plotly's own size of letters, in pixels


class LiveFigure:
    """A `FigureWidget` and the lock under which alone it is changed.

    Attributes:
        widget: to be placed in a panel.
        lock: held during each change; plotly's own state is not safe for threads.
    """

    def __init__(self, figure: go.Figure | None = None):
        self.lock = threading.RLock()
        self._on_click: dict[int, Callable[..., None]] = {}
        self._shown, self._factor = figure, 1.0
        self._moved: Sequence[Mapping[str, np.ndarray]] | None = None  # since it was shown
        self.widget = SharedFigureWidget(figure)
        self.widget.live = self

    def part(self, width: str) -> widgets.VBox:
        """The figure beside others: it has this share of the page; if that is little, a row."""
        layout = widgets.Layout(width=width, min_width="300px", flex="1 1 auto", overflow="hidden")
        return widgets.VBox([self.widget], layout=layout)

    def on_click(self, place: int, callback: Callable[[int], None]) -> None:
        """From the first `show` on, calls `callback(point)` when a point of a trace is clicked.

        Args:
            place: of the trace in the figure, from 0.
            callback: takes the number of the point in the trace.
        """

        def clicked(_: object, points: Any, __: object) -> None:
            if points.point_inds:
                callback(points.point_inds[0])

        self._on_click[place] = clicked

    def show(self, figure: go.Figure) -> None:
        """Makes the page show `figure` in place of what it shows now."""
        with self.lock:
            self._shown, self._moved = figure, None
            if [trace.type for trace in self.widget.data] != [trace.type for trace in figure.data]:
                self.widget.data = ()
                self.widget.add_traces(figure.data)
                for place, clicked in self._on_click.items():
                    self.widget.data[place].on_click(clicked)
            gone = dict.fromkeys(_properties(self.widget.layout))  # unless the new figure has it
            with self.widget.batch_update():
                for shown, trace in zip(self.widget.data, figure.data, strict=True):
                    shown.update(self._enlarged(_properties(trace)), overwrite=True)
                layout = self._enlarged({"font": {"size": FONT}} | _properties(figure.layout))
                self.widget.layout.update({**gone, **layout}, overwrite=True)
            self.widget.save_state()

    def enlarge(self, factor: float) -> None:
        """Show letters, and the margins around them, larger by this factor than the figure says."""
        with self.lock:
            if factor != self._factor and self._shown is not None:
                self._factor, moved = factor, self._moved
                self.show(self._shown)
                if moved is not None:
                    self.move(moved)
                    self.rest()

    def _enlarged(self, properties: dict[str, Any]) -> dict[str, Any]:
        return properties if self._factor == 1 else _enlarged(properties, self._factor)

    def move(self, curves: Sequence[Mapping[str, np.ndarray]]) -> None:
        """Changes the arrays of each trace and nothing else: cheap enough for several times a
        second.
        """
        with self.lock, self.widget.batch_update():
            self._moved = curves
            for trace, curve in zip(self.widget.data, curves, strict=True):
                for name, values in curve.items():
                    trace[name] = values

    def rest(self) -> None:
        """Call when a series of `move` is over, so that a reloaded page shows the last one."""
        with self.lock:
            self.widget.save_state()


def enlarge(widget: widgets.Widget, factor: float) -> None:
    """Make the letters of a live figure larger; other widgets stay as they are."""
    live = getattr(widget, "live", None)
    if isinstance(live, LiveFigure):
        live.enlarge(factor)


def _enlarged(part: Any, factor: float, within: str = "") -> Any:
    """All sizes of fonts, and all margins, times a factor."""
    if isinstance(part, dict):
        return {key: _enlarged(each, factor, f"{within}.{key}") for key, each in part.items()}
    if isinstance(part, list | tuple):
        return [_enlarged(each, factor, within) for each in part]
    sized = within.endswith("font.size") or ".margin." in within
    return part * factor if sized and isinstance(part, int | float) else part


def _properties(part: BasePlotlyType) -> dict[str, object]:
    """The properties of a trace or layout, without the identity of the trace."""
    properties = part.to_plotly_json()
    properties.pop("uid", None)
    properties.pop("type", None)
    return properties
