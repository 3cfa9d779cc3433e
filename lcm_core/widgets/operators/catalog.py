"""Trained operators for the menus of all explorers: those that come with the library, and those
that come into being while the notebook is used.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

from lcm_core.aggregations.lcm import LCMAggregation
from lcm_core.operators import Operator
from lcm_core.operators.base import on_register
from lcm_core.training.pretrained_models import trained, trained_names
from lcm_core.training.trainer import Trainer

MOST_ELEMENTS = 512
TRAINED = "trained: "  # before the name of one that comes with the library


@dataclass(frozen=True, eq=False)
class Offer:
    """An operator to look at.

    Args:
        operator: as it is; or how to make one for elements of a given width.
        elements: `(m, channels)`, such as the outputs of the encoder that it was trained with.
    """

    operator: Operator | Callable[[int], Operator]
    elements: Tensor | None = None

    @classmethod
    def of(cls, trainer: Trainer) -> Offer:
        """A copy of the operator under training, with encoded elements of the validation data.

        Raises:
            ValueError: what is trained is a fold, which has no operator on states.
        """
        model = trainer.model
        if not isinstance(model.aggregation, LCMAggregation):
            raise ValueError(
                f"{trainer.recipe.operator!r} folds elements into a hidden state and has no "
                "operator on states to show: choose another readout"
            )
        with torch.no_grad():
            batch = next(iter(trainer.task.batches("validation", trainer.device)))
            elements, _ = model.elements(batch)
        operator = copy.deepcopy(model.aggregation.operator).cpu().eval().requires_grad_(False)
        return cls(operator, elements[:MOST_ELEMENTS].cpu())


class Shelf:
    """Offers by label; watchers hear of each change, in the thread that makes it."""

    def __init__(self) -> None:
        self._offers: dict[str, Offer] = {}
        self._watchers: list[Callable[[str], None]] = []
        self._lock = threading.Lock()

    def offer(
        self,
        label: str,
        operator: Operator | Callable[[int], Operator],
        elements: Tensor | None = None,
    ) -> None:
        """Puts an operator into all menus, in place of what has had this label."""
        with self._lock:
            self._offers[label] = Offer(operator, elements)
        self.tell(label)

    def withdraw(self, label: str) -> None:
        """Takes a label off the menus; where it is chosen, the last operator stays on show."""
        with self._lock:
            self._offers.pop(label, None)
        self.tell(label)

    def offers(self) -> dict[str, Offer]:
        """What is on the shelf now, by label."""
        with self._lock:
            return dict(self._offers)

    def watch(self, callback: Callable[[str], None]) -> Callable[[], None]:
        """Calls `callback(label)` after each change; returns what ends this."""
        with self._lock:
            self._watchers.append(callback)

        def unwatch() -> None:
            with self._lock:
                if callback in self._watchers:
                    self._watchers.remove(callback)

        return unwatch

    def tell(self, label: str) -> None:
        """Tells all watchers that what this label stands for has changed."""
        with self._lock:
            watchers = list(self._watchers)
        for watcher in watchers:
            watcher(label)


@cache
def trained_labels() -> tuple[str, ...]:
    """Labels of the trained operators that come with the library, such as `trained: lcm`."""
    return tuple(TRAINED + name for name in trained_names() if trained(name).has_operator)


@cache
def trained_offer(label: str) -> Offer:
    """The operator of that label, read at its first use."""
    return Offer.of(trained(label.removeprefix(TRAINED)).trainer)


#: The one of this kernel. Operators that a cell registers under a name are told of too.
shelf = Shelf()
on_register.append(shelf.tell)
