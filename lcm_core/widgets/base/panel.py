"""The base class of every panel."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import ipywidgets as widgets

from lcm_core.widgets.base import cells
from lcm_core.widgets.base.ipykernel_inside import answer_while_cells_run
from lcm_core.widgets.base.page_script import PageScript
from lcm_core.widgets.base.text_areas import ErrorArea

__all__ = ["Panel"]

PAGE_WIDTH = "1120px"  # fits a notebook on a laptop


class Panel(widgets.VBox):
    """A box of controls, figures and read-outs, displayed by being the last value of a cell.

    A subclass makes its parts in its constructor, ends it with `lay_out`, and defines `draw`:

        class Double(Panel):
            def __init__(self):
                super().__init__()
                self.slider = widgets.IntSlider(description="x")
                self.read_out = ReadOut("double")
                self.connect(self.draw, self.slider)
                self.lay_out([self.slider], [self.read_out])

            def draw(self):
                self.read_out.say(f"2x = {2 * self.slider.value}")

    The base class does the rest. After the constructor it draws for the first time. What a callback
    or the first drawing raises is shown in the panel; what the constructor raises, in the cell.
    Running the cell again closes the panel, and all that it began ends.

    Attributes:
        error: the exception shown in the panel as one line of text; empty when there is none.
        lock: held by connected callbacks. Another thread holds it while it changes the panel.
    """

    def __init_subclass__(cls, **options: Any) -> None:
        """Make each panel begin when its constructor is over."""
        super().__init_subclass__(**options)
        construct = cls.__init__

        @functools.wraps(construct)
        def construct_and_begin(self: Panel, *args: Any, **kwargs: Any) -> None:
            if type(self) is not cls:  # the constructor of a subclass calls this one
                construct(self, *args, **kwargs)
                return
            try:
                construct(self, *args, **kwargs)
                self._begin()
            except BaseException:
                if hasattr(self, "_ends"):
                    self._ends.close()
                raise

        cls.__init__ = construct_and_begin  # type: ignore[method-assign]

    def __init__(self) -> None:
        super().__init__(layout=widgets.Layout(width="100%", max_width=PAGE_WIDTH))
        self.error = ""
        self.lock = threading.RLock()
        self._error_area = ErrorArea()
        self._error_is_from_callback = False
        self._errors = 0  # shown so far
        self._stale = False  # whether the controls ask for something else than is shown
        self._quiet = False
        self._closed = True  # until the constructor is over
        self._ends = ExitStack()
        self.add_class("lcm-panel")
        cells.register(self)

    # What a subclass says

    def lay_out(
        self, controls: Sequence[widgets.Widget], content: Sequence[widgets.Widget]
    ) -> None:
        """Place the rows of controls, below them the error area, and then the content."""
        self.children = (*controls, self._error_area, *content, PageScript())

    def draw(self) -> None:
        """Show what the controls say: called once after the constructor, then by callbacks."""
        raise NotImplementedError

    def connect(self, callback: Callable[[], object], *controls: widgets.Widget) -> None:
        """Call `locked(callback)` when one of these is pressed (a button) or has another value."""
        called = self.locked(callback)
        for control in controls:
            if isinstance(control, widgets.Button):
                control.on_click(lambda _: called())
            elif not control.has_trait("value"):
                raise TypeError(
                    f"expected controls with a value, or buttons, got {type(control).__name__}: "
                    "connect the controls inside it"
                )
            else:
                control.observe(lambda _: called(), names="value")
        answer_while_cells_run(controls)

    def on_end(self, callback: Callable[[], object]) -> None:
        """Call `callback()` when the panel is closed, or when its constructor raises."""
        self._ends.callback(callback)

    # Callbacks

    def locked(self, callback: Callable[..., object]) -> Callable[..., None]:
        """Guard a callback, and let it run under the lock, from whatever thread.

        It does nothing before the first drawing, after the end, and while `quietly` is in use.
        """
        guarded = self.guard(callback)

        @functools.wraps(callback)
        def under_lock(*args: Any, **kwargs: Any) -> None:
            with self.lock:
                if not (self._quiet or self._closed):
                    guarded(*args, **kwargs)

        return under_lock

    def guard(self, callback: Callable[..., object]) -> Callable[..., None]:
        """Show in the panel what a callback raises.

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
        """While controls are set here, connected callbacks do nothing."""
        before, self._quiet = self._quiet, True
        try:
            yield
        finally:
            self._quiet = before

    def show_error(self, error: BaseException) -> None:
        """Show an exception in words, with its traceback folded below."""
        self._error_is_from_callback = False
        self._errors += 1
        self.error = self._error_area.show(error)

    def clear_error(self) -> None:
        """Empty the error area."""
        self._error_is_from_callback = False
        self.error = ""
        self._error_area.clear()

    # Beginning and end

    def _begin(self) -> None:
        if self._error_area not in self.children:
            raise TypeError(f"{type(self).__name__}.__init__ must call self.lay_out(…)")
        if type(self).draw is Panel.draw:
            raise TypeError(f"{type(self).__name__} must define draw()")
        answer_while_cells_run(_widgets_below(self))
        self._closed = False
        self.locked(self.draw)()

    def close(self) -> None:
        """End the panel's work and take its widgets off the page; a second call does nothing."""
        if getattr(self, "_closed", True):
            return
        with self.lock:  # a worker may be drawing; after this none begins to
            self._closed = True
        try:
            self._ends.close()
        finally:
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
