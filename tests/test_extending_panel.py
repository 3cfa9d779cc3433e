"""The panel of docs/extending.md: short, and a panel like ours."""

import re
from pathlib import Path

import pytest
import torch

from lcm_core import make_operator, reduce
from lcm_core.widgets.base.bar import PanelBar
from lcm_core.widgets.base.text_areas import ErrorArea
from lcm_core.widgets.operators.catalog import operator_catalog
from tests.panels import parts_of, run_as_cell, text_of

PAGE = Path(__file__).parents[1] / "docs" / "extending.md"
MOST_LINES = 30


def block() -> str:
    """The one block of Python under the heading."""
    section = PAGE.read_text().split("## A panel\n")[1].split("\n## ")[0]
    (code,) = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    return code


@pytest.fixture
def explorer():
    scope: dict[str, type] = {}
    exec(block(), scope)
    made = []

    def make(*args, **options):
        made.append(scope["PrefixExplorer"](*args, **options))
        return made[-1]

    make.cls = scope["PrefixExplorer"]
    yield make
    for panel in made:
        panel.close()
    for label in operator_catalog.entries():
        operator_catalog.withdraw(label)


def test_it_is_short() -> None:
    assert len(block().splitlines()) <= MOST_LINES


def test_it_shows_the_reductions_of_all_prefixes(explorer) -> None:
    panel = explorer("max", n=5)
    assert panel.error == ""
    x = torch.randn(64, 1, generator=torch.Generator().manual_seed(0))
    assert panel.figure.widget.data[0].y == pytest.approx([x[:n].max().item() for n in range(1, 6)])
    assert text_of(panel.read_out) == f"The first feature for 5 elements: {x[:5].max():.3g}"
    panel.slider.value = 9
    assert list(panel.figure.widget.data[0].x) == list(range(1, 10))
    panel.menu.widget.value = "mean"
    expected = [x[:n].mean().item() for n in range(1, 10)]
    assert panel.figure.widget.data[0].y == pytest.approx(expected, abs=1e-6)


def test_it_follows_an_operator_that_is_offered_anew(explorer) -> None:
    panel = explorer(n=3)
    x = torch.randn(64, 4, generator=torch.Generator().manual_seed(0))[:3]
    for _ in range(2):
        operator = make_operator("gru", 4)
        operator_catalog.offer("training: gru", operator)
        panel.menu.widget.value = "training: gru"
        with torch.no_grad():
            expected = operator.lower(reduce(operator, operator.lift(x), torch.tensor([0, 3])))
        assert panel.figure.widget.data[0].y[-1] == pytest.approx(expected[0, 0].item(), abs=1e-6)
    assert panel.error == ""


def test_it_has_an_error_area_and_the_bar_and_draws_once(explorer, monkeypatch) -> None:
    drawn, draw = [], explorer.cls.draw
    monkeypatch.setattr(explorer.cls, "draw", lambda panel: (drawn.append(panel), draw(panel)))
    panel = explorer()
    assert drawn == [panel]
    assert len(parts_of(panel, ErrorArea)) == len(parts_of(panel, PanelBar)) == 1


def test_it_is_copied_as_code(explorer) -> None:
    panel = explorer("max")
    panel.slider.value = 9
    panel.menu.widget.value = "mean"
    assert panel.code() == "PrefixExplorer(operator='mean', n=9)"


def test_an_error_of_its_callback_is_shown_and_goes_with_the_next_success(explorer) -> None:
    panel = explorer()
    operator_catalog.offer("broken", lambda channels: 1 / channels - 1 / 0)
    panel.menu.widget.value = "broken"
    assert panel.error == "ZeroDivisionError: division by zero"
    (area,) = parts_of(panel, ErrorArea)
    assert "This did not work" in area.value
    panel.menu.widget.value = "sum"
    assert (panel.error, area.value) == ("", "")


def test_wrong_arguments_are_refused_in_the_cell(explorer) -> None:
    with pytest.raises(ValueError, match="did you mean 'gru'"):
        explorer("grru")


def test_running_its_cell_again_ends_it_and_its_watch(explorer, monkeypatch) -> None:
    watchers = len(operator_catalog._watchers)
    run_as_cell(monkeypatch, "cell", "1")
    first = explorer()
    run_as_cell(monkeypatch, "cell", "2")
    second = explorer()
    assert first.children == ()
    assert second.children
    assert len(operator_catalog._watchers) == watchers + 1
    second.close()
    assert len(operator_catalog._watchers) == watchers
