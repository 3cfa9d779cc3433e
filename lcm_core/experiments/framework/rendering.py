"""Results as Markdown: under each heading the command that made the numbers, then the report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from lcm_core.experiments.framework.base import Experiment, Picture, Summary, Table
from lcm_core.experiments.framework.machine import in_words
from lcm_core.experiments.framework.registry import experiment_names, find_experiment
from lcm_core.experiments.framework.results import FinishedRun, Measured, Results, in_order
from lcm_core.experiments.framework.store import Store

__all__ = ["Rendered", "facts_of", "markdown", "render", "summary_lines"]

INTRODUCTION = """\
# Results

Written by `make results` from the files in [results](results): no number in a table was typed, nor
one that compares rows. Under each heading stands the command that made what follows. It can be
killed at any moment and called again, and each run can be repeated alone, by its recipe in the
file: `python -m lcm_core.train "RECIPE"`. Numbers are medians over the seeds, with the smallest and
the largest in brackets; the best median is in bold. Budgets are CPU seconds of training on one
thread, evaluation aside; all seeds of a cell take the same steps.
"""


@dataclass(frozen=True)
class Rendered:
    """Text, and the pictures that it shows.

    Attributes:
        markdown: of a file beside the folder of the results.
        pictures: by the name of their file in that folder.
    """

    markdown: str
    pictures: dict[str, Picture]


def render(folder: Path, summary: Summary | None = None) -> Rendered:
    """Render all files of results of a folder; the same files give the same text.

    Experiments of the library stand in the order in which it registers them, others after them.

    Args:
        folder: with the files.
        summary: comes first, if any of its experiments has results.

    Raises:
        ValueError: a file cannot be read, or is that of an experiment that is no more.
    """
    stores = sorted(map(Store.read, folder.glob("[!.]*.json")), key=_place)
    pictures: dict[str, Picture] = {}
    parts = [INTRODUCTION]
    if summary is not None and (lines := list(summary_lines(summary, stores))):
        parts += [f"## {summary.title}\n", *lines]
        if summary.changes:
            parts += ["### Changed since the last report, and why\n", summary.changes]
    for store in stores:
        experiment = find_experiment(store.experiment)
        results = store.results(experiment)
        parts += _head(store, experiment, results, folder.name)
        for part in experiment.report(results) if results.finished else ():
            if isinstance(part, Picture):
                name = f"{store.name}-{part.name}.png"
                pictures[name] = part
                alt = part.alt.replace("\n", " ").replace("[", "(").replace("]", ")")
                parts.append(f"![{alt}]({folder.name}/{name})\n")
            elif part:
                parts.append(markdown(part))
    return Rendered("\n".join(parts), pictures)


def summary_lines(summary: Summary, stores: Iterable[Store]) -> Iterator[str]:
    """A summary as Markdown, under its commands; nothing if none of its experiments has a store.

    Args:
        summary: what to show.
        stores: of any experiments; those that the summary does not use are left out.
    """
    found = {each.experiment: each for each in stores if not each.special}
    if sources := [found[name] for name in summary.sources if name in found]:
        yield "\n".join([*(f"    {each.command}" for each in sources), ""])
        results = {s.experiment: s.results(find_experiment(s.experiment)) for s in sources}
        yield from map(markdown, summary.report(results))


def markdown(part: str | Table) -> str:
    """A paragraph or a table as Markdown, with an empty line after it."""
    return "\n".join(_table_lines(part)) if isinstance(part, Table) else f"{part.strip()}\n"


def _place(store: Store) -> tuple[int, str, float, str]:
    experiment, names = find_experiment(store.experiment), experiment_names()
    place = names.index(experiment.name) if experiment.in_library else len(names)
    return place, experiment.name, store.budget or 0, store.device


def _head(store: Store, experiment: Experiment, results: Results, folder: str) -> list[str]:
    title = experiment.title
    if store.budget is not None:
        title += f", {store.budget:g} s a run"
    if store.device != "cpu":
        title += f", on {store.device}"
    numbers = f"All numbers: [{store.name}.json]({folder}/{store.name}.json)."
    return [
        f"## {title}\n",
        f"{experiment.question.strip()}\n",
        f"    {store.command}\n",
        f"{facts_of(store, results)} {numbers}\n",
    ]


def facts_of(store: Store, results: Results) -> str:
    """How much is finished, how long it took, when and where."""
    done = f"{results.finished} of {results.wanted} results are here."
    return " ".join([done, *_facts(store, results)])


def _facts(store: Store, results: Results) -> Iterator[str]:
    """Sentences on time, place and date of what is finished."""
    if not results.finished:
        return
    if results.runs:
        unit = "CPU seconds" if store.device == "cpu" else "seconds"
        taken = [r.cpu_seconds if store.device == "cpu" else r.wall_seconds for r in results.runs]
        low, high = min(taken), max(taken)
        yield f"A run trained for {_range(f'{low:,.0f}', f'{high:,.0f}', ' to ')} {unit}."
    all_of_them: list[FinishedRun | Measured] = [*results.runs, *results.measurements]
    machines = in_order(in_words(store.machines[each.machine]) for each in all_of_them)
    dates = sorted(each.date for each in all_of_them)
    yield f"Made on {_range(dates[0], dates[-1], ' to ')}, on {'; and on '.join(machines)}."


def _range(low: str, high: str, to: str) -> str:
    return low if low == high else f"{low}{to}{high}"


def _table_lines(table: Table) -> Iterator[str]:
    """A table, with its caption above it, as lines of Markdown."""
    if table.caption:
        yield f"{table.caption.strip()}\n"
    yield _row(table.headings)
    yield "|---|" + "---:|" * (len(table.headings) - 1)
    for row in table.rows:
        if len(row) != len(table.headings):
            raise ValueError(
                f"expected {len(table.headings)} cells, one for each of {list(table.headings)}, "
                f"got the row {list(row)}"
            )
        yield _row(row)
    yield ""


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
