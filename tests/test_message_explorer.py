"""The message explorer: the states that it shows are those of the network."""

import numpy as np
import pytest
import torch

from lcm_core import pretrained
from lcm_core.pyg import Batch
from lcm_core.tasks import make_task
from lcm_core.widgets import MessageExplorer
from lcm_core.widgets.messages.passes import Passes


@pytest.fixture
def panel():
    made = MessageExplorer()
    yield made
    made.close()


def test_the_answer_is_that_of_the_network():
    graph = make_task("bbbp").graph(148)
    passes = Passes.of("molecules", graph)
    with torch.no_grad():
        wanted = pretrained("molecules").trainer.model.eval()(Batch.from_data_list([graph]))
    assert passes.chance == pytest.approx(wanted.sigmoid().item(), abs=1e-5)


def test_an_atom_knows_after_k_rounds_what_is_k_bonds_away():
    """Atom 0 is changed: after a round its neighbours differ, and others only later."""
    graph = make_task("bbbp").graph(148)
    model = pretrained("molecules").trainer.model.eval()
    changed = graph.clone()
    changed.x[0, 0] = 6
    with torch.no_grad():
        states = []
        for each in (graph, changed):
            batch = Batch.from_data_list([each])
            nodes, edges = model.encoder(batch.x), model.edge_encoder(batch.edge_attr)
            kept = [nodes]
            for layer in model.layers:
                kept.append(layer(kept[-1], batch.edge_index, edges))
            states.append(kept)
    adjacent = torch.zeros(17, 17)
    adjacent[graph.edge_index[0], graph.edge_index[1]] = 1
    near = torch.eye(17)[0]
    for one, other in zip(*states, strict=True):
        assert ((one - other).abs().sum(1) > 0).tolist() == (near > 0).tolist()
        near = near + adjacent @ near


def test_the_numbers_fit_each_other(panel):
    passes = panel.passes
    assert passes.rounds.shape == (4, 17)
    assert passes.tree.shape == passes.across.shape == passes.heights.shape == (33,)
    assert passes.depth == 5
    assert np.abs(passes.rounds).max() == pytest.approx(1)
    assert ((passes.across > 0) & (passes.across < 1)).all()


def test_each_step_is_said(panel):
    assert "each knows only itself" in panel.sentence.value
    panel.step_slider.value = 2
    assert "Round 2 of 3" in panel.sentence.value
    assert panel.view.step == 2
    panel.step_slider.value = 4
    assert "level 0 of 5</b>: 17 states are left" in panel.sentence.value
    panel.step_slider.value = panel.step_slider.max
    assert "one state for the whole molecule" in panel.sentence.value
    assert panel.code() == "MessageExplorer(step=9)"
    assert panel.error == ""


def test_the_page_plays_and_tells(panel):
    panel.play_button.click()
    assert panel.view.playing
    assert panel.play_button.description == "Stop"
    panel.view.step = 3  # as the page does
    assert panel.step_slider.value == 3
    assert panel.view.playing
    panel.step_slider.value = 1  # as the reader does
    assert not panel.view.playing
    assert panel.play_button.description == "Play"


def test_networks_that_do_not_do_this_are_refused():
    with pytest.raises(ValueError, match="expected a network for molecules"):
        MessageExplorer("lcm")
    with pytest.raises(ValueError, match="no operator"):
        MessageExplorer("molecules_lstm")
