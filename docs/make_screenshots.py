"""Makes the pictures of the panels in docs/ from a real notebook in a real JupyterLab.

Run it as `python docs/make_screenshots.py [NAME …]`; all of them take about two minutes. As
`python docs/make_screenshots.py --notebooks --only 02_ 04_` it makes the still pictures below the
panels of these notebooks, or without `--only` of all; see `course/web/stills.py`.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import nbformat
from playwright.sync_api import Locator

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from course.web import stills  # noqa: E402
from tests.browser.actions import press, slide, state_is  # noqa: E402
from tests.browser.lab import open_browser, serve  # noqa: E402
from tests.browser.notebook_page import NotebookPage  # noqa: E402

IMPORTS = "import lcm_core\nfrom lcm_core.tasks import make_task\nfrom lcm_core.widgets import *"

Act = Callable[[Locator], None]


def train(cell: Locator) -> None:
    """Trains, with a regulariser from the first steps on."""
    press(cell, "start")
    state_is(cell, "running")
    press(cell, "start")
    state_is(cell, "paused")
    slide(cell, "associativity", "ArrowRight", times=6)  # 0.3
    press(cell, "start")
    state_is(cell, "finished", timeout=240_000)


def race(cell: Locator) -> None:
    """Trains all recipes to the end."""
    press(cell, "start")
    state_is(cell, "finished", timeout=240_000)


def compare(cell: Locator) -> None:
    """Opens the first operator."""
    cell.locator(".lcm-compare-sentence", has_text="operators: click").wait_for(timeout=120_000)
    cell.locator(".lcm-compare-sentence", has_not_text="reading").wait_for(timeout=120_000)
    cell.locator(".lcm-compare-table td").first.click()


def measure(cell: Locator) -> None:
    """Measures all sizes."""
    press(cell, "measure")
    cell.locator(".lcm-depth-status", has_text="measured").wait_for(timeout=240_000)


def learn(cell: Locator) -> None:
    """Trains the table to the end."""
    press(cell, "train")
    cell.locator(".lcm-cayley-text", has_text="Step 400").wait_for(timeout=120_000)


def reorder(cell: Locator) -> None:
    """Tries some orders."""
    cell.locator("button", has_text="20 orders").click()


def go_to_the_end(cell: Locator) -> None:
    """Plays all steps."""
    press(cell, "play")
    cell.locator(".lcm-message-sentence", has_text="one state").wait_for(timeout=60_000)


def nothing(cell: Locator) -> None:
    """The panel as it opens."""


RACE = ", ".join(
    '"task=second_minimum channels=32 batch_size=128 learning_rate=0.01 steps=1500 eval_every=250 '
    f'small_values=0.3 {rest}"'
    for rest in ("@750 associativity=1", "", "readout=gru_fold", "readout=sum")
)

#: name → the source of the cell, and what is done in it before the picture is taken
PANELS: dict[str, tuple[str, Act]] = {
    "reorder_explorer": ("ReorderExplorer()", reorder),
    "union_explorer": ('UnionExplorer(aggregator="mean, by averaging")', nothing),
    "message_explorer": ("MessageExplorer()", go_to_the_end),
    "tree_explorer": (
        'TreeExplorer("gru", leaves=8, tree="left", compare="balanced", colour="deviation")',
        nothing,
    ),
    "neighbourhood": ('TreeExplorer("symmetrized_gru", graph="karate", node=5)', nothing),
    "law_explorer": ('LawExplorer(("mean", "gru", "symmetrized_gru"))', nothing),
    "law_map": (
        'LawExplorer(("mean", "gru", "symmetrized_gru"), view="map", law="associativity")',
        nothing,
    ),
    "compare_operators": ("CompareOperators()", compare),
    "bracketing_explorer": ('BracketingExplorer("symmetrized_gru", n=5)', nothing),
    "order_explorer": ('OrderExplorer("symmetrized_gru", n=4, tree="balanced")', nothing),
    "depth_explorer": (
        'DepthExplorer("symmetrized_gru", methods=("tree", "chain", "gru_fold"), largest=8192)',
        measure,
    ),
    "fold_explorer": (
        "from lcm_core import FoldAggregation\nfrom lcm_core.seeding import Seeded\n"
        "with Seeded(0):\n"
        '    folds = {cell.upper(): FoldAggregation(2, 2, cell) for cell in ("gru", "lstm")}\n'
        "FoldExplorer(folds)",
        nothing,
    ),
    "penalty_explorer": ("PenaltyExplorer(1.0)", nothing),
    "property_explorer": ('PropertyExplorer("lobster")', nothing),
    "cayley_explorer": ('CayleyExplorer("addition modulo m", symbols=5, size=2)', learn),
    "operator_playground": ('OperatorPlayground("x + y + a*x*y", a=0.5)', nothing),
    "training_panel": (
        'TrainingPanel("task=bbbp channels=32 steps=150 batch_size=64 log_every=5 eval_every=25")',
        train,
    ),
    "race": (f"TrainingPanel({RACE})", race),
    "tweak_operator": ('TweakOperator("lcm", silence=3)', nothing),
    "certificate": (
        "from torch_geometric.nn.aggr import LCMAggregation as PyGLCM\n"
        'batch = next(iter(make_task("second_minimum").batches("validation")))\n'
        "lcm_core.certify(PyGLCM(8, 8), batch)",
        nothing,
    ),
}


def main(wanted: list[str]) -> None:
    """Makes the pictures of these names, or all; or those of the notebooks."""
    if wanted[:1] == ["--notebooks"]:
        stills.main(wanted[1:])
        return
    if unknown := set(wanted) - set(PANELS):
        raise SystemExit(f"no picture is called {', '.join(unknown)}; choose from {list(PANELS)}")
    cell = nbformat.v4.new_code_cell(IMPORTS, id="imports")
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    with tempfile.TemporaryDirectory() as folder:
        notebooks = Path(folder) / "source"
        notebooks.mkdir()
        source = notebooks / "panels.ipynb"
        nbformat.write(nbformat.v4.new_notebook(cells=[cell], metadata=metadata), source)
        with open_browser() as browser, serve(notebooks, Path(folder)) as address:
            page = browser.new_page(viewport={"width": 1150, "height": 1300})
            page.set_default_timeout(60_000)
            notebook = NotebookPage(page, address, source.name, source)
            notebook.open()
            notebook.command("application:toggle-left-area")
            notebook.run_all()
            for name in wanted or PANELS:
                code, act = PANELS[name]
                output = notebook.add_cell(code)
                act(output)
                page.wait_for_timeout(1500)
                area = output.locator(".lcm-panel, .jp-RenderedHTMLCommon").last
                area.screenshot(path=ROOT / "docs" / f"{name}.png")
                print(name, notebook.stored_errors(), notebook.errors)


if __name__ == "__main__":
    main(sys.argv[1:])
