"""The recipes of a race: read from text, and checked."""

from __future__ import annotations

from collections.abc import Sequence

from lcm_core.recipe import Recipe

MOST_RECIPES = 4


def read_recipes(text: str) -> list[Recipe]:
    """The recipes of a text, one a line.

    Raises:
        ValueError, TypeError: what is wrong, and in which of them.
    """
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


def checked_race(recipes: Sequence[Recipe]) -> list[Recipe]:
    """The recipes, if they can race.

    Raises:
        ValueError: there are too many, or their tasks differ.
    """
    if len(recipes) > MOST_RECIPES:
        raise ValueError(f"expected 1 to {MOST_RECIPES} recipes, got {len(recipes)}")
    for number, recipe in enumerate(recipes, start=1):
        if (recipe.task, recipe.bits) != (recipes[0].task, recipes[0].bits):
            raise ValueError(
                f"a race has one task, so that its scores can be compared: recipe 1 has "
                f"task={recipes[0].task} bits={recipes[0].bits}, and recipe {number} "
                f"task={recipe.task} bits={recipe.bits}"
            )
    return list(recipes)
