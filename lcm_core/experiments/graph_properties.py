"""The PNA benchmark: six properties of graphs, one network, and the aggregation of neighbours."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from functools import partial
from typing import Any

from lcm_core.experiments.framework.base import Experiment, Picture, Report, TrainingRun
from lcm_core.experiments.framework.comparisons import difference
from lcm_core.experiments.framework.registry import register_experiment
from lcm_core.experiments.framework.results import Results
from lcm_core.experiments.framework.tables import (
    alike_in_steps,
    interval,
    law_table,
    median_steps,
    score_table,
    spread,
    steps_of,
    with_effort,
)
from lcm_core.tasks.graphs.dataset import SPLITS
from lcm_core.tasks.graphs.properties import PROPERTIES
from lcm_core.training.recipe import Recipe

__all__ = ["BUDGET", "COLUMN", "EXPERIMENT", "FORM", "LARGER", "ROWS", "jobs"]

BUDGET = 180.0
COLUMN = "graph properties"
LARGER = tuple(split for split in SPLITS if split.startswith("size"))
FORM = ".2f"

NETWORK = (
    "task=graph_properties readout=set2set channels=16 batch_size=32 learning_rate=0.003 "
    "weight_decay=0.000001"
)

#: What is compared, as the fields of a recipe. Weights are small as the squared errors are.
ROWS: Mapping[str, str] = {
    "sum": "neighbors=sum",
    "max": "neighbors=max",
    "PNA": "neighbors=pna",
    "GRU": "neighbors=gru_fold",
    "GRU + SIRE": "neighbors=gru_fold sire=0.01",
    "LCM": "neighbors=symmetrized_gru",
    "LCM + associativity": "neighbors=symmetrized_gru associativity=0.01",
}


def jobs() -> list[TrainingRun]:
    """The same network for each way to aggregate neighbours."""
    splits = ("validation", "test", *LARGER)
    return [
        TrainingRun(row, COLUMN, Recipe.parse(f"{NETWORK} {fields}"), BUDGET, splits)
        for row, fields in ROWS.items()
    ]


# The report -------------------------------------------------------------------------------------


def report(results: Results) -> Report:
    """Scores of all six properties together, of each, and of larger graphs."""
    cells = [(_size(split), COLUMN, split) for split in ("test", *LARGER)]
    main = ("test", "size 20-24", "size 25-29", "size 45-49", "size 95-99")
    everything = score_table(
        results,
        [cell for cell in cells if cell[2] in main],
        form=FORM,
        first="neighbours",
        caption="Mean of the six log₁₀ MSE, by the number of nodes: lower is better.",
    )
    everything = with_effort(everything, results, COLUMN)
    laws = law_table(
        results,
        [COLUMN],
        "The aggregation of neighbours at the end of training",
        first="neighbours",
    )
    parts = score_table(
        results,
        [(name, COLUMN, f"test: {name}") for name in PROPERTIES],
        form=FORM,
        first="neighbours",
        caption="log₁₀ MSE of each property on the test graphs: lower is better.",
    )
    larger = Picture(
        "extrapolation",
        "Mean log₁₀ MSE over the number of nodes, from 20 to 99, a line for each aggregation "
        "of neighbours and a dotted one for the best constant answer; lower is better. "
        f"{_larger_in_words(results)}",
        partial(_draw_larger, results),
    )
    return [
        "A network like that of the PNA paper (2004.05718), of width 16: n // 2 rounds of messages "
        "for a graph of n nodes, each followed by a GRU, the weights the same from the second "
        "round on, and Set2Set for what is asked of the graph. Only the aggregation of a node's "
        "neighbours differs, and with it the number of steps in the same time: "
        f"{_steps(results)}. The graphs are drawn by our own generator, with the right labels of "
        "connectivity; 5,120 for training (15 to 24 nodes), 1,280 for the test (15 to 19). Each "
        "property is divided by its largest training value.",
        "The original code (repository lukecavabarrett/pna) does otherwise, so that these numbers "
        "are not to be compared with published ones. *Network*: 4 towers of 4 channels; the input "
        "of the GRU is the old state, and its hidden state what was heard (here the other way "
        "round); Set2Set of as many steps as the graph has nodes (here 3); batch normalisation and "
        "ReLU in the layers that answer for the graph, and a LeakyReLU behind the last layers "
        "(here LeakyReLU between the layers, the last one linear). *Training*: Adam at a constant "
        "rate of 0.003, up to 10,000 epochs, stopped when validation has not improved for 1,000 "
        f"(here AdamW, a rate that rises to 0.003 and falls, clipped gradients{_epochs(results)}). "
        "*Data*: its label of connectivity is wrong for bipartite graphs (notebook 08).",
        everything,
        parts,
        _best_in_words(results),
        larger,
        _larger_in_words(results),
        _verdict(results, "LCM", "GRU"),
        _verdict(results, "GRU + SIRE", "GRU"),
        _verdict(results, "LCM + associativity", "LCM"),
        "LCM and the sum at equal steps are in the experiment `equal_steps`.",
        laws,
    ]


def _size(split: str) -> str:
    nodes = "15-19" if split == "test" else split.removeprefix("size ")
    return f"{nodes.replace('-', '–')} nodes"


def _steps(results: Results) -> str:
    steps = {
        row: steps_of(results, row, COLUMN)[0] for row in results.rows if results.of(row, COLUMN)
    }
    return ", ".join(f"{row} {count:,}" for row, count in steps.items())


def _epochs(results: Results) -> str:
    """How often the rows see each training graph, from the fewest to the most."""
    recipes = [Recipe.parse(run.recipe) for run in results.runs]
    sizes, of_each = SPLITS["train"]
    graphs = len(sizes) * of_each
    found = [recipe.steps * recipe.batch_size / graphs for recipe in recipes]
    return f", and {min(found):.0f} to {max(found):.0f} epochs" if found else ""


def _draw_larger(results: Results) -> Any:
    from lcm_core.figures import spread_figure

    places = {split: statistics.mean(SPLITS[split][0]) for split in LARGER}
    curves = {
        row: [(x, results.scores(row, COLUMN, split)) for split, x in places.items()]
        for row in results.rows
    }
    constants = [(x, results.constant(COLUMN, split)) for split, x in places.items()]
    reference = [(x, [score]) for x, score in constants if score is not None]
    return spread_figure(
        {row: points for row, points in curves.items() if any(len(v) for _, v in points)},
        "number of nodes (mean of a split)",
        "mean log₁₀ MSE (lower is better)",
        {"best constant answer": reference},
    )


def _best_in_words(results: Results) -> str:
    """Which aggregation has the lowest median error for each property."""
    best: dict[str, list[str]] = {}
    for name in PROPERTIES:
        medians = _medians(results, f"test: {name}")
        if medians:
            best.setdefault(min(medians, key=medians.__getitem__), []).append(name)
    said = "; ".join(f"{row} for {_listed(names)}" for row, names in best.items())
    if not said:
        return ""
    steps = [count for row in results.rows for count in steps_of(results, row, COLUMN)]
    alike = alike_in_steps(min(steps), max(steps))
    unlike = "" if alike else " (at unlike steps: nothing follows about the aggregations)"
    return f"The lowest median error has {said}{unlike}."


def _larger_in_words(results: Results) -> str:
    """Up to which size each aggregation is better than the best constant answer."""
    said = []
    for row in results.rows:
        better = 0
        for split in LARGER:
            scores, constant = results.scores(row, COLUMN, split), results.constant(COLUMN, split)
            if not scores or constant is None or statistics.median(scores) >= constant:
                break
            better = SPLITS[split][0][-1]
        if results.of(row, COLUMN):
            said.append(f"{row} {f'up to {better} nodes' if better else 'at none of these sizes'}")
    if not said:
        return ""
    return f"Better than the best constant answer, by the median: {', '.join(said)}."


def _verdict(results: Results, one: str, other: str) -> str:
    """How far the test scores of two rows are apart, and whether the seeds leave that open."""
    ours, theirs = (results.scores(row, COLUMN, "test") for row in (one, other))
    if not ours or not theirs:
        return ""
    says = f"**{one} against {other}**: {spread(ours, FORM)} against {spread(theirs, FORM)}"
    apart = difference(ours, theirs, higher_is_better=False)
    if apart is None:
        return f"{says}, of one seed: no more than a hint."
    says += f"; difference {interval(apart, FORM)}, above 0 where {one} is better"
    steps = [median_steps(results, row, COLUMN) for row in (one, other)]
    if not alike_in_steps(*steps):
        return f"{says}. The steps differ by more than 20 %: nothing follows about aggregation."
    return f"{says}: {'not decided' if apart.low <= 0 <= apart.high else 'decided'}."


def _medians(results: Results, split: str) -> dict[str, float]:
    found = {row: results.scores(row, COLUMN, split) for row in results.rows}
    return {row: statistics.median(scores) for row, scores in found.items() if scores}


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


EXPERIMENT = Experiment(
    name="graph_properties",
    title="Graph properties: the PNA benchmark",
    question=(
        "Which way to aggregate a node's neighbours is best for six properties of a graph and its "
        "nodes at once, and what happens on graphs larger than all that were trained on?"
    ),
    jobs=jobs,
    report=report,
)

register_experiment(EXPERIMENT)
