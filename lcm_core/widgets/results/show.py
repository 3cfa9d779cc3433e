"""Results of an experiment in a notebook, from the file that its command has written."""

from __future__ import annotations

from pathlib import Path

from IPython.display import Markdown, display

from lcm_core.experiments import Picture, find_experiment
from lcm_core.experiments.claims import CLAIMS
from lcm_core.experiments.framework.rendering import facts_of, markdown, summary_lines
from lcm_core.experiments.framework.store import Store, stored
from lcm_core.widgets.base.figure_panel import FigurePanel

__all__ = ["show_claims", "show_results"]


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
        if isinstance(part, Picture):
            display(FigurePanel(part.draw(), part.alt))
        else:
            display(Markdown(markdown(part)))


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
