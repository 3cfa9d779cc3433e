"""The picture of the reorder explorer, on the page."""

from __future__ import annotations

from pathlib import Path

from lcm_core.widgets.base.page_files import module
from lcm_core.widgets.base.view import View

__all__ = ["ReorderView"]


class ReorderView(View):
    """A molecule, the list of its atoms, and answers on a scale from no to yes.

    Its `value` is `{"order": …}`, the atom at each place of the list, after the reader moved one.
    """

    _esm = module(Path(__file__).parent / "reorder_view.js")
