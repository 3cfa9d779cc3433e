"""The picture of the message explorer, on the page."""

from __future__ import annotations

from pathlib import Path

import traitlets

from lcm_core.widgets.base.page_files import module
from lcm_core.widgets.base.view import View

__all__ = ["MessageView"]


class MessageView(View):
    """A molecule whose atoms send messages, and the tree that combines them.

    Attributes:
        step: how far it is: rounds of messages, then levels of the tree; the page sets it while it
            plays.
        playing: whether the page is playing; the page ends that.
    """

    _esm = module(Path(__file__).parent / "message_view.js")
    step = traitlets.Int(0).tag(sync=True)
    playing = traitlets.Bool(False).tag(sync=True)
