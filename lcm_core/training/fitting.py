"""Train a recipe to its end, from a script or a cell."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lcm_core.operators import Operator
from lcm_core.threads import waiting_advice
from lcm_core.training.recipe import Recipe
from lcm_core.training.record import Record
from lcm_core.training.trainer import Trainer

__all__ = ["Fit", "fit"]


@dataclass(frozen=True, eq=False)
class Fit:
    """The result of `lcm_core.fit`: the trained model and its records.

    >>> result = fit("task=parity channels=4 batch_size=8 steps=5 eval_splits=none")
    >>> result.operator.name, result.score() == result.records[-1].metric
    ('symmetrized_gru', True)

    Attributes:
        trainer: holds the model, its task and its recipe.
        records: all records of the training; the last one has the metric at the end.
    """

    trainer: Trainer
    records: list[Record]

    @property
    def recipe(self) -> Recipe:
        """The recipe, with the events of the run."""
        return self.trainer.recipe

    @property
    def model(self) -> Any:
        """The trained network.

        `model(batch)` gives outputs (B, out_features); `model.aggregation` is its readout.
        """
        return self.trainer.model

    @property
    def operator(self) -> Operator:
        """The trained operator of the readout.

        Raises:
            ValueError: the readout has no operator, as a fold has none.
        """
        operator: Operator | None = self.model.aggregation.operator
        if operator is None:
            raise ValueError(f"the readout {self.recipe.readout!r} has no operator on states")
        return operator

    def score(self, split: str = "validation") -> float:
        """Measure the task's metric on a split.

        Args:
            split: one of `trainer.task.splits`.

        Raises:
            ValueError: the task has no such split.
        """
        score = self.trainer.evaluate(split)
        assert score is not None
        return score

    def constant(self, split: str = "validation") -> float:
        """Score of the best constant answer on a split.

        Args:
            split: one of `trainer.task.splits`.
        """
        return self.trainer.task.baseline(split)

    def save(self, path: str | Path) -> None:
        """Write a checkpoint, for `Trainer.load`, menus, and `start=FILE` of a recipe.

        Args:
            path: of the file, which is replaced if it exists.
        """
        self.trainer.save(path)

    def __repr__(self) -> str:
        metrics = [record.metric for record in self.records if record.metric is not None]
        score = f"{metrics[-1]:.4g}" if metrics else "not measured"
        return (
            f"Fit({self.recipe.text()!r}, step {self.trainer.step}; "
            f"{self.trainer.task.metric_title} on the validation data: {score}, best constant "
            f"answer: {self.constant():.4g})"
        )


def fit(
    recipe: Recipe | str,
    on_record: Callable[[Record], object] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Fit:
    """Train a recipe to its last step.

    >>> result = fit("task=second_minimum bits=2 channels=4 steps=20 eval_splits=none")
    >>> [record.step for record in result.records]
    [10, 20]

    Args:
        recipe: a `Recipe`, or its text, such as "task=median steps=500 associativity=0.1".
        on_record: called with each record, such as `print`.
        should_stop: called between steps, evaluation batches and measurements of laws; True ends
            the training there.

    Returns:
        The trained model, with its records.

    Raises:
        ValueError, TypeError: a wrong recipe; the message says which field.
        lcm_core.training.TrainingError: a step failed, or its loss is not finite.
    """
    if not isinstance(recipe, Recipe | str):
        raise TypeError(f"expected a Recipe or its text, such as 'task=bbbp', got {recipe!r}")
    trainer = Trainer(Recipe.parse(recipe) if isinstance(recipe, str) else recipe)
    if trainer.device.type == "cpu" and (advice := waiting_advice(trainer.threads)):
        warnings.warn(advice, stacklevel=2)
    records: list[Record] = []
    for record in trainer.records(should_stop):
        records.append(record)
        if on_record is not None:
            on_record(record)
    return Fit(trainer, records)
