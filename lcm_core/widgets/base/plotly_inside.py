"""The private parts of plotly that panels use: all are here, and `test_hidden_state.py` tries them.

Every `FigureWidget` carries the whole script of plotly, 5 MB, in its own state: a notebook with
five figures sends and runs it five times, and a reloaded page may give up waiting. Here one
invisible widget carries the script, and the figures wait for it. A page stands still while it reads
the script, for most of a second: it does so once a figure is on the page, and all else there too.

anywidget drops the messages to a widget that is not made after two seconds. So a figure is made at
once, and its state kept up to date by `save_state`; plotly draws it when it has come.

The messages of a `FigureWidget` carry arrays as binary buffers, apart from the rest. What stores
the messages of a run without a page (nbclient) keeps the buffers of every message for good, though
the message has gone: on a page made of that, no widget would appear. Until a page shows the figure,
arrays are lists.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from copy import deepcopy
from typing import Any

import ipywidgets as widgets
import plotly.graph_objects as go
import traitlets

from lcm_core.imports import put_off
from lcm_core.widgets.base.scripted import Scripted

with put_off("nbformat"):  # of which plotly needs the version; its checks take seconds to import
    from plotly.graph_objects import FigureWidget

__all__ = ["PlotlyScript", "SharedFigureWidget"]

_PROMISE = """
function scriptOfPlotly() {
  if (!globalThis.lcmPlotly) {
    const shared = {};
    shared.wanted = new Promise((resolve) => { shared.want = resolve; });
    shared.module = new Promise((resolve) => { shared.resolve = resolve; });
    globalThis.lcmPlotly = shared;
  }
  return globalThis.lcmPlotly;
}
"""


class PlotlyScript(Scripted):
    """Invisible; gives plotly's script to the figures of the page.

    Attributes:
        script: the text of the script; where it is empty, the page has it as `lcmPlotlyScript`.
    """

    _esm = (
        _PROMISE
        + """
export default {
  initialize({ model }) {
    const shared = scriptOfPlotly();
    shared.wanted.then(() => {
      const script = model.get("script") || globalThis.lcmPlotlyScript;
      const file = new Blob([script], { type: "text/javascript" });
      shared.loading ??= import(/* webpackIgnore: true */ URL.createObjectURL(file));
      shared.resolve(shared.loading);
    });
  },
};
"""
    )
    script = traitlets.Unicode().tag(sync=True)


#: No axes of plotly's own: its default template takes 50 ms to check, each time.
PLAIN: dict[str, Any] = {"layout": {"template": {}}}


class SharedFigureWidget(Scripted, FigureWidget):
    """A `FigureWidget` that takes plotly's script from the `PlotlyScript` of the page.

    It follows the width of the page (see `page/page.js`), and has no tool bar.

    Attributes:
        live: the `LiveFigure` that it belongs to.
        provided_by: what carries the script; whoever stores the figure alone must store it, too.
        patience: milliseconds that the page leaves to what stands beside the figure, if this one
            is the first on it; a view that stands earlier says so by `lcmPlotly.want()`.
    """

    live: object = None
    provided_by = traitlets.Instance(PlotlyScript).tag(sync=True, **widgets.widget_serialization)
    patience = traitlets.Int(0).tag(sync=True)

    _esm = (
        _PROMISE
        + """
export default () => {
  const shared = scriptOfPlotly();
  const figure = shared.module.then((plotly) => plotly.default());
  let begun;
  return {
    initialize(context) {
      begun = figure.then((made) => made.initialize(context));
    },
    async render(context) {
      setTimeout(shared.want, context.model.get("patience"));
      await begun;
      return context.signal?.aborted ? undefined : (await figure).render(context);
    },
  };
};
"""
    )

    @traitlets.default("provided_by")
    def _provided_by(self) -> PlotlyScript:
        return provide_script()

    def __init__(self, figure: go.Figure | None = None):
        super().__init__(PLAIN if figure is None else figure)
        self._config = {"responsive": True, "displayModeBar": False}

    def get_state(
        self, key: str | Iterable[str] | None = None, drop_defaults: bool = False
    ) -> dict[str, Any]:
        """What is sent and stored."""
        state = super().get_state(key)
        if self._view_count:
            return state
        return {name: _listed(each) for name, each in state.items()}

    def save_state(self) -> None:
        """Update the state that the kernel keeps for new views of the figure.

        plotly takes this state at construction, and when the figure is displayed by itself. Inside
        a box it would go stale, and a reloaded page (or Voilà) would show old data.
        """
        self._widget_layout = deepcopy(self._layout_obj._props)
        self._widget_data = deepcopy(self._data)


_provided: PlotlyScript | None = None


def provide_script() -> PlotlyScript:
    """Put plotly's script on the page, once for each kernel."""
    global _provided
    if _provided is None or _provided.comm is None:
        _provided = PlotlyScript(script=str(FigureWidget._esm))
    return _provided


def _listed(part: Any) -> Any:
    """A part of a figure's state with lists for buffers; JSON has None for a NaN or an infinity."""
    if isinstance(part, float):
        return part if math.isfinite(part) else None
    if isinstance(part, list):
        return [_listed(each) for each in part]
    if isinstance(part, dict):
        if isinstance(part.get("buffer"), memoryview):
            return _listed(part["buffer"].tolist())
        return {name: _listed(each) for name, each in part.items()}
    return part
