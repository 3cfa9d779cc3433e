"""The explorer of the penalty's weight: what it draws is what the experiment found."""

import statistics

import pytest

from lcm_core.experiments import read_results
from lcm_core.widgets import PenaltyExplorer
from tests.panels import text_of

RESULTS = read_results("associativity_weight")


def dots(panel: PenaltyExplorer, weight: str):
    (trace,) = (each for each in panel.figure.widget.data if each.name == f"weight {weight}")
    return trace


@pytest.mark.parametrize(("states", "column"), [("tree", 0), ("encoded", 1)])
@pytest.mark.parametrize("size", [16, 32, 128])
def test_each_run_is_a_dot(states: str, column: int, size: int) -> None:
    panel = PenaltyExplorer(size=size, states=states)
    for weight in RESULTS.rows:
        name = RESULTS.columns[column]
        found = dots(panel, weight)
        assert list(found.x) == RESULTS.laws(weight, name, "associativity")
        assert list(found.y) == RESULTS.scores(weight, name, f"size {size}")
    panel.close()


def test_the_slider_fills_the_dots_of_its_weight_and_says_their_medians() -> None:
    panel = PenaltyExplorer()
    for value in (0.0, 1.0, 10.0):
        panel.weight_slider.value = value
        filled = [
            trace.name for trace in panel.figure.widget.data if trace.marker.symbol == "circle"
        ]
        assert filled == [f"weight {value:g}"]
        scores = RESULTS.scores(f"{value:g}", "states of the tree", "size 128")
        said = text_of(panel.sentence)
        assert f"Weight {value:g}" in said
        assert f"{statistics.median(scores):.1%} of sets of 128 right" in said
    assert all(f"Weight {weight}:" in text_of(panel.read_out) for weight in RESULTS.rows)
    panel.close()


def test_without_results_it_says_which_command_makes_them(monkeypatch, tmp_path) -> None:
    def missing(name: str) -> None:
        return read_results(name, tmp_path)

    monkeypatch.setattr("lcm_core.widgets.results.penalty.read_results", missing)
    panel = PenaltyExplorer()
    assert "python -m lcm_core.experiments associativity_weight" in text_of(panel.sentence)
    assert panel.error == ""
    panel.close()


@pytest.mark.parametrize("wrong", [{"weight": 2}, {"size": 64}, {"states": "all"}])
def test_what_was_not_run_is_refused(wrong: dict) -> None:
    ((name, value),) = wrong.items()
    with pytest.raises(ValueError, match=f"expected {name} to be one of .*, got {value!r}"):
        PenaltyExplorer(**wrong)
