"""Operators under training, offered to the explorers while they change."""

from __future__ import annotations

import html
import threading
import time

from lcm_core.training.run_state import RunState
from lcm_core.widgets.operators.catalog import Entry, operator_catalog
from lcm_core.widgets.training.run import Run

__all__ = ["REST", "LiveOperator"]

#: An offer is followed by at least so many times its own duration without one, …
REST = 9
#: … and at least so many seconds.
PAUSE = 0.5


class LiveOperator:
    """Puts the operators of a run into the catalogue, under labels such as `training: sum`.

    Attributes:
        text: what is offered, in words (HTML).
    """

    def __init__(self) -> None:
        self.text = ""
        self._lock = threading.RLock()
        self._run: Run | None = None
        self._labels: dict[RunState, str] = {}
        self._turn = 0
        self._next = 0.0

    def follow(self, run: Run | None) -> None:
        """From now on offers the operators of this run, and of no other; None ends it."""
        with self._lock:
            for label in self._labels.values():
                operator_catalog.withdraw(label)
            self._run, self._labels, self._next = run, {}, 0.0
            self.text = "" if run is None else "from the first step on"

    def look(self, run: Run) -> None:
        """Offer the next operator if it is due; all of them while the run stands still.

        To be called in the worker, between steps.
        """
        with self._lock:
            if run is not self._run or any(
                run_state.trainer is None for run_state in run.run_states
            ):
                return
            if run.state != "running":
                for run_state in run.run_states:
                    self._offer(run_state)
            elif time.monotonic() >= self._next:
                began = time.monotonic()
                self._offer(run.run_states[self._turn % len(run.run_states)])
                self._turn += 1
                took = time.monotonic() - began
                self._next = time.monotonic() + max(PAUSE / len(run.run_states), REST * took)

    def _offer(self, run_state: RunState) -> None:
        assert run_state.trainer is not None
        try:
            entry = Entry.of(run_state.trainer, run_state.score)
        except ValueError as error:
            self.text = html.escape(str(error))
            return
        if run_state not in self._labels:
            name = getattr(entry.operator, "name", run_state.recipe.readout)
            self._labels[run_state] = operator_catalog.free_label(f"training: {name}")
            self.text = "offered as " + ", ".join(
                f"<b>{html.escape(label)}</b>" for label in self._labels.values()
            )
        operator_catalog.offer(self._labels[run_state], entry.operator, entry.elements, entry.facts)
