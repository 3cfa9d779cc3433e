"""The picture of the union explorer, on the page."""

from __future__ import annotations

from pathlib import Path

import traitlets

from lcm_core.widgets.base.page_files import module
from lcm_core.widgets.base.view import View

__all__ = ["UnionView"]


class UnionView(View):
    """A square: two sets above, their answers below; put together on the right.

    Its `value` is `{"parts": [A, B]}`, two lists of numbers, after the reader changed them.

    Attributes:
        plays: how often both ways were to be gone, one after the other.
    """

    _esm = module(Path(__file__).parent / "union_view.js")
    plays = traitlets.Int(0).tag(sync=True)
