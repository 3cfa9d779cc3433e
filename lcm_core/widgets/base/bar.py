"""The bar of a panel: More, Copy as code, Picture and Projector; what the page tells the kernel."""

from __future__ import annotations

from uuid import uuid4

import traitlets

from lcm_core.widgets.base.page_files import LOOK, PAGE, module
from lcm_core.widgets.base.scripted import Scripted

__all__ = ["PanelBar"]


class PanelBar(Scripted):
    """One in each panel; the first on a page also looks after keys and the width of plots.

    Attributes:
        name: of the panel's class.
        more: whether further controls are unfolded.
        projector: whether letters are larger.
        dark: whether the page is dark; None until a page has said so.
        key: what tells this panel from the others of a page.
        views: how many pages show the panel; None until one does.
        left: whether there are none because the last one was closed, or is being loaded again.
    """

    _esm = module(PAGE / "bar.js")
    _css = LOOK.read_text(encoding="utf-8")
    name = traitlets.Unicode().tag(sync=True)
    more = traitlets.Bool(False).tag(sync=True)
    projector = traitlets.Bool(False).tag(sync=True)
    dark = traitlets.Bool(None, allow_none=True).tag(sync=True)
    key = traitlets.Unicode().tag(sync=True)
    views = traitlets.Int(None, allow_none=True).tag(sync=True)
    left = traitlets.Bool(False).tag(sync=True)

    @traitlets.default("key")
    def _key(self) -> str:
        return uuid4().hex
