"""Panels driven as a reader does, in this process: set values, press buttons, read what they say.

The numbers are computed again here, from the definitions.
"""

import importlib
import json
import pkgutil
import threading

import anywidget
import ipywidgets
import numpy as np
import pytest

import lcm_core.widgets
from lcm_core import train
from lcm_core.errors import RankError
from lcm_core.training.recipe import Recipe
from lcm_core.training.trainer import Trainer, TrainingError
from lcm_core.widgets import (
    BracketingExplorer,
    DepthExplorer,
    LawExplorer,
    OperatorPlayground,
    OrderExplorer,
    TrainingPanel,
    TreeExplorer,
)
from lcm_core.widgets.base.live_figure import LiveFigure
from lcm_core.widgets.base.scripted import Scripted
from lcm_core.widgets.base.text_areas import ErrorArea
from lcm_core.widgets.training.run import Run
from lcm_core.widgets.training.your_data.upload import Upload
from tests.panels import run_as_cell, text_of, wait_for, widgets_below
from tests.records import timeless

RECIPE = "task=second_minimum bits=4 channels=8 steps=12 batch_size=16 log_every=2 eval_every=4"


def wait_until_over(panel: TrainingPanel) -> None:
    assert panel.run.wait(120)


# Training -------------------------------------------------------------------------------------


def test_panel_and_script_give_the_same_records_also_after_sliders_moved() -> None:
    panel = TrainingPanel(RECIPE)
    panel.step_button.click()
    wait_for(lambda: panel.state == "paused")
    assert len(panel.records) == 1
    panel.controls.sliders["associativity"].value = 0.3
    panel.step_button.click()
    wait_for(lambda: len(panel.records) == 2 and panel.state == "paused")
    panel.controls.sliders["rate_scale"].value = 0.5
    panel.controls.sliders["rate_scale"].value = 0.1
    panel.start_button.click()
    wait_until_over(panel)
    assert (panel.state, panel.error) == ("finished", "")
    text = panel.controls.recipe_text.value
    assert text.endswith("@2 associativity=0.3 @4 rate_scale=0.1")
    assert timeless(panel.records) == timeless(Trainer(Recipe.parse(text)).records())
    assert "step 12 of 12" in text_of(panel.view.sentence)
    assert f"Step 12: loss {panel.records[-1].loss:.4g}" in text_of(panel.read_out)

    # The text as it is shown replays, and the sliders follow.
    panel.controls.recipe_text.value = text
    panel.controls.apply_button.click()
    assert (panel.state, panel.records) == ("ready", [])
    first = panel.recipe
    panel.start_button.click()
    wait_until_over(panel)
    assert panel.recipe == first
    assert panel.controls.sliders["rate_scale"].value == 0.1
    assert timeless(panel.records) == timeless(Trainer(first).records())


def test_reset_and_start_anew_begin_at_step_0_without_the_recorded_events() -> None:
    panel = TrainingPanel(RECIPE)
    panel.step_button.click()
    wait_for(lambda: panel.state == "paused")
    panel.controls.sliders["identity"].value = 1.0
    panel.step_button.click()
    wait_for(lambda: len(panel.records) == 2 and panel.state == "paused")
    wait_for(lambda: "@2 identity=1" in panel.controls.recipe_text.value)  # drawn a moment later
    panel.stop_button.click()
    wait_until_over(panel)
    assert panel.state == "stopped"
    assert len(panel.records) == 2
    assert panel.trainer.step == 4

    panel.start_button.click()
    wait_until_over(panel)
    assert panel.state == "finished"
    assert timeless(panel.records) == timeless(Trainer(Recipe.parse(RECIPE)).records())

    panel.reset_button.click()
    assert (panel.state, panel.records, panel.trainer) == ("ready", [], None)
    assert panel.controls.recipe_text.value == Recipe.parse(RECIPE).text()
    assert panel.controls.sliders["identity"].value == 0


def test_pause_keeps_the_run_still_and_reset_in_the_middle_leaves_one_thread() -> None:
    panel = TrainingPanel(RECIPE, steps=100_000)
    panel.start_button.click()
    wait_for(lambda: len(panel.records) > 2)
    panel.start_button.click()  # Pause
    wait_for(lambda: panel.state == "paused")
    wait_for(lambda: panel.start_button.description == "Resume")  # the worker draws a moment later
    step = panel.trainer.step
    for _ in range(3):  # the worker does errands while it stands still, and no step
        errand = threading.Event()
        panel.run.between_steps(errand.set)
        assert errand.wait(30)
        assert panel.trainer.step == step
    panel.start_button.click()  # Resume
    wait_for(lambda: panel.trainer.step > step)
    old = panel.run
    panel.reset_button.click()
    panel.start_button.click()
    wait_for(lambda: len(panel.records) > 0)
    assert old.wait(0)
    assert sum(thread.name == "lcm training" for thread in threading.enumerate()) == 1
    panel.close()
    assert panel.run.wait(30)


def test_controls_change_the_recipe_of_the_next_run() -> None:
    panel = TrainingPanel(RECIPE)
    panel.controls.readout_menu.value = "sum"
    panel.controls.task_menu.value = "bbbp"
    panel.controls.sliders["commutativity"].value = 0.1
    assert panel.recipe == Recipe.parse(
        RECIPE.replace("second_minimum bits=4", "bbbp") + " readout=sum commutativity=0.1"
    )
    assert panel.controls.recipe_text.value == panel.recipe.text()
    odd = TrainingPanel(RECIPE, rate_scale=0.123, associativity=0.07)
    assert odd.controls.sliders["rate_scale"].value == 0.123
    assert odd.controls.sliders["associativity"].value == 0.07
    odd.controls.recipe_text.value = RECIPE + " rate_scale=0.004 associativity=42"
    odd.controls.apply_button.click()
    assert odd.error == ""
    assert odd.recipe.rate_scale == 0.004
    assert odd.controls.sliders["associativity"].value == 42


def test_errors_are_shown_and_cleared() -> None:
    panel = TrainingPanel(RECIPE)
    panel.controls.recipe_text.value = "task=second_minimun"
    panel.controls.apply_button.click()
    assert "did you mean 'second_minimum'" in panel.error
    assert "Traceback" in panel._error_area.value
    panel.controls.recipe_text.value = RECIPE
    panel.controls.apply_button.click()
    assert (panel.error, panel._error_area.value) == ("", "")


def test_text_that_the_press_of_apply_has_overtaken_is_applied() -> None:
    panel = TrainingPanel(RECIPE)
    panel.controls.apply_button.click()
    panel.controls.recipe_text.value = RECIPE + " seed=7"
    assert panel.recipe.seed == 7
    panel.controls._applied_at -= 60
    panel.controls.recipe_text.value = RECIPE + " seed=8"
    assert panel.recipe.seed == 7


def test_an_exception_in_training_is_shown_and_its_run_is_over(capsys) -> None:
    panel = TrainingPanel(RECIPE, learning_rate=1e30, clip=1e30, steps=200)
    panel.start_button.click()
    wait_until_over(panel)
    assert panel.state == "failed"
    assert panel.error.startswith("training stopped at step ")
    assert "step" in panel.error
    assert "Traceback" in panel._error_area.value
    assert "failed" in text_of(panel.status)
    panel.reset_button.click()
    panel.controls.sliders["rate_scale"].value = 0.5
    assert panel.recipe.rate_scale == 0.5
    assert capsys.readouterr() == ("", "")


def test_a_fold_refuses_regularisers_in_words() -> None:
    panel = TrainingPanel(RECIPE, operator="gru_fold")
    panel.step_button.click()
    wait_for(lambda: panel.state == "paused")
    panel.controls.sliders["associativity"].value = 0.1
    assert "no operator on" in panel.error
    assert panel.controls.sliders["associativity"].value == 0  # what is in use
    panel.start_button.click()
    wait_until_over(panel)
    assert (panel.state, panel.trainer.recipe.events) == ("finished", ())


def test_a_slider_refused_while_loading_does_not_end_the_run(monkeypatch) -> None:
    go_on = threading.Event()
    load = Run._load
    monkeypatch.setattr(Run, "_load", lambda run: go_on.wait() and load(run))
    panel = TrainingPanel(RECIPE, operator="gru_fold")
    panel.start_button.click()
    assert panel.state == "loading"
    panel.controls.sliders["associativity"].value = 0.1
    assert "no operator on" in panel.error
    panel.controls.sliders["rate_scale"].value = 0.5
    go_on.set()
    wait_until_over(panel)
    assert panel.state == "finished"
    assert panel.trainer.recipe.text().endswith("@0 rate_scale=0.5")


def test_the_identity_slider_works_for_every_operator() -> None:
    panel = TrainingPanel(RECIPE, operator="gru")
    panel.controls.sliders["identity"].value = 0.1
    panel.start_button.click()
    wait_until_over(panel)
    assert (panel.state, panel.error) == ("finished", "")
    assert panel.records[-1].penalties["identity"] > 0


def test_command_line_and_panel_give_the_same_records_on_molecules(tmp_path) -> None:
    panel = TrainingPanel(
        "task=bbbp channels=8 layers=1 steps=8 batch_size=16 log_every=2 eval_every=4 device=cpu"
    )
    panel.step_button.click()
    wait_for(lambda: panel.state == "paused")
    panel.controls.sliders["associativity"].value = 0.3
    panel.controls.sliders["rate_scale"].value = 0.5
    panel.start_button.click()
    wait_until_over(panel)
    text, file = panel.controls.recipe_text.value, tmp_path / "records.jsonl"
    assert "@2 associativity=0.3 rate_scale=0.5" in text
    assert train.main([text, "--records", str(file)]) == 0
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert lines == json.loads(json.dumps(timeless(panel.records)))


# Panels and figures ---------------------------------------------------------------------------


def test_a_callback_that_raises_is_shown_until_the_next_success() -> None:
    panel = TreeExplorer()

    def fail(_: object = None) -> None:
        raise RuntimeError("it <broke>")

    panel.guard(fail)()
    assert panel.error == "RuntimeError: it <broke>"
    assert "it &lt;broke&gt;" in panel._error_area.value
    panel.buttons.shuffle.click()
    assert (panel.error, panel._error_area.value) == ("", "")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (TrainingError("training stopped"), "training stopped"),
        (RankError(1, "rank 1 died"), "rank 1 died"),
        (ImportError("RDKit is not installed"), "RDKit is not installed"),
        (RuntimeError("mat1 and mat2"), "RuntimeError: mat1 and mat2"),
        (ValueError(), "ValueError: "),
    ],
)
def test_errors_that_are_sentences_stand_without_the_name_of_their_class(error, words) -> None:
    assert ErrorArea().show(error) == words


def test_every_widget_with_a_script_stores_it_in_a_page() -> None:
    for module in pkgutil.walk_packages(lcm_core.widgets.__path__, "lcm_core.widgets."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    found, classes = [anywidget.AnyWidget], set()
    while found:
        cls = found.pop()
        found += cls.__subclasses__()
        if cls.__module__.startswith("lcm_core.") and hasattr(cls, "_esm"):
            classes.add(cls)
    assert Upload in classes
    assert [cls for cls in classes if not issubclass(cls, Scripted)] == []


def test_running_a_cell_again_closes_the_panels_it_made_before(monkeypatch) -> None:
    def run_cell(cell: str, execution: str) -> list[TreeExplorer]:
        run_as_cell(monkeypatch, cell, execution)
        return [TreeExplorer(leaves=2), TreeExplorer(leaves=2)]

    first, other = run_cell("one", "1"), run_cell("two", "2")
    assert not any(panel._closed for panel in first + other)
    again = run_cell("one", "3")
    assert [panel._closed for panel in first] == [True, True]
    assert not any(panel._closed for panel in other + again)


def test_a_panel_that_could_not_be_made_does_not_disturb_the_next_run_of_its_cell(
    monkeypatch,
) -> None:
    for execution, wrong, right in (
        ("1", lambda: TrainingPanel("task=bbpp"), lambda: TrainingPanel("task=bbbp")),
        ("2", lambda: LawExplorer(()), lambda: LawExplorer(("sum",))),
        ("3", lambda: TreeExplorer("grru"), lambda: TreeExplorer("gru")),
    ):
        for turn, make in enumerate((wrong, right, right)):
            run_as_cell(monkeypatch, "a", f"{execution}{turn}")
            if make is wrong:
                with pytest.raises(ValueError, match=r"unknown|expected"):
                    make()
            else:
                make()


def test_closing_a_panel_ends_its_training() -> None:
    panel = TrainingPanel(RECIPE, steps=100_000)
    panel.start_button.click()
    wait_for(lambda: panel.state == "running")
    panel.close()
    panel.close()
    assert panel.run.wait(30)
    assert panel.state == "stopped"


def test_reloaded_pages_get_the_current_figure() -> None:
    """plotly's own saved state would be that of construction: this is what `save_state` is for."""
    panel = TrainingPanel(RECIPE)
    panel.start_button.click()
    wait_until_over(panel)
    figure = panel.view.figures[0].widget
    state = figure.get_state(["_widget_data", "_widget_layout"])
    assert list(figure._widget_data[0]["x"]) == [record.step for record in panel.records]
    assert np.allclose(figure._widget_data[0]["y"], [record.loss for record in panel.records])
    assert len(state["_widget_data"]) == len(figure.data)


def test_figures_keep_their_data_when_two_threads_change_them() -> None:
    import plotly.graph_objects as go

    live, wrong = LiveFigure(go.Figure(go.Scatter(y=np.zeros(5)))), []
    waiting = threading.Thread(target=lambda: live.move([{"y": np.ones(5)}]))
    with live.lock:
        waiting.start()
        waiting.join(0.2)
        assert waiting.is_alive()  # a change waits for the lock
        assert (live.widget.data[0].y == 0).all()
    waiting.join()

    def change(value: float) -> None:
        for _ in range(100):
            with live.lock:
                live.move([{"y": np.full(5, value)}])
                if not (live.widget.data[0].y == value).all():
                    wrong.append(value)

    threads = [threading.Thread(target=change, args=(value,)) for value in (1.0, 2.0)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.parametrize(
    ("make", "change", "numbers"),
    [
        pytest.param(
            lambda: TreeExplorer("gru", compare="left"),
            lambda panel: (
                panel.buttons.shuffle.click(),
                panel.buttons.new_elements.click(),
                set_to(panel.operator_menu.widget, "max"),
                set_to(panel.controls.level, 1),
            ),
            lambda panel: (
                panel.order.tolist(),
                panel.elements.values.tolist(),
                panel.shown.to_balanced,
                panel.shown.shared,
            ),
            id="tree",
        ),
        pytest.param(
            lambda: LawExplorer(("gru", "sum"), samples=100),
            lambda panel: (
                set_to(panel.operator_menus[1].widget, "max"),
                set_to(panel.controls.seed_box, 3),
                set_to(panel.controls.view_menu, "distributions"),
            ),
            lambda panel: {
                (name, law): error.mean
                for name, report in panel.reports.items()
                for law, error in report.items()
            },
            id="laws",
        ),
        pytest.param(
            lambda: BracketingExplorer("gru", n=4),
            lambda panel: (
                set_to(panel.operator_menu.widget, "max"),
                panel.values_button.click(),
                panel.next_button.click(),
                set_to(panel.size_menu, 5),
            ),
            lambda panel: (panel.elements.tolist(), panel.deviations.jumps.tolist(), panel.chosen),
            id="bracketings",
        ),
        pytest.param(
            lambda: OrderExplorer("gru", n=3),
            lambda panel: (
                set_to(panel.operator_menu.widget, "max"),
                panel.values_button.click(),
                panel.next_button.click(),
                set_to(panel.size_menu, 4),
            ),
            lambda panel: (panel.elements.tolist(), panel.deviations.jumps.tolist(), panel.chosen),
            id="orders",
        ),
        pytest.param(
            lambda: TrainingPanel(RECIPE),
            lambda panel: (
                set_to(panel.controls.readout_menu, "sum"),
                set_to(panel.controls.sliders["rate_scale"], 0.5),
                panel.start_button.click(),
                wait_until_over(panel),
            ),
            lambda panel: (panel.recipe.text(), panel.state, timeless(panel.records)),
            id="training",
        ),
        pytest.param(
            lambda: OperatorPlayground(a=0.5),
            lambda panel: (
                set_to(panel.formula_text, "a*x - y"),
                set_to(panel.place_sliders["z"], 1.0),
            ),
            lambda panel: (panel.values.tolist(), panel.brackets.tolist(), panel.at, panel.label),
            id="playground",
        ),
        pytest.param(
            lambda: DepthExplorer("gru", ("tree",), largest=8, channels=3),
            lambda panel: (panel.start(), panel._worker.wait(60)),
            lambda panel: {
                way: [(cost.n, cost.log_gradients.tolist()) for cost in found]
                for way, found in panel.costs.items()
            },
            id="depth",
        ),
    ],
)
def test_two_panels_of_one_kind_do_not_disturb_each_other(make, change, numbers) -> None:
    one, other = make(), make()
    before, said = numbers(other), other.read_out.value
    assert numbers(one) == before or one.label != other.label
    change(one)
    assert numbers(one) != before
    assert (numbers(other), other.read_out.value) == (before, said)
    one.close()
    assert (numbers(other), other.read_out.value) == (before, said)
    change(other)
    assert numbers(other) != before
    assert [one.error, other.error] == ["", ""]
    other.close()


def set_to(control: ipywidgets.Widget, value: object) -> None:
    control.value = value


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: TrainingPanel(5), "expected a Recipe or its text, such as .*, got 5"),
        (lambda: OperatorPlayground(None), "expected a formula as text, such as .*, got None"),
        (lambda: TreeExplorer(leaves="8"), "expected leaves to be an int from 1 to 256, got '8'"),
    ],
    ids=["training", "playground", "tree"],
)
def test_arguments_of_another_type_are_refused_in_words(make, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        make()


def test_every_control_has_words_and_every_panel_a_read_out() -> None:
    for panel in (
        TreeExplorer(graph="karate"),
        LawExplorer(("sum",)),
        BracketingExplorer(n=4),
        OrderExplorer(n=3),
        TrainingPanel(RECIPE),
        OperatorPlayground(),
        DepthExplorer(),
    ):
        assert text_of(panel.read_out)
        heads = [menu.widget for menu in getattr(panel, "operator_menus", [])]
        for widget in widgets_below(panel):
            if isinstance(widget, ipywidgets.Button | ipywidgets.Dropdown | ipywidgets.Textarea):
                # The page names a menu that heads a column by its tooltip: nameControls, page.js.
                assert widget.description or widget in heads, widget
                assert widget.tooltip, widget
            if isinstance(widget, ipywidgets.IntSlider | ipywidgets.SelectionSlider):
                assert widget.description, widget
                assert widget.tooltip, widget
        panel.close()
