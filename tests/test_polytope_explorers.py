"""The explorers of bracketings and orders, driven in this process."""

import threading

import numpy as np
import pytest
import torch

from lcm_core import make_operator, operator_names, reduce
from lcm_core.figures.polytope import EDGES, MARKS, VERTICES
from lcm_core.operators import Operator
from lcm_core.operators.devices import on_cpu
from lcm_core.training.recipe import Recipe
from lcm_core.training.trainer import Trainer
from lcm_core.trees.tree import Tree
from lcm_core.widgets import BracketingExplorer, OrderExplorer
from lcm_core.widgets.operators.catalog import operator_catalog
from tests.panels import Average, text_of


@pytest.fixture
def made():
    panels = []
    yield lambda panel: panels.append(panel) or panel
    for panel in panels:
        panel.close()
    for label in operator_catalog.entries():
        operator_catalog.withdraw(label)


def shown(panel, trace: int) -> np.ndarray:
    return np.asarray(panel._figure.widget.data[trace].marker.color)


def results(operator: Operator, states: torch.Tensor, trees) -> torch.Tensor:
    return torch.stack([reduce(operator, states, tree=tree)[0] for tree in trees]).double()


def check_numbers(panel, operator: Operator) -> None:
    """What is drawn and what is said, computed again from the definitions."""
    states = operator.lift(panel.elements)
    with torch.no_grad():
        found = results(operator, states, panel.shape.trees)
    s = panel.deviations.spread
    deviations = (found - found.mean(0)).norm(dim=1).numpy() / s
    ends = panel.shape.edges
    jumps = (found[ends[:, 0]] - found[ends[:, 1]]).norm(dim=1).numpy() / s
    assert shown(panel, VERTICES) == pytest.approx(deviations, abs=1e-5)
    assert shown(panel, EDGES) == pytest.approx(jumps, abs=1e-5)
    assert f"Largest deviation from their mean {deviations.max():.3g}, at" in text_of(
        panel.read_out
    )
    one, other = (panel.shape.names[end] for end in ends[jumps.argmax()])
    assert f"Largest jump {jumps.max():.3g}, between {one} and {other}" in text_of(panel.read_out)


# Bracketings --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "vertices", "edges"), [(4, 5, 5), (5, 14, 21), (6, 42, 84)])
def test_what_is_drawn_and_said_is_computed_again(made, n, vertices, edges) -> None:
    operator = make_operator("gru", 3)
    panel = made(BracketingExplorer(operator, n=n))
    assert panel.error == ""
    assert (len(panel.shape.trees), len(panel.shape.edges)) == (vertices, edges)
    assert panel.elements.shape == (n, 3)
    check_numbers(panel, operator)


def test_every_operator_is_shown_and_monoids_give_one_answer(made) -> None:
    panel = made(BracketingExplorer("sum", n=5))
    for name in operator_names():
        panel.operator_menu.widget.value = name
        assert panel.error == "", name
        one = "One answer for all 14 bracketings, to " in text_of(panel.read_out)
        assert one == make_operator(name, 4).associative, name
        if one:
            assert not shown(panel, VERTICES).any()
            assert not shown(panel, EDGES).any()
            lines = {line.line.color for line in panel._figure.widget.layout.shapes} - {"#FFFFFF"}
            assert len(lines) == 1


def test_unordered_trees_where_an_operator_commutes_and_where_not(made) -> None:
    panel = made(BracketingExplorer("symmetrized_gru", unordered=True))
    assert (len(panel.shape.trees), len(panel.shape.edges)) == (15, 30)
    assert panel.size_menu.disabled
    assert "an error of associativity alone" in text_of(panel.read_out)
    check_numbers(panel, panel.operator_menu.operator(4))
    panel.operator_menu.widget.value = "gru"
    assert "⊕ does not commute here" in text_of(panel.read_out)
    panel.operator_menu.widget.value = "max"
    assert "One answer for all 15 trees, to the last bit" in text_of(panel.read_out)
    panel.unordered_box.value = False
    assert len(panel.shape.trees) == 5
    panel.size_menu.value = 6
    assert len(panel.shape.trees) == 42


def test_a_vertex_is_chosen_from_the_menu_by_walking_and_by_a_click(made) -> None:
    panel = made(BracketingExplorer(n=5))
    menu = dict(panel.vertex_menu.options)
    panel.vertex_menu.value = menu["(a (b (c (d e))))"]
    assert panel.trace.graph["tree"] == Tree.parse("(a (b (c (d e))))")
    assert "Chosen: (a (b (c (d e)))), result" in text_of(panel.read_out)
    mark = panel._figure.widget.data[MARKS]
    assert mark.x[0] == panel._figure.widget.data[VERTICES].x[panel.chosen]

    seen = [panel.chosen]
    for _ in range(60):
        panel.next_button.click()
        assert [seen[-1], panel.chosen] in [sorted(e, reverse=r) for e in panel.shape.edges.tolist()
                                            for r in (False, True)]  # fmt: skip
        seen.append(panel.chosen)
    assert set(seen) == set(range(14))

    ends = set()
    for _ in range(2):
        panel.largest_button.click()
        ends.add(panel.chosen)
    assert ends == set(panel.shape.edges[panel.deviations.jumps.argmax()].tolist())

    class Points:
        point_inds = [6]  # noqa: RUF012

    panel._figure.widget.data[VERTICES]._dispatch_on_click(Points, None)
    assert (panel.chosen, panel.vertex_menu.value) == (6, 6)
    panel._figure.widget.data[EDGES]._dispatch_on_click(Points, None)
    assert panel.chosen in panel.shape.edges[6]


def test_the_chosen_bracketing_stays_when_the_operator_changes(made) -> None:
    panel = made(BracketingExplorer("gru", n=4))
    panel.choose(2)
    panel.operator_menu.widget.value = "sum"
    assert panel.chosen == 2
    panel.size_menu.value = 5
    assert panel.chosen == 0


def test_turning_draws_anew_and_a_flat_graph_does_not_turn(made) -> None:
    panel = made(BracketingExplorer(n=5))
    before = np.array(panel._figure.widget.data[VERTICES].x)
    panel.turn_slider.value += 10
    assert not np.allclose(panel._figure.widget.data[VERTICES].x, before)
    panel.size_menu.value = 4
    assert panel.turn_slider.disabled
    assert panel.tilt_slider.disabled
    panel.scale_menu.value = "0 to 1"
    assert panel._figure.widget.layout.coloraxis.cmax == 1


def test_values_and_seeds(made) -> None:
    values = torch.randn(9, 2)
    panel = made(BracketingExplorer("gru", n=4, values=values))
    assert torch.equal(panel.elements, values[:4])
    panel.values_button.click()
    rows = [values.tolist().index(row) for row in panel.elements.tolist()]
    assert len(set(rows)) == 4
    assert rows != [0, 1, 2, 3]
    panel = made(BracketingExplorer("gru", n=4, seed=1))
    first, weights = panel.elements, panel.operator_menu.operator(4, 1)
    panel.values_button.click()
    assert not torch.equal(first, panel.elements)
    assert panel._operator is weights
    panel.seed_box.value = 2
    assert panel._operator is not weights
    numbers = made(BracketingExplorer("sum", n=4, values=[1, 2, 3, 4]))
    assert "result (10.000)" in text_of(numbers.read_out)


def test_wrong_beginnings_are_refused_and_wrong_choices_explained(made) -> None:
    with pytest.raises(ValueError, match="expected n among 4, 5, 6, got 7"):
        BracketingExplorer(n=7)
    with pytest.raises(ValueError, match="at least n = 5 values, got 4"):
        BracketingExplorer(values=[1, 2, 3, 4])
    with pytest.raises(ValueError, match=r"got \(1, 1, 1\)"):
        BracketingExplorer(values=torch.zeros(1, 1, 1))
    with pytest.raises(ValueError, match="did you mean 'gru'"):
        BracketingExplorer("grru")
    with pytest.raises(ValueError, match="to hold 2 parts"):
        OrderExplorer(tree="((a b)(c)")
    with pytest.raises(ValueError, match=r"tree over 4 leaves in order, got \(\(a c\) b\)"):
        OrderExplorer(tree="((a c) b)")
    with pytest.raises(ValueError, match="expected n among 3, 4, got 5"):
        OrderExplorer(n=5)
    panel = made(BracketingExplorer("sum", n=4, values=[1, 2, 3, 4]))
    panel.size_menu.value = 5
    assert panel.error == "5 elements are asked for, and there are 4"
    panel.choose(3)  # what was on show stays
    assert len(panel.trace) == 7
    panel.size_menu.value = 4
    assert panel.error == ""
    operator_catalog.offer("wide", make_operator("gru", 8))
    panel.operator_menu.widget.value = "wide"
    assert "of 1 channels, got 'gru' with 8" in panel.error


# Following -----------------------------------------------------------------------------------


@pytest.mark.parametrize("explorer", [BracketingExplorer, OrderExplorer])
def test_an_offer_is_followed_from_another_thread(made, explorer) -> None:
    operator = Average(3)
    operator_catalog.offer("training", operator, torch.randn(20, 3))
    panel = made(explorer("training", n=4))
    assert panel.error == ""
    assert panel.elements.shape == (4, 3)
    before = shown(panel, EDGES)
    panel.choose(1)
    other = make_operator("gru", 3)
    thread = threading.Thread(
        target=operator_catalog.offer, args=("training", other, torch.randn(20, 3))
    )
    thread.start()
    thread.join()
    assert panel.error == ""
    assert not np.allclose(shown(panel, EDGES), before)
    assert panel.chosen == 1
    check_numbers(panel, other)
    panel.close()
    text = panel.read_out.value
    operator_catalog.offer("training", operator, torch.randn(20, 3))
    assert panel.read_out.value == text


def test_a_checkpoint_is_shown_with_its_encoded_elements(made, tmp_path) -> None:
    trainer = Trainer(Recipe.parse("bits=4 channels=8 steps=2 batch_size=4 log_every=1"))
    list(trainer.records())
    trainer.save(tmp_path / "run.pt")
    panel = made(BracketingExplorer(str(tmp_path / "run.pt"), n=4))
    assert panel.error == ""
    assert panel.elements.shape == (4, 8)
    check_numbers(panel, on_cpu(trainer.model.aggregation.operator))


# Orders -------------------------------------------------------------------------------------------


def dotted(panel) -> np.ndarray:
    return np.array([s == "circle-open" for s in panel._figure.widget.data[EDGES].marker.symbol])


def test_orders_under_a_tree(made) -> None:
    panel = made(OrderExplorer("gru"))
    assert (len(panel.shape.trees), len(panel.shape.edges)) == (24, 36)
    check_numbers(panel, panel.operator_menu.operator(4))
    assert "cba" not in panel.shape.names
    assert panel.trace.graph["tree"] == Tree.parse("(((a b) c) d)")
    panel.vertex_menu.value = panel.shape.names.index("dbca")
    assert panel.trace.graph["tree"].bracketing() == "(((d b) c) a)"


def test_swaps_of_siblings_cost_nothing_where_the_operator_commutes(made) -> None:
    panel = made(OrderExplorer("symmetrized_gru", tree="balanced"))
    assert dotted(panel).sum() == 24
    assert (shown(panel, EDGES)[dotted(panel)] == 0).all()
    assert (panel.deviations.jumps[dotted(panel)] == 0).all()
    assert "24 of 36 swaps change nothing" in text_of(panel.read_out)
    assert "their largest jump is 0." in text_of(panel.read_out)
    check_numbers(panel, panel.operator_menu.operator(4))
    for label, tree in panel.tree_menu.options:
        panel.tree_menu.value = tree
        assert panel.error == ""
        free = 24 if label.startswith("balanced") else 12
        assert dotted(panel).sum() == free
        assert (panel.deviations.jumps[panel.shape.free] == 0).all()
    panel.operator_menu.widget.value = "gru"
    assert (panel.deviations.jumps[panel.shape.free] > 0).all()
    panel.operator_menu.widget.value = "mean"
    assert "One answer for all 24 orders" in text_of(panel.read_out)


def test_trees_follow_the_number_of_elements(made) -> None:
    panel = made(OrderExplorer("gru", n=3, tree="right"))
    assert len(panel.shape.trees) == 6
    panel.size_menu.value = 4
    assert panel.tree_menu.label == "right (• (• (• •)))"
    assert len(panel.tree_menu.options) == 5
    assert len(panel.shape.trees) == 24
    assert panel.error == ""
    given = made(OrderExplorer("gru", tree="((a (b c)) d)"))
    assert given.tree_menu.label == "((• (• •)) •)"


def test_an_error_stays_while_what_is_shown_is_not_what_is_chosen(made) -> None:
    panel = made(BracketingExplorer("gru", n=4, values=torch.randn(5, 2)))
    operator_catalog.offer("wide", make_operator("gru", 3))
    panel.operator_menu.widget.value = "wide"
    for change in (
        lambda: setattr(panel.scale_menu, "index", 1),
        lambda: setattr(panel.vertex_menu, "index", 2),
        panel.next_button.click,
        panel.largest_button.click,
    ):
        change()
        assert "on elements of 2 channels, got 'gru' with 3" in panel.error
    panel.operator_menu.widget.value = "sum"
    assert panel.error == ""


def test_buttons_of_a_panel_with_nothing_but_an_error_leave_it(made) -> None:
    panel = made(BracketingExplorer("formula(log(0*x-1)+y)"))
    assert "gives NaN" in panel.error
    for button in (panel.next_button, panel.largest_button):
        button.click()
        assert "gives NaN" in panel.error


def test_an_unknown_tree_is_called_so() -> None:
    with pytest.raises(ValueError, match=r"unknown tree 'lft': did you mean 'left'\?"):
        OrderExplorer(tree="lft")


def test_unordered_trees_stay_those_of_four_elements(made) -> None:
    panel = made(BracketingExplorer(unordered=True))
    panel.size_menu.value = 5
    assert panel.error == ""
    assert (panel.size_menu.value, len(panel.shape.names), len(panel.elements)) == (4, 15, 4)
