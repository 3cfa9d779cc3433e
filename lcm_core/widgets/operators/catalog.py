"""The operators that menus offer beside the registered ones: trained, or made in this kernel."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from torch import Tensor

from lcm_core.aggregations.registry import AGGREGATIONS
from lcm_core.operators import Operator
from lcm_core.operators.base import OPERATORS
from lcm_core.operators.devices import on_cpu
from lcm_core.registry import Watchers
from lcm_core.tasks.registry import TASKS
from lcm_core.training.pretrained_models import pretrained
from lcm_core.training.start import pretrained_names
from lcm_core.training.trainer import Trainer

__all__ = [
    "TRAINED",
    "Entry",
    "Facts",
    "OperatorCatalog",
    "operator_catalog",
    "pretrained_entry",
    "pretrained_labels",
]

MOST_ELEMENTS = 512
TRAINED = "trained: "  # before the name of one that comes with the library


@dataclass(frozen=True)
class Facts:
    """What is known of the training of an operator.

    Args:
        task: with its metric, such as `bbbp: ROC-AUC`.
        step: number of training steps done.
        score: the last one on the validation split; None before the first.
    """

    task: str
    step: int
    score: float | None = None


@dataclass(frozen=True, eq=False)
class Entry:
    """An operator of the catalogue.

    Args:
        operator: as it is; or how to make one for elements of a given width.
        elements: `(m, channels)`, such as the outputs of the encoder that it was trained with.
        facts: of its training; None if it has none.
    """

    operator: Operator | Callable[[int], Operator]
    elements: Tensor | None = None
    facts: Facts | None = None

    def __post_init__(self) -> None:
        """Panels compute on the CPU: what lies elsewhere is copied."""
        if isinstance(self.operator, Operator):
            object.__setattr__(self, "operator", on_cpu(self.operator))
        if self.elements is not None:
            object.__setattr__(self, "elements", self.elements.cpu())

    @classmethod
    def of(cls, trainer: Trainer, score: float | None = None) -> Entry:
        """A copy of the operator under training, with encoded elements of the validation data.

        Args:
            trainer: whose operator it is.
            score: the last one on the validation split.

        Raises:
            ValueError: the readout is a fold, which has no operator on states.
        """
        operator = trainer.model.aggregation.operator
        if operator is None:
            raise ValueError(
                f"{trainer.recipe.readout!r} has no operator on states to show: choose another "
                "readout"
            )
        elements, _ = trainer.encoded_elements()
        operator = copy.deepcopy(operator).cpu().eval().requires_grad_(False)
        task = f"{trainer.recipe.task}: {trainer.task.metric_name}"
        return cls(operator, elements[:MOST_ELEMENTS].cpu(), Facts(task, trainer.step, score))


class OperatorCatalog(Watchers):
    """Entries by label; watchers are called on each change, in the thread that makes it."""

    def __init__(self) -> None:
        super().__init__()
        self._entries: dict[str, Entry] = {}
        self._lock = threading.Lock()

    def offer(
        self,
        label: str,
        operator: Operator | Callable[[int], Operator],
        elements: Tensor | None = None,
        facts: Facts | None = None,
    ) -> None:
        """Put an operator into all menus, in place of one with this label."""
        with self._lock:
            self._entries[label] = Entry(operator, elements, facts)
        self.tell(label)

    def withdraw(self, label: str) -> None:
        """Take a label off the menus; where it is chosen, its operator stays on show."""
        with self._lock:
            self._entries.pop(label, None)
        self.tell(label)

    def entries(self) -> dict[str, Entry]:
        """The entries now, by label."""
        with self._lock:
            return dict(self._entries)

    def free_label(self, wanted: str) -> str:
        """The wanted label, with a number if it is taken."""
        taken, label, number = self.entries(), wanted, 1
        while label in taken:
            number += 1
            label = f"{wanted} {number}"
        return label


@cache
def pretrained_labels() -> tuple[str, ...]:
    """Labels of the trained operators that come with the library, such as `trained: lcm`."""
    return tuple(TRAINED + name for name in pretrained_names() if pretrained(name).has_operator)


@cache
def pretrained_entry(label: str) -> Entry:
    """The operator of that label, read at its first use."""
    return Entry.of(pretrained(label.removeprefix(TRAINED)).trainer)


#: The catalogue of this kernel. Its watchers hear of whatever a cell registers, too.
operator_catalog = OperatorCatalog()
for _registry in (OPERATORS, AGGREGATIONS, TASKS):
    _registry.watch(operator_catalog.tell)
