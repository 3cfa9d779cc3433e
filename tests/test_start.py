"""Training that begins with trained weights."""

import pytest
import torch

import lcm_core
from lcm_core.training import Recipe, Trainer, fit

SMALL = "channels=8 steps=4 batch_size=8 log_every=2 eval_every=4 device=cpu"
LCM = "steps=4 batch_size=8 log_every=2 eval_every=4 eval_splits=none device=cpu"


def same(one: torch.nn.Module, other: torch.nn.Module) -> bool:
    a, b = one.state_dict(), other.state_dict()
    return a.keys() == b.keys() and all(torch.equal(a[key], b[key]) for key in a)


def test_all_weights_of_a_pretrained_model() -> None:
    trainer = Trainer(Recipe.parse(f"start=pretrained:lcm {LCM}"))
    trained = lcm_core.pretrained("lcm")
    assert same(trainer.model, trained.trainer.model)
    assert trainer.started == "Begins with all weights of pretrained:lcm."
    assert trainer.evaluate("size 16") == pytest.approx(trained.scores["size 16"], abs=0.004)


def test_the_readout_of_a_model_for_another_task() -> None:
    trainer = Trainer(Recipe.parse(f"task=median start=pretrained:lcm {LCM}"))
    plain = Trainer(Recipe.parse(f"task=median {LCM}"))
    trained = lcm_core.pretrained("lcm").operator
    assert same(trainer.model.aggregation.operator, trained)
    assert same(trainer.model.encoder, plain.model.encoder)
    assert "the readout of pretrained:lcm; the task is another" in trainer.started


def test_the_readout_where_the_elements_are_of_another_width() -> None:
    trainer = Trainer(Recipe.parse(f"bits=4 start=pretrained:lcm {LCM}"))
    assert same(trainer.model.aggregation.operator, lcm_core.pretrained("lcm").operator)
    assert "the rest does not fit: " in trainer.started


def test_the_file_of_a_checkpoint(tmp_path) -> None:
    path = tmp_path / "first.pt"
    first = fit(f"bits=3 {SMALL} seed=5")
    first.save(path)
    second = Trainer(Recipe.parse(f"bits=3 start={path} learning_rate=0.001 {SMALL}"))
    assert same(second.model, first.model)
    assert second.step == 0
    records = [r.timeless() for r in second.records()]
    again = fit(f"bits=3 start={path} learning_rate=0.001 {SMALL}")
    assert [r.timeless() for r in again.records] == records


def test_resuming_needs_the_start_no_more(tmp_path) -> None:
    fit(f"bits=3 {SMALL}").save(tmp_path / "first.pt")
    text = f"bits=3 start={tmp_path / 'first.pt'} {SMALL}"
    whole = fit(text)
    trainer = Trainer(Recipe.parse(text))
    next(trainer.records())
    trainer.save(tmp_path / "half.pt")
    (tmp_path / "first.pt").unlink()
    resumed = Trainer.load(tmp_path / "half.pt")
    assert [r.timeless() for r in resumed.records()] == [whole.records[-1].timeless()]


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("start=pretrained:lmc", ValueError, "unknown pretrained model 'lmc': did you mean 'lcm'"),
        ("start=nowhere.pt", FileNotFoundError, "start=nowhere.pt: there is no file nowhere.pt"),
        ("start=pretrained:lcm channels=8", ValueError, "does not fit this one: .*same readout"),
        ("start=pretrained:lcm readout=gru", ValueError, "does not fit this one: .*same readout"),
    ],
)
def test_what_does_not_fit_is_explained(text: str, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        Trainer(Recipe.parse(text))


def test_another_choice_in_a_panel_draws_the_weights() -> None:
    recipe = Recipe.parse("start=pretrained:lcm")
    assert recipe.with_choice("readout", "gru").start == "random"
    assert Recipe.parse(recipe.text()) == recipe
