"""Files of runs and races: the training panel and the command go on with what the other wrote."""

import pytest

from lcm_core import train
from lcm_core.training.recipe import Recipe
from lcm_core.training.run_state import read_runs
from lcm_core.training.trainer import Trainer
from lcm_core.widgets import TrainingPanel
from tests.panels import wait_for
from tests.records import timeless

RECIPE = (
    "task=second_minimum bits=4 channels=8 steps=12 batch_size=16 log_every=2 eval_every=4 "
    "eval_splits=none"
)
FORMULA = "readout=formula(x+y+a*x*y;a=0.5)"


@pytest.fixture
def panels():
    made = []

    def make(*recipes) -> TrainingPanel:
        made.append(TrainingPanel(*recipes))
        return made[-1]

    yield make
    for panel in made:
        panel.close()
        assert panel.run.wait(30)


def straight(recipe: str) -> list[dict]:
    return timeless(Trainer(Recipe.parse(recipe)).records())


@pytest.mark.parametrize("others", [(), (f"{RECIPE} readout=max seed=3", f"{RECIPE} {FORMULA}")])
def test_the_command_goes_on_with_what_the_panel_saved(panels, tmp_path, others) -> None:
    recipes, file = (RECIPE, *others), tmp_path / "run.pt"
    panel = panels(*recipes)
    panel.step_button.click()
    wait_for(lambda: panel.state == "paused")
    panel.file_text.value = str(file)
    panel.save_button.click()
    wait_for(file.exists)
    wait_for(lambda: "saved at step 2" in panel.file_status.value)

    assert train.main(["--resume", str(file)]) == 0
    run_states = read_runs(file)
    assert [run_state.recipe.text() for run_state in run_states] == [
        Recipe.parse(r).text() for r in recipes
    ]
    assert [timeless(run_state.records) for run_state in run_states] == [
        straight(recipe) for recipe in recipes
    ]

    # And the panel shows what the command did.
    panel.load_button.click()
    wait_for(lambda: panel.state == "finished" and "step 12 of 12" in panel.view.sentence.value)
    assert panel.error == ""
    assert list(panel.view.figures[0].widget.data[0].x) == [2, 4, 6, 8, 10, 12]


def test_the_panel_opens_the_checkpoint_of_the_command(panels, tmp_path) -> None:
    file = tmp_path / "run.pt"
    assert train.main([RECIPE, "--checkpoint", str(file)]) == 0
    panel = panels("task=bbbp")
    panel.file_text.value = str(file)
    panel.load_button.click()
    wait_for(lambda: panel.state == "finished")
    assert timeless(panel.records) == straight(RECIPE)


def test_an_interrupted_race_goes_on_where_each_recipe_is(panels, tmp_path, monkeypatch) -> None:
    file, recipes = tmp_path / "run.pt", (RECIPE, f"{RECIPE} readout=sum")
    panel = panels(*recipes)
    panel.run.load()
    wait_for(lambda: panel.state == "paused")
    panel.file_text.value = str(file)
    panel.save_button.click()
    wait_for(file.exists)
    advance = Trainer._advance

    def interrupted(trainer: Trainer) -> None:
        if trainer.recipe.readout == "sum" and trainer.step == 7:
            raise KeyboardInterrupt
        advance(trainer)

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "_advance", interrupted)
        assert train.main(["--resume", str(file)]) == train.INTERRUPTED
    assert [len(run_state.records) for run_state in read_runs(file)] == [6, 3]
    assert train.main(["--resume", str(file)]) == 0
    run_states = read_runs(file)
    assert [timeless(run_state.records) for run_state in run_states] == [
        straight(recipe) for recipe in recipes
    ]


def test_the_records_of_a_race_are_not_mixed_in_one_file(panels, tmp_path, capsys) -> None:
    file, records = tmp_path / "run.pt", tmp_path / "records.jsonl"
    panel = panels(RECIPE, f"{RECIPE} readout=sum")
    panel.run.load()
    wait_for(lambda: panel.state == "paused")
    panel.file_text.value = str(file)
    panel.save_button.click()
    wait_for(file.exists)
    assert train.main(["--resume", str(file), "--records", str(records)]) == 2
    assert "expected one recipe for --records, got the 2 of the race" in capsys.readouterr().err
    assert not records.exists()


def test_a_formula_typed_into_the_panel_trains(panels) -> None:
    panel = panels("task=second_minimum")
    panel.controls.recipe_text.value = f"{RECIPE} {FORMULA}"
    panel.controls.apply_button.click()
    assert panel.error == ""
    assert panel.controls.readout_menu.value == "formula(x+y+a*x*y;a=0.5)"
    panel.start_button.click()
    assert panel.run.wait(60)
    assert (panel.state, panel.error) == ("finished", "")
    (a,) = panel.trainer.model.aggregation.operator.values
    assert 0 < abs(a.item() - 0.5) < 0.5  # learned
    assert timeless(panel.records) == straight(panel.controls.recipe_text.value)

    panel.controls.recipe_text.value = f"{RECIPE} readout=formula(x.real+y)"
    panel.controls.apply_button.click()
    assert "formula" in panel.error
    assert "readout=formula(x+y+a*x*y;a=0.5)" in panel.recipe.text()
