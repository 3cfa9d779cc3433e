"""Operators under training, offered to the explorers while they change."""

from __future__ import annotations

import html
import threading
import time

from lcm_core.training.run_state import Lane
from lcm_core.widgets.operators.catalog import Offer, shelf
from lcm_core.widgets.training.run import Run

#: An offer is followed by at least so many times its own duration without one, …
REST = 9
#: … and at least so many seconds.
PAUSE = 0.5


class Following:
    """Puts the operators of a run on the shelf, under labels such as `training: sum`.

    Attributes:
        text: what is offered, in words (HTML).
    """

    def __init__(self) -> None:
        self.text = ""
        self._lock = threading.RLock()
        self._run: Run | None = None
        self._labels: dict[Lane, str] = {}
        self._turn = 0
        self._next = 0.0

    def follow(self, run: Run | None) -> None:
        """From now on offers the operators of this run, and of no other; None ends it."""
        with self._lock:
            for label in self._labels.values():
                shelf.withdraw(label)
            self._run, self._labels, self._next = run, {}, 0.0
            self.text = "" if run is None else "from the first step on"

    def look(self, run: Run) -> None:
        """Call in the worker between steps: offers the next lane, if it is time; all of them, if
        the run stands still.
        """
        with self._lock:
            if run is not self._run or any(lane.trainer is None for lane in run.lanes):
                return
            if run.state != "running":
                for lane in run.lanes:
                    self._offer(lane)
            elif time.monotonic() >= self._next:
                began = time.monotonic()
                self._offer(run.lanes[self._turn % len(run.lanes)])
                self._turn += 1
                took = time.monotonic() - began
                self._next = time.monotonic() + max(PAUSE / len(run.lanes), REST * took)

    def _offer(self, lane: Lane) -> None:
        assert lane.trainer is not None
        try:
            offer = Offer.of(lane.trainer)
        except ValueError as error:
            self.text = html.escape(str(error))
            return
        if lane not in self._labels:
            name = getattr(offer.operator, "name", lane.recipe.operator)
            self._labels[lane] = _free_label(f"training: {name}")
            self.text = "offered as " + ", ".join(
                f"<b>{html.escape(label)}</b>" for label in self._labels.values()
            )
        shelf.offer(self._labels[lane], offer.operator, offer.elements)


def _free_label(wanted: str) -> str:
    taken, label, number = shelf.offers(), wanted, 1
    while label in taken:
        number += 1
        label = f"{wanted} {number}"
    return label
