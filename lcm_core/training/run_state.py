"""One recipe of a race: what it is to train, and how far it has come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from lcm_core.training.recipe import Recipe
from lcm_core.training.trainer import Record, Trainer

__all__ = ["Lane", "lane_labels", "lane_names"]


@dataclass(eq=False)
class Lane:
    """A recipe and its run.

    Args:
        recipe: as it was set, before sliders moved.
        saved: a state to go on from, of a checkpoint.
        file: where it was read.
        records: what has been reported so far.

    Attributes:
        trainer: None until it is loaded.
        error: what ended it before its last step.
        seconds: spent training, pauses aside.
    """

    recipe: Recipe
    saved: dict[str, Any] | None = None
    file: str = ""
    records: list[Record] = field(default_factory=list)
    trainer: Trainer | None = None
    error: BaseException | None = None
    seconds: float = 0.0
    wanted: list[tuple[str, float]] = field(default_factory=list)  # before there is a trainer

    def make_trainer(self) -> Trainer:
        """Takes seconds where data are read."""
        if self.saved is None:
            return Trainer(self.recipe)
        return Trainer.from_state(self.saved, self.file)

    @property
    def current_recipe(self) -> Recipe:
        """The recipe with what sliders did."""
        return self.recipe if self.trainer is None else self.trainer.recipe

    @property
    def step(self) -> int:
        return 0 if self.trainer is None else self.trainer.step

    @property
    def done(self) -> bool:
        """All steps are done, and the last one is reported."""
        trainer = self.trainer
        return trainer is not None and trainer.done and trainer.recorded_step == trainer.step

    @property
    def over(self) -> bool:
        return self.done or self.error is not None


def lane_names(recipes: Sequence[Recipe]) -> list[str]:
    """A short name for each recipe: its operator, and what tells it from the others."""
    parts = [
        [part for part in recipe.text().split() if not part.startswith("operator=")]
        for recipe in recipes
    ]
    common = set(parts[0]).intersection(*parts)
    return [
        " ".join([recipe.operator, *(part for part in own if part not in common)])
        for recipe, own in zip(recipes, parts, strict=True)
    ]


def lane_labels(recipes: Sequence[Recipe]) -> list[str]:
    """The names with their numbers in the race, such as `2 sum`."""
    return [f"{number} {name}" for number, name in enumerate(lane_names(recipes), start=1)]
