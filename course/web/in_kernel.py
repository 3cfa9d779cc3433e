"""Runs in the kernel after the last cell: panels do their work, and say all that is to be stored.

nbclient stores states of widgets, too, but none that a thread sends between two cells. The kernel
knows them all.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import ipywidgets as widgets
from IPython.display import display

from lcm_core.widgets import (
    CayleyExplorer,
    DepthExplorer,
    MessageExplorer,
    ReorderExplorer,
    TrainingPanel,
)
from lcm_core.widgets.base.panel import Panel

__all__ = ["report"]

#: What a reader is told to press where a panel shows little before, and what ends it.
BUTTONS = {
    ReorderExplorer: ("several_button", "several_button"),
    TrainingPanel: ("start_button", "start_button"),
    DepthExplorer: ("measure_button", "stop_button"),
    CayleyExplorer: ("train_button", "stop_button"),
}
SETTLE = 20.0  # seconds for what a cell or a button asked for


def report(patience: float) -> None:
    """Display the state of all widgets, and the words of all panels by their identities.

    Args:
        patience: seconds for the run of each panel that has one; then it is paused. At 0 none runs.
    """
    wait_until(lambda: not workers(), SETTLE)
    all_widgets = widgets.Widget.get_manager_state()["state"]
    panels = [each for each in map(widget_of, all_widgets) if isinstance(each, Panel)]
    for panel in panels:
        if patience and isinstance(panel, MessageExplorer):
            panel.step_slider.value = panel.step_slider.max  # the messages, and the whole tree
        if patience and type(panel) in BUTTONS:
            begin, end = BUTTONS[type(panel)]
            getattr(panel, begin).click()
            if not wait_until(lambda: not workers(), patience):
                getattr(panel, end).click()
                time.sleep(2)  # the step that is being done
    words = {panel.model_id: panel.words() for panel in panels}
    state = {"application/vnd.jupyter.widget-state+json": widgets.Widget.get_manager_state()}
    display(state | {"application/json": words}, raw=True)


def widget_of(identity: str) -> widgets.Widget:
    """The widget with this identity."""
    found: widgets.Widget = widgets.widget_serialization["from_json"](f"IPY_MODEL_{identity}", None)
    return found


def workers() -> list[str]:
    """Names of the threads of panels."""
    return [each.name for each in threading.enumerate() if each.name.startswith("lcm")]


def wait_until(condition: Callable[[], object], seconds: float) -> bool:
    """Whether the condition came to hold in time."""
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True
