"""The recipes of a panel: read from text, rounded as they are shown, and checked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from lcm_core.tasks import task_options
from lcm_core.training.recipe import LIVE_FIELDS, Event, Recipe
from lcm_core.widgets.training.limits import check_channels, check_limits

__all__ = ["MOST_RECIPES", "as_shown", "checked_race", "read_recipes", "with_choice"]

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
            for channels in re.findall(r"(?:^|\s)channels=(\d+)(?=\s|$)", line):
                check_channels(int(channels))  # before they are made
            recipes.append(Recipe.parse(line))
        except (ValueError, TypeError) as error:
            if len(lines) == 1:
                raise
            raise type(error)(f"recipe {number}: {error}") from error
    return recipes


def as_shown(recipe: Recipe) -> Recipe:
    """The recipe with weights and rates as sliders show them, so that what is shown is what runs.

    >>> as_shown(Recipe(associativity=0.1 + 0.2)).text()
    'task=second_minimum associativity=0.3'
    """
    changes = {field: _rounded(getattr(recipe, field)) for field in LIVE_FIELDS}
    events = tuple(Event(step, field, _rounded(value)) for step, field, value in recipe.events)
    return recipe.replace(**changes, events=events)


def with_choice(
    recipes: Sequence[Recipe], selected: int, field: str, value: str | float
) -> list[Recipe]:
    """The recipes with another value of a field: the task of all, else that of the selected one.

    Weights without a use are 0 after another task or readout.

    >>> [recipe.task for recipe in with_choice([Recipe(), Recipe()], 0, "task", "median")]
    ['median', 'median']

    Raises:
        ValueError: an unknown name, or a value that is not allowed.
    """
    changed = list(recipes)
    for place in range(len(recipes)) if field == "task" else [selected]:
        if field in ("task", "readout"):
            changed[place] = recipes[place].with_choice(field, str(value))
        else:
            change: dict[str, Any] = {field: value}
            changed[place] = recipes[place].replace(**change)
    return changed


def _rounded(value: float) -> float:
    return float(f"{value:g}")


def task_text(recipe: Recipe) -> str:
    """What is asked in the evaluation, as `task=second_minimum bits=8`."""
    fields = [field for field in task_options(recipe.task) if field not in OF_TRAINING]
    return " ".join(f"{field}={getattr(recipe, field)}" for field in ("task", *fields))


def checked_race(recipes: Sequence[Recipe]) -> list[Recipe]:
    """The recipes, if they can race on this machine.

    Raises:
        ValueError: there are too many, their tasks differ, or a field is beyond its limit.
    """
    if len(recipes) > MOST_RECIPES:
        raise ValueError(f"expected 1 to {MOST_RECIPES} recipes, got {len(recipes)}")
    for number, recipe in enumerate(recipes, start=1):
        check_limits(recipe)
        if task_text(recipe) != task_text(recipes[0]):
            raise ValueError(
                f"a race has one task, so that its scores can be compared: recipe 1 has "
                f"{task_text(recipes[0])}, and recipe {number} {task_text(recipe)}"
            )
    return list(recipes)
