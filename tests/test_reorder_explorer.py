"""The reorder explorer: a list flips an answer, ⊕ does not, and the picture says so."""

import numpy as np
import pytest
import torch

from lcm_core import pretrained
from lcm_core.exercises.molecules import check_renumber
from lcm_core.pyg import Batch, Data
from lcm_core.tasks import make_task
from lcm_core.widgets import ReorderExplorer
from lcm_core.widgets.reorder.reader import Reader

MOLECULE = 148  # chlorothiazide


def renumber(graph, order):
    """The same molecule: the atom that was number order[k] becomes number k."""
    place = order.argsort()
    return Data(x=graph.x[order], edge_index=place[graph.edge_index], edge_attr=graph.edge_attr)


@pytest.fixture
def panel():
    made = ReorderExplorer()
    yield made
    made.close()


def test_the_renumbering_of_these_tests_is_that_of_notebook_09():
    def answer(x, edge_index, order):
        moved = renumber(Data(x=x, edge_index=edge_index), order)
        return moved.x, moved.edge_index

    assert check_renumber(answer).passed


@pytest.mark.parametrize("name", ["molecules_lstm", "molecules_tropical"])
def test_the_chance_is_that_of_the_network_for_the_renumbered_molecule(name):
    graph = make_task("bbbp").graph(MOLECULE)
    generator = torch.Generator().manual_seed(1)
    orders = torch.stack([torch.randperm(graph.num_nodes, generator=generator) for _ in range(4)])
    model = pretrained(name).trainer.model.eval()
    found = Reader.of(name, graph).chances(orders)
    for order, chance in zip(orders, found, strict=True):
        with torch.no_grad():
            wanted = model(Batch.from_data_list([renumber(graph, order)])).sigmoid()
        assert chance == pytest.approx(wanted.item(), abs=1e-4)


def test_it_begins_with_the_file_where_both_are_right(panel):
    assert panel.error == ""
    assert (panel.tried < 0.5).all()
    assert "no</b> in the order of the file" in panel.sentence.value
    assert not any(row["flipped"] for row in panel.view.data["rows"])


def test_reordering_flips_the_list_and_not_the_set(panel):
    reorder, several, as_filed = panel.buttons
    reorder.click()
    assert "flipped" in panel.sentence.value
    several.click()
    assert panel.error == ""
    assert len(panel.tried) == 22
    listed, combined = (panel.tried >= 0.5).T
    assert 0 < listed.sum() < 22
    assert combined.sum() == 0
    assert np.ptp(panel.tried[:, 1]) < 1e-5
    assert (
        f"Of 22 orders, that of the file included, {listed.sum()} say yes" in panel.sentence.value
    )
    assert "in all 22 orders" in panel.sentence.value
    as_filed.click()
    assert panel.order.tolist() == list(range(17))
    assert panel.tried[-1] == pytest.approx(panel.tried[0], abs=1e-6)


def test_an_atom_that_is_dragged_is_read_elsewhere(panel):
    order = [*range(1, 17), 0]
    panel.view.value = {"order": order}
    assert panel.error == ""
    assert panel.view.data["order"] == order
    assert panel.code() == f"ReorderExplorer(order={order})"
    panel.view.value = {"order": [0, 0]}
    assert "expected the numbers 0 to 16" in panel.error


def test_a_panel_of_a_given_order_is_that_order_and_bad_arguments_are_refused():
    order = list(range(16, -1, -1))
    panel = ReorderExplorer(order=order)
    assert panel.order.tolist() == order
    assert len(panel.tried) == 2
    panel.close()
    with pytest.raises(ValueError, match="expected 1 to 3 models"):
        ReorderExplorer(())
    with pytest.raises(ValueError, match="expected a network for molecules"):
        ReorderExplorer(("lcm",))


@pytest.mark.slow
def test_how_often_an_answer_flips():
    """Notebook 00: 82 of 180 molecules of 8 to 22 atoms by the LSTM; a nearly exact ⊕ flips too."""
    task, generator = make_task("bbbp"), torch.Generator().manual_seed(0)
    unseen = sorted({*task.members["validation"].tolist(), *task.members["test"].tolist()})
    flips = {name: 0 for name in ("molecules_lstm", "molecules_tropical", "molecules")}
    models = {name: pretrained(name).trainer.model.eval() for name in flips}
    count = 0
    for number in unseen:
        graph = task.graph(number)
        n = graph.num_nodes
        if not 8 <= n <= 22:
            continue
        count += 1
        orders = [torch.arange(n), *(torch.randperm(n, generator=generator) for _ in range(100))]
        for name, model in models.items():
            with torch.no_grad():
                x, _ = model.elements(Batch.from_data_list([graph]))
                ptr = torch.arange(0, 101 * n + 1, n)
                yes = model.decoder(model.aggregation(x[torch.cat(orders)], ptr=ptr)) >= 0
            flips[name] += bool(yes.any() and not yes.all())
    assert count == 180
    assert flips["molecules_lstm"] == pytest.approx(82, abs=4)
    assert flips["molecules"] == pytest.approx(71, abs=4)
    assert flips["molecules_tropical"] == 0
