"""The menu of operators that every explorer has."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from torch import Tensor

from lcm_core.operators import Operator, operator_names
from lcm_core.operators.base import operator_class, operator_examples
from lcm_core.training.trainer import Trainer
from lcm_core.widgets.base.controls import LockedDropdown
from lcm_core.widgets.base.panel import Panel
from lcm_core.widgets.operators.catalog import (
    Entry,
    operator_catalog,
    pretrained_entry,
    pretrained_labels,
)
from lcm_core.widgets.operators.resolve import label, resolve_operator

__all__ = ["NO_OPERATOR", "OperatorChoice", "OperatorMenu"]

#: A name of `operator_names()`, an operator, the file of a checkpoint, or a label: of a trained
#: operator of the library, such as `trained: lcm`, or in the catalogue.
OperatorChoice = str | Operator | Path

NO_OPERATOR = "(none)"


class OperatorMenu:
    """A menu of given operators, those of the library (trained ones too), and the catalogue's.

    New ones are listed last: the page tells a choice by its place in the list.

    Args:
        panel: where the menu is; it follows the catalogue until the panel is closed.
        operator: what is chosen first; None is "(none)", if that can be chosen.
        on_change: called, locked, when another operator is chosen, and when the chosen one is
            offered anew: by a training run that is followed, in the thread of that run.
        description: the title; also makes the class on the page, such as `lcm-operator-2`.
        none: whether "(none)" can be chosen.
        also: further operators to list.

    Attributes:
        widget: the menu; its value is a label.

    Raises:
        TypeError: it is none of these.
        ValueError: an unknown name, a file that is no checkpoint, or a checkpoint of a fold.
    """

    def __init__(
        self,
        panel: Panel,
        operator: OperatorChoice | None,
        on_change: Callable[[], object],
        description: str = "Operator",
        none: bool = False,
        also: Sequence[OperatorChoice] = (),
    ):
        if operator is None and not none:
            raise TypeError("expected an operator, got None")
        self._on_change = panel.locked(on_change)
        self._none = [NO_OPERATOR] if none else []
        self._quiet = False
        self._weights: dict[tuple[str, int, int], Operator] = {}
        self._given, chosen = _given(operator, also)
        self._first = (NO_OPERATOR if operator is None else chosen, operator)
        self.widget = LockedDropdown(
            options=self._labels(),
            value=NO_OPERATOR if operator is None else chosen,
            description=description,
            tooltip="the operator ⊕ that makes one state of two",
        )
        self.widget.add_class("lcm-" + description.lower().replace(" ", "-"))
        self._chosen_entry = self._entry(self.label)
        self.widget.observe(self._chosen, names="value")
        panel.on_end(operator_catalog.watch(self._catalog_changed))

    @property
    def label(self) -> str:
        """What the chosen operator is called on the page."""
        return self.widget.value

    @property
    def choice(self) -> OperatorChoice | None:
        """The chosen operator as an argument: what was given, else a label; None for "(none)"."""
        label, given = self._first
        if self.label == label:
            return given
        return None if self.label == NO_OPERATOR else self.label

    @property
    def channels(self) -> int | None:
        """The width of the elements that the chosen operator takes; None if any will do."""
        entry = self._chosen_entry
        return entry.operator.channels if entry and isinstance(entry.operator, Operator) else None

    @property
    def elements(self) -> Tensor | None:
        """Elements `(m, channels)` that came with the chosen operator."""
        return self._chosen_entry.elements if self._chosen_entry else None

    def operator(self, channels: int, seed: int = 0) -> Operator | None:
        """The chosen operator; None for "(none)".

        Args:
            channels: the width of the elements it will get.
            seed: of its weights, if it is one of the library.
        """
        chosen, entry = self.label, self._chosen_entry
        if chosen == NO_OPERATOR:
            return None
        if entry is not None and isinstance(entry.operator, Operator):
            return resolve_operator(entry.operator, channels)
        key, weights = (chosen, channels, seed), self._weights  # another thread may replace these
        if key not in weights:
            if entry is None:
                weights[key] = resolve_operator(chosen, channels, seed)
            else:
                weights[key] = entry.operator(channels)
        return weights[key]

    def _entry(self, label: str) -> Entry | None:
        entries = {**self._given, **operator_catalog.entries()}
        if label not in entries and label in pretrained_labels():
            return pretrained_entry(label)
        return entries.get(label)

    def _labels(self) -> list[str]:
        return list(
            dict.fromkeys([*self._none, *self._given, *_library(), *operator_catalog.entries()])
        )

    def _chosen(self, _: Any) -> None:
        if not self._quiet:
            self._chosen_entry = self._entry(self.label)
            self._on_change()

    def _catalog_changed(self, changed: str) -> None:
        """Lists what there is now. What is chosen stays so and, if withdrawn, as it was."""
        with self.widget.lock:
            chosen = self.label
            self._list(list(dict.fromkeys([*self._labels(), chosen])))
            weights = self._weights.copy()
            self._weights = {
                key: made for key, made in weights.items() if not _concerns(changed, key[0])
            }
            entry = self._entry(chosen)
            withdrawn = entry is None and chosen not in _library()
            if not _concerns(changed, chosen) or withdrawn:
                return
            self._chosen_entry = entry
        self._on_change()

    def _list(self, labels: list[str]) -> None:
        if list(self.widget.options) == labels:
            return
        chosen, self._quiet = self.label, True
        with self.widget.hold_sync():
            self.widget.options = labels
            self.widget.value = chosen
        self._quiet = False


def _library() -> list[str]:
    """What every menu lists, whatever it is given."""
    return [*operator_names(), *operator_examples(), *pretrained_labels()]


def _concerns(changed: str, label: str) -> bool:
    """Whether a label is this name, or stands for an operator that is made of it."""
    return changed == label or ("(" in label and changed in re.split(r"[(),;]", label))


def _given(
    operator: OperatorChoice | None, also: Sequence[OperatorChoice]
) -> tuple[dict[str, Entry], str | None]:
    """Entries by label, equal labels numbered; and the label of the first choice."""
    wanted = list(also)
    if operator is not None and not any(operator is each for each in wanted):
        wanted = [operator, *wanted]
    read = [_read(each) for each in wanted]
    texts = [text for text, entry in read if entry is not None]
    entries: dict[str, Entry] = {}
    chosen = None
    for each, (text, entry) in zip(wanted, read, strict=True):
        if entry is not None:
            if texts.count(text) > 1:
                text = f"{text} {sum(name.startswith(f'{text} ') for name in entries) + 1}"
            entries[text] = entry
        if each is operator:
            chosen = text
    return entries, chosen


def _read(operator: OperatorChoice) -> tuple[str, Entry | None]:
    """A label, and an entry unless the operator is listed anyway."""
    if isinstance(operator, Operator):
        return label(operator), Entry(operator)
    if not isinstance(operator, str | Path):
        raise TypeError(
            "expected the name of an operator, an operator, or the file of a checkpoint, "
            f"got {operator!r}"
        )
    if isinstance(operator, str) and operator in [*_library(), *operator_catalog.entries()]:
        return operator, None
    if isinstance(operator, Path) or Path(operator).is_file():
        return f"checkpoint {Path(operator).name}", Entry.of(Trainer.load(operator))
    operator_class(operator)  # raises for an unknown name
    return operator, Entry(partial(resolve_operator, operator))
