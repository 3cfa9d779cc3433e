"""The menu of operators: what it lists, what it makes, and that it follows the catalogue."""

import threading

import pytest
import torch

from lcm_core.operators import Operator, base, make_operator, operator_names, register
from lcm_core.operators.base import operator_examples
from lcm_core.operators.devices import on_cpu
from lcm_core.training.recipe import Recipe
from lcm_core.training.trainer import Trainer
from lcm_core.widgets.operators.catalog import Entry, operator_catalog, pretrained_labels
from lcm_core.widgets.operators.menu import NO_OPERATOR, OperatorMenu
from tests.panels import MenuPanel

RECIPE = "bits=4 channels=8 steps=2 batch_size=4 log_every=1"


@pytest.fixture
def heard():
    return []


@pytest.fixture
def menu_of(heard):
    panels = []

    def make(operator, **options) -> OperatorMenu:
        panel = MenuPanel(operator, lambda: heard.append(panel.menu.label), **options)
        panels.append(panel)
        return panel.menu

    yield make
    for panel in panels:
        panel.close()
    for label in operator_catalog.entries():
        operator_catalog.withdraw(label)


def test_it_lists_the_library_and_makes_operators_by_seed(menu_of, heard) -> None:
    menu = menu_of("gru")
    assert list(menu.widget.options) == [
        *operator_names(),
        *operator_examples(),
        *pretrained_labels(),
    ]
    assert (menu.label, menu.channels, menu.elements) == ("gru", None, None)
    one, again, other = menu.operator(4, seed=1), menu.operator(4, seed=1), menu.operator(4, seed=2)
    assert one is again
    assert not torch.equal(one(torch.ones(1, 4), torch.ones(1, 4)), other(*torch.ones(2, 1, 4)))
    menu.widget.value = "sum"
    assert heard == ["sum"]
    assert menu.operator(4).name == "sum"


def test_given_operators_come_first_and_equal_names_are_numbered(menu_of) -> None:
    pair = (make_operator("gru", 4), make_operator("gru", 4))
    menu = menu_of(pair[1], also=pair)
    assert list(menu.widget.options)[:2] == ["gru (yours) 1", "gru (yours) 2"]
    assert menu.label == "gru (yours) 2"
    assert menu.operator(4) is pair[1]
    assert menu.channels == 4
    with pytest.raises(ValueError, match=r"of 3 channels, got 'gru' with 4"):
        menu.operator(3)


def test_no_operator_can_be_chosen(menu_of) -> None:
    menu = menu_of(None, none=True)
    assert (menu.label, menu.operator(4), menu.channels) == (NO_OPERATOR, None, None)


def test_offers_are_listed_and_followed(menu_of, heard) -> None:
    menu = menu_of("sum")
    first, second = make_operator("gru", 3), make_operator("gru", 3)
    elements = torch.ones(5, 3)
    operator_catalog.offer("training: gru", first, elements)
    assert menu.widget.options[-1] == "training: gru"
    assert (menu.label, heard) == ("sum", [])  # listing changes nothing
    menu.widget.value = "training: gru"
    assert menu.operator(3) is first
    assert menu.elements is elements
    operator_catalog.offer("training: gru", second)
    assert heard == ["training: gru"] * 2
    assert menu.operator(3) is second
    operator_catalog.withdraw("training: gru")
    assert (menu.label, menu.operator(3)) == ("training: gru", second)
    menu.widget.value = "sum"
    operator_catalog.offer("other", first)
    assert "training: gru" not in menu.widget.options


def test_it_follows_the_catalogue_until_its_panel_is_closed() -> None:
    panel = MenuPanel("sum")
    panel.close()
    operator_catalog.offer("late", make_operator("gru", 3))
    operator_catalog.withdraw("late")
    operator_catalog.offer("later", make_operator("gru", 3))
    assert "later" not in panel.menu.widget.options
    operator_catalog.withdraw("later")


def test_an_offer_for_any_width_is_made_for_the_width_asked(menu_of) -> None:
    operator_catalog.offer("x + y", lambda channels: make_operator("sum", channels))
    menu = menu_of("x + y")
    assert menu.channels is None
    assert menu.operator(7).channels == 7
    assert menu.operator(7) is menu.operator(7)


def test_a_choice_made_while_offers_come_is_not_lost(menu_of) -> None:
    menu = menu_of("sum")

    def offer_many() -> None:
        for number in range(200):
            operator_catalog.offer(f"offer {number}", make_operator("max", 2))

    thread = threading.Thread(target=offer_many)
    thread.start()
    chosen = []
    while thread.is_alive():
        for name in ("gru", "max"):  # as the page says it
            menu.widget.set_state({"index": operator_names().index(name)})
            chosen.append((menu.label, menu.operator(2).name))
    thread.join()
    assert {name for name, _ in chosen} == {"gru", "max"}
    assert all(label == name for label, name in chosen)
    listed = len([*operator_names(), *operator_examples(), *pretrained_labels()])
    assert len(menu.widget.options) == 200 + listed


def test_an_operator_registered_in_a_cell_appears_and_is_replaced(menu_of, heard) -> None:
    menu = menu_of("sum")
    try:
        for offset in (1.0, 2.0):

            class Mine(Operator):
                offset: float

                def forward(self, left, right):
                    return left + right + self.offset

            Mine.offset = offset
            register("mine_of_a_cell")(Mine)
            if menu.label == "sum":
                menu.widget.value = "mine_of_a_cell"
            assert menu.operator(1)(torch.zeros(1, 1), torch.zeros(1, 1)).item() == offset
        assert heard == ["mine_of_a_cell"] * 2
    finally:
        base.OPERATORS.remove("mine_of_a_cell")


def test_checkpoints_bring_their_operator_and_encoded_elements(menu_of, tmp_path) -> None:
    trainer = Trainer(Recipe.parse(RECIPE))
    list(trainer.records())
    trainer.save(tmp_path / "run.pt")
    menu = menu_of(str(tmp_path / "run.pt"))
    assert menu.label == "checkpoint run.pt"
    assert menu.channels == 8
    assert menu.elements.shape[1] == 8
    states = torch.randn(2, 5, 8)
    expected = on_cpu(trainer.model.aggregation.operator)(*states)
    assert torch.allclose(menu.operator(8)(*states), expected)


def test_bad_choices_are_explained(menu_of, tmp_path) -> None:
    with pytest.raises(ValueError, match="did you mean 'gru'"):
        MenuPanel("grru")
    (tmp_path / "no.pt").write_text("nothing")
    with pytest.raises(ValueError, match="cannot be read as a checkpoint"):
        MenuPanel(tmp_path / "no.pt")
    with pytest.raises(FileNotFoundError):
        MenuPanel(tmp_path / "missing.pt")
    fold = Trainer(Recipe.parse(RECIPE + " readout=gru_fold"))
    with pytest.raises(ValueError, match="has no operator on states to show"):
        Entry.of(fold)


def test_an_operator_offered_anew_just_when_it_was_made_is_no_error(menu_of) -> None:
    """As another thread does: the weights are forgotten between their making and their use."""

    class Disturbed(dict):
        def __setitem__(self, key, made) -> None:
            super().__setitem__(key, made)
            operator_catalog.tell("gru")

    menu = menu_of("gru")
    menu._weights = Disturbed()
    assert menu.operator(3).channels == 3
    assert menu.operator(3) is menu.operator(3)


@pytest.mark.parametrize("wrong", [None, 5, Operator])
def test_what_is_no_operator_is_refused_in_words(menu_of, wrong) -> None:
    with pytest.raises(TypeError, match=r"expected .*an operator.*, got"):
        menu_of(wrong)


def test_a_blend_follows_a_part_that_a_cell_defines_anew(menu_of, heard) -> None:
    for factor in (1.0, 10.0):

        @register("scaled", replace=True)
        class Scaled(Operator):
            scale = factor

            def forward(self, left, right):
                return self.scale * (left + right)

        if factor == 1.0:
            menu = menu_of("blend(scaled,scaled,0.5)")
        one = torch.ones(1, 2)
        assert menu.operator(2)(one, one).tolist() == [[2 * factor] * 2]
    base.OPERATORS.remove("scaled")
    assert "blend(scaled,scaled,0.5)" in heard


def test_names_with_brackets_are_drawn_by_the_seed(menu_of) -> None:
    name = "blend(symmetrized_gru,sum,0.25)"
    before = torch.get_rng_state()
    one, other = (menu_of(name).operator(3)(*torch.ones(2, 1, 3)) for _ in range(2))
    assert torch.equal(one, other)
    assert torch.equal(torch.get_rng_state(), before)
