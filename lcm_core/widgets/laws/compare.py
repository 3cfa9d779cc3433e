"""Many trained operators at once: law errors against scores, and a click opens one elsewhere."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable
from pathlib import Path
from textwrap import shorten
from typing import Any

import ipywidgets as widgets

from lcm_core.errors import unknown
from lcm_core.rounding import SHOWN
from lcm_core.widgets.base.controls import button, menu, row
from lcm_core.widgets.base.page_files import module
from lcm_core.widgets.base.panel import Panel
from lcm_core.widgets.base.text_areas import ReadOut
from lcm_core.widgets.base.view import View
from lcm_core.widgets.base.worker import Worker
from lcm_core.widgets.laws.compared import (
    LABEL,
    Compared,
    Source,
    compared,
    sources_in,
    sources_on_offer,
)
from lcm_core.widgets.operators.catalog import operator_catalog

__all__ = ["CompareOperators", "CompareView"]

REASON = 150  # letters, at most, of why a file could not be read
ORDERS = ("score", "associativity", "commutativity", "step", "name")


class CompareView(View):
    """A scatter and a table that can be sorted; `value` holds the operator that was clicked."""

    _esm = module(Path(__file__).parent / "compare_view.js")


class CompareOperators(Panel):
    """Trained operators by their scores and the errors of two laws.

    A click on one offers it to all menus as *compared*; explorers that show *compared* follow.

    Args:
        source: a folder of checkpoints, or the file of a run or a race; by default the trained
            operators in the menus: those of training runs that are followed, and the library's.
        sort: what the table is sorted by: `score`, `associativity`, `commutativity`, `step` or
            `name`.
        samples: how many tuples of states are drawn for each law.
        descending: whether the largest come first (default: scores alone).
        task: whose operators are shown, as the menu has it (default: the first that is found).
        chosen: the name of the operator that is offered once it has been read.
        more: whether further controls are unfolded.

    Attributes:
        found: what was read so far.
        failed: by name, why the others could not be read.
        label: of the clicked operator in the menus.
        chosen: the name of the clicked operator; "" before.
    """

    def __init__(
        self,
        source: str | Path | None = None,
        sort: str = "score",
        samples: int = 500,
        descending: bool | None = None,
        task: str | None = None,
        chosen: str = "",
        more: bool = False,
    ):
        super().__init__(more=more)
        if sort not in ORDERS:
            raise unknown("order", sort, ORDERS)
        if not isinstance(source, str | Path | None):
            raise TypeError(f"expected a folder or a file, such as 'checkpoints', got {source!r}")
        self._samples = samples
        self.found: list[Compared] = []
        self.failed: dict[str, str] = {}
        self.label = operator_catalog.free_label(LABEL)
        self.chosen = ""
        self._wanted, self._wanted_task = chosen, task  # until they are read
        self._task = task  # None until there was a choice
        self._reading = False
        self._worker = Worker(self, "lcm comparison", self._stopped)
        self.source_text = widgets.Text(
            value="" if source is None else str(source),
            placeholder="operators on offer",
            description="Folder",
            continuous_update=False,
            tooltip="a folder of checkpoints, or one file; empty: trained operators on offer",
            layout=widgets.Layout(width="320px"),
        )
        self.source_text.add_class("lcm-compare-source")
        self.read_button = button("Read again", "measure what there is now")
        self.task_menu = menu("Task", ("",), "", "scores of one task can be compared", "auto")
        self.view = CompareView()
        down = _usually_down(sort) if descending is None else bool(descending)
        self.view.value = {"name": "", "sort": sort, "down": down}
        self.sentence = ReadOut("compare-sentence")
        self.read_out = ReadOut("compare-text", live="off")
        self.connect(self.draw, self.source_text, self.read_button)
        self.connect(self._choose_task, self.task_menu)
        self.connect(self._clicked, self.view)
        self.on_end(lambda: operator_catalog.withdraw(self.label))
        self.lay_out(
            [row(self.source_text, self.task_menu, self.read_button)],
            [self.view, self.sentence],
            more=[self.read_out],
        )

    def arguments(self) -> dict[str, Any]:
        """Where the operators are read from, the order of the table, and what is chosen."""
        sort, down = self.view.value["sort"], self.view.value["down"]
        names = [each.name for each in self.found] + [self.chosen] * self._reading
        tasks = self.task_menu.options
        return {
            "source": self.source_text.value or None,
            "sort": sort,
            "descending": None if down == _usually_down(sort) else down,
            "task": self._task if self._reading or self._task in tasks else None,
            "chosen": self._wanted or (self.chosen if self.chosen in names else ""),
        }

    def draw(self) -> None:
        """Read and measure all, in a thread; each is shown when it is there."""
        self.found, self.failed = [], {}
        path = self.source_text.value.strip()
        given: Iterable[Source | tuple[str, str]] = (
            sources_in(Path(path).expanduser()) if path else sources_on_offer()
        )
        self._reading = True
        self._worker.start(lambda should_stop: self._read(given, should_stop))
        self._show()

    def _read(
        self, given: Iterable[Source | tuple[str, str]], should_stop: Callable[[], bool]
    ) -> None:
        for each in given:
            result: Compared | str | None
            if isinstance(each, Source):
                name = each.name
                try:
                    result = compared(each, self._samples, should_stop)
                except (ValueError, OSError) as error:
                    result = str(error)
            else:
                name, result = each
            with self.lock:
                if should_stop():
                    return
                if isinstance(result, str):
                    self.failed[name] = shorten(result, REASON, placeholder=" …")
                elif result is not None:
                    self.found.append(result)
                    if result.name == self._wanted:
                        self._choose(result)
                self._show()
        with self.lock:
            if not should_stop():
                self._reading = False
                self._say_what_is_missing()
                self._show()

    def _say_what_is_missing(self) -> None:
        """What the caller asked for, and was not read."""
        if self._wanted:
            self.failed[self._wanted] = "no operator of this name was found"
        if self._wanted_task not in (None, *(each.task for each in self.found)):
            self.failed[str(self._wanted_task)] = "no operator of this task was found"
            self._task = None
        self._wanted, self._wanted_task = "", None

    def _stopped(self, error: BaseException) -> None:
        with self.lock:
            self._reading = False
            self._show()
            self.show_error(error)

    def _clicked(self) -> None:
        """Another operator, or another order."""
        name = self.view.value.get("name", "")
        if name and name != self.chosen:
            self._choose(next(each for each in self.found if each.name == name))
        self._say()

    def _choose(self, one: Compared) -> None:
        self.chosen, self._wanted = one.name, ""
        operator_catalog.offer(self.label, one.entry.operator, one.entry.elements, one.entry.facts)

    def _choose_task(self) -> None:
        self._task = self.task_menu.value
        self._show()

    # What is shown

    @property
    def shown(self) -> list[Compared]:
        """The operators of the chosen task."""
        return [each for each in self.found if each.task == self.task_menu.value]

    def _show(self) -> None:
        self._list_tasks()
        task = self.task_menu.value
        self.view.show(
            metric=task.partition(": ")[2] or "score",
            rounding=SHOWN,
            chosen=self.chosen,
            rows=[
                {
                    "name": each.name,
                    "score": each.score,
                    "associativity": each.associativity,
                    "commutativity": each.commutativity,
                    "step": each.step,
                }
                for each in self.shown
            ],
        )
        self._say()

    def _list_tasks(self) -> None:
        tasks = list(dict.fromkeys(each.task for each in self.found)) or [""]
        if list(self.task_menu.options) != tasks:
            value = self._task or self.task_menu.value
            with self.quietly():
                self.task_menu.options = tasks
                self.task_menu.value = value if value in tasks else tasks[0]
        self.task_menu.layout.display = None if len(tasks) > 1 else "none"

    def _say(self) -> None:
        lines = [self._summary()]
        lines += [f"<b>{html.escape(n)}</b>: {html.escape(why)}" for n, why in self.failed.items()]
        self.sentence.say("<br>".join(lines))
        self.read_out.say(
            f"Each dot is a trained operator: its {html.escape(self.task_menu.value or 'score')} "
            "on the validation split, and its mean law errors over reductions of random subsets of "
            "the encoded elements of its task, in units of the spread s. A dot is filled by its "
            "error of commutativity. A click offers the operator as "
            f"<b>{html.escape(self.label)}</b> in the menus of all panels; those that show it "
            "follow the next click."
        )

    def _summary(self) -> str:
        if not self.shown:
            return "Reading …" if self._reading else "No trained operator was found."
        still = "; reading …" if self._reading else "."
        label = f"<b>{html.escape(self.label)}</b>"
        if self.chosen:
            return f"<b>{html.escape(self.chosen)}</b> is in all menus as {label}{still}"
        count = f"{len(self.shown)} operator{'s' if len(self.shown) > 1 else ''}"
        return f"{count}: click on one to open it as {label} in other panels{still}"


def _usually_down(sort: str) -> bool:
    return sort == "score"
