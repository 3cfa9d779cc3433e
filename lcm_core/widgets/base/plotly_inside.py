"""The private parts of plotly that panels use: all are here, and `test_hidden_state.py` tries them.

Every `FigureWidget` carries the whole script of plotly, 5 MB, in its own state: a notebook with
five figures sends and runs it five times, and a reloaded page may give up waiting. Here one
invisible widget carries the script, and the figures wait for it.
"""

from __future__ import annotations

from copy import deepcopy

import anywidget
import plotly.graph_objects as go
import traitlets

from lcm_core.imports import put_off

with put_off("nbformat"):  # of which plotly needs the version; its checks take seconds to import
    from plotly.graph_objects import FigureWidget

__all__ = ["PlotlyScript", "SharedFigureWidget"]

_PROMISE = """
function scriptOfPlotly() {
  if (!globalThis.lcmPlotly) {
    const shared = {};
    shared.module = new Promise((resolve) => { shared.resolve = resolve; });
    globalThis.lcmPlotly = shared;
  }
  return globalThis.lcmPlotly;
}
"""


class PlotlyScript(anywidget.AnyWidget):
    """Invisible; gives plotly's script to the figures of the page."""

    _esm = (
        _PROMISE
        + """
export default {
  async initialize({ model }) {
    const file = new Blob([model.get("script")], { type: "text/javascript" });
    const address = URL.createObjectURL(file);
    scriptOfPlotly().resolve(await import(/* webpackIgnore: true */ address));
  },
};
"""
    )
    script = traitlets.Unicode().tag(sync=True)


class SharedFigureWidget(FigureWidget):
    """A `FigureWidget` that takes plotly's script from the `PlotlyScript` of the page.

    It follows the width of the page (see `page/page.js`), and has no tool bar.

    Attributes:
        live: the `LiveFigure` that it belongs to.
    """

    live: object = None

    _esm = (
        _PROMISE
        + """
export default async () => (await scriptOfPlotly().module).default();
"""
    )

    def __init__(self, figure: go.Figure | None = None):
        provide_script()
        super().__init__(figure)
        self._config = {"responsive": True, "displayModeBar": False}

    def save_state(self) -> None:
        """Update the state that the kernel keeps for new views of the figure.

        plotly takes this state at construction, and when the figure is displayed by itself. Inside
        a box it would go stale, and a reloaded page (or Voilà) would show old data.
        """
        self._widget_layout = deepcopy(self._layout_obj._props)
        self._widget_data = deepcopy(self._data)


_provided: PlotlyScript | None = None


def provide_script() -> None:
    """Put plotly's script on the page, once for each kernel."""
    global _provided
    if _provided is None or _provided.comm is None:
        _provided = PlotlyScript(script=str(FigureWidget._esm))
