"""The tree explorer driven as a reader does; its numbers are computed again here."""

import re
import threading

import networkx as nx
import numpy as np
import pytest
import torch

from lcm_core import make_operator, operator_names, trace
from lcm_core.figures import TreePicture, graph_figure
from lcm_core.operators import Operator
from lcm_core.operators.devices import on_cpu
from lcm_core.tasks import SecondMinimum
from lcm_core.training.recipe import Recipe
from lcm_core.training.trainer import Trainer
from lcm_core.widgets import TreeExplorer
from lcm_core.widgets.trees.neighbourhood import read_graph
from lcm_core.widgets.trees.sources import given_elements, task_elements, typed_elements
from tests.panels import Average, text_of, wait_for


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
    return np.asarray(panel._figure.widget.data[5 * tree + 2].marker.color, dtype=float)


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

    panel.shuffle_button.click()
    assert sorted(panel.order) == list(range(7))
    shuffled = values[torch.as_tensor(panel.order)]
    expected = apart(fold(operator, shuffled), fold(operator, values))
    assert expected > 0
    assert panel.shown.to_unshuffled == pytest.approx(expected, rel=1e-4)
    panel.unshuffle_button.click()
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
            panel.shuffle_button.click()
            assert max(panel.shown.to_balanced, panel.shown.to_unshuffled) < 1e-5
    for leaves in (1, 2, 63, 255, 256):
        panel.controls.leaves.value = leaves
        for tree in ("left", "balanced"):
            panel.controls.tree.value = tree
            assert panel.error == ""
            assert len(panel.order) == leaves
            assert len(colours(panel)) in (2 * leaves - 1, 4 * (2 * leaves - 1))
    panel.close()


def test_it_steps_through_levels() -> None:
    panel = TreeExplorer("sum", leaves=4)
    level = panel.controls.level
    assert level.value == 2
    panel.reset_button.click()
    assert text_of(panel.read_out).startswith("Level 0 of 2: the elements")
    for made, cells in (("(a b), (c d)", 24), ("((a b)(c d))", 28), ("((a b)(c d))", 28)):
        panel.forward_button.click()
        assert f"made {made}." in text_of(panel.read_out)
        assert len(colours(panel)) == cells
    panel.back_button.click()
    assert level.value == 1
    panel.operator_menu.widget.value = "max"  # another operator, the same level
    assert level.value == 1
    before = panel.shown.traces[0].graph["tree"]
    panel.controls.leaves.value = 12
    panel.new_tree_button.click()
    assert panel.controls.tree.value == "random"
    assert panel.shown.traces[0].graph["tree"] != before
    panel.close()


def test_play_goes_through_the_levels_and_ends_with_the_panel() -> None:
    panel = TreeExplorer("sum", leaves=4)
    seen = []
    panel.controls.level.observe(lambda change: seen.append(change["new"]), names="value")
    panel.play_button.click()
    assert panel.player.wait(10)
    assert seen == [0, 1, 2]
    assert (panel.play_button.description, panel.error) == ("Play", "")
    panel.play_button.click()
    wait_for(lambda: panel.play_button.description == "Stop")
    panel.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "lcm play"]


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
        marks = panel._figure.widget.data[5 * tree + 4]
        assert list(marks.text) == [f"Δ {value:.2g}" for value in expected.values()]
    panel.controls.level.value = 1
    assert list(panel._figure.widget.data[4].text) == ["Δ 0"]
    panel.controls.level.value = 5
    assert "Level 5 of 7" in text_of(panel.read_out)

    panel.operator_menu.widget.value = "sum"
    assert all(value < 1e-5 for value in panel.shown.shared.values())
    panel.controls.compare.value = "(none)"
    assert (len(panel.shown.traces), panel.shown.shared) == (1, {})
    assert len(panel._figure.widget.data) == 5
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
    assert np.isnan(colours(panel)[:30]).all()
    panel.close()


def test_two_trees_have_one_scale_of_colours() -> None:
    panel = TreeExplorer("gru", leaves=9, tree="left", compare="right", colour="norm")
    scale = panel._figure.widget.layout.coloraxis
    assert scale.cmax == pytest.approx(max(colours(panel).max(), colours(panel, 1).max()))
    assert scale.cmin == 0
    panel.close()


@pytest.mark.parametrize(("leaves", "tree"), [(8, "balanced"), (13, "random"), (60, "left")])
def test_each_level_is_a_part_of_the_whole_picture(leaves: int, tree: str) -> None:
    graph = trace(make_operator("sum", 3), gaussian(leaves), tree)
    picture = TreePicture(graph)
    for level in range(graph.graph["depth"] + 1):
        edges, waiting, states, *_ = picture.arrays(level)
        done = sum(height <= level for _, height in graph.nodes(data="height"))
        cells = len(picture.arrays()[2]["x"]) // (2 * leaves - 1)
        assert len(states["x"]) == done * cells
        assert len(waiting["x"]) == 2 * leaves - 1 - done
        assert np.isnan(edges["x"]).sum() == 2 * (done - leaves)


# Where elements come from -------------------------------------------------------------------


def test_typed_elements() -> None:
    assert typed_elements("3, 1; 4\n1.5").values.tolist() == [[3], [1], [4], [1.5]]
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
    panel.new_elements_button.click()
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
    panel.new_elements_button.click()
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
        nodes = panel._view.graph_figure.widget.data[2]
        blue = [i for i, colour in enumerate(nodes.marker.color) if colour == "#56B4E9"]
        assert blue == near
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


def test_graph_figure_marks_a_node_and_its_neighbours() -> None:
    places = np.arange(8).reshape(4, 2).astype(float)
    edges = np.array([[0, 1], [1, 2], [2, 3]])
    lines, star, nodes = graph_figure(places, edges, list("abcd"), 1, [0, 2]).data
    assert (np.isnan(lines.x).sum(), np.isnan(star.x).sum()) == (3, 2)
    assert [text for text in nodes.hovertext if "neighbour" in text] == [
        "a, a neighbour",
        "c, a neighbour",
    ]


def test_a_button_does_not_wipe_away_the_error_of_what_it_sets() -> None:
    panel = TreeExplorer("sum", values=gaussian(4))
    panel.operator_menu.widget.value = "gru"
    panel.controls.source.value = "typed"
    panel.controls.values.value = "1, two"
    assert "'two' in element 2 is not a number" in panel.error
    panel.back_button.click()  # moves the slider, whose callback fails
    assert "'two' in element 2 is not a number" in panel.error
    panel.play_button.click()  # which succeeds, but on show is what was before
    assert panel.player.wait(30)
    assert "'two' in element 2 is not a number" in panel.error
    panel.controls.values.value = "1, 2"
    assert panel.error == ""
    panel.close()
