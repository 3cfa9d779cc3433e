"""What panels share on the page: reload, two views, ends, barriers, contrast, and beginnings."""

from __future__ import annotations

import json
import time
from pathlib import Path

import nbformat
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.actions import CAUGHT_UP, FIRST_PANEL, choose, delays, press, state_is
from tests.browser.notebook_page import FIGURE_TAKEN_AWAY, MADE_LATE, NotebookPage
from tests.browser.seen import unseen

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

RECIPE = "task=second_minimum bits=4 channels=8 steps=20 batch_size=32 log_every=2 eval_every=10"

#: The panels by name: their source, and the marks by which one sees that they are there.
PANELS = {
    "tree": ("TreeExplorer('gru', leaves=6, tree='left')", ".lcm-leaf .lcm-mark"),
    "law": ("LawExplorer(('sum', 'gru'), channels=4)", ".lcm-pair-handle"),
    "training": (f"TrainingPanel({RECIPE!r})", ".lcm-picture path.lcm-mark"),
}
#: The other views of these panels.
VIEWS = {
    "tweak": ("TweakOperator('lcm')", ".lcm-picture path.lcm-mark"),
    "compare": ("CompareOperators()", ".lcm-compare-dot"),
    "graph": ("TreeExplorer('sum', graph='karate', node=5)", ".lcm-graph .lcm-place"),
    "map": ("LawExplorer(('sum', 'gru'), view='map', channels=4)", ".lcm-map-mark"),
    "means": ("LawExplorer(('sum', 'gru'), view='means', channels=4)", ".main-svg .point"),
}
OTHERS = {
    "bracketings": ("BracketingExplorer('gru', n=4)", ".main-svg"),
    "orders": ("OrderExplorer('gru', n=3)", ".main-svg"),
    "depth": ("DepthExplorer()", ".main-svg"),
    "folds": ("FoldExplorer({'GRU': lcm_core.FoldAggregation(2, 2)}, elements=3)", ".main-svg"),
    "penalty": ("PenaltyExplorer()", ".main-svg"),
    "properties": ("PropertyExplorer()", ".main-svg"),
    "cayley": ("CayleyExplorer()", ".main-svg"),
    "playground": ("OperatorPlayground()", ".main-svg"),
}

#: Texts and places of all that is drawn, and the sentence.
PICTURE = """panel => {
    const said = ".lcm-view svg text, .lcm-sentence, .lcm-lead, .lcm-laws-sentence";
    const marks = ".lcm-view svg :is(.lcm-node, .lcm-pair-handle, path.lcm-mark)";
    const seen = [...panel.querySelectorAll(`${said}, ${marks}`)]
        .map(each => `${each.textContent} ${each.getAttribute("transform") ?? ""}`);
    return JSON.stringify(seen.sort());
}"""


#: Letters that the three panels show together as they open, with closed menus: a third of the
#: 2,164 that they showed before they had views of their own.
MOST_LETTERS = 2164 // 3

#: The text in view; what a closed menu could show is not.
IN_VIEW = """panel => {
    const menus = [...panel.querySelectorAll("select")], before = menus.map(m => m.style.display);
    menus.forEach(menu => { menu.style.display = "none"; });
    const text = panel.innerText;
    menus.forEach((menu, i) => { menu.style.display = before[i]; });
    return text;
}"""


@pytest.fixture
def three(workshop: NotebookPage) -> dict[str, str]:
    """The cells of the three panels, by name."""
    found = {}
    for name, (source, mark) in PANELS.items():
        cell = workshop.add_cell(f"{name} = {source}\n{name}")
        expect(cell.locator(mark).first).to_be_visible()
        found[name] = workshop.cell_ids[-1]
    return found


def at_rest(cell: Locator, seconds: float = 10) -> str:
    """The picture of a panel, once it has stood still for 300 ms."""
    until, last = time.monotonic() + seconds, ""
    panel = cell.locator(".lcm-panel")
    while (now := panel.evaluate(PICTURE)) != last:
        assert time.monotonic() < until, "the picture does not come to rest"
        last = now
        cell.page.wait_for_timeout(300)
    return now


def set_theme(page: Page, name: str) -> None:
    dark = name.endswith("Dark")
    page.evaluate(
        """name => window.jupyterapp.commands.execute("apputils:change-theme", {theme: name})""",
        name,
    )
    expect(page.locator("body")).to_have_attribute(
        "data-jp-theme-light", "false" if dark else "true"
    )
    page.wait_for_timeout(1000)  # JupyterLab takes the old style sheet off later


def barriers(cell: Locator) -> list[str]:
    """What axe finds serious or critical in the panel of a cell, JupyterLab's own left out."""
    if not cell.page.evaluate("() => 'axe' in window"):
        cell.page.evaluate(Axe().axe_script)
    found = cell.locator(".lcm-panel").evaluate(
        "async panel => (await axe.run(panel, { resultTypes: ['violations'] })).violations"
    )
    return [
        f"{each['impact']} {each['id']}: {node['html'][:120]}"
        for each in found
        if each["impact"] in ("serious", "critical")
        for node in each["nodes"][:3]
    ]


def test_two_views_and_a_reloaded_page_show_the_same(
    workshop: NotebookPage, three: dict[str, str]
) -> None:
    others = {}
    for name in PANELS:
        workshop.add_cell(name)
        others[name] = workshop.cell_ids[-1]
    choose(workshop.cell(three["tree"]), "tree", "balanced")
    choose(workshop.cell(three["law"]), "law", "associativity")
    workshop.cell(three["law"]).locator(".lcm-pair-handle").first.press("Shift+ArrowLeft")
    press(workshop.cell(three["training"]), "start")
    state_is(workshop.cell(three["training"]), "finished")
    shown = {}
    for name in PANELS:
        shown[name] = at_rest(workshop.cell(three[name]))
        assert at_rest(workshop.cell(others[name])) == shown[name], f"two views of {name}"
    workshop.reload()
    for name, (_, mark) in PANELS.items():
        for cell_id in (three[name], others[name]):
            cell = workshop.cell(cell_id)
            expect(cell.locator(mark).first).to_be_visible()
            assert at_rest(cell) == shown[name], f"{name} on the page that was loaded again"
    press(workshop.cell(others["training"]), "bar-more")
    press(workshop.cell(others["training"]), "reset")
    state_is(workshop.cell(three["training"]), "ready")
    workshop.errors = [error for error in workshop.errors if MADE_LATE not in error]
    assert workshop.errors == []


def test_after_a_restart_panels_are_still_pictures_that_say_what_to_do(
    workshop: NotebookPage, three: dict[str, str]
) -> None:
    press(workshop.cell(three["training"]), "start")
    state_is(workshop.cell(three["training"]), "finished")
    before = {name: at_rest(workshop.cell(cell_id)) for name, cell_id in three.items()}
    workshop.page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()"
    )
    for name, cell_id in three.items():
        panel = workshop.cell(cell_id).locator(".lcm-panel")
        expect(panel).to_contain_class("jupyter-widgets-disconnected", timeout=20_000)
        said = panel.evaluate("panel => getComputedStyle(panel, '::before').content")
        assert said == '"The kernel was restarted: run this cell again."'
        assert at_rest(workshop.cell(cell_id)) == before[name], name
    workshop.errors.clear()
    workshop.run_all()
    for name, (_, mark) in PANELS.items():
        cell = workshop.cell(three[name])
        expect(cell.locator(mark).first).to_be_visible()
        expect(cell.locator(".jupyter-widgets-disconnected")).to_have_count(0)
    assert workshop.errors == []


def test_what_deleted_cells_began_comes_to_rest(
    workshop: NotebookPage, three: dict[str, str]
) -> None:
    workshop.cell(three["tree"]).locator("button.lcm-play").click()
    workshop.cell(three["law"]).locator(".lcm-bar-more").click()
    press(workshop.cell(three["law"]), "search-worst-case")
    cell = workshop.cell(three["training"])
    cell.locator(".lcm-bar-more").click()
    cell.locator(".lcm-recipe textarea").fill(RECIPE.replace("steps=20", "steps=100000"))
    press(cell, "apply")
    press(cell, "start")
    state_is(cell, "running")
    for cell_id in three.values():
        workshop.remove_cell(cell_id)
    workshop.page.wait_for_timeout(4500)
    state = workshop.text_of(
        "print(training.state, tree.bar.views, law.bar.views, law._worker.busy)"
    )
    assert state == "paused 0 0 False"
    workshop.forget(FIGURE_TAKEN_AWAY)
    assert workshop.errors == []


def test_axe_finds_nothing_serious_and_all_can_be_read(workshop: NotebookPage) -> None:
    cells, found = {}, {}

    def look(name: str, theme: str) -> None:
        cell = workshop.cell(cells[name])
        marks = name not in OTHERS  # these are plotly's charts, whose lines are told by dashes
        found[f"{name}, {theme}"] = barriers(cell) + [
            each for each in unseen(cell) if marks or each.startswith("text")
        ]

    for name, (source, mark) in {**PANELS, **VIEWS, **OTHERS}.items():
        unfolded = source if name in OTHERS else f"{source.removesuffix(')')}, more=True)"
        cell = workshop.add_cell(unfolded.replace("(, ", "("))
        expect(cell.locator(mark).first).to_be_visible()
        cells[name] = workshop.cell_ids[-1]
        look(name, "light")
    try:
        set_theme(workshop.page, "JupyterLab Dark")
        for name in cells:
            look(name, "dark")
    finally:
        set_theme(workshop.page, "JupyterLab Light")
    faults = {name: each for name, each in found.items() if each}
    assert not faults, json.dumps(faults, indent=1, ensure_ascii=False)


def test_all_is_seen_after_a_change_of_theme_and_in_forced_colours(
    workshop: NotebookPage, three: dict[str, str]
) -> None:
    page = workshop.page
    faults = {}

    def look(how: str) -> None:
        for name, cell_id in three.items():
            if found := unseen(workshop.cell(cell_id)):
                faults[f"{name}, {how}"] = found

    before = {name: at_rest(workshop.cell(cell_id)) for name, cell_id in three.items()}
    try:
        set_theme(page, "JupyterLab Dark")
        look("dark")
    finally:
        set_theme(page, "JupyterLab Light")
    look("light again")
    for name, cell_id in three.items():
        assert at_rest(workshop.cell(cell_id)) == before[name], name
    for scheme in ("light", "dark"):
        page.emulate_media(forced_colors="active", color_scheme=scheme)
        try:
            look(f"forced, {scheme}")
            workshop.cell(three["tree"]).locator(".lcm-bar-more").hover()
            look(f"forced, {scheme}, under the pointer")
        finally:
            page.emulate_media(forced_colors="none", color_scheme="light")
    assert not faults, json.dumps(faults, indent=1, ensure_ascii=False)


def test_little_is_to_be_read_before_anything_is_touched(workshop: NotebookPage) -> None:
    texts = {}
    for name in ("TreeExplorer", "LawExplorer", "TrainingPanel"):
        cell = workshop.add_cell(f"{name}()")
        if name == "TrainingPanel":
            expect(cell.locator(".lcm-progress")).to_contain_text("Press Start", timeout=60_000)
        at_rest(cell)
        texts[name] = cell.locator(".lcm-panel").evaluate(IN_VIEW)
    letters = {name: len(text) for name, text in texts.items()}
    print(letters, sum(letters.values()))
    assert sum(letters.values()) <= MOST_LETTERS, texts


#: In how many places states are on their way, from one frame to the next, until the play is over.
PLACES_WHILE_IT_PLAYS = """panel => new Promise(done => {
    const seen = new Set();
    const look = () => {
        const marks = [...panel.querySelectorAll(".lcm-view svg g[transform*='scale(']")];
        seen.add(JSON.stringify(marks.map(mark => mark.getAttribute("transform"))));
        if (panel.querySelector(".lcm-play").innerText.includes("Play")) done(seen.size);
        else requestAnimationFrame(look);
    };
    setTimeout(look, 100);
})"""

#: Runs a cell; gives milliseconds until its panel is on the page.
BEGIN = """async ([number, mark]) => {
    const notebook = window.jupyterapp.shell.currentWidget.content;
    notebook.activeCellIndex = number;
    await notebook.scrollToItem(number);
    const began = performance.now();
    window.jupyterapp.commands.execute("notebook:run-cell");
    const cell = notebook.widgets[number].node;
    for (;;) {
        await new Promise(requestAnimationFrame);
        const took = performance.now() - began;
        if (cell.querySelector(mark)?.getBoundingClientRect().width) return took;
        if (took > 30000) throw new Error(`no ${mark}`);
    }
}"""


#: Beside the notebook JupyterLab's own bars take 70 pixels.
@pytest.mark.parametrize(("width", "most"), [(900, 560), (1280, 640), (640, 1000)])
def test_controls_and_picture_are_in_view_together(
    workshop: NotebookPage, three: dict[str, str], width: int, most: int
) -> None:
    """On a small laptop, on a projector of 1280 × 720, and on that at 200 %, where it scrolls."""
    with workshop.alone() as page:
        page.set_viewport_size({"width": width + 70, "height": 900})
        page.wait_for_timeout(400)
        heights, wide = {}, {}
        for name, cell_id in three.items():
            panel = workshop.cell(cell_id).locator(".lcm-panel")
            heights[name] = panel.bounding_box()["height"]
            wide[name] = panel.evaluate("panel => panel.scrollWidth - panel.clientWidth")
        print(width, heights)
        assert max(heights.values()) <= most, heights
        assert max(wide.values()) <= 0, wide


def test_with_reduced_motion_states_stand_where_they_arrive(
    workshop: NotebookPage, three: dict[str, str]
) -> None:
    cell = workshop.cell(three["tree"])
    at_rest(cell)
    seen = {}
    try:
        for motion in ("no-preference", "reduce"):
            workshop.page.emulate_media(reduced_motion=motion)
            press(cell, "play")
            seen[motion] = cell.locator(".lcm-panel").evaluate(PLACES_WHILE_IT_PLAYS)
    finally:
        workshop.page.emulate_media(reduced_motion="no-preference")
    assert seen["reduce"] == 1 < 20 < seen["no-preference"], seen  # 1: none is on its way


@pytest.mark.parametrize("name", PANELS)
def test_the_first_panel_of_a_notebook_is_small_and_quick(
    chromium: Browser, workshop: NotebookPage, name: str
) -> None:
    """Without a chart: at most 400 KB, and 1.5 s on an idle machine; a busy one is given twice.

    The first chart of a notebook brings plotly: 5 MB more.
    """
    (source, mark), file = PANELS[name], Path(f"first_{name}.ipynb")
    root = Path(workshop.text_of("import os\nprint(os.getcwd())"))
    imports = "import lcm_core\nfrom lcm_core.widgets import *"
    cells = [nbformat.v4.new_code_cell(each) for each in (imports, source)]
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=metadata), root / file)
    page = chromium.new_page(viewport={"width": 1300, "height": 1000})
    sizes: list[int] = []
    page.on(
        "websocket", lambda socket: socket.on("framereceived", lambda data: sizes.append(len(data)))
    )
    try:
        notebook = NotebookPage(page, workshop.address, file.name, root / file)
        notebook.open()
        notebook.run_cell(notebook.cell_ids[0])
        page.wait_for_timeout(500)
        sizes.clear()
        took = page.evaluate(BEGIN, [1, mark])
        page.wait_for_timeout(1000)
        print(f"first {name}: {sum(sizes) / 1000:.0f} KB, {took:.0f} ms")
        charts = page.locator(".js-plotly-plot").count() > 0
        assert sum(sizes) <= 400_000 or charts
        assert took <= (10 * FIRST_PANEL if charts else FIRST_PANEL)
        assert notebook.errors == []
    finally:
        page.close()


@pytest.mark.parametrize(
    ("source", "slider", "watched"),
    [
        ("LawExplorer(('sum', 'gru'), channels=4)", ".lcm-pair-handle", ".lcm-laws-text"),
        (
            "LawExplorer(('sum', 'gru'), view='map', channels=4)",
            ".lcm-map-mark",
            ".lcm-laws-sentence",
        ),
        ("TweakOperator('lcm')", ".lcm-weight [role=slider]", ".lcm-tweak-text"),
    ],
    ids=["pair", "map", "weight"],
)
def test_the_picture_answers_a_slider(
    workshop: NotebookPage, source: str, slider: str, watched: str
) -> None:
    cell = workshop.add_cell(f"panel = {source}\npanel")
    handle = cell.locator(slider).first
    expect(handle).to_be_visible()
    at_rest(cell)
    handle.focus()
    keys = ("ArrowLeft", "ArrowRight")
    times = delays(cell, watched, lambda turn: handle.press(keys[turn // 4 % 2]), times=24)
    print(f"{source}: median {times[11]:.0f} ms, 95th percentile {times[22]:.0f} ms")
    assert times[22] <= CAUGHT_UP, times
