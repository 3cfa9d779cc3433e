"""Explorers that follow a training run of a panel beside them, live, all in one kernel."""

import threading

import numpy as np
import pytest

from lcm_core.widgets import (
    BracketingExplorer,
    LawExplorer,
    OrderExplorer,
    TrainingPanel,
    TreeExplorer,
)
from lcm_core.widgets.operators.catalog import operator_catalog
from tests.panels import wait_for

pytestmark = pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")

RECIPE = "task=second_minimum bits=4 channels=8 steps=100000 batch_size=16 log_every=5"
LABEL = "training: symmetrized_gru"


@pytest.fixture
def training():
    panel = TrainingPanel(RECIPE)
    yield panel
    panel.close()
    assert panel.run.wait(30)


@pytest.fixture
def followers():
    """One explorer of each kind, and what its numbers are; closed at the end."""
    tree, laws = TreeExplorer("sum", leaves=6), LawExplorer(("sum",), samples=100)
    bracketings, orders = BracketingExplorer("sum", n=4), OrderExplorer("sum", n=3)
    panels = {
        tree: lambda: tree.shown.traces[0].nodes[10]["state"].numpy(),
        laws: lambda: laws.reports[LABEL]["associativity"].mean,
        bracketings: lambda: bracketings.deviations.results.numpy(),
        orders: lambda: orders.deviations.results.numpy(),
    }
    yield panels
    for panel in panels:
        panel.close()


def menu_of(panel):
    menu = panel.operator_menus[0] if isinstance(panel, LawExplorer) else panel.operator_menu
    return menu.widget


def test_four_explorers_follow_a_run_while_it_trains(training, followers) -> None:
    training.follow_box.value = True
    training.start_button.click()
    wait_for(lambda: LABEL in operator_catalog.entries())
    for panel in followers:
        menu_of(panel).value = LABEL
        assert panel.error == ""
    tree, laws, bracketings, orders = followers
    assert tree.elements.values.shape[1] == 8  # encoded elements of the run
    assert laws.subjects[LABEL].population.kind == "gaussian"
    assert bracketings.elements.shape == (4, 8)
    assert orders.elements.shape == (3, 8)

    seen = {panel: [numbers()] for panel, numbers in followers.items()}
    step = training.trainer.step
    for _ in range(2):
        for panel, numbers in followers.items():
            wait_for(lambda p=panel, n=numbers: not np.array_equal(n(), seen[p][-1]))
            seen[panel].append(numbers())
    assert training.state == "running"
    assert training.trainer.step > step

    training.stop_button.click()
    assert training.run.wait(30)
    assert [training.state, training.error] == ["stopped", ""]
    assert [panel.error for panel in followers] == [""] * 4
    trained = training.trainer.model.aggregation.operator
    for panel, operator in (
        (tree, tree.shown.operator),
        (bracketings, bracketings.operator_menu.operator(8)),
    ):
        for name, weights in operator.state_dict().items():  # the last state is on show
            assert np.array_equal(weights, trained.state_dict()[name].cpu()), (panel, name)
    training.close()
    for panel in followers:
        assert menu_of(panel).value == LABEL  # withdrawn, yet still on show
        panel.close()
    wait_for(lambda: not [t for t in threading.enumerate() if t.name.startswith("lcm")])
    assert LABEL not in operator_catalog.entries()
