"""*Copy as code* restores every panel of the library as the reader has left it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from lcm_core import FoldAggregation, widgets
from lcm_core.training import Recipe
from lcm_core.training.run_state import RunState, save_runs
from lcm_core.widgets import (
    BracketingExplorer,
    CayleyExplorer,
    CompareOperators,
    LawExplorer,
    OperatorPlayground,
    OrderExplorer,
    Panel,
    PropertyExplorer,
    TrainingPanel,
    TweakOperator,
    UnionExplorer,
)
from tests.panels import Average

RECIPE = "task=second_minimum bits=4 channels=8 steps=3"
FOLDS = {"GRU": FoldAggregation(2, 2), "LSTM": FoldAggregation(2, 3, cell="lstm")}
MATRIX = "operator.cell.weight_ih"  # of the model "lcm"
MISSING = object()


def turned(value: object, *path: str) -> Callable[[Any], None]:
    """Give the control at these attributes (or keys) of a panel another value."""

    def turn(panel: Any) -> None:
        for name in path:
            panel = panel[name] if isinstance(panel, dict) else getattr(panel, name)
        panel.value = value

    return turn


def pressed(*path: str) -> Callable[[Any], None]:
    def press(panel: Any) -> None:
        for name in path:
            panel = getattr(panel, name)
        panel.click()

    return press


class Case(NamedTuple):
    """A panel, and what a reader does with it."""

    name: str
    given: dict[str, Any]
    changes: list[Callable[[Any], object]]


POLYTOPE: list[Callable[[Any], object]] = [
    turned("max", "operator_menu", "widget"),
    turned(7, "seed_box"),
    pressed("values_button"),
    turned("logarithmic", "scale_menu"),
]
ANGLES = [turned(90, "turn_slider"), turned(-25, "tilt_slider"), turned(3, "vertex_menu")]

CASES = [
    Case(
        "BracketingExplorer",
        {},
        [*POLYTOPE, turned(6, "size_menu"), *ANGLES, pressed("next_button")],
    ),
    Case("BracketingExplorer", {}, [*POLYTOPE, turned(True, "unordered_box"), ANGLES[-1]]),
    Case(
        "OrderExplorer",
        {"n": 3, "tree": "right"},
        [
            *POLYTOPE,
            turned(4, "size_menu"),
            *ANGLES,
            lambda panel: setattr(panel.tree_menu, "index", 1),
            pressed("next_button"),
        ],
    ),
    Case(
        "CayleyExplorer",
        {},
        [
            turned(4, "symbols_slider"),
            turned("bits of either", "monoid_menu"),
            turned(3, "size_slider"),
            turned(0.3, "weight_menu"),
            turned(2, "seed_slider"),
        ],
    ),
    Case(
        "DepthExplorer",
        {},
        [
            turned("gru", "operator_menu", "widget"),
            turned(False, "controls", "method_boxes", "chain"),
            turned(32, "controls", "largest_menu"),
            turned(0.2, "controls", "limit_menu"),
        ],
    ),
    Case("FoldExplorer", {"folds": FOLDS}, [turned(3, "size_slider"), pressed("new_button")]),
    Case(
        "LawExplorer",
        {"samples": 100},
        [
            lambda panel: turned("max", "widget")(panel.operator_menus[1]),
            turned("closure", "controls", "population_menu"),
            turned(200, "controls", "samples_slider"),
            turned(3, "controls", "seed_box"),
            turned("exchange", "controls", "law_menu"),
            turned({"points": [[0.5, -1], [2, 1.5], [0, 0.25]]}, "stage", "pair_view"),
            turned("map", "controls", "view_menu"),
            turned({"pixel": [3, 21]}, "stage", "map_view"),
            turned(True, "controls", "log_box"),
        ],
    ),
    Case("MessageExplorer", {}, [turned(3, "step_slider")]),
    Case(
        "OperatorPlayground",
        {"a": 0.5},
        [
            turned("a*x + b*y", "formula_text"),
            lambda panel: turned(2.0)(panel.parameters_row.children[1]),
            turned(0.5, "place_sliders", "z"),
        ],
    ),
    Case("OperatorPlayground", {}, [turned("x + y - a", "examples_menu")]),
    Case(
        "PenaltyExplorer",
        {},
        [
            turned(3.0, "weight_slider"),
            turned(16, "size_menu"),
            turned("encoded", "states_menu"),
        ],
    ),
    Case(
        "PropertyExplorer",
        {},
        [
            lambda panel: setattr(panel.family_menu, "index", 2),
            turned(4, "number_slider"),
            turned("eccentricity", "colour_menu"),
        ],
    ),
    Case("ReorderExplorer", {}, [lambda panel: panel.buttons[0].click()]),
    Case(
        "TrainingPanel",
        {"recipe": RECIPE},
        [
            pressed("add_button"),
            turned("max", "controls", "readout_menu"),
            turned(0.3, "controls", "sliders", "associativity"),
            turned("solid", "picture", "menu"),
            turned(20, "speed_menu"),
            turned(True, "follow_box"),
        ],
    ),
    Case(
        "TreeExplorer",
        {"graph": "karate", "seed": 1},
        [
            turned("gru", "operator_menu", "widget"),
            turned(5, "controls", "node"),
            turned("norm", "controls", "colour"),
            turned("left", "controls", "compare"),
            pressed("buttons", "new_tree"),
            pressed("buttons", "shuffle"),
            turned(1, "controls", "level"),
        ],
    ),
    Case(
        "TreeExplorer",
        {},
        [
            turned(6, "controls", "leaves"),
            pressed("buttons", "new_elements"),
            turned("((a b)(c d))", "controls", "bracketing"),
            turned("typed", "controls", "tree"),
        ],
    ),
    Case(
        "TreeExplorer",
        {},
        [turned("typed", "controls", "source"), turned("u: 1 0, v: 0 1", "controls", "values")],
    ),
    Case(
        "TweakOperator",
        {},
        [
            turned(1, "silence_menu"),
            turned("max", "blend_menu"),
            turned(0.25, "share_slider"),
            lambda panel: setattr(panel.matrix_menu, "index", 1),
            turned({"row": 1, "column": 2}, "weights_view"),
            turned(2.0, "weight_slider"),
            turned({"row": 2, "column": 0}, "weights_view"),
        ],
    ),
    Case(
        "UnionExplorer",
        {},
        [turned("largest", "aggregator_menu"), turned({"parts": [[2, 4], [6]]}, "view")],
    ),
]
#: Have another test below.
ELSEWHERE = {"CompareOperators"}
WITHOUT_CONTROLS = {"FamilyGallery", "FigurePanel"}
#: Arguments that the others already say; always the same.
SAID_BY_OTHERS = {"TrainingPanel": {"more_recipes", "changes"}}


def restored(panel: Panel, **names: Any) -> Any:
    """The panel that the copied line makes in a notebook, in which the given objects have names."""
    notebook: dict[str, Any] = {**names}
    exec("from lcm_core.widgets import *", notebook)
    return eval(panel.code(), notebook)


def said_of(panel: Panel) -> dict[str, Any]:
    """All arguments: some panels say only what is not as it was given."""
    said = {**panel._given, **panel.arguments()}
    return {name: value for name, value in said.items() if name != "more"}


def ends(panel: Any) -> None:
    panel.close()
    if isinstance(panel, TrainingPanel):
        assert panel.run.wait(30)


def changed_arguments(now: dict[str, Any], before: dict[str, Any]) -> set[str]:
    return {name for name in now if now[name] != before.get(name, MISSING)}


@pytest.mark.parametrize("name", sorted({case.name for case in CASES}))
def test_a_changed_panel_is_restored_by_its_code(name: str) -> None:
    said, changed = set[str](), set[str]()
    for case in (each for each in CASES if each.name == name):
        panel = getattr(widgets, name)(**case.given)
        first = panel.arguments()
        for change in case.changes:
            before = panel.code()
            change(panel)
            assert panel.error == ""
            assert panel.code() != before
        now = panel.arguments()
        said |= {*first, *now}
        changed |= changed_arguments(now, first)
        panel.bar.more = "lcm-has-more" in panel._dom_classes
        other = restored(panel, **case.given)
        assert other.error == ""
        assert said_of(other) == said_of(panel)
        assert other.code() == panel.code()
        assert other.bar.more == panel.bar.more
        ends(other)
        ends(panel)
    assert said - changed == SAID_BY_OTHERS.get(name, set())  # each was changed by a case


def test_all_panels_are_looked_at() -> None:
    exported = (getattr(widgets, name) for name in widgets.__all__)
    panels = {
        each.__name__ for each in exported if isinstance(each, type) and issubclass(each, Panel)
    }
    assert panels - {"Panel"} == {*(case.name for case in CASES), *ELSEWHERE, *WITHOUT_CONTROLS}


# Where the reader's own things are ------------------------------------------------------------


def test_objects_are_named_as_what_was_given() -> None:
    operator = Average(8)
    panel = LawExplorer(["gru", operator], samples=100)
    assert panel.code() == "LawExplorer(operators=operators, samples=100)"
    panel.operator_menus[2].widget.value = "sum"
    code = "LawExplorer(operators=('gru', operators[1], 'sum'), samples=100)"
    assert panel.code() == code
    panel.close()
    folds = widgets.FoldExplorer(FOLDS)
    folds.size_slider.value = 3
    assert folds.code() == "FoldExplorer(folds=folds, elements=3)"
    folds.close()
    union = UnionExplorer({"size": (len, lambda x, y: x + y)}, one=[float("inf")])
    assert union.code().startswith("UnionExplorer(aggregators=aggregators, one=(float('inf'),)")
    union.close()


def test_an_operator_of_the_reader_is_named_until_another_is_chosen() -> None:
    operator = Average(3)
    panel = BracketingExplorer(operator, n=4)
    assert panel.code() == "BracketingExplorer(operator=operator, n=4)"
    other = restored(panel, operator=operator)
    assert other.operator_menu.label == panel.operator_menu.label == "average (yours)"
    other.close()
    panel.operator_menu.widget.value = "gru"
    assert panel.code() == "BracketingExplorer(operator='gru', n=4)"
    panel.close()


def test_what_cannot_be_shown_is_not_copied() -> None:
    orders = OrderExplorer(n=3, values=[1.0, 2.0, 4.0])
    orders.size_menu.value = 4
    assert "there are 3" in orders.error
    assert orders.code() == "OrderExplorer(n=3, values=[1.0, 2.0, 4.0])"
    orders.close()
    cayley = CayleyExplorer()
    cayley.monoid_menu.value = "bits of either"
    assert "power of 2" in cayley.error
    assert cayley.code() == "CayleyExplorer()"
    cayley.close()
    playground = OperatorPlayground()
    playground.formula_text.value = "x +"
    assert playground.formula_error
    assert playground.code() == "OperatorPlayground()"
    playground.formula_text.value = "x + low*y"
    with pytest.raises(ValueError, match="'low': the panel has an argument of this name"):
        playground.code()
    playground.close()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: BracketingExplorer(n=4, vertex="(a b)"), r"unknown vertex '\(a b\)'"),
        (lambda: OrderExplorer(n=3, vertex="abcd"), "unknown vertex 'abcd': did you mean 'abc'"),
        (lambda: OrderExplorer(turn=361), "expected turn to be whole degrees from 0 to 360"),
        (lambda: OrderExplorer(tilt=0.5), "expected tilt to be whole degrees from -90 to 90"),
        (lambda: OrderExplorer(colours="log"), "unknown scale of colours 'log'"),
        (lambda: OrderExplorer(draw=-1), "expected draw to be 0 or more, got -1"),
        (lambda: OperatorPlayground(at=(1, 2)), "expected at to be x, y and z from -3 to 3"),
        (lambda: OperatorPlayground(at=(1, 2, 4)), "expected at to be x, y and z from -3 to 3"),
        (lambda: PropertyExplorer("grids"), "unknown family 'grids'"),
        (lambda: PropertyExplorer(colour="values"), "did you mean 'value'"),
        (lambda: PropertyExplorer(number=10**6), "expected number from 0 to"),
        (lambda: TweakOperator(chosen=("w", 0, 0)), "unknown matrix of weights 'w'"),
        (lambda: TweakOperator(chosen=(MATRIX, 0, 999)), "got 0 and 999"),
    ],
)
def test_arguments_that_cannot_be_are_refused(make: Callable[[], Panel], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


# Trained operators, which are read in a thread ------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Runs of two tasks."""
    for task in ("second_minimum", "parity"):
        runs = []
        for readout in ("sum", "max"):
            text = f"task={task} channels=4 steps=1 batch_size=2 eval_splits=none readout={readout}"
            runs.append(RunState(Recipe.parse(text)))
            runs[-1].trainer = runs[-1].make_trainer()
            runs[-1].records = list(runs[-1].trainer.records())
        save_runs(tmp_path / f"{task}.pt", runs)
    return tmp_path


def test_compared_operators_are_restored_and_what_is_missing_is_said(folder: Path) -> None:
    panel = CompareOperators()
    assert panel._worker.wait(60)
    before = panel.arguments()
    panel.source_text.value = str(folder)
    assert panel._worker.wait(60)
    panel.view.value = {"name": "", "sort": "name", "down": True}
    panel.task_menu.value = panel.task_menu.options[-1]
    panel.view.value = {**panel.view.value, "name": panel.shown[1].name}
    now = panel.arguments()
    assert changed_arguments(now, before) == {*now}
    other = restored(panel)
    assert other.arguments() == now  # also while it reads
    assert other._worker.wait(60)
    assert other.arguments() == now
    assert [other.chosen, other.task_menu.value] == [panel.chosen, panel.task_menu.value]
    other.close()
    panel.source_text.value = str(folder / "parity.pt")
    assert panel._worker.wait(60)
    missing = CompareOperators(str(folder / "parity.pt"), chosen="mine", task="bbbp")
    assert missing._worker.wait(60)
    assert "<b>mine</b>: no operator of this name was found" in missing.sentence.value
    assert "<b>bbbp</b>: no operator of this task was found" in missing.sentence.value
    assert missing.code() == f"CompareOperators(source={str(folder / 'parity.pt')!r})"
    for each in (panel, missing):
        each.close()
        assert each._worker.wait(30)
