"""A trained operator is tweaked, laws and score move, and the run's own operator does not."""

import copy

import pytest
import torch

from lcm_core import commutativity_error, make_operator
from lcm_core.training import Recipe, Trainer
from lcm_core.training.pretrained_models import pretrained
from lcm_core.widgets import TrainingPanel, TweakOperator
from lcm_core.widgets.training.tweaks import TweakedOperator
from tests.panels import text_of, wait_for

RECIPE = "task=second_minimum bits=4 channels=8 steps=100000 batch_size=16 log_every=2"


@pytest.fixture
def panel():
    made = TweakOperator("lcm")
    yield made
    made.close()


def test_without_a_tweak_it_is_the_operator_as_it_was_trained(panel) -> None:
    assert panel.now == panel.before
    left, right = torch.randn(2, 9, panel.operator.state_dim)
    trained = pretrained("lcm").operator
    assert torch.allclose(panel.operator(left, right), trained(left, right))
    trainer = pretrained("lcm").trainer
    assert panel.before.score == pytest.approx(trainer.evaluate(), abs=0.05)  # a part of the sets
    assert "→" not in text_of(panel.sentence)


def test_a_silenced_channel_is_0_and_laws_and_score_move(panel) -> None:
    panel.silence_menu.value = 3
    left, right = torch.randn(2, 9, panel.operator.state_dim)
    assert not panel.operator(left, right)[:, 3].any()
    assert panel.now.score != panel.before.score or panel.now.laws != panel.before.laws
    assert "→" in text_of(panel.sentence)
    panel.undo_button.click()
    assert panel.now == panel.before
    assert panel.arguments()["silence"] is None


def test_a_blend_of_two_that_commute_commutes(panel) -> None:
    panel.blend_menu.value = "lcm_plain"
    assert panel.share_slider.value == 0.5
    half = panel.now
    assert half != panel.before
    states = torch.randn(64, panel.operator.state_dim)
    assert commutativity_error(panel.operator, states).max < 1e-5
    panel.share_slider.value = 1.0
    other = pretrained("lcm_plain").operator
    left, right = torch.randn(2, 9, panel.operator.state_dim)
    assert torch.allclose(panel.operator(left, right), other(left, right), atol=1e-6)


def test_an_edited_weight_is_shown_measured_and_taken_back(panel) -> None:
    panel.weights_view.value = {"row": 2, "column": 5}
    before = float(next(iter(panel.subject.matrices().values()))[2, 5])
    assert panel.weight_slider.value == pytest.approx(before, abs=0.03)
    panel.weight_slider.value = 3.0
    assert panel.now != panel.before
    assert panel.weights_view.data["values"][2][5] == 3.0
    assert "[2, 5] is 3" in text_of(panel.read_out)
    panel.undo_button.click()
    assert panel.now == panel.before
    assert float(next(iter(panel.subject.matrices().values()))[2, 5]) == before


def test_the_code_restores_the_tweak(panel) -> None:
    panel.silence_menu.value, panel.blend_menu.value = 1, "max"
    panel.share_slider.value = 0.25
    panel.weights_view.value = {"row": 0, "column": 1}
    panel.weight_slider.value = 2.0
    again = eval(panel.code(), {"TweakOperator": TweakOperator})
    assert again.now == panel.now
    assert again.code() == panel.code()
    again.close()


def test_the_run_keeps_its_own_operator() -> None:
    training = TrainingPanel(RECIPE)
    with pytest.raises(ValueError, match="press Start in the training panel"):
        TweakOperator(training)
    training.start_button.click()
    wait_for(lambda: len(training.records) > 1)
    training.start_button.click()
    wait_for(lambda: training.state == "paused")
    state = copy.deepcopy(training.trainer.state_dict()["model"])
    panel = TweakOperator(training)
    panel.silence_menu.value = 0
    panel.weights_view.value = {"row": 0, "column": 0}
    panel.weight_slider.value = -3.0
    for name, weight in training.trainer.model.state_dict().items():
        assert torch.equal(weight, state[name]), name
    assert type(training.trainer.model.aggregation.operator) is not TweakedOperator
    panel.close()
    training.close()
    assert training.run.wait(30)


def test_what_has_no_operator_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match="no operator on states to tweak"):
        TweakOperator("gru")  # a fold
    with pytest.raises(ValueError, match="unknown trained model"):
        TweakOperator("lcmm")
    with pytest.raises(TypeError, match="expected the name of a trained model"):
        TweakOperator(5)


def test_an_operator_without_weights_can_be_tweaked_too() -> None:
    trainer = Trainer(Recipe.parse("task=second_minimum bits=4 channels=8 readout=max"))
    panel = TweakOperator(trainer)
    assert panel.weight_slider.disabled
    assert panel.error == ""
    panel.silence_menu.value = 0
    assert panel.error == ""
    panel.close()


def test_a_tweaked_operator_keeps_lift_lower_and_identity() -> None:
    mean = make_operator("mean", channels=3)
    tweaked = TweakedOperator(mean, silenced=(0,))
    x = torch.randn(4, 3)
    assert torch.equal(tweaked.lift(x), mean.lift(x))
    assert torch.equal(tweaked.lower(mean.lift(x)), mean.lower(mean.lift(x)))
    assert torch.equal(tweaked.identity, mean.identity)
