"""What tests of panels share."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, TypeVar

import ipywidgets
import pytest

from lcm_core.operators import Operator
from lcm_core.widgets import TrainingPanel
from lcm_core.widgets.base import cells
from lcm_core.widgets.base.panel import Panel
from lcm_core.widgets.operators.menu import OperatorChoice, OperatorMenu

Part = TypeVar("Part", bound=ipywidgets.Widget)


class Average(Operator):
    """Commutes, and is not associative: an operator of the reader's own."""

    name = "average"

    def forward(self, left, right):
        return (left + right) / 2


@contextmanager
def training_panels() -> Iterator[Callable[..., TrainingPanel]]:
    """Makes training panels, and closes them at the end."""
    made: list[TrainingPanel] = []

    def make(*recipes: Any, **changes: Any) -> TrainingPanel:
        made.append(TrainingPanel(*recipes, **changes))
        return made[-1]

    yield make
    for panel in made:
        panel.close()
        assert panel.run.wait(30)


class MenuPanel(Panel):
    """A panel that is nothing but a menu of operators."""

    def __init__(
        self,
        operator: OperatorChoice | None,
        on_change: Callable[[], object] = lambda: None,
        **options: Any,
    ):
        super().__init__()
        self.menu = OperatorMenu(self, operator, on_change, **options)
        self.lay_out([self.menu.widget], [])

    def draw(self) -> None:
        pass


def widgets_below(box: ipywidgets.Box) -> Iterator[ipywidgets.Widget]:
    """All parts of a panel."""
    for child in box.children:
        yield child
        if isinstance(child, ipywidgets.Box):
            yield from widgets_below(child)


def parts_of(panel: Panel, kind: type[Part]) -> list[Part]:
    """The parts of a panel of one kind."""
    return [part for part in widgets_below(panel) if isinstance(part, kind)]


def run_as_cell(monkeypatch: pytest.MonkeyPatch, cell: str, execution: str) -> None:
    """What is made from now on is made by this run of this cell."""
    parent = {"metadata": {"cellId": cell}, "header": {"msg_id": execution}}
    shell = SimpleNamespace(get_parent=lambda: parent)
    monkeypatch.setattr(cells, "get_ipython", lambda: shell)


def text_of(area: ipywidgets.HTML, between: str = "") -> str:
    """What a read-out says, without its tags."""
    return re.sub(r"<[^>]+>", between, area.value)


def wait_for(condition: Callable[[], object], seconds: float = 60) -> None:
    """Returns when the condition holds."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "waited too long"
        time.sleep(0.005)
