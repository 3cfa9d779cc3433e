"""The recipes of a race: read from text, and checked."""

from __future__ import annotations

from collections.abc import Sequence

from lcm_core.tasks import task_options
from lcm_core.training.recipe import Recipe

__all__ = ["MOST_RECIPES", "checked_race", "read_recipes"]

MOST_RECIPES = 4
OF_TRAINING = ("small_values",)  # options of tasks that change nothing of the evaluation


def read_recipes(text: str) -> list[Recipe]:
    """The recipes of a text, one a line.

    Raises:
        ValueError, TypeError: what is wrong, and in which of them.
    """
    if not isinstance(text, str):
        raise TypeError(
            f"expected a Recipe or its text, such as 'task=bbbp steps=200', got {text!r}"
        )
    lines = [line for line in text.splitlines() if line.strip()] or [""]
    recipes = []
    for number, line in enumerate(lines, start=1):
        try:
            recipes.append(Recipe.parse(line))
        except (ValueError, TypeError) as error:
            if len(lines) == 1:
                raise
            raise type(error)(f"recipe {number}: {error}") from error
    return recipes


def task_text(recipe: Recipe) -> str:
    """What is asked in the evaluation, as `task=second_minimum bits=8`."""
    fields = [field for field in task_options(recipe.task) if field not in OF_TRAINING]
    return " ".join(f"{field}={getattr(recipe, field)}" for field in ("task", *fields))


def checked_race(recipes: Sequence[Recipe]) -> list[Recipe]:
    """The recipes, if they can race.

    Raises:
        ValueError: there are too many, or their tasks differ.
    """
    if len(recipes) > MOST_RECIPES:
        raise ValueError(f"expected 1 to {MOST_RECIPES} recipes, got {len(recipes)}")
    for number, recipe in enumerate(recipes, start=1):
        if task_text(recipe) != task_text(recipes[0]):
            raise ValueError(
                f"a race has one task, so that its scores can be compared: recipe 1 has "
                f"{task_text(recipes[0])}, and recipe {number} {task_text(recipe)}"
            )
    return list(recipes)
