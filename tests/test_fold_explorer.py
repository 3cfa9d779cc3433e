"""The explorer of folds, and the checks of its notebook's exercises."""

import re

import numpy as np
import pytest
import torch

from lcm_core import FoldAggregation
from lcm_core.exercises import (
    check_exchanged,
    check_first_state,
    check_list_fold,
    check_order_spread,
    check_range_fold,
)
from lcm_core.widgets import FoldExplorer
from lcm_core.widgets.folds.explorer import hidden_states, in_the_plane


@pytest.fixture
def panel():
    torch.manual_seed(0)
    made = FoldExplorer(
        {"GRU": FoldAggregation(2, 2), "LSTM": FoldAggregation(2, 5, cell="lstm")}, elements=4
    )
    yield made
    made.close()


def test_it_draws_the_states_of_six_orders_of_the_same_elements(panel) -> None:
    assert panel.error == ""
    for number, (name, width) in enumerate({"GRU": 2, "LSTM": 5}.items()):
        paths = panel.paths[name]
        assert paths.shape == (6, 5, width)
        assert (paths[:, 0] == 0).all()
        figure = panel._figures[number].widget
        assert len(figure.data) == 7
        assert f"<td>{panel.apart[name]:.3g}</td>" in panel.read_out.value
    gru = panel._figures[0].widget
    assert np.allclose(gru.data[3].x, panel.paths["GRU"][3, :, 0])
    ends = panel.paths["GRU"][:, -1]
    apart = np.linalg.norm(ends[:, None] - ends, axis=-1).max()
    assert panel.apart["GRU"] == pytest.approx(apart, rel=1e-4)


def test_size_and_set_can_be_changed(panel) -> None:
    before = panel.paths["GRU"]
    panel.new_button.click()
    assert not np.array_equal(panel.paths["GRU"], before)
    panel.size_slider.value = 9
    assert panel.error == ""
    assert panel.paths["LSTM"].shape == (6, 10, 5)
    assert "of the same 9 elements" in panel.read_out.value


def test_the_last_hidden_state_is_the_result() -> None:
    fold, x = FoldAggregation(3, 4, cell="lstm"), torch.randn(2, 6, 3)
    states = hidden_states(fold, x)
    for sequence, path in zip(x, states, strict=True):
        for n in range(7):
            assert torch.allclose(path[n], fold(sequence[:n])[0], atol=1e-6)


def test_wide_states_are_drawn_where_they_differ_most() -> None:
    flat = torch.randn(20, 2) * torch.tensor([5.0, 1.0])
    turn = torch.linalg.qr(torch.randn(6, 6)).Q[:2]
    drawn = torch.from_numpy(in_the_plane((flat @ turn)[None]))[0]
    assert torch.allclose(torch.cdist(drawn, drawn), torch.cdist(flat, flat), atol=1e-3)
    assert in_the_plane(torch.randn(2, 3, 1)).shape == (2, 3, 2)


def test_what_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(ValueError, match="expected 1 to 3 folds, got 0"):
        FoldExplorer({})
    with pytest.raises(ValueError, match="expected 'a' to be a FoldAggregation with order='given'"):
        FoldExplorer({"a": FoldAggregation(2, 2, order="random")})
    with pytest.raises(ValueError, match=r"elements of one width, got \[2, 3\]"):
        FoldExplorer({"a": FoldAggregation(2, 2), "b": FoldAggregation(3, 2)})


# Exercises: wrong answers and what they are told


def without_start(step, start, elements):
    h = elements[0]
    for x in elements[1:]:
        h = step(h, x)
    return h


def backwards(step, start, elements):
    for x in elements[::-1]:
        start = step(start, x)
    return start


@pytest.mark.parametrize(
    ("verdict", "lesson"),
    [
        (lambda: check_list_fold(without_start), "The first step is step"),
        (lambda: check_list_fold(backwards), "should give 'abc', and you have 'cba'"),
        (lambda: check_range_fold(None, lambda h, x: x, lambda h: 0), "the range is 2, and you"),
        (lambda: check_range_fold(0, lambda h, x: h[0], lambda h: 0), "TypeError"),
        (lambda: check_exchanged(lambda o, k: (o, o)), "the two after it change places"),
        (lambda: check_exchanged(lambda o, k: (o.pop(), o)), "make new ones|Give two lists"),
        (lambda: check_exchanged(lambda o, k: None), "Give two lists"),
        (lambda: check_order_spread(lambda r: r.std(0).mean()), "divided by s"),
        (lambda: check_order_spread(lambda r: r), "one number is wanted"),
        (lambda: check_first_state(lambda x, start: x), "takes 0 steps and ends"),
        (lambda: check_first_state(lambda x, start: torch.cat([x, start[None]])), "left side"),
        (lambda: check_first_state(lambda x, start: start), "Give rows"),
    ],
)
def test_wrong_answers_are_explained(verdict, lesson) -> None:
    found = verdict()
    assert not found.passed
    assert re.search(lesson, found.text), found.text
