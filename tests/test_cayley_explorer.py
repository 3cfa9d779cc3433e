"""The explorer of multiplication tables, and the figures that it draws them in."""

import threading

import numpy as np
import pytest
import torch

from lcm_core.figures import cayley_curves, cayley_figure, learning_curves, learning_figure
from lcm_core.laws.worst_triple import worst_associativity
from lcm_core.training.table_learner import LearnedTable, TableLearner, monoid_table
from lcm_core.widgets import CayleyExplorer
from lcm_core.widgets.cayley import explorer as cayley_explorer
from tests.panels import text_of, wait_for

THREAD = "lcm cayley"


@pytest.fixture
def panel(monkeypatch):
    monkeypatch.setattr(cayley_explorer, "STEPS", 30)
    monkeypatch.setattr(cayley_explorer, "PAUSE", 0.0)
    made = CayleyExplorer(symbols=3, size=2)
    yield made
    made.close()


def threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == THREAD]


def agrees(panel: CayleyExplorer) -> None:
    """Both figures, the words and the numbers are those of the operator's table."""
    table = panel.learner.operator.table()[0].detach().numpy()
    products, m = panel.learner.products.numpy(), len(table)
    squares, frames = panel._table_figure.widget.data
    assert np.array_equal(squares.z, table.max(-1))
    assert np.array_equal(squares.text, table.argmax(-1).astype(str))
    wrong = {(x, y) for x in range(m) for y in range(m) if table[x, y].argmax() != products[x, y]}
    assert set(zip(frames.y, frames.x, strict=True)) == wrong
    last = panel.records[-1]
    assert last.step == panel.learner.step
    said = text_of(panel.read_out)
    assert said.startswith(f"Step {last.step}")
    assert f"{m * m - len(wrong)} of {m * m} products are right" in said
    assert f"{last.right[3]:.0%} of sets of 3," in said
    worst = worst_associativity(panel.learner.operator)
    assert panel.worst.error == worst.error == last.worst
    assert f"exactly: {worst.error:.3f}" in said or worst.error < 1e-6
    for x in range(m):
        row = " ".join(f"{table[x, y].argmax()} ({table[x, y].max():.2f})" for y in range(m))
        assert f"{x} ⊕ {row}" in " ".join(text_of(panel.table_text, " ").split())
    curve = panel._errors_figure.widget.data[0]
    assert np.array_equal(curve.x, [record.step for record in panel.records])
    assert np.array_equal(curve.y, [record.worst for record in panel.records])


def test_train_learns_the_table_and_goes_on_at_each_press(panel) -> None:
    agrees(panel)
    for presses in (1, 2):
        panel.train_button.click()
        assert panel.wait(60)
        assert (panel.error, panel.learner.step) == ("", 30 * presses)
        assert tuple(panel._errors_figure.widget.layout.xaxis.range) == (0, 30 * presses)
        agrees(panel)
    assert [record.step for record in panel.records] == [0, 10, 20, 30, 40, 50, 60]
    assert panel.records[-1].loss < 0.2 < panel.records[1].loss
    assert panel.records[-1].wrong < 0.1 < panel.records[0].wrong
    for figure in (panel._table_figure.widget, panel._errors_figure.widget):  # of a page read anew
        assert np.array_equal(figure._widget_data[-1]["y"], figure.data[-1].y)
    panel.reset_button.click()
    assert (panel.learner.step, len(panel.records)) == (0, 1)
    agrees(panel)


def test_stop_keeps_the_table_as_it_is(panel, monkeypatch) -> None:
    monkeypatch.setattr(cayley_explorer, "STEPS", 10**6)
    panel.train_button.click()
    wait_for(lambda: len(panel.records) > 2)
    panel.stop_button.click()
    assert panel.wait(60)
    assert 0 < panel.learner.step < 10**6
    assert panel.error == ""
    agrees(panel)
    assert not threads()
    panel.stop_button.click()  # nothing to stop
    assert panel.error == ""


def test_another_choice_ends_the_training_and_begins_anew(panel, monkeypatch) -> None:
    monkeypatch.setattr(cayley_explorer, "STEPS", 10**6)
    choices = {"symbols": 4, "size": 3, "weight": 3.0, "seed": 5, "monoid": "maximum"}
    for control, value in choices.items():
        panel.train_button.click()
        wait_for(lambda: len(panel.records) > 1)
        panel.controls[control].value = value
        assert panel.wait(60)
        assert (panel.learner.step, len(panel.records), panel.error) == (0, 1, "")
        chosen = {name: menu.value for name, menu in panel.controls.items()}
        products = monoid_table(chosen["monoid"], chosen["symbols"])
        alone = TableLearner(products, chosen["size"], chosen["weight"], chosen["seed"])
        assert torch.equal(panel.learner.products, products)
        assert panel.learner.size == alone.size
        assert panel.learner.associativity == alone.associativity
        assert torch.equal(panel.learner.table(), alone.table())
        agrees(panel)


def test_what_cannot_be_is_said_and_mended_by_the_next_choice(panel) -> None:
    panel.monoid_menu.value = "bits of either"
    assert "expected a power of 2 for 'bits of either', got m = 3" in panel.error
    panel.train_button.click()
    assert "choose other symbols or another monoid" in panel.error
    assert not threads()
    panel.symbols_slider.value = 4
    assert panel.error == ""
    assert len(panel.learner.products) == 4
    agrees(panel)


def test_what_goes_wrong_in_training_is_shown(panel, monkeypatch) -> None:
    monkeypatch.setattr(panel.learner, "advance", lambda steps: 1 / 0)
    panel.train_button.click()
    assert panel.wait(60)
    assert "ZeroDivisionError" in panel.error
    panel.reset_button.click()
    panel.train_button.click()
    assert panel.wait(60)
    assert (panel.error, panel.learner.step) == ("", 30)


def test_close_leaves_no_thread(panel, monkeypatch) -> None:
    monkeypatch.setattr(cayley_explorer, "STEPS", 10**6)
    panel.start()
    wait_for(threads)
    panel.close()
    wait_for(lambda: not threads(), seconds=20)
    assert panel.error == ""
    panel.close()


def test_wrong_arguments_are_refused_in_words() -> None:
    with pytest.raises(ValueError, match="did you mean 'maximum'"):
        CayleyExplorer("maximun")
    with pytest.raises(ValueError, match="expected a power of 2"):
        CayleyExplorer("bits of either", symbols=5)
    with pytest.raises(ValueError, match="expected a weight ≥ 0"):
        CayleyExplorer(associativity=-1)


def test_labels_of_the_controls_are_not_cut(panel) -> None:
    for control in panel.controls.values():
        short = len(control.description) <= 10  # what ipywidgets has room for: 80 pixels
        assert short or control.style.description_width == "initial", control.description


# Figures


def test_the_heat_map_shows_the_table_it_was_given() -> None:
    m = 5
    table = np.random.default_rng(0).dirichlet(np.ones(m), (m, m))
    products = np.random.default_rng(1).integers(m, size=(m, m))
    figure = cayley_figure(table, products)
    squares, frames = figure.data
    framed = set(zip(frames.y, frames.x, strict=True))
    for x in range(m):
        for y in range(m):
            likeliest = max(range(m), key=lambda k, of=table[x, y]: of[k])
            assert squares.z[x][y] == table[x, y, likeliest]
            assert squares.text[x][y] == str(likeliest)
            assert ((x, y) in framed) == (likeliest != products[x, y])
    assert list(squares.x) == list(squares.y) == list(range(m))
    assert (squares.zmin, squares.zmax) == (0, 1)
    assert len(cayley_figure(table).data[1].x) == 0  # no right table: no frames
    for trace, curve in zip(figure.data, cayley_curves(table, products), strict=True):
        for name, values in curve.items():
            assert np.array_equal(trace[name], values)


def test_the_curves_of_learning_are_the_records() -> None:
    records = [
        LearnedTable(10 * i, 0.0, {2: i / 4, 3: 0.5}, 1 / (i + 1), 0.1 * i) for i in range(4)
    ]
    figure = learning_figure(records, steps=40)
    assert tuple(figure.layout.xaxis.range) == (0, 40)
    expected = {
        "worst associativity error": [1, 1 / 2, 1 / 3, 1 / 4],
        "mean associativity error": [0, 0.1, 0.2, 0.3],
        "wrong answers": [0.75, 0.625, 0.5, 0.375],
    }
    assert {trace.name: pytest.approx(list(trace.y)) for trace in figure.data} == expected
    for trace, curve in zip(figure.data, learning_curves(records), strict=True):
        assert list(trace.x) == list(curve["x"]) == [0, 10, 20, 30]
