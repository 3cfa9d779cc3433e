"""A plotly figure and its text: the panel of a picture without controls."""

from __future__ import annotations

import html

import plotly.graph_objects as go

from lcm_core.widgets.base.live_figure import LiveFigure
from lcm_core.widgets.base.panel import Panel
from lcm_core.widgets.base.text_areas import ReadOut

__all__ = ["FigurePanel"]


class FigurePanel(Panel):
    """Shows a figure as all panels do: in the theme of the page, with its text below.

    Args:
        figure: of plotly.
        text: what is drawn, and what it shows, for whoever does not see it.
    """

    def __init__(self, figure: go.Figure, text: str):
        super().__init__()
        self._figure, self._text = figure, text
        self.figure = LiveFigure()
        self.read_out = ReadOut("picture", live="off")
        self.lay_out([], [self.figure.widget, self.read_out])

    def draw(self) -> None:
        self.figure.show(self._figure)
        self.read_out.say(html.escape(self._text))
