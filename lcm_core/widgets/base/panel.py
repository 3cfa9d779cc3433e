"""What every panel has: guarded callbacks, an error area, and an end."""

from __future__ import annotations

import functools
import html
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import ipywidgets as widgets

from lcm_core.widgets.base import cells
from lcm_core.widgets.base.subshell import answer_while_cells_run

__all__ = ["Panel", "ReadOut", "button", "row"]

PAGE_WIDTH = "1120px"  # fits a notebook on a laptop


class Panel(widgets.VBox):
    """A box of controls, figures and read-outs, displayed by being the last value of a cell.

    An exception in a callback or in a worker is shown in the panel, never lost. Running the cell
    again closes the panel that it made before.

    Attributes:
        error: the exception shown in the panel as one line of text; empty when there is none.
    """

    def __init__(self) -> None:
        super().__init__(layout=widgets.Layout(width="100%", max_width=PAGE_WIDTH))
        self.error = ""
        self._error_is_from_callback = False
        self._errors = 0  # shown so far
        self._stale = False  # whether the controls ask for something else than is shown
        self._error_area = widgets.HTML()
        self._error_area.add_class("lcm-error")
        self._state_lock = threading.RLock()
        self._closed = True  # until it is made
        self._quiet = False
        self.add_class("lcm-panel")

    def made(self) -> None:
        """To be called at the end of a panel's constructor: from now on it has an end."""
        self._closed = False
        answer_while_cells_run(_widgets_below(self))
        cells.register(self)

    def guard(self, callback: Callable[..., object]) -> Callable[..., None]:
        """Wraps a callback so that what it raises is shown in the panel.

        Success clears what was shown before it, unless the panel is stale; never what a callback
        within it showed.
        """

        @functools.wraps(callback)
        def guarded(*args: Any, **kwargs: Any) -> None:
            before = self._errors
            try:
                callback(*args, **kwargs)
            except Exception as error:
                self.show_error(error)
                self._error_is_from_callback = True
            else:
                earlier = self._error_is_from_callback and self._errors == before
                if earlier and not self._stale:
                    self.clear_error()

        return guarded

    @contextmanager
    def quietly(self) -> Iterator[None]:
        """While controls are set here, `_quiet` tells their callbacks to do nothing."""
        before, self._quiet = self._quiet, True
        try:
            yield
        finally:
            self._quiet = before

    def show_error(self, error: BaseException) -> None:
        """Shows an exception in words, with its traceback folded below."""
        self._error_is_from_callback = False
        self._errors += 1
        self.error = f"{type(error).__name__}: {error}"
        trace = "".join(traceback.format_exception(error))
        self._error_area.value = (
            '<div role="alert" style="border-left:4px solid #D55E00;padding:4px 10px">'
            f"<b>This did not work.</b> {html.escape(self.error)}"
            "<details><summary>Where it happened</summary>"
            f'<pre style="white-space:pre-wrap">{html.escape(trace)}</pre></details></div>'
        )

    def clear_error(self) -> None:
        """Empties the error area."""
        self._error_is_from_callback = False
        self.error = ""
        self._error_area.value = ""

    def end_work(self) -> None:
        """Ends the threads that the panel started. Panels with workers override it."""

    def close(self) -> None:
        """Ends the panel's workers and takes its widgets off the page."""
        if getattr(self, "_closed", True):
            return
        with self._state_lock:  # a worker may be drawing; after this none begins to
            self._closed = True
        self.end_work()
        widgets_below = _widgets_below(self)
        self.set_trait("children", ())  # a figure's view still wants its model while it goes
        for widget in widgets_below:
            widget.close()
        super().close()


def _widgets_below(box: widgets.Box) -> list[widgets.Widget]:
    found: list[widgets.Widget] = []
    for child in box.children:
        if isinstance(child, widgets.Box):
            found += _widgets_below(child)
        found.append(child)
    return found


class ReadOut(widgets.HTML):
    """The text beside a figure: its accessible version.

    Args:
        name: its class on the page is `lcm-name`.
        live: whether a screen reader says each change ("polite") or not ("off").
        width: of the area; "auto" puts it beside other controls.
    """

    def __init__(self, name: str, live: str = "polite", width: str = "100%"):
        super().__init__(layout=widgets.Layout(width=width))
        self._live = live
        self.add_class(f"lcm-{name}")

    def say(self, content: str) -> None:
        """Shows `content`, which is HTML."""
        self.value = (
            f'<div role="status" aria-live="{self._live}" style="line-height:1.5">{content}</div>'
        )


def button(
    text: str, tooltip: str, on_click: Callable[..., None], icon: str = ""
) -> widgets.Button:
    """A button with a class of its own, such as `lcm-start`, for tests and styles."""
    made = widgets.Button(
        description=text, tooltip=tooltip, icon=icon, layout=widgets.Layout(width="auto")
    )
    made.add_class("lcm-" + text.lower().replace(" ", "-"))
    made.on_click(on_click)
    return made


def row(*children: widgets.Widget) -> widgets.HBox:
    """Controls side by side; they wrap on a narrow page."""
    return widgets.HBox(
        children, layout=widgets.Layout(flex_flow="row wrap", align_items="center", width="100%")
    )
