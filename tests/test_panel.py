"""What the base class does for every panel, and that every panel of the library has it."""

import inspect
import threading
import time

import ipywidgets
import numpy as np
import plotly.graph_objects as go
import pytest

from lcm_core import FoldAggregation
from lcm_core.widgets import LiveFigure, Panel, ReadOut, TreeExplorer, Worker, button
from lcm_core.widgets.base.bar import PanelBar
from lcm_core.widgets.base.text_areas import ErrorArea
from lcm_core.widgets.operators.catalog import operator_catalog
from tests.panels import parts_of, run_as_cell, wait_for, widgets_below


class Square(Panel):
    """Says the square of a number."""

    def __init__(self, number: int = 2):
        super().__init__()
        self.slider = ipywidgets.IntSlider(number, description="x")
        self.again_button = button("Again", "say it again")
        self.read_out = ReadOut("square")
        self.drawn: list[int] = []
        self.ended: list[str] = []
        self.on_end(lambda: self.ended.append("first"))
        self.on_end(lambda: self.ended.append("second"))
        self.connect(self.draw, self.slider, self.again_button)
        self.lay_out([self.slider], [self.read_out])
        self.slider.value = number + 1  # the first drawing is still to come

    def draw(self) -> None:
        if self.slider.value == 13:
            raise ValueError("13 is <not> squared")
        self.drawn.append(self.slider.value**2)
        self.read_out.say(str(self.drawn[-1]))


# A panel --------------------------------------------------------------------------------------


def test_it_draws_once_after_its_constructor_and_then_at_each_change() -> None:
    panel = Square()
    assert panel.drawn == [9]
    panel.slider.value = 4
    panel.again_button.click()
    assert panel.drawn == [9, 16, 16]
    with panel.quietly():
        panel.slider.value = 5
    assert panel.drawn == [9, 16, 16]
    panel.close()
    panel.slider.value = 6
    assert panel.drawn == [9, 16, 16]


def test_the_error_area_is_between_the_controls_and_the_rest() -> None:
    panel = Square()
    kinds = [ipywidgets.IntSlider, ErrorArea, ReadOut, PanelBar]
    assert all(map(isinstance, panel.children, kinds))
    assert len(panel.children) == 4
    panel.close()


def test_more_is_folded_below_the_bar_and_stays_as_the_page_left_it() -> None:
    panel = Square()
    assert (panel.bar.more, panel._dom_classes) == (False, ("lcm-panel",))
    panel.lay_out([panel.slider], [panel.read_out], [panel.again_button])
    *_, bar, folded = panel.children
    assert bar is panel.bar
    assert "lcm-more" in folded._dom_classes
    assert folded.children == (panel.again_button,)
    assert "lcm-has-more" in panel._dom_classes
    panel.close()


class Sum(Panel):
    """Adds numbers; nothing to see but its arguments."""

    def __init__(self, *numbers: float, name: str | None = None, values=None, more=False, **others):
        super().__init__(more)
        self.name = name
        self.lay_out([], [])

    def arguments(self) -> dict[str, object]:
        return {"name": self.name}

    def draw(self) -> None:
        pass


@pytest.mark.parametrize(
    "code",
    [
        "Sum()",
        "Sum(1, 2.5)",
        "Sum(1, more=True)",
        """Sum(name="a 'name'")""",
        "Sum(values=[1, (2,), {'a': (3, None)}], b=True)",
    ],
)
def test_a_panel_is_copied_as_the_line_that_made_it(code: str) -> None:
    panel = eval(code)
    assert eval(panel.code()).code() == panel.code() == code
    panel.close()


def test_code_has_what_changed_and_names_what_is_no_literal() -> None:
    panel = Sum(values=np.zeros(2), n=np.ones(1))
    panel.name = "changed"
    panel.bar.more = True
    assert panel.code() == "Sum(name='changed', values=values, more=True, n=n)"
    panel.close()


def test_a_panel_that_no_page_shows_any_more_says_so_once(monkeypatch) -> None:
    monkeypatch.setattr("lcm_core.widgets.base.panel.UNSEEN_AFTER", 0.05)
    panel, unseen = Sum(), []
    panel.when_unseen(lambda: unseen.append(panel.bar.views))
    panel.bar.views = 1
    panel.bar.views = 0
    panel.bar.views = 1  # the cell was only moved
    time.sleep(0.15)
    assert unseen == []
    panel.bar.views = 0
    wait_for(lambda: unseen == [0])
    panel.bar.views = 1
    panel.bar.views = 0
    panel.close()
    time.sleep(0.15)
    assert unseen == [0]


def models() -> set[str]:
    return set(ipywidgets.widgets.widget._instances)


def test_a_closed_panel_leaves_no_widget_model_behind() -> None:
    before = models()
    panel = Square()
    panel.show_error(ValueError("x"))
    assert models() > before
    panel.close()
    assert models() == before


def test_letters_are_larger_on_a_projector() -> None:
    class Plot(Panel):
        def __init__(self):
            super().__init__()
            self.figure = LiveFigure()
            self.lay_out([], [self.figure.widget])

        def draw(self) -> None:
            layout = {"font": {"size": 10}, "height": 300, "margin": {"l": 50}}
            self.figure.show(go.Figure(go.Scatter(y=[1, 2], textfont={"size": 5}), layout))

    panel = Plot()
    panel.bar.projector = True
    layout = panel.figure.widget.layout
    assert (layout.font.size, layout.height, layout.margin.l) == (14, 300, 70)
    assert panel.figure.widget.data[0].textfont.size == 7
    panel.draw()
    assert layout.font.size == 14
    panel.bar.projector = False
    assert (layout.font.size, layout.margin.l) == (10, 50)
    panel.close()


def test_an_error_of_a_callback_is_shown_until_the_next_success() -> None:
    panel = Square()
    panel.slider.value = 13
    assert panel.error == "13 is <not> squared"
    assert "13 is &lt;not&gt; squared" in panel.children[1].value
    panel.slider.value = 3
    assert (panel.error, panel.children[1].value) == ("", "")
    panel.close()


def test_an_error_of_the_first_drawing_is_shown_in_the_panel() -> None:
    panel = Square(12)
    assert panel.error == "13 is <not> squared"
    panel.slider.value = 3
    assert (panel.error, panel.drawn) == ("", [9])
    panel.close()


def test_what_was_begun_ends_once_when_it_is_closed() -> None:
    panel = Square()
    parts = list(widgets_below(panel))
    panel.close()
    panel.close()
    assert panel.ended == ["second", "first"]
    assert panel.children == ()
    assert all(part.comm is None for part in [panel, *parts])


def test_what_was_begun_ends_if_the_constructor_raises() -> None:
    ended = []

    class Wrong(Panel):
        def __init__(self):
            super().__init__()
            self.on_end(lambda: ended.append(True))
            raise ValueError("wrong argument")

    class Earlier(Wrong):
        def __init__(self):
            raise KeyError("wrong before super().__init__()")

    with pytest.raises(ValueError, match="wrong argument"):
        Wrong()
    assert ended == [True]
    with pytest.raises(KeyError, match="wrong before"):
        Earlier()


def test_all_ends_even_if_one_of_its_ends_raises() -> None:
    panel = Square()
    panel.on_end(lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        panel.close()
    assert panel.ended == ["second", "first"]
    assert panel.children == ()


def test_what_an_author_forgets_is_named_at_once() -> None:
    class Empty(Panel):
        def draw(self) -> None:
            pass

    class Bare(Panel):
        def __init__(self):
            super().__init__()
            self.children = [ipywidgets.IntSlider()]

        def draw(self) -> None:
            pass

    class NotDrawn(Panel):
        def __init__(self):
            super().__init__()
            self.lay_out([], [])

    for kind in (Empty, Bare):
        with pytest.raises(TypeError, match=rf"{kind.__name__}.__init__ must call self.lay_out"):
            kind()
    with pytest.raises(TypeError, match=r"NotDrawn must define draw\(\)"):
        NotDrawn()


def test_a_panel_of_a_panel_begins_after_its_own_constructor() -> None:
    class Cube(Square):
        def __init__(self, number: int = 2, power: int = 3):
            super().__init__(number)
            self.power = power

        def draw(self) -> None:
            self.drawn.append(self.slider.value**self.power)

    panel = Cube()
    assert panel.drawn == [27]
    panel.close()
    assert list(inspect.signature(Cube).parameters) == ["number", "power"]
    assert "operator" in inspect.signature(TreeExplorer).parameters


def test_running_a_cell_again_closes_its_panel_also_if_the_next_one_fails(monkeypatch) -> None:
    class Wrong(Square):
        def __init__(self):
            super().__init__()
            raise ValueError("wrong argument")

    run_as_cell(monkeypatch, "one", "1")
    first = Square()
    run_as_cell(monkeypatch, "one", "2")
    with pytest.raises(ValueError, match="wrong argument"):
        Wrong()
    assert first.ended == ["second", "first"]
    run_as_cell(monkeypatch, "one", "3")
    panel = Square()
    assert panel.ended == []
    panel.close()


def test_one_callback_runs_at_a_time() -> None:
    panel = Square()
    thread = threading.Thread(target=panel.again_button.click)
    with panel.lock:
        thread.start()
        thread.join(0.2)
        assert thread.is_alive()
        assert panel.drawn == [9]
    thread.join(10)
    assert panel.drawn == [9, 9]
    panel.close()


def test_its_workers_stop_when_it_is_closed_and_show_their_errors() -> None:
    panel = Square()
    worker = Worker(panel, "lcm test")
    worker.start(lambda should_stop: 1 / 0)
    assert worker.wait(10)
    assert panel.error == "ZeroDivisionError: division by zero"
    worker.start(lambda should_stop: wait_for(should_stop))
    assert worker.busy
    panel.close()
    assert worker.wait(10)


# The panels of the library --------------------------------------------------------------------

#: By the name of the class, how to make a small one.
ARGUMENTS = {
    "BracketingExplorer": {"n": 4},
    "CayleyExplorer": {"symbols": 2, "size": 2},
    "DepthExplorer": {"largest": 8},
    "FamilyGallery": {},
    "FoldExplorer": {"folds": {"GRU": FoldAggregation(2, 2)}, "elements": 3},
    "CompareOperators": {},
    "LawExplorer": {"operators": ("sum", "gru"), "samples": 100},
    "MessageExplorer": {},
    "OperatorPlayground": {},
    "OrderExplorer": {"n": 3},
    "FigurePanel": {"figure": go.Figure(), "text": "what it shows"},
    "PenaltyExplorer": {},
    "PropertyExplorer": {},
    "ReorderExplorer": {},
    "TrainingPanel": {"recipe": "task=second_minimum bits=4 channels=8 steps=2"},
    "TweakOperator": {},
    "TreeExplorer": {"leaves": 3, "graph": "karate"},
    "UnionExplorer": {},
}
#: What a reader chooses or presses.
CONTROLS = (
    ipywidgets.Button,
    ipywidgets.Checkbox,
    ipywidgets.widget_int._BoundedInt,
    ipywidgets.widget_float._BoundedFloat,
    ipywidgets.widget_selection._Selection,
    ipywidgets.Text,
    ipywidgets.Textarea,
)


def panel_classes(base: type[Panel] = Panel) -> dict[str, type[Panel]]:
    """All panels of the library but those that are only a base of others."""
    found = {}
    for cls in base.__subclasses__():
        below = panel_classes(cls)
        if cls.__module__.startswith("lcm_core."):
            found.update(below or {cls.__name__: cls})
    return found


def test_all_panels_of_the_library_are_looked_at() -> None:
    assert set(panel_classes()) == set(ARGUMENTS)


@pytest.mark.parametrize("name", ARGUMENTS)
def test_a_panel_has_what_every_panel_has(name: str, monkeypatch) -> None:
    cls, drawn = panel_classes()[name], []
    draw = cls.draw

    def counted(self, *args, **kwargs) -> None:
        drawn.append(self)
        draw(self, *args, **kwargs)

    monkeypatch.setattr(cls, "draw", counted)
    watchers, offered = len(operator_catalog._watchers), set(operator_catalog.entries())
    run_as_cell(monkeypatch, name, "1")
    panel = cls(**ARGUMENTS[name])
    assert drawn == [panel]
    assert panel.error == ""
    (area,) = parts_of(panel, ErrorArea)
    assert len(parts_of(panel, PanelBar)) == 1
    assert panel.read_out.value
    controls = [each for each in widgets_below(panel) if isinstance(each, CONTROLS)]
    assert (cls.arguments is Panel.arguments) == (not controls)  # all are copied as code

    panel.locked(lambda: np.zeros(2)[3])()
    assert panel.error.startswith("IndexError: ")
    assert "IndexError" in area.value

    run_as_cell(monkeypatch, name, "2")
    other = cls(**ARGUMENTS[name])
    assert panel.children == ()
    assert other.error == ""
    other.close()
    assert len(operator_catalog._watchers) == watchers
    assert set(operator_catalog.entries()) == offered
    wait_for(lambda: not [t for t in threading.enumerate() if t.name.startswith("lcm")])
