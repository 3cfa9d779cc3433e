"""The depth explorer: it shows what it measured, and can be stopped at any moment."""

import html
import math
import threading
import time

import numpy as np
import pytest

from lcm_core.depth.methods import make_method
from lcm_core.figures import depth_gradients_figure, depth_profile_figure, depth_times_figure
from lcm_core.operators import Operator
from lcm_core.widgets import DepthExplorer
from lcm_core.widgets.depth import explorer as depth_explorer
from lcm_core.widgets.operators.catalog import operator_catalog
from tests.panels import text_of, wait_for


class Broken(Operator):
    name = "broken"

    def forward(self, left, right):
        raise ZeroDivisionError("no ⊕ today")


@pytest.fixture(scope="module", autouse=True)
def each_once():
    """Runs are not repeated: the numbers are not looked at here."""
    before, depth_explorer.PATIENCE = depth_explorer.PATIENCE, 0
    yield
    depth_explorer.PATIENCE = before


@pytest.fixture
def explorer():
    made = []

    def make(*arguments, **options) -> DepthExplorer:
        made.append(DepthExplorer(*arguments, **options))
        return made[-1]

    yield make
    for panel in made:
        panel.close()
        assert panel._worker.wait(30)
    assert all(thread.name != "lcm depth" for thread in threading.enumerate())


@pytest.fixture(scope="module")
def measured():
    """A panel that has measured all four methods up to 128 elements."""
    panel = DepthExplorer(methods=("tree", "chain", "gru_fold", "pyg_gru"), largest=128, channels=4)
    assert text_of(panel.read_out) == "Nothing is measured yet: press Measure."
    panel.measure_button.click()
    assert panel._worker.wait(120)
    yield panel
    panel.close()


def traces(panel: DepthExplorer, number: int) -> dict[str, object]:
    """The first trace of each method in a figure: what its legend names."""
    data = panel._figures[number].widget.data
    return {trace.name: trace for trace in data if trace.showlegend is not False}


def test_it_shows_what_was_measured(measured) -> None:
    assert measured.error == ""
    assert list(measured.costs) == ["tree", "chain", "gru_fold", "pyg_gru"]
    for method, depths in (("tree", [1, 3, 5, 7]), ("chain", [1, 7, 31, 127])):
        assert [cost.n for cost in measured.costs[method]] == [2, 8, 32, 128]
        assert [cost.depth for cost in measured.costs[method]] == depths
    for title, method in (("balanced tree", "tree"), ("chain", "chain")):
        found = measured.costs[method]
        assert list(traces(measured, 0)[title].x) == [2, 8, 32, 128]
        assert list(traces(measured, 0)[title].y) == [cost.backward.wall for cost in found]
        assert list(traces(measured, 1)[title].y) == [cost.first for cost in found]
        profile = traces(measured, 2)[title]
        assert list(profile.y) == list(found[-1].log_gradients)
        assert list(profile.x) == list(found[-1].places + 1)
    assert measured.progress.value == measured.progress.max == 16
    assert text_of(measured.status) == "measured"


def test_the_numbers_are_also_in_words(measured) -> None:
    text = text_of(measured.read_out)
    tree, chain = (measured.costs[method][-1] for method in ("tree", "chain"))
    ratio = chain.backward.wall / tree.backward.wall
    assert "Chain, 128 elements: depth 127 against 7 of the tree, and " in text
    assert f"and {ratio:.3g} times its time" in text
    assert f"Chain: {chain.reached} of 128" in text
    assert f"10{chain.first:,.1f}".replace("-", "−") in text
    assert html.escape("PyG's GRUAggregation, 128 elements: depth 128") in text


def test_another_set_can_be_looked_at_place_by_place(measured) -> None:
    assert measured.controls.size_menu.value == 128
    measured.controls.size_menu.value = 8
    assert list(traces(measured, 2)["chain"].x) == list(range(1, 9))
    measured.controls.size_menu.value = 128


def test_it_can_be_stopped_and_begun_again(explorer) -> None:
    panel = explorer(methods=("tree", "chain"), channels=4)
    panel.measure_button.click()
    wait_for(lambda: panel.progress.value >= 11)  # now comes the chain of 2,048 elements
    began = time.monotonic()
    panel.stop_button.click()
    assert panel._worker.wait(20)
    assert time.monotonic() - began < 5
    assert "stopped" in text_of(panel.status)
    kept = [cost.n for cost in panel.costs["chain"]]
    assert 512 in kept
    assert 131_072 not in kept
    panel.controls.largest_menu.value = 8
    panel.controls.method_boxes["chain"].value = False
    panel.measure_button.click()
    assert panel._worker.wait(60)
    assert {method: len(found) for method, found in panel.costs.items()} == {"tree": 2}
    assert (panel.error, text_of(panel.status)) == ("", "measured")


def test_a_press_in_the_middle_begins_anew_and_closing_ends_it(explorer) -> None:
    panel = explorer(methods=("chain",), channels=4)
    panel.measure_button.click()
    wait_for(lambda: panel.progress.value >= 2)
    panel.measure_button.click()
    wait_for(lambda: panel.progress.value >= 4)
    assert [cost.n for cost in panel.costs["chain"]][:4] == [2, 8, 32, 128]
    panel.close()
    assert panel._worker.wait(20)


def test_a_way_is_left_out_where_a_run_would_take_too_long(explorer) -> None:
    panel = explorer(methods=("tree", "chain"), largest=32, longest=1e-9)
    panel.start()
    assert panel._worker.wait(60)
    assert [len(found) for found in panel.costs.values()] == [1, 1]
    assert panel.skipped == {"tree": 8, "chain": 8}
    assert "Chain was not tried from 8 elements on" in text_of(panel.read_out)
    assert panel.progress.value == panel.progress.max == 6


def test_another_operator_needs_another_measurement(explorer) -> None:
    operator_catalog.offer("live", make_method("tree", "gru", 3).module)
    try:
        panel = explorer("live", ("tree",), largest=8)
        panel.start()
        assert panel._worker.wait(60)
        assert [(cost.operator, cost.channels) for cost in panel.costs["tree"]] == [("gru", 3)] * 2
        panel.operator_menu.widget.value = "sum"
        assert panel.costs == {}
        assert "press Measure" in text_of(panel.status)
        panel.start()
        assert panel._worker.wait(60)
        assert panel.costs["tree"][1].log_gradients == pytest.approx(np.zeros(8))
    finally:
        operator_catalog.withdraw("live")


def test_errors_are_shown(explorer) -> None:
    panel = explorer(Broken(channels=2), largest=8)
    panel.measure_button.click()
    assert panel._worker.wait(60)
    assert panel.error == "ZeroDivisionError: no ⊕ today"
    assert text_of(panel.status) == "the measurement failed"
    for box in panel.controls.method_boxes.values():
        box.value = False
    panel.measure_button.click()
    assert "choose at least one way" in panel.error


def test_wrong_calls_are_explained() -> None:
    for wrong, error, message in (
        (
            {"methods": ("chains",)},
            ValueError,
            "unknown way to reduce 'chains': did you mean 'chain'",
        ),
        ({"methods": "trees"}, ValueError, "unknown way to reduce 'trees': did you mean 'tree'"),
        (
            {"largest": 1000},
            ValueError,
            "expected largest to be one of 2, 8, 32, 128, .*, got 1000",
        ),
        ({"longest": 0}, ValueError, "a number of seconds above 0, got 0"),
        ({"operator": "summ"}, ValueError, "did you mean 'sum'"),
        ({"operator": None}, TypeError, "expected an operator, got None"),
    ):
        with pytest.raises(error, match=message):
            DepthExplorer(**wrong)


def test_figures_of_nothing_have_axes() -> None:
    for figure in (
        depth_times_figure({}, [2, 8]),
        depth_gradients_figure({"chain": []}, [2]),
        depth_profile_figure({"chain": None}),
    ):
        low, high = figure.layout.yaxis.range or (0, 1)
        assert math.isfinite(low)
        assert low < high
