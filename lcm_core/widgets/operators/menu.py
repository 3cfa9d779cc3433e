"""The menu of operators that every explorer has."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import ipywidgets as widgets
from torch import Tensor

from lcm_core.operators import Operator, make_operator, operator_names
from lcm_core.operators.base import operator_class
from lcm_core.training.trainer import Trainer
from lcm_core.widgets.operators.catalog import Offer, shelf, trained_labels, trained_offer
from lcm_core.widgets.operators.resolve import label, resolve_operator

#: A name of `operator_names()`, an operator, the file of a checkpoint, or a label: of a trained
#: operator of the library, such as `trained: lcm`, or on the shelf.
OperatorChoice = str | Operator | Path

NO_OPERATOR = "(none)"


class LockedDropdown(widgets.Dropdown):
    """A menu that takes no choice from the page while another thread changes its options."""

    def __init__(self, **options: Any):
        self.lock = threading.RLock()
        super().__init__(**options)

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """What the page says."""
        with self.lock:
            super().set_state(sync_data)


class OperatorMenu:
    """Offers the given operators, those of the library, trained ones among them, and the shelf's.

    New ones are listed last: the page tells a choice by its place in the list.

    Args:
        operator: what is chosen first; None is "(none)", if that can be chosen.
        on_change: called when another operator is chosen, and when the chosen one is offered anew:
            by a training run that is followed, in the thread of that run.
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
        operator: OperatorChoice | None,
        on_change: Callable[[], None],
        description: str = "Operator",
        none: bool = False,
        also: Sequence[OperatorChoice] = (),
    ):
        if operator is None and not none:
            raise TypeError("expected an operator, got None")
        self._on_change = on_change
        self._none = [NO_OPERATOR] if none else []
        self._quiet = False
        self._weights: dict[tuple[str, int, int], Operator] = {}
        self._given, chosen = _given(operator, also)
        self.widget = LockedDropdown(
            options=self._labels(),
            value=NO_OPERATOR if operator is None else chosen,
            description=description,
            tooltip="the operator ⊕ that makes one state of two",
        )
        self.widget.add_class("lcm-" + description.lower().replace(" ", "-"))
        self._chosen_offer = self._offer(self.label)
        self.widget.observe(self._chosen, names="value")
        self._unwatch = shelf.watch(self._shelf_changed)

    @property
    def label(self) -> str:
        """What the chosen operator is called on the page."""
        return self.widget.value

    @property
    def channels(self) -> int | None:
        """The width of the elements that the chosen operator takes; None if any will do."""
        offer = self._chosen_offer
        return offer.operator.channels if offer and isinstance(offer.operator, Operator) else None

    @property
    def elements(self) -> Tensor | None:
        """Elements `(m, channels)` that came with the chosen operator."""
        return self._chosen_offer.elements if self._chosen_offer else None

    def operator(self, channels: int, seed: int = 0) -> Operator | None:
        """The chosen operator; None for "(none)".

        Args:
            channels: the width of the elements it will get.
            seed: of its weights, if it is one of the library.
        """
        chosen, offer = self.label, self._chosen_offer
        if chosen == NO_OPERATOR:
            return None
        if offer is not None and isinstance(offer.operator, Operator):
            return resolve_operator(offer.operator, channels)
        key, weights = (chosen, channels, seed), self._weights  # another thread may replace these
        if key not in weights:
            if offer is None:
                weights[key] = resolve_operator(chosen, channels, seed)
            else:
                weights[key] = offer.operator(channels)
        return weights[key]

    def close(self) -> None:
        """Hears no more of the shelf."""
        self._unwatch()

    def _offer(self, label: str) -> Offer | None:
        offers = {**self._given, **shelf.offers()}
        if label not in offers and label in trained_labels():
            return trained_offer(label)
        return offers.get(label)

    def _labels(self) -> list[str]:
        library = [*operator_names(), *trained_labels()]
        return list(dict.fromkeys([*self._none, *self._given, *library, *shelf.offers()]))

    def _chosen(self, _: Any) -> None:
        if not self._quiet:
            self._chosen_offer = self._offer(self.label)
            self._on_change()

    def _shelf_changed(self, changed: str) -> None:
        """Lists what there is now. What is chosen stays so and, if withdrawn, as it was."""
        with self.widget.lock:
            chosen = self.label
            self._list(list(dict.fromkeys([*self._labels(), chosen])))
            weights = self._weights.copy()
            self._weights = {key: made for key, made in weights.items() if key[0] != changed}
            offer = self._offer(chosen)
            withdrawn = offer is None and chosen not in operator_names()
            if changed != chosen or withdrawn:
                return
            self._chosen_offer = offer
        self._on_change()

    def _list(self, labels: list[str]) -> None:
        if list(self.widget.options) == labels:
            return
        chosen, self._quiet = self.label, True
        with self.widget.hold_sync():
            self.widget.options = labels
            self.widget.value = chosen
        self._quiet = False


def _given(
    operator: OperatorChoice | None, also: Sequence[OperatorChoice]
) -> tuple[dict[str, Offer], str | None]:
    """Offers by label, equal labels numbered; and the label of the first choice."""
    wanted = list(also)
    if operator is not None and not any(operator is each for each in wanted):
        wanted = [operator, *wanted]
    read = [_read(each) for each in wanted]
    texts = [text for text, offer in read if offer is not None]
    offers: dict[str, Offer] = {}
    chosen = None
    for each, (text, offer) in zip(wanted, read, strict=True):
        if offer is not None:
            if texts.count(text) > 1:
                text = f"{text} {sum(name.startswith(f'{text} ') for name in offers) + 1}"
            offers[text] = offer
        if each is operator:
            chosen = text
    return offers, chosen


def _read(operator: OperatorChoice) -> tuple[str, Offer | None]:
    """A label, and an offer if it is not listed anyway."""
    if isinstance(operator, Operator):
        return label(operator), Offer(operator)
    if not isinstance(operator, str | Path):
        raise TypeError(
            "expected the name of an operator, an operator, or the file of a checkpoint, "
            f"got {operator!r}"
        )
    listed = [*operator_names(), *trained_labels(), *shelf.offers()]
    if isinstance(operator, str) and operator in listed:
        return operator, None
    if isinstance(operator, Path) or Path(operator).is_file():
        return f"checkpoint {Path(operator).name}", Offer.of(Trainer.load(operator))
    operator_class(operator)  # raises for an unknown name
    return operator, Offer(partial(make_operator, operator))
