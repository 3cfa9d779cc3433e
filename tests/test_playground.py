"""The playground driven as a reader does, and operators written in a cell."""

import re
import threading

import numpy as np
import pytest
import torch

from lcm_core import make_operator, operator_names
from lcm_core.operators import FormulaError, Operator, base
from lcm_core.training.recipe import Recipe
from lcm_core.widgets import OperatorPlayground, TreeExplorer, offer_operator
from lcm_core.widgets.operators import cell_operators
from lcm_core.widgets.operators.catalog import operator_catalog
from tests.panels import MenuPanel


@pytest.fixture
def playground():
    panels = []

    def make(*arguments, **options) -> OperatorPlayground:
        panels.append(OperatorPlayground(*arguments, **options))
        assert panels[-1].error == ""
        return panels[-1]

    yield make
    for panel in panels:
        panel.close()
    assert "playground" not in operator_catalog.entries()


def words_of(read_out) -> str:
    return re.sub(r"<[^>]+>", "", read_out.value)


def slider(panel: OperatorPlayground, name: str):
    return next(s for s in panel.parameters_row.children if s.description == name)


def test_pictures_show_the_formula_and_its_errors(playground) -> None:
    panel = playground("x - a*y", a=0.5, low=-2.0, high=1.0)
    axis = np.linspace(-2, 1, 61)
    x, y, z = axis[None, :], axis[:, None], panel.at[2]
    np.testing.assert_allclose(panel.values, x - 0.5 * y, atol=1e-9)
    np.testing.assert_allclose(panel.order, np.abs(1.5 * (x - y)), atol=1e-8)
    expected = np.abs(((x - y / 2) - z / 2) - (x - (y - z / 2) / 2))
    np.testing.assert_allclose(panel.brackets, expected, atol=1e-8)
    shown = [trace.z for trace in panel._figure.widget.data if trace.type != "scatter"]
    for drawn, grid in zip(shown, (panel.values, panel.order, panel.brackets), strict=True):
        np.testing.assert_array_equal(drawn, grid)
    panel.place_sliders["z"].value = 0.5
    assert not np.allclose(panel.brackets, expected)


@pytest.mark.parametrize("formula", ["x + y + a*x*y", "max(x, y)", "log(exp(x) + exp(y))"])
def test_errors_of_a_monoid_are_exactly_0(playground, formula: str) -> None:
    panel = playground(formula)
    assert (panel.order == 0).all()
    assert (panel.brackets == 0).all()
    titles = [note.text for note in panel._figure.widget.layout.annotations]
    assert sum("0 everywhere" in title for title in titles) == 2
    assert "A commutative monoid" in words_of(panel.read_out)


def test_what_is_not_defined_is_left_out_and_said(playground) -> None:
    panel = playground("log(x) + y")
    negative = panel.axis < 0
    assert np.isnan(panel.values[:, negative]).all()
    assert np.isfinite(panel.values[:, panel.axis > 0]).all()
    panel.place_sliders["x"].value = -1.0
    assert "x ⊕ y = not defined" in words_of(panel.place_text)


def test_sliders_are_made_of_the_names_and_keep_their_values(playground) -> None:
    panel = playground("x + y + a*x*y", a=0.5)
    slider(panel, "a").value = 2.0
    assert panel.operator.name == "formula(x+y+a*x*y;a=2)"
    panel.formula_text.value = "a*x + b*y"
    assert panel.parameters == {"a": 2.0, "b": 1.0}
    slider(panel, "b").value = -1.5
    panel.formula_text.value = "x - y"
    assert panel.parameters_row.children == ()
    panel.formula_text.value = "x + b*y"
    assert panel.parameters == {"b": -1.5}
    assert "readout=formula(x+b*y;b=-1.5)" in words_of(panel.recipe_text)
    panel.examples_menu.value = "max(x, y)"
    assert panel.operator.name == "formula(max(x,y))"
    far = playground("a*x + a*y", a=40.0)
    assert slider(far, "a").max == 40


def test_while_it_is_no_formula_the_last_one_stays(playground) -> None:
    panel = playground("x - y")
    for text in ("x -", "x.real", "__import__('os')", ""):
        panel.formula_text.value = text
        assert panel.formula_error != ""
        assert panel.operator.name == "formula(x-y)"
        assert "The last one stays: x-y" in words_of(panel.message)
    slider_of_x = panel.place_sliders["x"]
    slider_of_x.value = 0.5  # another success does not hide what is wrong with the text
    assert "No formula" in words_of(panel.message)
    panel.formula_text.value = "x + y"
    assert (panel.formula_error, words_of(panel.message)) == ("", "")
    with pytest.raises(FormulaError):
        OperatorPlayground("x.y")
    with pytest.raises(ValueError, match="low < high"):
        OperatorPlayground(low=2.0, high=1.0)


def test_numbers_in_words_and_the_counter_example(playground) -> None:
    panel = playground("x - y")
    assert words_of(panel.place_text) == (
        "At x = 2, y = 1, z = −1: x ⊕ y = 1, y ⊕ x = −1; (x ⊕ y) ⊕ z = 2, x ⊕ (y ⊕ z) = 0."
    )
    panel.example_button.click()
    assert panel.at[:2] == (0.0, 1.0)
    cross = panel._figure.widget.data[1]
    assert (cross.x[0], cross.y[0]) == (0.0, 1.0)
    assert "x ⊕ y = −1, y ⊕ x = 1" in words_of(panel.place_text)
    for place in (
        "broken at x = 0, y = 1: x ⊕ y = −1, but y ⊕ x = 1",
        "broken at x = 0, y = 0, z = 1: (x ⊕ y) ⊕ z = −1, but x ⊕ (y ⊕ z) = 1",
    ):
        assert place in words_of(panel.read_out)


def test_explorers_list_the_formula_and_follow_it(playground) -> None:
    explorer = TreeExplorer("sum", leaves=3)
    follower = MenuPanel("sum")
    menu = follower.menu
    panel = playground("x + y")
    assert panel.label == "playground"
    menu.widget.value = "playground"
    ones = torch.ones(1, 3)
    assert menu.operator(3)(ones, ones).tolist() == [[2.0] * 3]
    panel.formula_text.value = "x + y + a*x*y"
    slider(panel, "a").value = 0.5
    assert menu.operator(3)(ones, ones).tolist() == [[2.5] * 3]
    slider(panel, "a").value = 1.0
    assert menu.operator(3)(ones, ones).tolist() == [[3.0] * 3]
    second = playground("x*y")
    assert second.label == "playground 2"
    second.close()
    panel.close()
    assert not {"playground", "playground 2"} & {*operator_catalog.entries()}
    assert menu.operator(3)(ones, ones).tolist() == [[3.0] * 3]  # what was chosen stays
    assert explorer.error == ""
    follower.close()
    explorer.close()
    assert not [t.name for t in threading.enumerate() if t.name.startswith("lcm playground")]


# Operators of a cell --------------------------------------------------------------------------


@pytest.fixture
def said(monkeypatch):
    """What the cells show; what they register is forgotten afterwards."""
    shown = []
    monkeypatch.setattr(cell_operators, "display", shown.append)
    before = set(base.OPERATORS)
    yield shown
    for name in set(base.OPERATORS) - before:
        base.OPERATORS.remove(name)


def test_a_function_of_a_cell_is_an_operator_everywhere(said) -> None:
    follower = MenuPanel("sum")
    menu = follower.menu

    @offer_operator
    def plus_product(x, y):
        return x + y + x * y

    assert plus_product(1, 2) == 5  # it is still a function
    assert "plus_product" in operator_names()
    assert "plus_product" in menu.widget.options
    menu.widget.value = "plus_product"
    assert menu.operator(2)(torch.ones(1, 2), torch.ones(1, 2)).tolist() == [[3.0, 3.0]]
    assert said[0]["identity"].text.startswith("e = 0")
    assert Recipe.parse("readout=plus_product").readout == "plus_product"

    @offer_operator
    def plus_product(x, y, scale=2.0):  # the cell again, with another signature
        return x + y + scale * x * y

    assert menu.operator(2)(torch.ones(1, 2), torch.ones(1, 2)).tolist() == [[4.0, 4.0]]
    follower.close()


def test_a_class_of_a_cell_and_a_function_may_take_each_others_name(said) -> None:
    @offer_operator
    class Half(Operator):
        name = "half"

        def forward(self, left, right):
            return (left + right) / 2

    assert isinstance(make_operator("half", 3), Half)
    assert not said[0]["associativity"].holds

    @offer_operator
    def half(x, y):
        return x + y

    assert make_operator("half", 1)(torch.ones(1, 1), torch.ones(1, 1)).item() == 2

    @offer_operator
    class Mixed(Operator):
        def forward(self, left, right):
            return left.flip(-1) + right

    assert "Mixed" in operator_names()
    assert "x = 0, y = (1, 0, 0, 0): x ⊕ y = (1, 0, 0, 0)" in said[-1]["commutativity"].text


def test_operators_of_the_library_are_never_replaced(said) -> None:
    for name in ("sum", "gru_fold"):

        def mine(x, y):
            return x

        mine.__name__ = name
        with pytest.raises(ValueError, match=f"'{name}' already.* another name"):
            offer_operator(mine)
    assert make_operator("sum", 1)(torch.ones(1, 1), torch.ones(1, 1)).item() == 2
    assert said == []


def test_what_cannot_be_offered_is_explained(said) -> None:
    with pytest.raises(TypeError, match=r"a function \(x, y\) → state, or a subclass of Operator"):
        offer_operator(3)
    with pytest.raises(TypeError, match="subclass of Operator"):
        offer_operator(int)
    with pytest.raises(ValueError, match="to be letters, digits and _"):
        offer_operator(lambda x, y: x + y)

    class NeedsMore(Operator):
        def __init__(self, channels, other):
            super().__init__(channels)

    with pytest.raises(TypeError, match=r"NeedsMore\(channels=4\) must make an operator"):
        offer_operator(NeedsMore)


def test_what_a_function_of_a_cell_raises_is_said_in_words_and_in_panels(said) -> None:
    @offer_operator
    def broken_of_a_cell(x, y):
        raise RuntimeError("not yet written")

    assert "x ⊕ y could not be computed: RuntimeError: not yet written" in str(said[0])
    panel = TreeExplorer("sum", leaves=3)
    menu = getattr(panel.operator_menu, "widget", panel.operator_menu)
    menu.value = "broken_of_a_cell"
    assert "not yet written" in panel.error
    menu.value = "sum"
    assert panel.error == ""
    panel.close()


def test_a_closed_panel_offers_nothing_more() -> None:
    panel = OperatorPlayground("x + a*y")
    moved = slider(panel, "a")
    panel.close()
    moved.value = 2.0
    assert panel.label not in operator_catalog.entries()
