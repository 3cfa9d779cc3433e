"""Results of an experiment in a notebook, from the file that its command has written."""

from __future__ import annotations

from pathlib import Path

from IPython.display import Markdown, display

from lcm_core.experiments import Picture, find_experiment
from lcm_core.experiments.claims import CLAIMS
from lcm_core.experiments.framework.rendering import facts_of, markdown, summary_lines
from lcm_core.experiments.framework.store import Store, stored
from lcm_core.widgets.base.live_figure import LiveFigure
from lcm_core.widgets.base.panel import Panel
from lcm_core.widgets.base.text_areas import ReadOut

__all__ = ["show_claims", "show_results"]


class PicturePanel(Panel):
    """A picture of a report, and its text."""

    def __init__(self, picture: Picture):
        super().__init__()
        self._picture = picture
        self.figure = LiveFigure()
        self.read_out = ReadOut("picture", live="off")
        self.lay_out([], [self.figure.widget, self.read_out])

    def draw(self) -> None:
        self.figure.show(self._picture.draw())
        self.read_out.say(self._picture.alt)


def show_results(name: str, column: str | None = None, folder: Path | None = None) -> None:
    """Displays the report of an experiment below the cell: text, tables, pictures.

    Args:
        name: of the experiment, or the module that registers it. Its command, and how far it has
            come, are said first.
        column: the report of this column alone, such as "folds" of "notebook_runs".
        folder: where `NAME.json` lies (default: where its command writes it). Without the file, the
            command that makes it is shown, and nothing else.

    Raises:
        ValueError: an unknown name or column, or a file that cannot be read.
    """
    experiment = find_experiment(name)
    try:
        store = stored(experiment, folder)
    except FileNotFoundError:
        command = Store(experiment.address).command
        display(Markdown(f"No results of *{name}* are here. This makes them:\n\n    {command}"))
        return
    results = store.results(experiment)
    display(Markdown(f"Made by\n\n    {store.command}\n\n{facts_of(store, results)}"))
    if column is not None:
        results = results.only(column)
    if not results.finished:
        return
    for part in experiment.report(results):
        display(PicturePanel(part) if isinstance(part, Picture) else Markdown(markdown(part)))


def show_claims(folder: Path | None = None) -> None:
    """Displays the claims of the paper beside what the experiments found, below the cell.

    Args:
        folder: as in `show_results`. Experiments without a file in it are left out, and named.

    Raises:
        ValueError: a file cannot be read.
    """
    stores, missing = [], []
    for name in CLAIMS.sources:
        try:
            stores.append(stored(find_experiment(name), folder))
        except FileNotFoundError:
            missing.append(f"    {Store(name).command}\n")
    if missing:
        display(Markdown(f"Some results are not here. These make them:\n\n{''.join(missing)}"))
    for text in summary_lines(CLAIMS, stores):
        display(Markdown(text))
