"""What the training panel offers, a recipe accepts and a trainer runs; nothing else.

Choices are made on the controls of one panel, as a reader makes them.
"""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lcm_core.aggregations import aggregation_names
from lcm_core.operators.base import operator_examples
from lcm_core.tasks import task_names
from lcm_core.training import Recipe, Trainer
from lcm_core.training.recipe import LIVE_FIELDS
from lcm_core.widgets import TrainingPanel
from lcm_core.widgets.training.recipe_controls import RATE_SCALES, WEIGHTS

READOUTS = [*aggregation_names(), *operator_examples()]
TASKS = [name for name in task_names() if name != "hiv"]  # whose graphs take a minute to make
SMALL = "steps=3 batch_size=4 log_every=1 eval_every=99 eval_splits=none device=cpu"


#: Of the tasks of one kind one meets all readouts, and the others a few, outside of slow tests.
PAIRS = [
    pytest.param(
        task,
        readout,
        marks=()
        if task in ("second_minimum", "bbbp") or readout in ("symmetrized_gru", "gru_fold", "pna")
        else pytest.mark.slow,
    )
    for task in TASKS
    for readout in READOUTS
]


@pytest.fixture(scope="module")
def panel() -> Iterator[TrainingPanel]:
    made = TrainingPanel(f"channels=8 layers=1 {SMALL}")
    yield made
    made.close()


def trained(recipe: Recipe) -> None:
    """Two of three steps, so that nothing is evaluated yet."""
    records = Trainer(recipe).records()
    assert [next(records).step, next(records).step] == [1, 2]


def shown(panel: TrainingPanel) -> list[str]:
    """The sliders that the reader sees."""
    return [f for f, slider in panel.controls.sliders.items() if slider.layout.display != "none"]


def test_the_menus_offer_all_tasks_and_aggregations(panel: TrainingPanel) -> None:
    assert list(panel.controls.task_menu.options) == task_names()
    assert list(panel.controls.readout_menu.options) == READOUTS
    assert list(panel.controls.sliders) == list(LIVE_FIELDS)


@pytest.mark.parametrize(("task", "readout"), PAIRS)
def test_every_task_with_every_readout_is_accepted_and_trained(
    panel: TrainingPanel, task: str, readout: str
) -> None:
    panel.controls.task_menu.value = task
    panel.controls.readout_menu.value = readout
    assert panel.error == ""
    for field in shown(panel):  # all sliders that are there, at once
        panel.controls.sliders[field].value = 0.1
        assert panel.error == "", field
    assert (panel.recipe.task, panel.recipe.readout) == (task, readout)
    assert {f for f in LIVE_FIELDS if getattr(panel.recipe, f) == 0.1} == set(shown(panel))
    assert Recipe.parse(panel.controls.recipe_text.value) == panel.recipe
    trained(panel.recipe)
    for slider in panel.controls.sliders.values():
        slider.value = 1.0 if slider is panel.controls.sliders["rate_scale"] else 0.0


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_path_through_menus_and_sliders_leads_to_a_recipe_that_trains(
    panel: TrainingPanel, data: st.DataObject
) -> None:
    panel.controls.recipe_text.value = f"channels=8 layers=1 {SMALL}"
    panel.controls.apply_button.click()
    for _ in range(data.draw(st.integers(1, 6))):
        kind = data.draw(st.sampled_from(["task", "readout", "slider"]))
        if kind == "task":
            panel.controls.task_menu.value = data.draw(st.sampled_from(TASKS[:6]))
        elif kind == "readout":
            panel.controls.readout_menu.value = data.draw(st.sampled_from(READOUTS))
        else:
            field = data.draw(st.sampled_from(shown(panel)))
            values = RATE_SCALES if field == "rate_scale" else WEIGHTS
            panel.controls.sliders[field].value = data.draw(st.sampled_from(values))
        assert panel.error == ""
    trained(panel.recipe)


@settings(max_examples=100)
@given(
    st.sampled_from(READOUTS),
    st.sampled_from(["second_minimum", "bbbp"]),
    st.sampled_from(READOUTS),
    st.sampled_from([f for f in LIVE_FIELDS if f != "rate_scale"]),
)
def test_every_other_recipe_is_refused_with_a_sentence_that_says_what_to_do(
    readout: str, task: str, neighbors: str, field: str
) -> None:
    text = f"task={task} readout={readout} neighbors={neighbors} channels=8 layers=1 {SMALL}"
    recipe = Recipe.parse(text)
    if field in recipe.penalties:
        trained(recipe.replace(**{field: 0.1}))
        return
    with pytest.raises(ValueError, match=f"expected {field} = 0"):
        Recipe.parse(f"{text} {field}=0.1")
    with pytest.raises(ValueError, match=f"expected {field} = 0"):
        Trainer(recipe).set(field, 0.1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("channels=7 readout=k_smallest", "expected out_channels to be a multiple of 2, got 7"),
        ("channels=1 readout=product(sum,max)", "halves its channels: expected at least 2, got 1"),
        ("eval_splits=size_33", "no split 'size_33'; choose eval_splits from validation, size_16"),
        ("eval_splits=test task=bbbp", "tuning on it inflates its score"),
        ("bits=25", "bits must be from 1 to 24, got 25"),
        ("task=second_minimum small_values=2", "small_values is a share: expected 0 to 1"),
        ("task=sum_modulo modulus=x", "expected modulus to be a whole number, got 'x'"),
        ("start=pretrained:nothing", "unknown pretrained model 'nothing'"),
    ],
)
def test_fields_that_do_not_go_together_are_refused_at_once(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Recipe.parse(text)
