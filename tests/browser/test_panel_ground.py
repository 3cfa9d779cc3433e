"""What every panel has on the page: the theme, More, the bar, and an end that one sees."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.actions import slide
from tests.browser.notebook_page import NotebookPage

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

PANEL = """
import ipywidgets
import plotly.graph_objects as go

class Plot(Panel):
    def __init__(self, n=3, more=False):
        super().__init__(more)
        self.slider = ipywidgets.IntSlider(n, 1, 9, description="n")
        self.slider.add_class("lcm-n")
        self.seed = ipywidgets.IntSlider(0, 0, 9, description="Seed")
        self.figure, self.read_out = LiveFigure(), ReadOut("plot-text")
        self.connect(self.draw, self.slider, self.seed)
        self.unseen = []
        self.when_unseen(lambda: self.unseen.append(self.slider.value))
        self.lay_out([row(self.slider)], [self.figure.widget, self.read_out], [self.seed])

    def arguments(self):
        return {"n": self.slider.value}

    def draw(self):
        layout = {"template": "none", "paper_bgcolor": "#FFFFFF", "plot_bgcolor": "#FFFFFF",
                  "font": {"color": "#333333", "size": 12}, "height": 200, "title": "n bars"}
        self.figure.show(go.Figure(go.Bar(y=list(range(1, self.slider.value + 1))), layout))
        self.read_out.say(f"{self.slider.value} bars.")
"""
WIDTHS = (600, 700, 800, 900, 1100, 1400)


@pytest.fixture
def plot(workshop: NotebookPage) -> Locator:
    workshop.add_cell(PANEL)
    cell = workshop.add_cell("plot = Plot()\nplot")
    expect(cell.locator(".bars .point")).to_have_count(3)
    return cell


def colour(cell: Locator, selector: str, name: str = "fill") -> str:
    return cell.locator(selector).first.evaluate(
        "(element, name) => getComputedStyle(element)[name]", name
    )


def set_theme(workshop: NotebookPage, name: str) -> None:
    workshop.page.evaluate(
        """name => window.jupyterapp.commands.execute("apputils:change-theme", {theme: name})""",
        name,
    )


def test_a_panel_follows_the_theme_live_and_the_kernel_hears_of_it(workshop, plot) -> None:
    expect(plot.locator(".xtick text").first).to_have_css("fill", "rgb(51, 51, 51)")
    try:
        set_theme(workshop, "JupyterLab Dark")
        expect(workshop.page.locator("body")).to_have_attribute("data-jp-theme-light", "false")
        expect(plot.locator(".xtick text").first).to_have_css("fill", "rgb(230, 230, 230)")
        assert colour(plot, ".main-svg", "backgroundColor") == "rgba(0, 0, 0, 0)"
        assert colour(plot, ".lcm-panel", "backgroundColor") == "rgb(17, 17, 17)"
        assert workshop.text_of("plot.bar.dark") == "True"
    finally:
        set_theme(workshop, "JupyterLab Light")
    expect(plot.locator(".xtick text").first).to_have_css("fill", "rgb(51, 51, 51)")


def test_more_unfolds_by_keyboard_and_a_second_view_follows(workshop, plot) -> None:
    other = workshop.add_cell("plot")
    plot = workshop.cell(workshop.cell_ids[-2])
    more = plot.locator(".lcm-bar-more")
    expect(plot.locator(".lcm-more")).to_be_hidden()
    more.focus()
    more.press("Enter")
    expect(more).to_have_attribute("aria-expanded", "true")
    expect(plot.locator(".lcm-more")).to_be_visible()
    expect(other.locator(".lcm-more")).to_be_visible()
    more.press("Enter")
    expect(plot.locator(".lcm-more")).to_be_hidden()


def test_the_bar_copies_code_saves_a_picture_and_enlarges(workshop, plot) -> None:
    slide(plot, "n", "ArrowRight", 2)
    expect(plot.locator(".bars .point")).to_have_count(5)
    plot.get_by_role("button", name="Copy as code").click()
    expect(plot.locator(".lcm-bar code")).to_have_text("Plot(n=5)")
    with workshop.page.expect_download() as download:
        plot.get_by_role("button", name="Picture").click()
    picture = Path(download.value.path()).read_text(encoding="utf-8")
    assert download.value.suggested_filename == "Plot.svg"
    assert picture.startswith("<svg")
    assert "5 bars." in picture
    assert picture.count('class="point"') == 5
    before = plot.locator(".xtick text").first.bounding_box()["height"]
    plot.get_by_role("button", name="Projector").click()
    expect(plot.get_by_role("button", name="Projector")).to_have_attribute("aria-pressed", "true")
    expect(plot.locator(".lcm-plot-text")).to_have_css("font-size", "19.6px")
    workshop.page.wait_for_timeout(500)
    assert plot.locator(".xtick text").first.bounding_box()["height"] > 1.2 * before


def test_nothing_is_wider_than_its_cell(workshop, plot) -> None:
    page = workshop.page
    size = page.viewport_size
    try:
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 700})
            page.wait_for_timeout(300)
            found = plot.locator(".lcm-panel").evaluate(
                """panel => {
                    const area = panel.closest(".jp-OutputArea-output");
                    const plot = panel.querySelector(".main-svg").getBoundingClientRect();
                    return [area.scrollWidth - area.clientWidth, plot.width / area.clientWidth];
                }"""
            )
            assert found[0] <= 0, f"{width} px: {json.dumps(found)}"
            assert found[1] > 0.9 or width > 1200, f"{width} px: {json.dumps(found)}"
    finally:
        page.set_viewport_size(size)


def test_a_page_that_is_closed_makes_its_panels_unseen_and_a_reloaded_one_does_not(
    workshop, plot
) -> None:
    workshop.reload()
    expect(workshop.cell(workshop.cell_ids[-1]).locator(".bars .point")).to_have_count(3)
    seen = "plot.bar.views, plot.bar.left, plot.unseen"
    assert workshop.text_of(seen) == "(1, False, [])"
    workshop.text_of("import lcm_core.widgets.base.panel as ground; ground.LEFT_AFTER = 1; 1")
    workshop.command("docmanager:save")
    workshop.page.goto("about:blank")
    workshop.page.wait_for_timeout(3000)
    workshop.open()
    assert workshop.text_of("plot.unseen") == "[3]"
    workshop.text_of("ground.LEFT_AFTER = 20; 1")


def test_a_deleted_cell_makes_its_panel_unseen(workshop, plot) -> None:
    assert workshop.text_of("plot.bar.views") == "1"
    workshop.remove_cell(workshop.cell_ids[-1])
    workshop.page.wait_for_timeout(3500)
    assert workshop.text_of("plot.bar.views, plot.unseen") == "(0, [3])"


def test_buttons_are_reached_and_pressed_by_keyboard(workshop, plot) -> None:
    button = plot.get_by_role("button", name="Projector")
    button.focus()
    button.press(" ")
    expect(button).to_have_attribute("aria-pressed", "true")
    press_again = plot.locator(".lcm-bar button").last
    expect(press_again).to_be_focused()


@pytest.mark.slow
def test_after_a_restart_a_panel_says_what_to_do(workshop, plot) -> None:
    workshop.page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()"
    )
    panel = plot.locator(".lcm-panel")
    expect(panel).to_have_class(re.compile("jupyter-widgets-disconnected"), timeout=20_000)
    said = panel.evaluate("panel => getComputedStyle(panel, '::before').content")
    assert said == '"The kernel was restarted: run this cell again."'
    expect(plot.locator(".bars .point")).to_have_count(3)  # a still picture
    workshop.run_all()
    expect(plot.locator(".bars .point")).to_have_count(3)
