"""The runs that notebooks speak of are those of their panels, and are shown with their command."""

import re
from pathlib import Path

import nbformat
import pytest

from lcm_core.experiments import find_experiment, read_results
from lcm_core.experiments.framework.base import plain
from lcm_core.experiments.notebook_runs import RACES, jobs
from lcm_core.training.recipe import Recipe
from lcm_core.widgets import show_results

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"


def recipes_of(notebook: str) -> set[tuple[Recipe, int]]:
    """What the training panels of a notebook begin with, the race of its solution among them."""
    texts: list[str] = []
    scope = {"TrainingPanel": lambda *recipes, **options: texts.extend(recipes)}
    cells = nbformat.read(NOTEBOOKS / f"{notebook}.ipynb", as_version=4).cells
    for cell in cells:
        for race in re.findall(r'race = """.*?"""', cell.source, re.DOTALL):
            exec(race, scope)  # the last one is that of the solution
    for cell in cells:
        if cell.cell_type == "code" and "TrainingPanel(" in cell.source:
            exec(cell.source, scope)
    recipes = [Recipe.parse(line) for text in texts for line in text.splitlines() if line]
    return {(plain(recipe), recipe.steps) for recipe in recipes}


@pytest.mark.parametrize("column", RACES)
def test_the_recipes_are_those_of_the_panels(column: str) -> None:
    runs = {(plain(job.recipe), job.steps) for job in jobs() if job.column == column}
    in_panels = runs & recipes_of(RACES[column].notebook)
    by_hand = {"molecules": 2, "weights": 1, "formulas": 5, "parity": 2}  # sliders, other formulas
    assert len(in_panels) == len(runs) - by_hand.get(column, 0)


def test_results_are_read_or_their_command_is_said(tmp_path: Path) -> None:
    results = read_results("associativity_weight")
    assert results.wanted == find_experiment("associativity_weight").seeds * 12
    with pytest.raises(FileNotFoundError, match="experiments notebook_runs"):
        read_results("notebook_runs", tmp_path)


def test_one_column_is_shown_alone(capsys) -> None:
    results = read_results("associativity_weight").only("encoded elements")
    assert {run.column for run in results.runs} == {"encoded elements"}
    with pytest.raises(ValueError, match="did you mean 'encoded elements'"):
        show_results("associativity_weight", "encoded element")
