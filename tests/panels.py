"""What tests of panels and of training runs share."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from typing import Any

import ipywidgets

from lcm_core.operators import Operator
from lcm_core.training.trainer import Record


class Average(Operator):
    """Commutes, and is not associative: an operator of the reader's own."""

    name = "average"

    def forward(self, left, right):
        return (left + right) / 2


def text_of(area: ipywidgets.HTML, between: str = "") -> str:
    """What a read-out says, without its tags."""
    return re.sub(r"<[^>]+>", between, area.value)


def wait_for(condition: Callable[[], object], seconds: float = 60) -> None:
    """Returns when the condition holds."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "waited too long"
        time.sleep(0.005)


def timeless(records: Iterable[Record]) -> list[dict[str, Any]]:
    """Records without their times: equal for equal runs."""
    return [record.timeless() for record in records]
