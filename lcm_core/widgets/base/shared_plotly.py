"""Figures that share one copy of plotly's script on the page.

Every `FigureWidget` carries the whole script, 5 MB, in its own state: a notebook with five of them
sends and runs it five times, and a reloaded page may give up waiting. Here one invisible widget
carries it, and the figures wait for that.
"""

from __future__ import annotations

import anywidget
import plotly.graph_objects as go
import traitlets

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


class SharedFigureWidget(go.FigureWidget):
    """A `FigureWidget` that takes plotly's script from the `PlotlyScript` of the page."""

    _esm = (
        _PROMISE
        + """
export default async () => (await scriptOfPlotly().module).default();
"""
    )

    def __init__(self, figure: go.Figure | None = None):
        provide_script()
        super().__init__(figure)


_provided: PlotlyScript | None = None


def provide_script() -> None:
    """Puts plotly's script on the page, once for each kernel."""
    global _provided
    if _provided is None or _provided.comm is None:
        _provided = PlotlyScript(script=str(go.FigureWidget._esm))
