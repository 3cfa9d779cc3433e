"""Train a recipe to its end, from a script or a cell."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lcm_core.operators import Operator
from lcm_core.training.recipe import Recipe
from lcm_core.training.trainer import Record, Trainer

__all__ = ["Fit", "fit"]


@dataclass(frozen=True, eq=False)
class Fit:
    """A trained recipe.

    Attributes:
        trainer: with the model, its task, and its recipe.
        records: what training reported, the last with the metric at the end.
    """

    trainer: Trainer
    records: list[Record]

    @property
    def recipe(self) -> Recipe:
        """The recipe, its events among it."""
        return self.trainer.recipe

    @property
    def model(self) -> Any:
        """The network: `model(batch)` gives outputs; `model.aggregation` is its readout."""
        return self.trainer.model

    @property
    def operator(self) -> Operator:
        """The trained operator of the readout.

        Raises:
            ValueError: it has none.
        """
        operator: Operator | None = self.model.aggregation.operator
        if operator is None:
            raise ValueError(f"the readout {self.recipe.readout!r} has no operator on states")
        return operator

    def score(self, split: str = "validation") -> float:
        """The task's metric on a split."""
        score = self.trainer.evaluate(split)
        assert score is not None
        return score

    def constant(self, split: str = "validation") -> float:
        """The score of the best constant answer on a split."""
        return self.trainer.task.baseline(split)

    def save(self, path: str | Path) -> None:
        """Write a checkpoint, for menus of operators, `start=FILE` and `Trainer.load`."""
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

    >>> result = fit("task=second_minimum bits=2 channels=4 batch_size=8 steps=20 log_every=10")
    >>> [record.step for record in result.records]
    [10, 20]

    Args:
        recipe: a `Recipe`, or its text.
        on_record: called with each record, such as `print`.
        should_stop: looked at between steps; when it is True, training ends there.

    Raises:
        ValueError, TypeError: what is wrong with the recipe.
        TrainingError: a step failed, or its loss is not finite.
    """
    trainer = Trainer(Recipe.parse(recipe) if isinstance(recipe, str) else recipe)
    records: list[Record] = []
    for record in trainer.records(should_stop):
        records.append(record)
        if on_record is not None:
            on_record(record)
    return Fit(trainer, records)
