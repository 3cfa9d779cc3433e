"""Which notebook cell made which panel, so that running a cell again ends what it made before."""

from __future__ import annotations

from typing import Protocol

from IPython.core.getipython import get_ipython

__all__ = ["Closable", "current_execution", "register"]


class Closable(Protocol):
    """What is registered: anything with an end."""

    def close(self) -> None:
        """Ends it; a second call does nothing."""


#: cell → (the execution that filled it, the panels made by that execution)
_made: dict[str, tuple[str, list[Closable]]] = {}


def current_execution() -> tuple[str, str] | None:
    """The cell that is running and the identity of this run of it; None outside a notebook."""
    shell = get_ipython()
    if shell is None or not hasattr(shell, "get_parent"):
        return None
    parent = shell.get_parent() or {}
    cell = parent.get("metadata", {}).get("cellId")
    execution = parent.get("header", {}).get("msg_id")
    return (cell, execution) if cell and execution else None


def register(panel: Closable) -> None:
    """Closes the panels that earlier runs of this cell made, and remembers this one."""
    here = current_execution()
    if here is None:
        return
    cell, execution = here
    last_execution, panels = _made.get(cell, (execution, []))
    if last_execution != execution:
        for old in panels:
            old.close()
        panels = []
    _made[cell] = (execution, [*panels, panel])
