"""The picture beside the curves, slow motion, and what is enabled when."""

import re
import time

import numpy as np
import pytest
import torch

from lcm_core import make_operator, reduce
from lcm_core.training import Recipe, Trainer
from lcm_core.trees.polytopes import associahedron
from lcm_core.widgets import TrainingPanel
from lcm_core.widgets.training.picture import bracketed, ordered, picture_of, placed, ways_of
from tests.panels import text_of, training_panels, wait_for
from tests.records import timeless

pytestmark = pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")

RECIPE = "task=second_minimum bits=4 channels=8 steps=12 batch_size=16 log_every=2 eval_every=4"


@pytest.fixture
def panels():
    """Makes panels, and closes them at the end."""
    with training_panels() as make:
        yield make


# The numbers ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["gru", "symmetrized_gru", "mean", "k_smallest"])
def test_the_answers_are_those_of_every_bracketing_by_itself(name: str) -> None:
    torch.manual_seed(0)
    operator, elements = make_operator(name, channels=4), torch.randn(3, 5, 4)
    together = bracketed(operator, elements)
    for number, tree in enumerate(associahedron(5)):
        for one, answers in zip(elements, together, strict=True):
            with torch.no_grad():
                alone = reduce(operator, operator.lift(one), torch.tensor([0, 5]), tree=tree)[0]
            assert torch.allclose(answers[number], alone, atol=1e-5)


def test_a_monoid_has_one_answer_and_the_average_has_not() -> None:
    elements = torch.randn(5, 5, 4, generator=torch.Generator().manual_seed(0))
    edges = ways_of(True).edges
    exact = placed(bracketed(make_operator("max", channels=4), elements), edges)
    assert exact.spread == exact.deviations.max() == exact.jumps.max() == 0
    average = make_operator("formula((x+y)/2)", channels=4)
    answers = bracketed(average, elements)
    found = placed(answers, edges)
    # tree spread by its definition: RMS deviation from a set's own mean, over the total spread
    s = (answers - answers.mean((0, 1))).square().sum(-1).mean().sqrt()
    own = (answers - answers.mean(1, keepdim=True)).square().sum(-1).mean().sqrt()
    assert found.spread == pytest.approx(float(own / s), rel=1e-5)
    assert 0.1 < found.spread < 1
    rms = np.sqrt((found.points**2).sum(-1).mean())
    assert 0.5 < rms <= 1 + 1e-9  # two of four dimensions, in units of s


def test_answers_that_are_all_alike_are_one_dot_and_no_division_by_zero() -> None:
    found = placed(torch.ones(5, 14, 4), ways_of(True).edges)
    assert not found.points.any()
    assert found.spread == 0


def test_the_next_picture_is_turned_to_follow_the_last() -> None:
    answers = torch.randn(5, 14, 6, generator=torch.Generator().manual_seed(0))
    edges = ways_of(True).edges
    first = placed(answers, edges)
    turned, _ = torch.linalg.qr(torch.randn(6, 6, generator=torch.Generator().manual_seed(1)))
    again = placed(answers @ turned, edges, first.points)  # the same up to a rotation of states
    assert np.allclose(again.points, first.points, atol=1e-4)


def test_a_fold_is_shown_by_its_orders() -> None:
    trainer = Trainer(Recipe.parse(f"{RECIPE} readout=gru_fold"))
    data, found = picture_of(trainer, "answers")
    assert len(data["names"]) == 24
    assert data["word"] == "order"
    assert found.spread > 0.01
    data, _ = picture_of(trainer, "map")
    assert "no operator" in data["words"]
    trainer = Trainer(Recipe.parse(f"{RECIPE} readout=deepsets"))
    assert picture_of(trainer, "answers")[1].spread < 1e-4
    elements = torch.randn(2, 4, 8)
    assert ordered(trainer.model.aggregation, elements).shape[:2] == (2, 24)


def test_pictures_do_not_change_training() -> None:
    trainer, expected = Trainer(Recipe.parse(RECIPE)), Trainer(Recipe.parse(RECIPE))
    records = []
    for record in trainer.records(lambda: bool(picture_of(trainer, "answers")) and False):
        records.append(record)
        for kind in ("answers", "solid", "map"):
            picture_of(trainer, kind)
    assert timeless(records) == timeless(expected.records())


# In the panel ---------------------------------------------------------------------------------


def test_the_picture_shows_the_untrained_operator_and_follows_the_run(panels) -> None:
    panel = panels(RECIPE)
    data = panel.picture.view.data
    assert data["panels"][0]["words"] == "the dots come with the data"
    panel.bar.views = 1  # a page shows the panel: what Start needs is loaded
    wait_for(lambda: "points" in panel.picture.view.data["panels"][0])
    assert (panel.state, panel.trainer.step) == ("ready", 0)
    untrained = panel.picture.view.data["panels"][0]
    fresh, _ = picture_of(Trainer(Recipe.parse(RECIPE)), "answers")
    assert untrained["points"] == fresh["points"].tolist()
    panel.start_button.click()
    assert panel.run.wait(120)
    trained = panel.picture.view.data["panels"][0]
    assert trained["points"] != untrained["points"]
    now, _ = picture_of(panel.trainer, "answers")
    assert trained["deviations"] == now["deviations"].tolist()
    assert timeless(panel.records) == timeless(Trainer(Recipe.parse(RECIPE)).records())


def test_other_recipes_are_loaded_ahead_too_and_one_thread_is_left(panels) -> None:
    panel = panels(RECIPE)
    panel.bar.views = 1
    wait_for(lambda: panel.trainer is not None)
    old = panel.run
    panel.controls.sliders["associativity"].value = 0.3
    assert panel.run is not old
    wait_for(lambda: panel.trainer is not None)
    assert panel.state == "ready"
    assert old.wait(30)
    assert panel.trainer.recipe.associativity == 0.3


def test_a_race_has_a_picture_for_each_recipe(panels) -> None:
    panel = panels(*(f"{RECIPE} readout={name}" for name in ("max", "gru", "gru_fold")), selected=1)
    panel.start_button.click()
    assert panel.run.wait(120)
    data = panel.picture.view.data
    assert [each["title"] for each in data["panels"]] == ["1 max", "2 gru", "3 gru_fold"]
    assert [len(each["names"]) for each in data["panels"]] == [14, 14, 24]
    assert data["first"] == 1
    spreads = [found.spread for found in panel.picture.found]
    assert spreads[0] < 1e-4 < spreads[1]
    panel.picture.menu.value = "map"
    assert panel.picture.view.data["panels"][1]["map"]


def test_what_the_reader_turns_and_chooses_is_kept(panels) -> None:
    panel = panels(RECIPE, picture="solid")
    panel.picture.view.value = {"chosen": 3, "turn": 120.5, "tilt": -10}
    assert panel.picture.view.data["state"] == {"chosen": 3, "turn": 120.5, "tilt": -10}
    panel.start_button.click()
    assert panel.run.wait(120)
    assert panel.picture.view.data["state"] == {"chosen": 3, "turn": 120.5, "tilt": -10}


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["answers", "map"])
def test_plots_and_picture_cost_at_most_a_twentieth_of_the_time(panels, kind: str) -> None:
    panel, drawn = panels("task=second_minimum", picture=kind, steps=100_000), []
    show, draw = panel._show_run, panel._draw_picture
    panel._show_run = lambda run: (drawn.append([time.monotonic()]), show(run))
    panel._draw_picture = lambda run: (draw(run), drawn[-1].append(time.monotonic()))
    panel.start_button.click()
    wait_for(lambda: panel.state == "running")
    drawn.clear()
    wait_for(lambda: len(drawn) >= 4)
    panel.stop_button.click()
    took = sum(end - begin for begin, end in drawn[:-1])
    share = took / (drawn[-1][0] - drawn[0][0])
    print(f"{kind}: {1000 * took / (len(drawn) - 1):.0f} ms a drawing, {share:.1%} of the time")
    assert share < 0.05


# Buttons, speed, limits of a page -------------------------------------------------------------


def enabled(panel: TrainingPanel) -> set[str]:
    buttons = {
        "step": panel.step_button,
        "stop": panel.stop_button,
        "reset": panel.reset_button,
        "save": panel.save_button,
    }
    for button in buttons.values():
        assert button.disabled == button.tooltip.startswith("cannot now: ")
    return {name for name, button in buttons.items() if not button.disabled}


def test_one_button_starts_pauses_and_goes_on_and_others_act_when_they_can(panels) -> None:
    panel = panels(RECIPE, steps=100_000)
    assert panel.start_button.button_style == "primary"
    assert (panel.start_button.description, enabled(panel)) == ("Start", {"step"})
    panel.start_button.click()
    wait_for(lambda: panel.start_button.description == "Pause" and panel.state == "running")
    wait_for(lambda: enabled(panel) == {"step", "stop", "reset", "save"})
    panel.start_button.click()
    wait_for(lambda: panel.start_button.description == "Resume")
    assert enabled(panel) == {"step", "stop", "reset", "save"}
    panel.stop_button.click()
    assert panel.run.wait(30)
    assert (panel.start_button.description, enabled(panel)) == ("Start again", {"reset", "save"})
    assert "over" in panel.step_button.tooltip
    run, records = panel.run, list(panel.records)
    panel.step_button.click()  # keeps the run
    assert (panel.run, panel.records) == (run, records)


def test_slow_motion_keeps_its_pace_and_obeys_at_once(panels) -> None:
    panel = panels(RECIPE, speed=5, steps=100_000)
    panel.run.load()
    wait_for(lambda: panel.state == "paused")
    began = time.monotonic()
    panel.start_button.click()
    wait_for(lambda: panel.trainer.step >= 6)
    assert 0.9 < time.monotonic() - began < 6  # five pauses of 0.2 s
    panel.speed_menu.value = 1
    time.sleep(0.3)
    pressed = time.monotonic()
    panel.start_button.click()  # Pause, in the middle of a second
    wait_for(lambda: panel.state == "paused")
    assert time.monotonic() - pressed < 0.3
    panel.speed_menu.value = 0
    step = panel.trainer.step
    panel.start_button.click()
    wait_for(lambda: panel.trainer.step > step + 50)


def test_a_run_pauses_when_no_page_shows_it(panels, monkeypatch) -> None:
    monkeypatch.setattr("lcm_core.widgets.base.panel.UNSEEN_AFTER", 0.05)
    panel = panels(RECIPE, steps=100_000)
    panel.bar.views = 1
    panel.start_button.click()
    wait_for(lambda: panel.state == "running")
    panel.bar.views = 0
    wait_for(lambda: "no page showed this panel" in panel.status.value)
    assert panel.state == "paused"
    panel.bar.views = 1
    panel.start_button.click()
    wait_for(lambda: panel.state == "running" and "no page" not in panel.status.value)


def test_the_code_restores_the_panel(panels) -> None:
    panel = panels(RECIPE, f"{RECIPE} readout=sum", more=True)
    panel.recipe_menu.value = 1
    panel.controls.sliders["associativity"].value = 0.3
    panel.controls.readout_menu.value = "max"
    panel.picture.menu.value, panel.speed_menu.value = "solid", 20
    code = panel.code()
    again = eval(code, {"TrainingPanel": panels})
    assert again.recipes == panel.recipes
    assert (again.selected, again.picture.menu.value, again.speed_menu.value) == (1, "solid", 20)
    assert again.bar.more
    assert again.code() == code
    short = panels(RECIPE, steps=7).code()
    assert eval(short, {"TrainingPanel": panels}).recipes == panels(RECIPE, steps=7).recipes
    assert "picture" not in short


def test_the_code_has_what_the_sliders_did(panels) -> None:
    panel = panels(RECIPE)
    panel.step_button.click()
    wait_for(lambda: panel.state == "paused")
    panel.controls.sliders["associativity"].value = 0.3
    panel.step_button.click()
    wait_for(lambda: len(panel.records) == 2)
    assert "@2 associativity=0.3" in panel.code()


def test_names_keep_defaults_where_they_differ(panels) -> None:
    text = "task=graph_properties readout=set2set channels=4 batch_size=4 steps=3 neighbors="
    panel = panels(*(text + name for name in ("sum", "max")))
    assert [label for label, _ in panel.recipe_menu.options] == [
        "1 neighbors=sum",
        "2 neighbors=max",
    ]


def test_recipe_values_are_rounded_as_sliders_show_them(panels) -> None:
    panel = panels(RECIPE, associativity=0.1 + 0.2, rate_scale=1 / 3)
    assert "associativity=0.3" in panel.controls.recipe_text.value.split()
    for field in ("associativity", "rate_scale"):
        slider = panel.controls.sliders[field]
        label = next(label for label, value in slider.options if value == slider.value)
        assert f"{field}={label}" in panel.controls.recipe_text.value.split()


def test_the_sentence_says_what_to_do_and_then_what_is_seen(panels) -> None:
    panel = panels(RECIPE)
    assert text_of(panel.view.sentence).startswith("Press Start")
    panel.start_button.click()
    assert panel.run.wait(120)
    last = panel.records[-1]
    said = text_of(panel.view.sentence)
    assert f"exact match {last.metric:.3f}" in said
    assert f"associativity error {last.laws['associativity']:.3g}" in said
    assert len(re.findall(r"\.(?!\d)", said)) == 1  # one sentence


def test_on_a_projector_letters_are_larger_and_the_curves_stay(panels) -> None:
    panel = panels(RECIPE)
    panel.start_button.click()
    assert panel.run.wait(120)
    loss = panel.view.figures[0].widget
    size = loss.layout.font.size
    panel.bar.projector = True
    assert loss.layout.font.size == pytest.approx(1.4 * size)
    assert list(loss.data[0].x) == [record.step for record in panel.records]
