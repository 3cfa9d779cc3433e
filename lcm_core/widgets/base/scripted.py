"""The base of widgets with a script of their own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import anywidget

__all__ = ["Scripted"]


class Scripted(anywidget.AnyWidget):
    """An `AnyWidget` whose stored state always has its script.

    To anywidget the script is a default, and `ipywidgets.embed` leaves defaults out of a page.
    """

    def get_state(
        self, key: str | Iterable[str] | None = None, drop_defaults: bool = False
    ) -> dict[str, Any]:
        """All that is asked for, defaults too."""
        return dict(super().get_state(key))
