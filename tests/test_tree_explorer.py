"""The tree explorer driven as a reader does; its numbers are computed again here."""

import itertools
import re

import networkx as nx
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lcm_core import make_operator, operator_names
from lcm_core.operators import Operator
from lcm_core.operators.devices import on_cpu
from lcm_core.tasks import SecondMinimum
from lcm_core.training.recipe import Recipe
from lcm_core.training.trainer import Trainer
from lcm_core.trees import Tree, associahedron, bracket_moved, node_over
from lcm_core.widgets import TreeExplorer
from lcm_core.widgets.trees.neighbourhood import read_graph
from lcm_core.widgets.trees.sources import given_elements, task_elements, typed_elements
from tests.panels import Average, text_of


def fold(operator: Operator, states: torch.Tensor) -> torch.Tensor:
    result = states[0]
    for state in states[1:]:
        result = operator(result[None], state[None])[0]
    return result


def pairwise(operator: Operator, states: torch.Tensor) -> torch.Tensor:
    row = list(states)
    while len(row) > 1:
        made = [operator(a[None], b[None])[0] for a, b in zip(row[::2], row[1::2], strict=False)]
        row = made + row[2 * len(made) :]
    return row[0]


def apart(one: torch.Tensor, other: torch.Tensor) -> float:
    return (one - other).abs().max().item()


def gaussian(n: int, channels: int = 3) -> torch.Tensor:
    return torch.randn(n, channels, generator=torch.Generator().manual_seed(3))


def colours(panel: TreeExplorer, tree: int = 0) -> np.ndarray:
    """The number of each node, as the page gets it."""
    values = panel.tree_view.data["trees"][tree]["values"]
    return np.array([float(value) for value in values])


def touch(panel: TreeExplorer, **value: object) -> None:
    """What the page tells after a leaf was dragged, or a bracket clicked."""
    panel.tree_view.value = {"turn": f"test:{next(TURNS)}", **value}


TURNS = itertools.count()


# Answers ------------------------------------------------------------------------------------


def test_it_says_how_far_the_roots_are_apart() -> None:
    operator, values = Average(channels=3), gaussian(7)
    panel = TreeExplorer(operator, values=values, names=list("tuvwxyz"), tree="left")
    expected = apart(fold(operator, values), pairwise(operator, values))
    assert panel.error == ""
    assert panel.shown.to_balanced == pytest.approx(expected, rel=1e-4)
    assert f"{expected:.3g}, another answer" in text_of(panel.read_out)
    assert "Depth 6" in text_of(panel.read_out)
    assert "((((((t u) v) w) x) y) z)" in text_of(panel.read_out)

    panel.buttons.shuffle.click()
    assert sorted(panel.order) == list(range(7))
    shuffled = values[torch.as_tensor(panel.order)]
    expected = apart(fold(operator, shuffled), fold(operator, values))
    assert expected > 0
    assert panel.shown.to_unshuffled == pytest.approx(expected, rel=1e-4)
    panel.buttons.unshuffle.click()
    assert panel.shown.to_unshuffled == 0
    panel.controls.tree.value = "balanced"
    assert panel.shown.to_balanced == 0
    assert "Depth 3, operator calls 3" in text_of(panel.read_out)
    panel.close()


def test_every_operator_and_size() -> None:
    panel = TreeExplorer(leaves=5)
    for name in operator_names():
        panel.operator_menu.widget.value = name
        assert panel.error == "", name
        if make_operator(name, channels=4).associative:
            panel.controls.tree.value = "random"
            panel.buttons.shuffle.click()
            assert max(panel.shown.to_balanced, panel.shown.to_unshuffled) < 1e-5
    for leaves in (1, 2, 63, 255, 256):
        panel.controls.leaves.value = leaves
        for tree in ("left", "balanced"):
            panel.controls.tree.value = tree
            assert panel.error == ""
            assert len(panel.order) == leaves
            assert len(colours(panel)) == 2 * leaves - 1
    panel.close()


def test_it_steps_through_levels() -> None:
    panel = TreeExplorer("sum", leaves=4)
    level = panel.controls.level
    assert level.value == 2
    panel.buttons.reset_level.click()
    assert text_of(panel.read_out).startswith("Level 0 of 2: the elements")
    for level_made, made in ((1, "(a b), (c d)"), (2, "((a b)(c d))"), (2, "((a b)(c d))")):
        panel.buttons.forward.click()
        assert f"made {made}." in text_of(panel.read_out)
        assert panel.tree_view.level == level_made
    panel.buttons.back.click()
    assert level.value == 1
    panel.operator_menu.widget.value = "max"  # another operator, the same level
    assert level.value == 1
    before = panel.shown.traces[0].graph["tree"]
    panel.controls.leaves.value = 12
    panel.buttons.new_tree.click()
    assert panel.controls.tree.value == "random"
    assert panel.shown.traces[0].graph["tree"] != before
    panel.close()


def test_the_page_plays_the_levels_and_the_slider_follows() -> None:
    panel = TreeExplorer("sum", leaves=4)
    panel.buttons.play.click()
    assert (panel.tree_view.playing, panel.buttons.play.description) == (True, "Stop")
    for level in (0, 1, 2):
        panel.tree_view.level = level
        assert panel.controls.level.value == level
        assert f"Level {level} of 2" in text_of(panel.read_out)
        assert panel.tree_view.playing
    panel.tree_view.playing = False  # the page does so at the end
    assert (panel.buttons.play.description, panel.error) == ("Play", "")
    panel.buttons.play.click()
    panel.controls.level.value = 1  # the slider takes over
    assert (panel.tree_view.playing, panel.tree_view.level) == (False, 1)
    panel.buttons.play.click()
    panel.controls.tree.value = "left"  # another tree ends what plays
    assert (panel.tree_view.playing, panel.tree_view.level) == (False, 3)
    panel.close()


# Touch --------------------------------------------------------------------------------------


def test_leaves_are_dragged_into_another_order() -> None:
    operator, values = Average(channels=3), gaussian(6)
    panel = TreeExplorer(operator, values=values, tree="left")
    touch(panel, order=[3, 0, 1, 2, 5, 4])
    assert panel.order.tolist() == [3, 0, 1, 2, 5, 4]
    expected = apart(fold(operator, values[[3, 0, 1, 2, 5, 4]]), fold(operator, values))
    assert panel.shown.to_unshuffled == pytest.approx(expected, rel=1e-4)
    assert f"The first order gives another answer, {expected:.2g} away" in text_of(panel.lead)
    data = panel.tree_view.data
    assert (data["order"], data["names"]) == ([3, 0, 1, 2, 5, 4], list("dabcfe"))
    assert data["heard"] == panel.tree_view.value["turn"]
    touch(panel, order=[0, 1])  # of an older picture, with fewer leaves
    assert (panel.order.tolist(), panel.error) == ([3, 0, 1, 2, 5, 4], "")
    assert panel.tree_view.data["heard"] == panel.tree_view.value["turn"]
    panel.close()


def test_a_click_moves_a_bracket_and_the_text_follows() -> None:
    operator, values = Average(channels=3), gaussian(4)
    panel = TreeExplorer(operator, values=values, tree="left", compare="left")
    touch(panel, bracket=[0, 2])  # ((a b) c) d, at ((a b) c)
    assert panel.controls.tree.value == "typed"
    assert panel.controls.bracketing.value == "((a b)(c d))"
    a, b, c, d = values[:, None]
    expected = operator(operator(a, b), operator(c, d))[0]
    assert torch.allclose(panel.shown.traces[0].nodes[6]["state"], expected)
    assert panel.shown.traces[1].graph["tree"].bracketing() == "(((a b) c) d)"
    touch(panel, bracket=[2, 3])  # the same bracket: back again
    assert panel.controls.bracketing.value == "(((a b) c) d)"
    for nothing in ([0, 3], [1, 2], [1, 1]):  # the root, no node, a leaf
        touch(panel, bracket=nothing)
        assert (panel.controls.bracketing.value, panel.error) == ("(((a b) c) d)", "")
    panel.close()


def test_the_text_of_a_bracket_names_the_leaves_as_they_stand() -> None:
    panel = TreeExplorer("gru", values=gaussian(3), names=["New York", "b", "c"], tree="left")
    brackets = panel.controls.bracketing
    touch(panel, order=[2, 0, 1])
    touch(panel, bracket=[0, 1])
    assert panel.shown.names == ["c", "New_York", "b"]
    assert brackets.value == "(c (New_York b))"
    for change, text in (
        (lambda: touch(panel, order=[0, 2, 1]), "(New_York (c b))"),
        (panel.buttons.unshuffle.click, "(New_York (b c))"),
        (panel.buttons.shuffle.click, None),
        (lambda: touch(panel, order=[1, 2, 0]), "(b (c New_York))"),
    ):
        change()
        if text is not None:
            assert brackets.value == text
        first, second, third = re.findall(r"\w+", brackets.value)  # text and picture say the same
        assert [first, second, third] == panel.shown.names
        lifted = {name: panel.shown.states[k] for k, name in enumerate(panel.shown.names)}
        gru = panel.shown.operator
        expected = gru(lifted[first][None], gru(lifted[second][None], lifted[third][None]))[0]
        assert apart(panel.shown.traces[0].nodes[4]["state"], expected) < 1e-6
        assert panel.error == ""
    panel.close()


def test_a_dragged_tree_of_brackets_comes_back_from_its_code() -> None:
    panel = TreeExplorer("gru", tree="((a b)(c d))", compare="left", channels=3)
    touch(panel, order=[2, 0, 1, 3])
    assert panel.controls.bracketing.value == "((c a)(b d))"
    again = eval(panel.code(), {"TreeExplorer": TreeExplorer})
    for place in (0, 1):
        one, other = (each.shown.traces[place].nodes[6]["state"] for each in (panel, again))
        assert torch.equal(one, other)
    panel.controls.tree.value = "right"
    panel.controls.compare.value = "typed"  # now it is the second tree that is written
    touch(panel, order=[0, 1, 2, 3])
    assert panel.controls.bracketing.value == "((a b)(c d))"
    panel.close()
    again.close()


@given(st.integers(3, 7), st.data())
@settings(max_examples=40, deadline=None)
def test_moves_of_brackets_are_the_edges_of_the_associahedron(n: int, data: st.DataObject) -> None:
    graph = associahedron(n)
    tree = data.draw(st.sampled_from(sorted(graph, key=repr)))
    moved = {node: bracket_moved(tree, node) for node in range(n, tree.root)}
    assert set(moved.values()) == set(graph.neighbors(tree))
    assert len(set(moved.values())) == n - 2
    for node, other in moved.items():
        assert other.leaf_order == tree.leaf_order
        back = [bracket_moved(other, each) for each in range(n, other.root)]
        assert tree in back
        place = [tree.leaf_order.index(leaf) for leaf in tree.leaves_below[node]]
        assert node_over(tree, min(place), max(place)) == node


@pytest.mark.parametrize("node", [-1, 3, 6, 7])
def test_leaves_and_the_root_have_no_bracket_to_move(node: int) -> None:
    with pytest.raises(ValueError, match="an inner node below the root, from 4 to 5"):
        bracket_moved(Tree.parse("((a b)(c d))"), node)


# The sentence -------------------------------------------------------------------------------


def test_one_sentence_says_whether_order_and_tree_matter() -> None:
    panel = TreeExplorer("sum", leaves=6)
    lead = panel.lead
    assert text_of(lead) == "Other orders and other trees give the same answer."
    panel.controls.tree.value = "left"
    assert text_of(lead) == "The balanced tree gives the same answer."
    panel.buttons.shuffle.click()
    assert text_of(lead) == "The first order and the balanced tree give the same answer."
    panel.controls.compare.value = "right"
    assert text_of(lead) == "The two trees give the same answer."
    panel.operator_menu.widget.value = "gru"
    *_, (_, whole) = panel.shown.shared.items()
    assert f"different answers, {whole:.2g} apart" in text_of(lead)
    panel.close()


def test_it_says_what_other_orders_and_trees_were_found_to_do() -> None:
    operator, values = Average(channels=2), gaussian(5, 2)
    panel = TreeExplorer(operator, values=values)
    orders, trees = panel.shown.tried()
    found = [
        apart(pairwise(operator, values[list(order)]), pairwise(operator, values))
        for order in itertools.permutations(range(5))
    ]
    assert 0 < orders <= max(found) + 1e-6
    assert trees >= apart(fold(operator, values), pairwise(operator, values)) - 1e-6
    assert text_of(panel.lead) == (
        f"Other orders move the answer by up to {orders:.2g}, other trees by up to {trees:.2g}."
    )
    two = TreeExplorer("symmetrized_gru", leaves=2)  # one pair: it commutes
    assert text_of(two.lead) == "Other orders and other trees give the same answer."
    one = TreeExplorer("gru", leaves=1)
    assert "Nothing to combine: the answer is its one element" in text_of(one.lead)
    for each in (panel, two, one):
        each.close()


# Two trees ----------------------------------------------------------------------------------


def test_two_trees_are_compared_at_every_node_over_the_same_leaves() -> None:
    operator, values = Average(channels=3), gaussian(8)
    panel = TreeExplorer(operator, values=values, tree="left", compare="balanced")
    expected = {
        tuple("ab"): 0.0,
        tuple("abcd"): apart(fold(operator, values[:4]), pairwise(operator, values[:4])),
        tuple("abcdefgh"): apart(fold(operator, values), pairwise(operator, values)),
    }
    assert panel.shown.shared == pytest.approx(expected, rel=1e-4)
    assert list(panel.shown.shared)[-1] == tuple("abcdefgh")
    assert f"{{a, b}}: 0; {{a, b, c, d}}: {expected[tuple('abcd')]:.2g}" in text_of(panel.read_out)
    for tree in (0, 1):
        marks = panel.tree_view.data["trees"][tree]["marks"]
        assert [mark for _, mark in marks] == pytest.approx(list(expected.values()), rel=1e-3)
    panel.controls.level.value = 5
    assert "Level 5 of 7" in text_of(panel.read_out)

    panel.operator_menu.widget.value = "sum"
    assert all(value < 1e-5 for value in panel.shown.shared.values())
    panel.controls.compare.value = "(none)"
    assert (len(panel.shown.traces), panel.shown.shared) == (1, {})
    assert len(panel.tree_view.data["trees"]) == 1
    assert panel.tree_view.data["trees"][0]["marks"] == []
    panel.close()


def test_a_bracketing_is_typed() -> None:
    panel = TreeExplorer("gru", tree="((a b)(c (d e)))", compare="left")
    assert panel.error == ""
    assert len(panel.order) == 5
    assert "Bracketing ((a b)(c (d e)))" in text_of(panel.read_out)
    panel.controls.bracketing.value = "((c a) b)"
    states = panel.elements.values
    gru = panel.shown.operator
    expected = fold(gru, states[[2, 0, 1]]).detach()
    assert torch.allclose(panel.shown.traces[0].nodes[4]["state"], expected, atol=1e-6)
    assert panel.shown.to_balanced == 0  # (c a) b is the balanced tree of c, a, b
    for wrong, message in (
        ("((a b) c", "a ')' is missing"),
        ("(a b))", "a ')' too many"),
        ("(a b c)", "to hold 2 parts, got one with 3"),
        ("(a (b x))", "leaf 'x' of the bracketing is not among"),
        ("(a (b a))", "leaf 'a' is in the bracketing more than once"),
        ("", "expected one bracketing"),
    ):
        panel.controls.bracketing.value = wrong
        assert message in panel.error
    panel.controls.level.value = 0  # the tree on show is not what the text says
    assert "expected one bracketing" in panel.error
    panel.controls.bracketing.value = "(b a)"
    assert panel.error == ""
    panel.close()


def test_choosing_typed_begins_with_the_tree_on_show() -> None:
    panel = TreeExplorer("sum", leaves=3, tree="right")
    panel.controls.tree.value = "typed"
    assert (panel.controls.bracketing.value, panel.error) == ("(a (b c))", "")
    panel.close()


# Colours ------------------------------------------------------------------------------------


def nodes_of(panel: TreeExplorer) -> tuple[np.ndarray, list[list[int]]]:
    """States, and the leaves below each node from left to right."""
    graph = panel.shown.traces[0]
    below = [[leaf] for leaf in range(len(panel.order))]
    for left, right in graph.graph["tree"].children.tolist():
        below.append(below[left] + below[right])
    return np.stack([graph.nodes[node]["state"].numpy() for node in graph]), below


@pytest.mark.parametrize("tree", ["left", "random", "balanced"])
def test_colours_are_norms_components_and_deviations(tree: str) -> None:
    operator, values = Average(channels=3), gaussian(40)
    panel = TreeExplorer(operator, values=values, tree=tree, colour="norm")
    states, below = nodes_of(panel)
    assert colours(panel) == pytest.approx(np.linalg.norm(states, axis=1), rel=1e-5)

    panel.controls.colour.value = "component"
    centred = states - states.mean(axis=0)
    direction = np.linalg.eigh(centred.T @ centred)[1][:, -1]
    expected = centred @ direction * np.sign(direction[np.abs(direction).argmax()])
    assert colours(panel) == pytest.approx(expected, abs=1e-5)

    panel.controls.colour.value = "deviation"
    leaves = states[:40]
    expected = [
        apart(torch.tensor(state), pairwise(operator, torch.tensor(leaves[rows])))
        for state, rows in zip(states, below, strict=True)
    ]
    assert colours(panel) == pytest.approx(expected, abs=2e-5)
    assert f"largest {max(expected):.3g}" in text_of(panel.read_out) or tree == "balanced"
    if tree == "balanced":
        assert np.all(colours(panel) == 0)
        assert "0 at every node" in text_of(panel.read_out)
    panel.close()


def test_exact_monoids_have_no_deviation_and_infinite_states_no_colour() -> None:
    panel = TreeExplorer("sum", leaves=30, tree="left", colour="deviation")
    assert np.all(colours(panel) == 0)
    panel.operator_menu.widget.value = "k_smallest"
    panel.controls.colour.value = "norm"
    assert panel.error == ""
    assert np.isinf(colours(panel)[:30]).all()
    panel.close()


def test_two_trees_have_one_scale_of_colours() -> None:
    panel = TreeExplorer("gru", leaves=9, tree="left", compare="right", colour="norm")
    scale = panel.tree_view.data["looks"]["single"]
    assert scale["high"] == pytest.approx(
        max(colours(panel).max(), colours(panel, 1).max()), rel=1e-4
    )
    assert (scale["from"], scale["low"]) == (0, -scale["high"])
    panel.close()


# Where elements come from -------------------------------------------------------------------


def test_typed_elements() -> None:
    assert typed_elements("3, 1; 4\n1.5").values.tolist() == [[3], [1], [4], [1.5]]
    assert typed_elements("1 2 3").values.tolist() == [[1], [2], [3]]
    assert typed_elements("  1\t2 ").names == ["a", "b"]
    assert typed_elements("a: 1 2 3").values.tolist() == [[1, 2, 3]]
    assert typed_elements("1 0\n0 1").values.tolist() == [[1, 0], [0, 1]]
    read = typed_elements("up: 0 1\n\ndown: 0 -1\n2 2")
    assert read.values.tolist() == [[0, 1], [0, -1], [2, 2]]
    assert read.names == ["up", "down", "c"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected from 1 to 256 elements"),
        (" , ;", "got 0"),
        ("1, two", "'two' in element 2 is not a number"),
        ("1, nan", "'nan' in element 2 is not a finite number"),
        ("1 2\n3", "got 2 in the first and 1 in element 2, '3'"),
        ("x:", "got 0 in the first"),
        ("x: 1, x: 2", "two elements are called 'x'"),
        ("b: 1, 2", "two elements are called 'b'"),
        ("a b: 1", "a name without spaces and brackets"),
        (", ".join("1" * 257), "got 257"),
    ],
)
def test_typed_elements_that_cannot_be_read_are_explained(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        typed_elements(text)


def test_the_panel_takes_typed_values_and_recovers_from_errors() -> None:
    panel = TreeExplorer("sum")
    panel.controls.source.value = "typed"
    assert panel.error == ""
    panel.controls.values.value = "x: 1 10, y: 2 20, z: 3 30"
    assert "Root state (6.000, 60.000)" in text_of(panel.read_out)
    assert "((x y) z)" in text_of(panel.read_out)
    panel.controls.values.value = "1, 2, three"
    assert "'three' in element 3 is not a number" in panel.error
    panel.controls.values.value = "1, 2"
    assert panel.error == ""
    assert len(panel.order) == 2
    own = TreeExplorer(Average(channels=3))
    own.controls.source.value = "typed"
    assert "expected an operator on elements of 1 channels" in own.error
    panel.close()
    own.close()


def test_task_elements_are_integers_written_as_bits() -> None:
    elements = task_elements(seed=0, draw=0)
    numbers = torch.tensor([int(name.split("_")[0]) for name in elements.names])
    assert torch.equal(elements.values, 2 * SecondMinimum().to_bits(numbers) - 1)
    assert len(set(elements.names)) == 256
    panel = TreeExplorer("gru", values="second_minimum")
    before = panel.elements.names
    assert (panel.error, len(panel.order)) == ("", 8)
    panel.buttons.new_elements.click()
    assert panel.elements.names != before
    panel.close()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"values": torch.zeros(2, 2, 2)}, r"got \(2, 2, 2\)"),
        ({"values": torch.zeros(257, 2)}, r"got \(257, 2\)"),
        ({"values": torch.zeros(3, 2), "names": ["a"]}, "3 values, got 1"),
        ({"values": torch.zeros(3, 2), "leaves": 4}, "from 1 to 3, got 4"),
        ({"leaves": 257}, "from 1 to 256, got 257"),
        ({"leaves": 0}, "from 1 to 256, got 0"),
        ({"tree": "ballanced"}, "did you mean 'balanced'"),
        ({"compare": "lefft"}, "did you mean 'left'"),
        ({"tree": "(a b)", "compare": "(b a)"}, "one bracketing at most"),
        ({"colour": "nom"}, "did you mean 'norm'"),
        ({"values": "second_minimun"}, "did you mean 'second_minimum'"),
        ({"graph": "karte"}, "did you mean 'karate'"),
        ({"graph": "karate", "node": 99}, "unknown node '99'"),
        ({"operator": "grru"}, "did you mean 'gru'"),
    ],
)
def test_what_cannot_be_shown_is_refused(wrong, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TreeExplorer(**wrong)


def test_elements_may_be_numbers_or_what_an_encoder_puts_out() -> None:
    assert given_elements([3, 1, 4], None).values.tolist() == [[3], [1], [4]]
    encoded = torch.nn.Linear(2, 3)(torch.ones(4, 2))  # with a gradient
    assert torch.equal(given_elements(encoded, None).values, encoded.detach())
    panel = TreeExplorer("max", values=[3, 1, 4])
    assert "Root state (4.000)" in text_of(panel.read_out)
    panel.close()


def test_a_checkpoint_is_reduced_with_its_encoded_elements(tmp_path) -> None:
    trainer = Trainer(Recipe.parse("bits=4 channels=8 steps=2 batch_size=4 log_every=1"))
    list(trainer.records())
    trainer.save(tmp_path / "run.pt")
    panel = TreeExplorer(tmp_path / "run.pt", leaves=5, tree="left")
    assert (panel.error, panel.operator_menu.label) == ("", "checkpoint run.pt")
    encoded = panel.operator_menu.elements.tolist()
    assert all(element in encoded for element in panel.elements.values.tolist())
    trained = on_cpu(trainer.model.aggregation.operator)
    with torch.no_grad():
        states = trained.lift(panel.elements.values[:5])
        expected = apart(fold(trained, states), pairwise(trained, states))
    assert panel.shown.to_balanced == pytest.approx(expected, rel=1e-3)
    panel.buttons.new_elements.click()
    assert all(element in encoded for element in panel.elements.values.tolist())
    panel.operator_menu.widget.value = "gru"  # from the library, for Gaussian elements again
    assert (panel.error, panel.elements.values.shape[1]) == ("", 4)
    panel.close()


# Graphs -------------------------------------------------------------------------------------


def test_neighbourhoods_of_the_karate_club() -> None:
    club = nx.karate_club_graph()
    panel = TreeExplorer("sum", graph="karate", node=5)
    for node in (5, 0, 33, 11):
        panel.controls.node.value = node
        near = sorted(club.neighbors(node))
        assert panel.error == ""
        assert panel.shown.names == [str(each) for each in near]
        degrees = sum(club.degree(each) for each in near) / 17
        root = panel.shown.traces[0].nodes[2 * len(near) - 2]["state"]
        assert root[0].item() == pytest.approx(degrees, rel=1e-5)
        graph = panel.graph_view.data
        assert (graph["chosen"], graph["near"]) == (node, near)
        who = "one neighbour" if len(near) == 1 else f"{len(near)} neighbours"
        assert f"the {who} of {node} in the karate club" in text_of(panel.read_out)
    panel.controls.source.value = "drawn"
    assert panel.shown.names[0] == "a"
    panel.controls.node.value = 7  # back to neighbours
    assert panel.controls.source.value == "neighbours"
    panel.close()


def test_a_node_without_neighbours_is_an_empty_set() -> None:
    graph = nx.Graph([(0, 1)])
    graph.add_node(2)
    panel = TreeExplorer("sum", graph=graph, node=2)
    assert "An empty set: its answer is the identity (0.000, 0.000)" in text_of(panel.read_out)
    assert "Elements: no neighbours of 2 in the graph" in text_of(panel.read_out)
    panel.operator_menu.widget.value = "gru"
    assert "identity" in panel.error
    panel.controls.node.value = 0
    assert (panel.error, panel.shown.names) == ("", ["1"])
    panel.close()


def test_directed_graphs_send_messages_along_their_edges() -> None:
    graph = read_graph(nx.DiGraph([("a", "c"), ("b", "c"), ("c", "a")]))
    assert [graph.names[node] for node in graph.neighbours(graph.find("c"))] == ["a", "b"]
    given = nx.path_graph(3)
    nx.set_node_attributes(given, {node: [float(node), 1.0] for node in given}, "x")
    assert read_graph(given).elements.tolist() == [[0, 1], [1, 1], [2, 1]]
    with pytest.raises(ValueError, match="no nodes"):
        read_graph(nx.Graph())


def test_neighbourhoods_of_a_molecule() -> None:
    pytest.importorskip("rdkit")
    from lcm_core.tasks import make_task

    panel = TreeExplorer("sum", graph=make_task("bbbp").graph(653), node=2)
    assert panel.shown.names == ["N1", "C3", "C7", "C9"]
    assert panel.shown.traces[0].nodes[0]["state"].tolist() == [1, 3, 1, 0]
    panel.close()


def test_a_button_does_not_wipe_away_the_error_of_what_it_sets() -> None:
    panel = TreeExplorer("sum", values=gaussian(4))
    panel.operator_menu.widget.value = "gru"
    panel.controls.source.value = "typed"
    panel.controls.values.value = "1, two"
    assert "'two' in element 2 is not a number" in panel.error
    panel.buttons.back.click()  # moves the slider, whose callback fails
    assert "'two' in element 2 is not a number" in panel.error
    panel.buttons.play.click()  # which succeeds, but on show is what was before
    panel.tree_view.level = 1
    assert "'two' in element 2 is not a number" in panel.error
    panel.controls.values.value = "1, 2"
    assert panel.error == ""
    panel.close()


# Small faults -------------------------------------------------------------------------------


def test_numbers_apart_by_spaces_are_an_element_each() -> None:
    panel = TreeExplorer("sum", source="typed")
    panel.controls.values.value = "1 2 3"
    assert (panel.error, len(panel.order)) == ("", 3)
    assert "Root state (6.000)" in text_of(panel.read_out)
    assert "1 0" in panel.controls.values.tooltip
    panel.close()


def test_new_elements_keep_the_kind_of_source() -> None:
    panel = TreeExplorer("sum", values=gaussian(4), graph="karate")
    button, source = panel.buttons.new_elements, panel.controls.source
    for kind, can in (
        ("neighbours", False),
        ("given", False),
        ("typed", False),
        ("drawn", True),
        ("second minimum", True),
    ):
        source.value = kind
        assert (panel.error, button.disabled) == ("", not can), kind
        before = panel.elements.values
        if can:
            button.click()
            assert not torch.equal(panel.elements.values, before)
            assert button.tooltip == "draw another set from the same source"
        else:
            assert "element" in button.tooltip or "node" in button.tooltip
        assert source.value == kind
    panel.close()


def test_leaves_stay_while_a_bracketing_is_mistyped() -> None:
    panel = TreeExplorer("sum", tree="((a b)(c d))")
    assert panel.controls.leaves.value == 4
    for wrong in ("((a b)(c d)", "(a (b a))", "(a b c)", "(a x)", "a b"):
        panel.controls.bracketing.value = wrong
        assert panel.error
        assert (panel.controls.leaves.value, len(panel.order)) == (4, 4), wrong
    panel.controls.bracketing.value = "(a (b c))"
    assert (panel.error, panel.controls.leaves.value) == ("", 3)
    panel.close()


def test_an_empty_selection_is_said_in_words() -> None:
    graph = nx.Graph([(0, 1)])
    graph.add_node(2)
    panel = TreeExplorer("sum", graph=graph, node=0)
    assert panel.tree_view.data["empty"] == ""
    panel.controls.node.value = 2
    data = panel.tree_view.data
    assert (data["trees"], data["empty"]) == (
        [],
        "An empty set: no neighbours of 2 in the graph: "
        "degree as a share of the largest, share of the pairs of its neighbours that are joined.",
    )
    assert "the answer is the identity" in text_of(panel.lead)
    panel.operator_menu.widget.value = "gru"  # has no identity
    assert "identity" in panel.error
    assert (panel.tree_view.data["trees"], text_of(panel.lead)) == ([], "")
    panel.close()


# Copy as code -------------------------------------------------------------------------------


def state_of(panel: TreeExplorer) -> dict[str, object]:
    """All that is on the page, but for which turn it answers."""
    controls = panel.controls
    chosen = {
        name: getattr(controls, name).value
        for name in ("tree", "compare", "colour", "source", "leaves", "level")
    }
    return {
        **chosen,
        "operator": panel.operator_menu.label,
        "node": panel.node,
        "drawn": {**panel.tree_view.data, "heard": ""},
        "graph": panel.graph_view and panel.graph_view.data,
        "words": [panel.lead.value, panel.read_out.value],
        "more": panel.bar.more,
    }


def restored(panel: TreeExplorer, **names: object) -> dict[str, object]:
    other = eval(panel.code(), {"TreeExplorer": TreeExplorer, **names})
    state = state_of(other)
    other.close()
    return state


def test_a_panel_that_was_not_touched_is_copied_as_it_was_made() -> None:
    changed = "operator='gru', leaves=5, tree='left', compare='right'"
    for code in ("TreeExplorer()", f"TreeExplorer({changed})"):
        panel = eval(code)
        assert panel.code() == code
        panel.close()


def test_what_the_reader_did_is_copied() -> None:
    panel = TreeExplorer(leaves=6)
    steps = [
        lambda: setattr(panel.operator_menu.widget, "value", "gru"),
        lambda: setattr(panel.controls.leaves, "value", 5),
        lambda: panel.buttons.new_elements.click(),
        lambda: panel.buttons.shuffle.click(),
        lambda: touch(panel, order=[4, 3, 2, 1, 0]),
        lambda: panel.buttons.new_tree.click(),
        lambda: setattr(panel.controls.compare, "value", "left"),
        lambda: touch(panel, bracket=[0, 1]),
        lambda: setattr(panel.controls.colour, "value", "deviation"),
        lambda: setattr(panel.controls.level, "value", 1),
        lambda: setattr(panel.controls.source, "value", "typed"),
        lambda: setattr(panel.controls.tree, "value", "right"),
        lambda: setattr(panel.controls.values, "value", "u: 1 0, v: 0 1, w: 2 2"),
        lambda: setattr(panel.controls.source, "value", "second minimum"),
        lambda: setattr(panel.bar, "more", True),
    ]
    for step in steps:
        step()
        if panel.error == "":
            assert restored(panel) == state_of(panel), panel.code()
    assert panel.error == ""
    panel.close()


def test_given_objects_are_copied_by_name() -> None:
    values, operator = gaussian(4), Average(channels=3)
    panel = TreeExplorer(operator, values=values, names=list("wxyz"), graph="karate", node=3)
    panel.controls.node.value = 7
    assert restored(panel, operator=operator, values=values) == state_of(panel)
    panel.controls.source.value = "given"
    touch(panel, order=[1, 0, 3, 2])
    assert "operator=operator" in panel.code() or "TreeExplorer(operator" in panel.code()
    assert restored(panel, operator=operator, values=values) == state_of(panel)
    panel.close()


# Graphs on the page -------------------------------------------------------------------------


def test_the_karate_club_has_room_for_every_node_and_shows_its_two_sides() -> None:
    graph = read_graph("karate")
    far = np.linalg.norm(graph.places[:, None] - graph.places[None], axis=2) + 10 * np.eye(34)
    assert far.min() > 0.08  # of the width: circles of 21 pixels in a picture of 270
    assert graph.places.min() >= 0
    assert graph.places.max() <= 1
    club = nx.karate_club_graph()
    assert [graph.side_names[side] for side in graph.sides] == [
        name for _, name in club.nodes(data="club")
    ]


def test_molecules_have_the_bonds_that_chemists_draw() -> None:
    chem = pytest.importorskip("rdkit.Chem")
    from lcm_core.tasks import make_task

    data = make_task("bbbp").graph(653)
    graph = read_graph(data)
    molecule = chem.MolFromSmiles(data.smiles)
    expected = {
        frozenset((bond.GetBeginAtomIdx(), bond.GetEndAtomIdx())): bond.GetBondTypeAsDouble()
        for bond in molecule.GetBonds()
    }
    ends = [frozenset(edge) for edge in graph.edges.tolist()]
    assert dict(zip(ends, graph.orders, strict=True)) == expected
    assert sorted(set(graph.orders)) == [1.0, 1.5, 2.0]
