"""The union explorer: both ways around the square, and whether they agree."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lcm_core.widgets import UnionExplorer
from lcm_core.widgets.unions.explorer import AGGREGATORS
from lcm_core.widgets.unions.square import Square, same, written

NUMBERS = st.lists(st.integers(-50, 50), min_size=1, max_size=5)


@given(one=NUMBERS, other=NUMBERS, name=st.sampled_from(["sum", "largest", "count"]))
def test_both_ways_agree_for_a_homomorphism(one, other, name):
    assert Square.of(AGGREGATORS[name], one, other).commutes


@given(one=NUMBERS, other=NUMBERS)
def test_averages_agree_exactly_where_sizes_or_means_do(one, other):
    square = Square.of(AGGREGATORS["mean, by averaging"], one, other)
    means = math.isclose(sum(one) / len(one), sum(other) / len(other), abs_tol=1e-3)
    assert square.commutes == (len(one) == len(other) or means) or means


def test_what_cannot_be_computed_is_said():
    square = Square.of(AGGREGATORS["largest"], [], [3])
    assert (square.parts, square.combined, square.commutes) == ((None, 3), None, None)
    assert "agg(A) could not be computed: ValueError" in square.why


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (1.0, 1.0 + 1e-9, True),
        (1.0, 1.1, False),
        ((15, 3), (15, 3), True),
        ((15, 3), (15, 4), False),
        ((15, 3), (15,), False),
        (torch.tensor([1.0, 2.0]), [1.0, 2.0], True),
        ("tea", "tea", True),
        ("tea", "pot", False),
        (math.inf, math.inf, True),
    ],
)
def test_answers_are_the_same_up_to_rounding(one, other, expected):
    assert same(one, other) is expected


def test_answers_are_written_in_few_digits():
    assert [written(x) for x in (3.66666, -1, (15, 3), None, math.inf, "tea")] == [
        *("3.667", "−1", "(15, 3)", "none", "∞", "tea")
    ]


def test_the_panel_says_which_way_parts():
    panel = UnionExplorer()
    assert "Both ways agree" in panel.sentence.value
    panel.aggregator_menu.value = "mean, by averaging"
    assert "The two ways part" in panel.sentence.value
    assert panel.view.data["commutes"] is False
    panel.view.value = {"parts": [[2, 4], [6, 8]]}
    assert "Both ways agree" in panel.sentence.value
    assert panel.error == ""
    assert panel.code() == (
        "UnionExplorer(one=(2, 4), other=(6, 8), aggregator='mean, by averaging')"
    )
    panel.play_button.click()
    assert panel.view.plays == 1
    panel.close()


def test_aggregators_of_the_reader_are_shown_and_bad_arguments_refused():
    pair = (lambda xs: (sum(xs), len(xs)), lambda x, y: (x[0] + y[0], x[1] + y[1]))
    panel = UnionExplorer({"sum and count": pair}, [1, 5], [2, 6, 6])
    assert panel.square.together == (20, 5)
    assert panel.square.commutes
    panel.close()
    with pytest.raises(ValueError, match="did you mean 'largest'"):
        UnionExplorer(aggregator="larges")
    with pytest.raises(ValueError, match="at most 12 numbers"):
        UnionExplorer(one=range(13))
    with pytest.raises(ValueError, match="got none"):
        UnionExplorer({})
