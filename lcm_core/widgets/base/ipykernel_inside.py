"""The private part of ipykernel that panels use: controls answer while a cell runs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import ipywidgets as widgets

__all__ = ["answer_while_cells_run"]


def answer_while_cells_run(controls: Iterable[widgets.Widget]) -> None:
    """Let messages from the page go to the subshell that JupyterLab sends them to.

    A subshell is a second thread of the kernel for such messages. ipykernel from 7.4 on sends them
    to the thread that used the control last instead: mostly the main one, where they would wait for
    the cell that runs. Outside a kernel, and with an older ipykernel, there is nothing to do.
    """
    for control in controls:
        if hasattr(control.comm, "_reply_subshell_for"):
            control.comm._reply_subshell_for = _as_sent


def _as_sent(data: Any, subshell: str | None) -> str | None:
    return subshell
