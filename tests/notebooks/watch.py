"""Runs in the kernel: keeps what goes wrong out of a notebook's sight, and reports it at the end.

An exception in a thread, an asyncio task or a finaliser has no cell; one in a callback is swallowed
by what called it; a panel shows its own. `run.py` puts a call of `begin` before the first cell and
one of `report` after the last.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
import threading
import time
import traceback
from collections.abc import Callable
from typing import Any

from IPython.core.getipython import get_ipython
from IPython.display import display

SETTLE = 10.0  # seconds in which the workers may finish what a cell asked for
END = 5.0  # seconds in which they end after their panel is closed

#: What went wrong, as (kind, text).
found: list[tuple[str, str]] = []


def note(kind: str, error: BaseException | None, text: str = "") -> None:
    """Keeps an exception, with its traceback."""
    told = "" if error is None else "".join(traceback.format_exception(error))
    found.append((kind, f"{text}\n{told}".strip()))


class Records(logging.Handler):
    """Errors that something only logs, such as the kernel those of messages from the page."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
        note(f"log of {record.name}", error, record.getMessage())


def begin() -> None:
    """Listens to every place where Python tells of an exception that nobody caught."""
    before = threading.excepthook, sys.unraisablehook

    def in_thread(args: threading.ExceptHookArgs) -> None:
        note("thread", args.exc_value, args.thread.name if args.thread else "")
        before[0](args)

    def in_finaliser(args: Any) -> None:
        note("finaliser", args.exc_value, args.err_msg or "")
        before[1](args)

    def in_loop(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        note("asyncio task", context.get("exception"), context["message"])

    threading.excepthook, sys.unraisablehook = in_thread, in_finaliser
    asyncio.BaseEventLoop.default_exception_handler = in_loop
    records = Records(logging.ERROR)
    for logger in (logging.getLogger(), get_ipython().kernel.log):
        logger.addHandler(records)


def report() -> None:
    """Waits for the workers, looks at panels, Output widgets and tasks, and displays all found.

    Then it closes the panels, and what is left of their threads is found, too.
    """
    import ipywidgets
    from ipywidgets.widgets.widget import _instances

    from lcm_core.widgets.base.panel import Panel

    wait_until(lambda: not workers(), SETTLE)
    widgets = list(_instances.values())
    for widget in widgets:
        if isinstance(widget, Panel) and widget.error:
            note("panel", None, f"{type(widget).__name__}: {widget.error}\n{shown(widget)}")
        if isinstance(widget, ipywidgets.Output):
            for output in widget.outputs:
                if output["output_type"] == "error":
                    note("Output widget", None, "\n".join(output["traceback"]))
                elif output.get("name") == "stderr":
                    note("Output widget", None, output["text"])
    # By `type`: to ask a part of another package for its class may make it warn.
    for task in [part for part in gc.get_objects() if issubclass(type(part), asyncio.Task)]:
        if task.done() and not task.cancelled() and task.exception() is not None:
            note("asyncio task", task.exception(), task.get_name())
    for widget in widgets:
        if isinstance(widget, Panel):
            widget.close()
    wait_until(lambda: not workers(), END)
    for name in workers():
        note("leak", None, f"the thread {name} goes on after all panels are closed")
    display({"application/json": found}, raw=True)


def shown(panel: Any) -> str:
    """The error area of a panel: the words and the traceback."""
    return str(panel._error_area.value)


def workers() -> list[str]:
    """Names of the threads that panels have started and that still run."""
    return [t.name for t in threading.enumerate() if t.name.startswith("lcm")]


def wait_until(condition: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
