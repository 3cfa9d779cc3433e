"""The base class of every panel."""

from __future__ import annotations

import functools
import inspect
import math
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import ipywidgets as widgets

from lcm_core.widgets.base import cells
from lcm_core.widgets.base.bar import PanelBar
from lcm_core.widgets.base.in_words import words_of
from lcm_core.widgets.base.ipykernel_inside import answer_while_cells_run
from lcm_core.widgets.base.live_figure import enlarge
from lcm_core.widgets.base.text_areas import ErrorArea

__all__ = ["Panel"]

PAGE_WIDTH = "1120px"  # fits a notebook on a laptop
PROJECTOR = 1.4  # letters are larger by this factor: that of page/panel.css
#: Seconds without any view until a panel counts as unseen: a moved cell has none for a moment.
UNSEEN_AFTER = 3.0
LEFT_AFTER = 20.0  # the same after the last page was closed: it may be loading again


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
    Running the cell again closes the panel, and all that it began ends. Below the content is a bar:
    *More* unfolds further controls, and others copy the panel as code, save its picture, and make
    its letters larger.

    Args:
        more: whether further controls are unfolded.

    Attributes:
        error: the exception shown in the panel as one line of text; empty when there is none.
        lock: held by connected callbacks. Another thread holds it while it changes the panel.
        bar: what the page tells of itself, such as `bar.dark`.
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
                given = inspect.signature(construct).bind(self, *args, **kwargs).arguments
                self._given = dict(list(given.items())[1:])  # without self
                self._begin()
            except BaseException:
                if hasattr(self, "_ends"):
                    self._ends.close()
                raise

        cls.__init__ = construct_and_begin  # type: ignore[method-assign]

    def __init__(self, more: bool = False) -> None:
        super().__init__(layout=widgets.Layout(width="100%", max_width=PAGE_WIDTH))
        self.bar = PanelBar(name=type(self).__name__, more=more)
        self.bar.on_msg(self._asked)
        self.bar.observe(self.locked(self._enlarge), names="projector")
        self.bar.observe(self._count_views, names="views")
        self._unseen: threading.Timer | None = None
        self._when_unseen: list[Callable[[], object]] = []
        self._given: dict[str, Any] = {}
        self._connected: list[widgets.Widget] = []  # closed with the panel, placed or not
        self.error = ""
        self.lock = threading.RLock()
        self._error_area = ErrorArea()
        self._error_is_from_callback = False
        self._errors = 0  # shown so far
        self._stale = False  # whether the controls ask for something else than is shown
        self._quiet = False
        self._closed = True  # until the constructor is over
        self._ends = ExitStack()
        self._ends.callback(self._forget_unseen)
        self.add_class("lcm-panel")
        cells.register(self)

    # What a subclass says

    def lay_out(
        self,
        controls: Sequence[widgets.Widget],
        content: Sequence[widgets.Widget],
        more: Sequence[widgets.Widget] = (),
    ) -> None:
        """Place the rows of controls, below them the error area, the content, and the bar.

        Args:
            controls: the three or four that most readers need, in one row.
            content: figures, and one sentence that says what is to be seen.
            more: further rows and numbers, which *More* unfolds.
        """
        folded = []
        if more:
            folded = [widgets.VBox(more, layout=widgets.Layout(width="100%"))]
            folded[0].add_class("lcm-more")
            self.add_class("lcm-has-more")
        self.children = (*controls, self._error_area, *content, self.bar, *folded)

    def arguments(self) -> dict[str, Any]:
        """Arguments of the constructor that restore what the reader has changed since."""
        return {}

    def code(self) -> str:
        """One line that makes this panel as it is now; defaults are left out.

        A tensor, an operator and other objects are named like their arguments: `values=values`. One
        of several is an item of what was given: `operators=('sum', operators[1])`.
        """
        changed = {**self._given, **self.arguments(), "more": self.bar.more}
        parameters = inspect.signature(type(self).__init__).parameters
        parts = []
        for name, parameter in parameters.items():
            if name not in changed:
                continue
            value, given = changed[name], self._given.get(name)
            if parameter.kind is parameter.VAR_POSITIONAL:
                parts += [_literal(each, name, given) for each in value]
            elif parameter.kind is parameter.VAR_KEYWORD:
                parts += [f"{key}={_literal(each, key, each)}" for key, each in value.items()]
            elif not _same(value, parameter.default):
                parts.append(f"{name}={_literal(value, name, given)}")
        return f"{type(self).__name__}({', '.join(parts)})"

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
        self._connected += controls
        answer_while_cells_run(controls)

    def on_end(self, callback: Callable[[], object]) -> None:
        """Call `callback()` when the panel is closed, or when its constructor raises."""
        self._ends.callback(callback)

    def when_unseen(self, callback: Callable[[], object]) -> None:
        """Call `callback()` when no page shows the panel any more: its cell was deleted."""
        self._when_unseen.append(callback)

    def words(self) -> str:
        """What the panel says now, as plain text: its name, and its read-outs."""
        return f"{type(self).__name__}\n\n{words_of(self)}".rstrip()

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        """The live view and, for places where no widget can run, the panel in words."""
        return {**super()._repr_mimebundle_(**options), "text/plain": self.words()}

    # What the page says

    def _asked(self, _: object, message: dict[str, Any], __: object) -> None:
        if message.get("ask") == "code":
            self.guard(lambda: self.bar.send({"code": self.code()}))()

    def _enlarge(self, _: object = None) -> None:
        for part in _widgets_below(self):
            enlarge(part, PROJECTOR if self.bar.projector else 1.0)

    def _count_views(self, _: object) -> None:
        self._forget_unseen()
        if self.bar.views == 0 and self._when_unseen and not self._closed:
            after = LEFT_AFTER if self.bar.left else UNSEEN_AFTER
            self._unseen = threading.Timer(after, self._call_unseen)
            self._unseen.daemon = True
            self._unseen.start()

    def _forget_unseen(self) -> None:
        if self._unseen is not None:
            self._unseen.cancel()
            self._unseen = None

    def _call_unseen(self) -> None:
        for callback in self._when_unseen:
            if not self._closed and self.bar.views == 0:
                self.guard(callback)()

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
            for widget in (*widgets_below, *self._connected, self):
                _close(widget)


def _widgets_below(box: widgets.Box) -> list[widgets.Widget]:
    found: list[widgets.Widget] = []
    for child in box.children:
        if isinstance(child, widgets.Box):
            found += _widgets_below(child)
        found.append(child)
    return found


def _close(widget: widgets.Widget) -> None:
    """Close a widget with the models of its own that it brought: layout and style."""
    for name in ("layout", "style"):
        own = getattr(widget, name, None)
        if isinstance(own, widgets.Widget):
            own.close()
    widgets.Widget.close(widget)


def _literal(value: Any, name: str, given: Any) -> str:
    """Python's text of a plain value.

    Anything else has the name of its argument, or is an item of what was given there.
    """
    if value is given and not _written(value):
        return name
    if isinstance(value, dict):
        pairs = (
            f"{_literal(key, name, given)}: {_literal(each, name, given)}"
            for key, each in value.items()
        )
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, list | tuple):
        parts = ", ".join(_literal(each, name, given) for each in value)
        if isinstance(value, list):
            return f"[{parts}]"
        return f"({parts},)" if len(value) == 1 else f"({parts})"
    if isinstance(value, Path):
        return repr(str(value))
    if isinstance(value, float):  # also one of numpy, whose text needs an import
        return repr(float(value)) if math.isfinite(value) else f"float('{float(value)}')"
    return repr(value) if _plain(value) else _item(value, name, given)


def _item(value: Any, name: str, given: Any) -> str:
    """The item of the given argument that is this object, else the argument itself."""
    items: Iterable[tuple[Any, Any]] = ()
    if isinstance(given, Mapping):
        items = given.items()
    elif isinstance(given, list | tuple):
        items = enumerate(given)
    return next((f"{name}[{key!r}]" for key, each in items if each is value), name)


def _written(value: Any) -> bool:
    """Whether Python's text says all of it."""
    if isinstance(value, dict):
        return all(_written(key) and _written(each) for key, each in value.items())
    if isinstance(value, list | tuple):
        return all(map(_written, value))
    return _plain(value) or isinstance(value, Path)


def _same(value: Any, default: Any) -> bool:
    return type(value) is type(default) and _written(value) and bool(value == default)


def _plain(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float)
