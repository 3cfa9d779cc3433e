"""The text of a panel: read-outs, and the area of errors."""

from __future__ import annotations

import html
import traceback

import ipywidgets as widgets

__all__ = ["ErrorArea", "ReadOut"]


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
        """Show `content`, which is HTML."""
        self.value = (
            f'<div role="status" aria-live="{self._live}" style="line-height:1.5">{content}</div>'
        )


class ErrorArea(widgets.HTML):
    """Where a panel shows an exception; empty while there is none."""

    def __init__(self) -> None:
        super().__init__()
        self.add_class("lcm-error")

    def show(self, error: BaseException) -> str:
        """Show an exception, with its traceback folded below; return its words."""
        words = str(error) if _in_words(error) else f"{type(error).__name__}: {error}"
        trace = "".join(traceback.format_exception(error))
        self.value = (
            '<div role="alert" class="lcm-failure">'
            f"<b>This did not work.</b> {html.escape(words)}"
            "<details><summary>Where it happened</summary>"
            f'<pre style="white-space:pre-wrap">{html.escape(trace)}</pre></details></div>'
        )
        return words

    def clear(self) -> None:
        """Show nothing."""
        self.value = ""


def _in_words(error: BaseException) -> bool:
    """Whether the message is a sentence, as those of the library are, that needs no class name."""
    own = type(error).__module__.partition(".")[0] == __name__.partition(".")[0]
    known = isinstance(error, ValueError | TypeError | OSError | ImportError)
    return bool(str(error)) and (own or known)
