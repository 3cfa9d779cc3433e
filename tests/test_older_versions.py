"""Recipes, checkpoints and results of older versions give the same numbers.

`data/older_version.*` were written before recipes had `readout`, `start` and options of tasks.
"""

import json
import re
from pathlib import Path

import pytest

from lcm_core.experiments import experiment_names, find_experiment
from lcm_core.experiments.framework.store import Store
from lcm_core.training import Recipe, Trainer
from lcm_core.training.run_state import read_runs

DATA = Path(__file__).parent / "data"
RESULTS = Path(__file__).parents[1] / "docs" / "results"
OLD = json.loads((DATA / "older_version.json").read_text())


def close(found: list[dict], expected: list[dict]) -> None:
    assert len(found) == len(expected)
    for mine, theirs in zip(found, expected, strict=True):
        assert mine.keys() == theirs.keys()
        for name in mine:
            expected_value = theirs[name]
            if expected_value is not None:
                expected_value = pytest.approx(expected_value, rel=1e-4)
            assert mine[name] == expected_value, name


def test_an_old_recipe_trains_to_the_same_records() -> None:
    trainer = Trainer(Recipe.parse(OLD["recipe"], stored=True))
    close([record.timeless() for record in trainer.records()], OLD["records"])


def test_an_old_checkpoint_is_resumed_to_the_same_records() -> None:
    (run,) = read_runs(DATA / "older_version.pt")
    trainer = run.make_trainer()
    assert [record.step for record in run.records] == [4]
    close([record.timeless() for record in trainer.records()], OLD["records"][1:])
    assert trainer.recipe.readout == "symmetrized_gru"
    close([run.records[0].timeless()], OLD["records"][:1])


@pytest.mark.parametrize("path", sorted(RESULTS.glob("*.json")), ids=lambda path: path.stem)
def test_every_stored_result_is_still_valid(path: Path) -> None:
    store = Store.read(path)
    results = store.results(find_experiment(store.experiment))
    assert len(results.runs) == len(store.runs)
    assert len(results.measurements) == len(store.measurements)
    for text in set(re.findall(r'"recipe": "(task=[^"]*)"', path.read_text())):
        recipe = Recipe.parse(text)
        assert Recipe.parse(recipe.text(full=True)) == recipe


def test_every_experiment_has_results() -> None:
    ours = {n for n in experiment_names() if find_experiment(n).module.startswith("lcm_core.")}
    assert {path.stem for path in RESULTS.glob("*.json")} == ours


def test_an_option_of_another_task_is_refused_unless_it_was_stored() -> None:
    text = "task=bbbp modulus=3"
    with pytest.raises(TypeError, match="task 'bbbp' has no option 'modulus': it has split_seed=0"):
        Recipe.parse(text)
    assert Recipe.parse(text, stored=True) == Recipe.parse("task=bbbp")
    assert Recipe.parse("task=bbbp bits=8 modulus=10 small_values=0") == Recipe.parse("task=bbbp")


def test_old_names_of_fields_work_in_python_with_a_warning() -> None:
    with pytest.warns(DeprecationWarning, match="operator of a Recipe is now readout"):
        recipe = Recipe(operator="sum")
    assert recipe.readout == "sum"
    with pytest.warns(DeprecationWarning, match="operator of a Recipe is now readout"):
        assert recipe.operator == "sum"
