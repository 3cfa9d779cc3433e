"""The trained models that come with the library are as good as they say."""

from dataclasses import replace

import pytest
import torch

import lcm_core
from lcm_core.experiments import find_experiment, read_results
from lcm_core.experiments.checkpoints import MODELS, write
from lcm_core.operators import Operator
from lcm_core.training import pretrained_models, start
from lcm_core.training.recipe import Recipe
from lcm_core.training.trainer import Trainer
from lcm_core.widgets.operators.catalog import pretrained_labels
from tests.panels import MenuPanel

FOLDS = {"gru", "gru_sire", "molecules_lstm"}


def test_every_model_of_the_experiment_is_there_and_no_other():
    assert lcm_core.pretrained_names() == sorted(MODELS)
    experiment = find_experiment("checkpoints")
    assert [(job.row, job.column) for job in experiment.jobs()] == [m[:2] for m in MODELS.values()]


@pytest.mark.parametrize("name", lcm_core.pretrained_names())
def test_each_has_the_scores_that_it_states(name):
    path = pretrained_models.FOLDER / f"{name}.pt"
    assert path.stat().st_size < 1_000_000
    assert torch.load(path, weights_only=True)["recipe"]
    model = lcm_core.pretrained(name)
    assert model.trainer.task.metric_name == model.metric
    for split, score in model.scores.items():
        assert model.trainer.evaluate(split) == pytest.approx(score, abs=0.004), split
        assert model.trainer.task.baseline(split) == pytest.approx(model.constants[split])
        assert score > model.constants[split]


@pytest.mark.parametrize("name", lcm_core.pretrained_names())
def test_their_operators_are_in_the_menus_with_the_elements_they_were_trained_on(name):
    model, label = lcm_core.pretrained(name), f"trained: {name}"
    assert (label in pretrained_labels()) == model.has_operator == (name not in FOLDS)
    assert Recipe.parse(model.recipe, stored=True).readout in model.recipe
    if name in FOLDS:
        with pytest.raises(ValueError, match="has no operator"):
            _ = model.operator
        return
    panel = MenuPanel("sum")
    menu = panel.menu
    menu.widget.value = label
    operator = menu.operator(menu.channels)
    assert isinstance(operator, Operator)
    for mine, theirs in zip(operator.parameters(), model.operator.parameters(), strict=True):
        assert torch.equal(mine, theirs)
    assert torch.equal(menu.elements, model.elements[: len(menu.elements)])
    panel.close()
    other = MenuPanel(label)
    assert other.menu.label == label
    other.close()


def test_the_old_names_still_work_with_a_warning():
    for old, new in {"trained": "pretrained", "trained_names": "pretrained_names"}.items():
        with pytest.warns(DeprecationWarning, match=f"{old} is now lcm_core.{new}"):
            assert getattr(lcm_core, old) is getattr(lcm_core, new)
    with pytest.raises(AttributeError, match="no attribute 'train_names'"):
        _ = lcm_core.train_names


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(ValueError, match="did you mean 'lcm_plain'"):
        lcm_core.pretrained("lcm_plane")


def test_a_model_is_written_and_read(tmp_path, monkeypatch):
    for module in (pretrained_models, start):
        monkeypatch.setattr(module, "FOLDER", tmp_path)
    trainer = Trainer(Recipe.parse("bits=2 channels=4 readout=sum seed=3"))
    facts = {"title": "a sum", "metric": "exact match", "scores": {"size 16": 0.5}}
    recipe = trainer.recipe.text(full=True)
    pretrained_models.save_pretrained(
        "a", trainer.model.state_dict(), recipe=recipe, constants={}, **facts
    )
    model = lcm_core.pretrained("a")
    assert lcm_core.pretrained_names() == ["a"]
    assert (model.title, model.scores) == ("a sum", {"size 16": 0.5})
    for name, value in model.trainer.model.state_dict().items():
        assert torch.equal(value, trainer.model.state_dict()[name])


def test_models_that_are_in_the_library_need_no_state_of_their_training(tmp_path):
    results = read_results("checkpoints")
    write(results, lambda row, column, seed: tmp_path / "gone.pt")  # nothing is to be written
    run = results.runs[0]
    other = replace(results, runs=[replace(run, recipe="task=parity"), *results.runs[1:]])
    with pytest.raises(ValueError, match="to train it again"):
        write(other, lambda row, column, seed: tmp_path / "gone.pt")
