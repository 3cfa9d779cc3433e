"""The exercises and panels of `08_graph_properties`: wrong answers are explained, others pass."""

import math
from pathlib import Path

import networkx as nx
import numpy as np
import pytest

from lcm_core.exercises import (
    check_connected,
    check_distance,
    check_laplacian,
    check_mean_log,
    check_wrong_label,
)
from lcm_core.figures import training_plots
from lcm_core.tasks.graphs.families import FAMILIES
from lcm_core.training.recipe import Recipe
from lcm_core.training.run_state import RunState
from lcm_core.training.trainer import Trainer
from lcm_core.widgets import FamilyGallery, PropertyExplorer, show_results
from lcm_core.widgets.training.text import numbers_text


@pytest.mark.parametrize(
    ("hear", "lesson"),
    [
        (lambda own, heard: min(heard) + 1, "the shortest way"),
        (lambda own, heard: min(own, min(heard)), "the shortest way"),
        (lambda own, heard: max(heard) + 1, "1 edge from the source"),
        (lambda own, heard: heard[99], "could not be computed"),
    ],
)
def test_wrong_distances_are_explained(hear, lesson: str) -> None:
    verdict = check_distance(hear)
    assert not verdict.passed
    assert lesson in verdict.text


def test_other_distances_pass() -> None:
    assert check_distance(lambda own, heard: min([own, *(each + 1 for each in heard)])).passed


@pytest.mark.parametrize(
    ("laplacian", "lesson"),
    [
        (lambda own, heard: own - sum(heard) / len(heard), "have the same mean"),
        (lambda own, heard: sum(heard) - len(heard) * own, "less the sum of theirs"),
        (lambda own, heard: None, "could not be computed"),
    ],
)
def test_wrong_laplacians_are_explained(laplacian, lesson: str) -> None:
    verdict = check_laplacian(laplacian)
    assert not verdict.passed
    assert lesson in verdict.text


def test_other_laplacians_pass() -> None:
    assert check_laplacian(lambda own, heard: sum(own - each for each in heard)).passed


@pytest.mark.parametrize(
    ("edges", "lesson"),
    [
        ([], "at least one edge"),
        ([(0, 0), (0, 1)], "joined to itself"),
        ([(0, 1), (2, 3)], "2 parts"),
        ([(0, 1), (1, 2), (2, 0)], "a circle of 3"),
        ([0, 1], "could not be computed"),
    ],
)
def test_wrong_counter_examples_are_explained(edges, lesson: str) -> None:
    verdict = check_wrong_label(edges)
    assert not verdict.passed
    assert lesson in verdict.text


def test_other_counter_examples_pass() -> None:
    for graph in (nx.path_graph(5), nx.grid_2d_graph(3, 2), nx.cycle_graph(6)):
        numbered = nx.convert_node_labels_to_integers(graph)
        assert check_wrong_label(list(numbered.edges())).passed


def closes_in_place(A):
    A += np.eye(len(A))
    return (np.linalg.matrix_power(A, len(A)) > 0).all()


@pytest.mark.parametrize(
    ("is_connected", "lesson"),
    [
        (lambda A: True, "was called connected"),
        (lambda A: A.min() > 0, "was called not connected"),
        (closes_in_place, "changes A itself"),
        (lambda A: A[99], "could not be computed"),
    ],
)
def test_wrong_tests_of_connectivity_are_explained(is_connected, lesson: str) -> None:
    verdict = check_connected(is_connected)
    assert not verdict.passed
    assert lesson in verdict.text


def test_another_test_of_connectivity_passes() -> None:
    assert check_connected(lambda A: nx.is_connected(nx.from_numpy_array(A))).passed
    laplacian = lambda A: np.linalg.eigvalsh(np.diag(A.sum(0)) - A)  # noqa: E731
    assert check_connected(lambda A: laplacian(A)[1] > 1e-9).passed


@pytest.mark.parametrize(
    ("score", "lesson"),
    [
        (lambda errors: math.log10(sum(errors) / len(errors)), "drowns the others"),
        (lambda errors: sum(map(math.log, errors)) / len(errors), "math.log10"),
        (lambda errors: errors["x"], "could not be computed"),
    ],
)
def test_wrong_scores_are_explained(score, lesson: str) -> None:
    verdict = check_mean_log(score)
    assert not verdict.passed
    assert lesson in verdict.text


def test_another_score_passes() -> None:
    assert check_mean_log(lambda e: math.log10(math.prod(e)) / len(e)).passed


# --- the panels


def test_the_explorer_shows_every_family_and_says_what_it_shows() -> None:
    panel = PropertyExplorer("star")
    panel.colour_menu.value = "value"
    for family in FAMILIES:
        panel.family_menu.value = family.name
        panel.number_slider.value = panel.number_slider.max
        data, text = panel.data, panel.read_out.value
        assert data.family == family.name
        assert family.name in text
        assert f"{len(data.x)} nodes" in text
        assert f"diameter {data.of_graph[1]:.0f}" in text
        lines, nodes = panel.figure.widget.data
        assert len(nodes.x) == len(data.x)
        assert len(lines.x) == 3 * data.edge_index.shape[1] // 2
        np.testing.assert_allclose(nodes.marker.color, data.x[:, 1], atol=1e-6)
    assert panel.error == ""
    panel.close()


def test_the_gallery_has_a_graph_of_each_family() -> None:
    gallery = FamilyGallery(1)
    titles = [each.text for each in gallery.figure.widget.layout.annotations]
    assert titles == [f"{family.name}, {family.share:.0%}" for family in FAMILIES]
    assert all(family.name in gallery.read_out.value for family in FAMILIES)
    gallery.close()


def test_an_error_as_a_metric_is_said_and_drawn_as_one() -> None:
    recipe = "task=graph_properties channels=4 readout=sum steps=1 batch_size=4 eval_every=1"
    run_state = RunState(Recipe.parse(f"{recipe} eval_splits=none log_every=1"))
    trainer = run_state.trainer = Trainer(run_state.recipe)
    run_state.records.extend(trainer.records())
    baselines = {"validation": trainer.task.baseline()}
    assert "mean log10 MSE (lower is better)" in numbers_text(run_state, baselines)
    plot = training_plots(run_state.records, 1, trainer.task.metric_title, baselines, False)[2]
    assert plot.figure.layout.yaxis.range is None  # fits the values
    assert plot.title == "mean log10 MSE (lower is better)"
    (line,) = plot.figure.layout.shapes
    assert line.y0 == pytest.approx(baselines["validation"])
    assert plot.figure.layout.yaxis.autorangeoptions.include[0] == line.y0


def test_without_results_their_command_is_shown(tmp_path: Path, capsys) -> None:
    show_results("graph_properties", folder=tmp_path)
    assert "Markdown" in capsys.readouterr().out
    with pytest.raises(ValueError, match="no_such"):
        show_results("no_such", folder=tmp_path)
