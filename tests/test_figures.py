"""Figures show the numbers they were given: checked against the numbers, not against pictures."""

import importlib
import math
import re
import sys
from dataclasses import dataclass, field

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lcm_core import make_operator, trace
from lcm_core.figures import (
    laws_figure,
    molecule_figure,
    race_curves,
    race_plots,
    scaffold_figure,
    training_curves,
    training_plots,
    tree_figure,
    tree_layout,
)
from lcm_core.figures.molecule import read_smiles
from lcm_core.figures.results import spread_figure
from lcm_core.figures.structure import structure_svg
from lcm_core.figures.tree_picture import operands
from lcm_core.trees.tree import TREE_NAMES

LAWS = ("commutativity", "associativity", "identity")


@dataclass
class Numbers:
    mean: float
    ci_low: float = 0.0
    ci_high: float = 0.0
    largest_found: float | None = None
    degenerate: bool = False


@dataclass
class Point:
    step: int
    loss: float = 1.0
    task_loss: float = 0.5
    laws: dict[str, float] = field(default_factory=dict)
    metric: float | None = None
    metrics: dict[str, float] = field(default_factory=dict)


def some_trace(leaves: int, tree: str = "balanced", operator: str = "sum", channels: int = 3):
    made = make_operator(operator, channels=channels)
    elements = torch.randn(leaves, channels, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        return trace(made, made.lift(elements), tree, seed=1)


@given(st.integers(1, 24), st.sampled_from(TREE_NAMES))
@settings(max_examples=40, deadline=None)
def test_tree_layout_is_planar(leaves: int, tree: str) -> None:
    graph = some_trace(leaves, tree)
    position = tree_layout(graph)
    assert sorted(position[leaf][0] for leaf in range(leaves)) == list(range(leaves))
    edges = [(position[parent], position[child]) for parent, child in graph.edges]
    for i, first in enumerate(edges):
        for second in edges[:i]:
            assert not cross(*first, *second), (first, second)
    for parent in graph:
        if children := operands(graph, parent):
            left, right = children
            assert position[left][0] < position[parent][0] < position[right][0]


def cross(a, b, c, d) -> bool:
    """Whether two segments cross inside both; shared ends do not count."""

    def side(p, q, r) -> float:
        return (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])

    return side(a, b, c) * side(a, b, d) < -1e-9 and side(c, d, a) * side(c, d, b) < -1e-9


def test_small_trees_show_every_feature() -> None:
    graph = some_trace(5, channels=4)
    edges, empty, states, names = tree_figure(graph, names=list("abcde")).data
    shown = np.asarray(states.marker.color).reshape(-1, 4)
    assert np.allclose(shown, np.stack([graph.nodes[node]["state"] for node in graph]))
    assert len(empty.x) == 0
    assert list(names.text) == list("abcde")
    assert np.isnan(edges.x).sum() == graph.number_of_edges()
    assert states.hovertext[-1].startswith("(((a b)(c d)) e)")


def test_levels_above_the_reached_one_are_empty() -> None:
    graph = some_trace(8)
    for level, done in ((0, 8), (1, 12), (2, 14), (3, 15)):
        _, empty, states, _ = tree_figure(graph, level=level).data
        assert len(states.x) == 3 * done
        assert len(empty.x) == 15 - done


def test_large_trees_show_dots_and_infinite_states_are_grey() -> None:
    assert len(tree_figure(some_trace(40)).data[2].x) == 79
    graph = some_trace(4, operator="k_smallest", channels=2)
    colours = np.asarray(tree_figure(graph, level=0).data[2].marker.color).reshape(-1, 4)
    assert np.isnan(colours[:, 2:]).all()
    assert np.isfinite(colours[:, :2]).all()


def test_an_empty_set_is_drawn_as_its_identity() -> None:
    figure = tree_figure(trace(make_operator("sum", channels=2), torch.empty(0, 2)))
    assert list(figure.data[3].text) == ["e"]


def test_law_dots_have_the_mean_and_the_interval() -> None:
    report = {"commutativity": Numbers(0.2, 0.15, 0.26, largest_found=0.9)}
    for log in (False, True):
        figure = laws_figure({"gru": report}, LAWS, "commutativity", log)
        dots, worst, notes = figure.data
        assert list(dots.x) == [0.2]
        assert dots.error_x.array[0] == pytest.approx(0.06)
        assert dots.error_x.arrayminus[0] == pytest.approx(0.05)
        assert list(worst.x) == [0.9]
        assert list(notes.text) == [" no associativity", " no identity"]
        labels = dict(zip(figure.layout.yaxis.tickvals, figure.layout.yaxis.ticktext, strict=True))
        assert labels[dots.y[0]] == "gru"
        assert labels[dots.y[0] + 1] == "<b>commutativity</b>"
        band = figure.layout.shapes[0]
        assert band.y1 < dots.y[0] < band.y0
        assert all(not band.y1 < y < band.y0 for y in notes.y)


def test_a_zero_error_is_drawn_at_0_and_written_where_there_is_no_0() -> None:
    report = {
        "commutativity": Numbers(0.0),
        "associativity": Numbers(3e-8, 2e-8, 4e-8),
        "identity": Numbers(math.nan, degenerate=True),
    }
    dots, _, notes = laws_figure({"sum": report}, LAWS).data
    assert list(dots.x) == [0.0, 3e-8]
    assert list(notes.text) == [" degenerate: all results alike"]
    figure = laws_figure({"sum": report}, LAWS, log=True)
    dots, _, notes = figure.data
    assert list(dots.x) == []
    assert list(notes.text) == [" 0", " rounding", " degenerate: all results alike"]
    assert figure.layout.xaxis.ticktext[0] == "0"


def test_operators_have_colours_and_marks_of_their_own() -> None:
    reports = {name: {"commutativity": Numbers(0.1)} for name in "abcd"}
    dots = laws_figure(reports, LAWS).data[:8:2]
    assert len({each.marker.color for each in dots}) == 4
    assert len({each.marker.symbol for each in dots}) == 4


def test_training_curves_are_the_records() -> None:
    points = [Point(5, 1.0, 0.9), Point(10, 0.8, 0.7, {"associativity": 0.3}, metric=0.6)]
    plots = training_plots(points, steps=40, metric_name="ROC-AUC", baselines={"validation": 0.5})
    losses, laws, scores = ({trace.name: trace for trace in plot.figure.data} for plot in plots)
    assert list(losses["total"].x) == [5, 10]
    assert list(losses["total"].y) == [1.0, 0.8]
    assert list(losses["task"].y) == [0.9, 0.7]
    assert list(laws["associativity"].x) == [10]
    assert list(laws["associativity"].y) == [0.3]
    assert list(scores["validation"].y) == [0.6]
    assert {plot.figure.layout.xaxis.range for plot in plots} == {
        (0, 40.8)
    }  # the last mark is whole
    assert plots[2].figure.layout.shapes[0].y0 == 0.5
    for plot, curves in zip(plots, training_curves(points), strict=True):
        for trace_, curve in zip(plot.figure.data, curves, strict=True):
            assert np.array_equal(trace_.y, curve["y"])


def test_a_race_draws_the_first_and_the_last_split() -> None:
    scores = {"size 32": 0.5, "size 128": 0.4}
    runs = {name: [Point(10, 0.8, 0.7, metric=0.6, metrics=scores)] for name in ("one", "two")}
    splits = {"validation": 0.1, "size 32": 0.15, "size 128": 0.2}
    plots = race_plots(runs, steps=10, baselines=splits)
    assert [entry.name for entry in plots[2].legend] == [
        "validation", "size 128", "", "constant answers",
    ]  # fmt: skip
    drawn = [list(curve.y) for curve in plots[2].figure.data]
    assert drawn == [[0.6], [0.4], [0.6], [0.4]]
    moved = race_curves(list(runs.values()), list(splits))[2]
    assert [list(curve["y"]) for curve in moved] == drawn
    lines = [shape.line.dash for shape in plots[2].figure.layout.shapes]
    assert [entry.dash for entry in plots[2].legend[2:]] == lines


def test_numbers_of_a_logarithmic_axis_are_written_out() -> None:
    def ticks(values: list[float]) -> tuple[str, ...]:
        figure = spread_figure({"a": [("0", values)]}, "weight", "error", log_y=True)
        return figure.layout.yaxis.ticktext

    assert ticks([0.03, 0.31]) == ("0.01", "0.03", "0.1", "0.3", "1", "3")
    assert ticks([2e-4, 0.5]) == ("0.0001", "0.001", "0.01", "0.1", "1")
    assert ticks([0.0]) == ("1", "3")


def test_a_molecule_has_its_text() -> None:
    pytest.importorskip("rdkit")
    picture = molecule_figure("CCO", 1, {0: "C0", 2: "O2"}, "Ethanol <marked>")
    page = picture._repr_html_()
    assert 'aria-label="Ethanol &lt;marked&gt;"' in page
    assert "<svg" in page


def test_molecules_side_by_side_have_their_scaffolds_marked() -> None:
    toluene = {"toluene": "Cc1ccccc1", "ethanol, no ring": "CCO"}
    picture = scaffold_figure(toluene, "Two <molecules>")
    assert "Two &lt;molecules&gt;" in picture._repr_html_()
    marked = {int(n) for n in re.findall(r'<circle class="mark-(\d+)"', picture.svg)}
    assert marked == {1, 2, 3, 4, 5, 6}  # the ring of toluene; ethanol has no scaffold
    with pytest.raises(ValueError, match="cannot read the molecule 'C1CC'"):
        scaffold_figure({"open": "C1CC"}, "")


class NoDrawing:
    """Refuses RDKit's drawing, as a machine without libraries of X does."""

    def find_spec(self, name, path=None, target=None):
        if name.startswith("rdkit.Chem.Draw"):
            raise ImportError("libXrender.so.1: cannot open shared object file")


def test_molecules_are_drawn_without_the_drawing_of_rdkit(monkeypatch) -> None:
    for name in [each for each in sys.modules if each.startswith("rdkit.Chem.Draw")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [NoDrawing(), *sys.meta_path])
    with pytest.raises(ImportError, match="libXrender"):
        importlib.import_module("rdkit.Chem.Draw")
    assert "<svg" in molecule_figure("CCO", 1, {0: "C0", 2: "O2"}, "Ethanol").svg
    assert "<svg" in scaffold_figure({"toluene": "Cc1ccccc1"}, "One").svg


@pytest.mark.parametrize(
    ("smiles", "letters", "lines"),
    [
        ("CCO", ["OH"], 2),
        ("OCC", ["HO"], 2),  # hydrogen on the side without a bond, left or right
        ("C=C", [], 2),
        ("C#N", ["N"], 3),
        ("c1ccccc1", [], 9),
        ("C[N+](C)(C)C.[Cl-]", ["N⁺", "Cl⁻"], 4),
        ("[13CH4]", ["¹³CH₄"], 0),
        ("N", ["NH₃"], 0),
        ("[Ca+2]", ["Ca²⁺"], 0),
    ],
)
def test_a_structure_has_its_letters_and_bonds(smiles, letters, lines) -> None:
    molecule = read_smiles(smiles)
    drawn = structure_svg(molecule, (300, 200), {})
    found = re.findall(r">([^<>]+)</text>", drawn)
    same = [sorted(each.replace("HO", "OH") for each in words) for words in (found, letters)]
    assert same[0] == same[1]
    assert drawn.count("<line") == lines
    numbers = [float(each) for each in re.findall(r'\b[xy][12]?="([-\d.]+)"', drawn)]
    assert all(0 <= number <= 300 for number in numbers)


@pytest.mark.parametrize("smiles", ["C" + "C(=O)NC" * 30, "C1CC1" * 9, "[Na+].[Cl-]", "C" * 2])
def test_a_molecule_fits_its_drawing(smiles) -> None:
    drawn = structure_svg(read_smiles(smiles), (300, 200), {})
    for axis, longest in (("x", 300), ("y", 200)):
        places = [float(each) for each in re.findall(rf'\b{axis}[12]?="([-\d.]+)"', drawn)]
        assert min(places) >= 0
        assert max(places) <= longest
