"""An operator that is tweaked: a channel silenced, another operator blended in, a weight edited."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from lcm_core.laws.measure import law_report
from lcm_core.laws.populations import closure_population
from lcm_core.operators import Operator
from lcm_core.training.trainer import Trainer

__all__ = ["Measured", "Subject", "TweakedOperator"]

LAWS = ("associativity", "commutativity")
SETS = 256  # at least so many, of the validation data, are scored, if there are as many
STATES = 128  # of the closure on which laws are measured


class TweakedOperator(Operator):
    """x ⊕ y of an operator, blended with that of another, some of its channels 0.

    Args:
        operator: what is tweaked; its lift, lower and identity are kept.
        other: of the same width.
        share: of the other in each result, 0 to 1.
        silenced: the channels that are 0.
    """

    silent: Tensor

    def __init__(
        self,
        operator: Operator,
        other: Operator | None = None,
        share: float = 0.0,
        silenced: Sequence[int] = (),
    ):
        super().__init__(
            operator.channels, state_dim=operator.state_dim, out_channels=operator.out_channels
        )
        self.operator, self.other, self.share = operator, other, share
        self.identity = operator.identity
        silent = torch.zeros(operator.state_dim, dtype=torch.bool)
        silent[list(silenced)] = True
        self.register_buffer("silent", silent, persistent=False)

    def lift(self, x: Tensor) -> Tensor:
        """As the operator does."""
        return self.operator.lift(x)

    def lower(self, state: Tensor) -> Tensor:
        """As the operator does."""
        return self.operator.lower(state)

    def forward(self, left: Tensor, right: Tensor) -> Tensor:
        """The blend of both results, without the silenced channels."""
        left, right = torch.broadcast_tensors(left, right)
        sides = [side.reshape(-1, self.state_dim) for side in (left, right)]
        made = self.operator.combine(*sides)
        if self.other is not None and self.share:
            made = torch.lerp(made, self.other.combine(*sides), self.share)
        made = made.view(left.shape)
        return made.masked_fill(self.silent, 0.0)


class Measured(NamedTuple):
    """What a tweak changes.

    Args:
        score: the metric on the first validation batches.
        laws: mean errors, by name.
    """

    score: float
    laws: dict[str, float]


class Subject:
    """A copy of a trained model, whose operator is tweaked; the trainer's own is left alone.

    Args:
        trainer: of the model.
        title: what it is called.

    Attributes:
        operator: the copy; its weights are edited in place.
        elements: encoded ones, of the validation data.
        sets: how many are scored.

    Raises:
        ValueError: the readout has no operator on states.
    """

    def __init__(self, trainer: Trainer, title: str):
        if trainer.model.aggregation.operator is None:
            raise ValueError(
                f"{trainer.recipe.readout!r} has no operator on states to tweak: choose a run with "
                "another readout"
            )
        self.title, self.task, self.recipe = title, trainer.task, trainer.recipe
        self._model = copy.deepcopy(trainer.model).cpu().eval().requires_grad_(False)
        self.operator: Operator = self._model.aggregation.operator
        self._batches: list[Any] = []
        count = 0
        for batch in self.task.batches("validation"):
            self._batches.append(batch)
            count += len(self.task.targets(batch))
            if count >= SETS:
                break
        self.sets = count
        with torch.no_grad():
            self.elements: Tensor = self._model.elements(self._batches[0])[0]
        self._original = {name: value.clone() for name, value in self.matrices().items()}

    def matrices(self) -> dict[str, Tensor]:
        """The operator's weights of two dimensions, by name."""
        return {name: w for name, w in self.operator.named_parameters() if w.ndim == 2}

    def original(self, name: str, row: int, column: int) -> float:
        """A weight as it was trained."""
        return float(self._original[name][row, column])

    def set_weights(self, edits: dict[tuple[str, int, int], float]) -> None:
        """Put these weights in place, and all others back."""
        with torch.no_grad():
            for name, weight in self.matrices().items():
                weight.copy_(self._original[name])
            for (name, row, column), value in edits.items():
                self.matrices()[name][row, column] = value

    @torch.no_grad()
    def measure(self, operator: Operator) -> Measured:
        """Score the whole model with another operator in its place, and measure its laws."""
        aggregation: nn.Module = self._model.aggregation
        aggregation.operator = operator
        try:
            outputs = torch.cat([self._model(batch) for batch in self._batches])
        finally:
            aggregation.operator = self.operator
        targets = torch.cat([self.task.targets(batch) for batch in self._batches])
        states = closure_population(self.elements, size=STATES).states(operator)
        report = law_report(operator, states, LAWS, samples=STATES)
        return Measured(self.task.metric(outputs, targets), {law: report[law].mean for law in LAWS})
