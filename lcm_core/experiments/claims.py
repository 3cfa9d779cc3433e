"""The claims of the paper beside what the experiments found: one table over all of them.

Source: Ong & Veličković 2022, "Learnable Commutative Monoids for Graph Neural Networks",
https://arxiv.org/abs/2212.08541
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from lcm_core.depth.cost import Cost
from lcm_core.experiments import depth, graph_properties, hiv, molecules, set_tasks
from lcm_core.experiments.depth_words import NETWORK, TREE
from lcm_core.experiments.framework.base import Summary, Table
from lcm_core.experiments.framework.results import Results
from lcm_core.experiments.framework.tables import BETTER, LEVEL, NOTHING, WORSE, spread, verdict

__all__ = ["CLAIMS", "SOURCES", "report"]

#: The experiments that the table is made of.
SOURCES = ("second_minimum", "set_tasks", "graph_properties", "molecules", "hiv", "depth")

SUM, INVARIANT, RECURRENT, LCM = "sum", "other invariant", "recurrent", "LCM"
#: Kinds of aggregation, and the rows of the experiments that are of each.
KINDS: Mapping[str, tuple[str, ...]] = {
    SUM: ("sum",),
    INVARIANT: ("max", "mean", "PNA", "Set2Set", "DeepSets", "Set Transformer"),
    RECURRENT: ("GRU", "GRU + SIRE"),
    LCM: ("LCM", "LCM + associativity", "LCM without associativity"),
}


class Question(NamedTuple):
    """A column and split of an experiment, as a row of the table; `form` is that of its numbers."""

    title: str
    experiment: str
    column: str
    split: str
    form: str


QUESTIONS = (
    Question("second minimum, 3 min", "second_minimum", "3 minutes", "size 128", ".1%"),
    *(Question(task, "set_tasks", task, "size 128", ".1%") for task in set_tasks.COLUMNS),
    Question(
        "PNA benchmark", "graph_properties", graph_properties.COLUMN, "test", graph_properties.FORM
    ),
    *(
        Question(column, "molecules", column, "test", molecules.FORM)
        for place in molecules.PLACES
        for table in molecules.TABLES
        for column in [molecules.column(place, table)]
    ),
    Question("HIV, readout", "hiv", hiv.COLUMN, "test", hiv.FORM),
)


class Answer(NamedTuple):
    """The row of a kind that has the best median at a question, and its scores, one a seed."""

    row: str
    scores: list[float]


class Answered(NamedTuple):
    """A question, with the best constant answer, and the best one of each kind that has any."""

    question: Question
    metric: str
    constant: float | None
    higher_is_better: bool
    answers: dict[str, Answer]

    def best(self, kinds: Sequence[str]) -> Answer | None:
        """The best answer of these kinds, by the median."""
        choose = max if self.higher_is_better else min
        found = [self.answers[kind] for kind in kinds if kind in self.answers]
        return choose(found, key=lambda each: statistics.median(each.scores), default=None)

    def verdict(self, ours: Sequence[str], theirs: Sequence[str]) -> str | None:
        """How the best of our kinds does against the best of theirs; None is not known."""
        one, other = (self.best(kinds) for kinds in (ours, theirs))
        if one is None or other is None:
            return None
        return verdict(one.scores, other.scores, self.higher_is_better)


def report(found: Mapping[str, Results]) -> list[str | Table]:
    """Each claim, with where our runs agree and where they do not, then the table.

    Args:
        found: the results of `SOURCES`, by name; what is missing is left out.
    """
    answered = list(_answered(found))
    if not answered:
        return ["None of these experiments has any results yet."]
    return [
        "Of each kind of aggregation the one with the best median is taken, a choice that favours "
        "kinds with many of them. Of two that are equally good, one is ahead with every seed of "
        "three by chance in one comparison of ten; on molecules, the size of the test split leaves "
        "more open than the seeds do.",
        "**1. A sum cannot generalise on some problems on which recurrent aggregators can.** "
        f"{_in_words(answered, (RECURRENT,), (SUM,))}",
        "**2. Recurrent aggregators compete with the best of those that are invariant by "
        f"construction.** {_in_words(answered, (RECURRENT,), (SUM, INVARIANT))}",
        "**3. Learned commutative monoids do as well as recurrent aggregators, at a depth of "
        f"O(log n).** {_in_words(answered, (LCM,), (RECURRENT,))} {_depth_in_words(found)}",
        _table(answered),
    ]


def _answered(found: Mapping[str, Results]) -> Iterator[Answered]:
    for question in QUESTIONS:
        results = found.get(question.experiment)
        if results is None or not results.of(column=question.column):
            continue
        higher = results.higher_is_better(question.column)
        choose = max if higher else min
        answers = {}
        for kind, rows in KINDS.items():
            scores = {row: results.scores(row, question.column, question.split) for row in rows}
            medians = {row: statistics.median(each) for row, each in scores.items() if each}
            if medians:
                row = choose(medians, key=medians.__getitem__)
                answers[kind] = Answer(row, scores[row])
        constant = results.constant(question.column, question.split)
        yield Answered(question, results.metric(question.column), constant, higher, answers)


def _in_words(answered: Sequence[Answered], ours: Sequence[str], theirs: Sequence[str]) -> str:
    titles: dict[str, list[str]] = {BETTER: [], LEVEL: [], WORSE: []}
    for each in answered:
        if came := each.verdict(ours, theirs):
            titles[came].append(each.question.title)
    judged = sum(map(len, titles.values()))
    if not judged:
        return "There are not enough seeds yet."
    said = [f"{came} at {len(some)} ({'; '.join(some)})" for came, some in titles.items() if some]
    return f"Of {judged} questions that several seeds have answered: {', '.join(said)}."


def _depth_in_words(found: Mapping[str, Results]) -> str:
    """Steps and time of a GRU and of a tree at the largest number of elements measured."""
    if "depth" not in found:
        return ""
    for n in reversed(depth.SIZES):
        chain, tree = (found["depth"].measured(row, depth.column(n)) for row in (NETWORK, TREE))
        if chain is not None and tree is not None:
            ours, theirs = Cost.from_json(tree), Cost.from_json(chain)
            return (
                f"To reduce {n:,} elements, and to get the gradients, the tree of the symmetrised "
                f"GRU takes {ours.depth:,} levels and {ours.backward.cpu:.2g} CPU seconds on one "
                f"thread, a GRU {theirs.depth:,} steps and {theirs.backward.cpu:.2g} seconds."
            )
    return ""


def _table(answered: Sequence[Answered]) -> Table:
    lines = []
    for each in answered:
        cells = [spread([] if each.constant is None else [each.constant], each.question.form)]
        for kind in KINDS:
            answer = each.answers.get(kind)
            if answer is None:
                cells.append(NOTHING)
                continue
            text = spread(answer.scores, each.question.form)
            if each.verdict((kind,), tuple(KINDS)) == LEVEL:
                text = f"**{text}**"
            cells.append(text if answer.row == kind else f"{answer.row} {text}")
        lines.append([each.question.title, each.metric, *cells])
    minutes = [each / 60 for each in (set_tasks.BUDGET, graph_properties.BUDGET, hiv.BUDGET)]
    caption = (
        "The best of each kind; in bold the best of all, and those whose seeds overlap with its "
        "own. Questions about sets are asked of sets of 128, after training with 2 to 16 elements "
        f"for {minutes[0]:g} minute where nothing else is said; the PNA benchmark is trained for "
        f"{minutes[1]:g} minutes, molecules for {molecules.BUDGET:g} seconds, HIV for "
        f"{minutes[2]:.1f} minutes."
    )
    return Table(["question", "score", "best constant answer", *KINDS], lines, caption)


#: The first section of the report.
CLAIMS = Summary("The claims of the paper", SOURCES, report)
