"""What the experiments on molecules share: facts about the data, rows, and how they are told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch

from lcm_core.experiments.framework.base import Measurement, Table
from lcm_core.experiments.framework.comparisons import difference
from lcm_core.experiments.framework.results import Results
from lcm_core.experiments.framework.tables import alike_in_steps, interval, median_steps, spread
from lcm_core.imports import needed
from lcm_core.tasks import MoleculeTask, make_task
from lcm_core.tasks.molecules.auc_uncertainty import auc_standard_error
from lcm_core.tasks.scores import roc_auc

__all__ = ["DATA", "FORM", "against", "data_jobs", "data_table"]

ELEMENTS = 119  # atomic numbers, 0 for an unknown one
DATA = "data"  # the row of the measurements that count molecules
FORM = ".3f"  # of a ROC-AUC
TYPICAL = 0.85  # the ROC-AUC at which the test split's own uncertainty is stated


def data_jobs(tasks: Mapping[str, str]) -> list[Measurement]:
    """One measurement for each task (`name → label`): molecules and positives of each split.

    And what comes without a network: the test ROC-AUC of a logistic regression on the logarithms
    of how many atoms of each element a molecule has.
    """
    about = "molecules of {}, split seed 0, and a logistic regression on their atom counts"
    return [
        Measurement(DATA, label, partial(_count, name), about.format(name))
        for name, label in tasks.items()
    ]


def _count(name: str) -> dict[str, Any]:
    task = make_task(name)
    assert isinstance(task, MoleculeTask)
    return {
        "molecules": len(task),
        "unparsable": len(task.unparsable),
        "splits": {split: len(members) for split, members in task.members.items()},
        "positives": {split: task.positives(split) for split in task.members},
        "atom counts": _score_of_atom_counts(task),
    }


def _score_of_atom_counts(task: MoleculeTask) -> float:
    what = "the score of atom counts"
    regression = needed("sklearn.linear_model", "molecules", what, "scikit-learn")

    def counts(split: str) -> tuple[np.ndarray, np.ndarray]:
        graphs = [task.graph(index) for index in task.members[split].tolist()]
        atoms = torch.stack([graph.x[:, 0].bincount(minlength=ELEMENTS) for graph in graphs])
        return atoms.float().log1p().numpy(), np.array([int(graph.y) for graph in graphs])

    model = regression.LogisticRegression(max_iter=5000).fit(*counts("train"))
    atoms, labels = counts("test")
    scores = torch.from_numpy(model.decision_function(atoms))
    return roc_auc(scores[:, None], torch.from_numpy(labels)[:, None].double())


def data_table(results: Results, labels: Sequence[str]) -> Table:
    """Molecules, positives and the uncertainty that the size of the test split leaves."""
    rows = []
    for label in labels:
        if (found := results.measured(DATA, label)) is None:
            continue
        sizes, positives = found["splits"], found["positives"]
        ones = positives["test"]
        error = 1.96 * auc_standard_error(TYPICAL, ones, sizes["test"] - ones)
        counts = [f"{sizes[s]:,} ({positives[s]:,})" for s in ("train", "validation", "test")]
        facts = [f"{found['molecules']:,}", str(found["unparsable"]), *counts]
        rows.append([label, *facts, f"{found['atom counts']:{FORM}}", f"±{error:.3f}"])
    headings = [
        "table",
        "molecules",
        "unreadable",
        "train (positive)",
        "validation (positive)",
        "test (positive)",
        "test ROC-AUC of atom counts",
        f"95 % of a test ROC-AUC of {TYPICAL}",
    ]
    caption = (
        "The tables, split by scaffold. *Atom counts* is a logistic regression on how many atoms "
        "of each element a molecule has: what a network should be better than. The last column is "
        "what the number of test molecules alone leaves open (Hanley & McNeil 1982); it is common "
        "to all rows of a table, so rows compared on the same molecules differ by less."
    )
    return Table(headings, rows, caption)


def against(results: Results, one: str, other: str, column: str) -> str:
    """How far the test scores of two rows in a column are apart, with an interval over the seeds.

    And whether their steps differ by more than 20 %, so that nothing follows.
    """
    ours, theirs = (results.scores(row, column, "test") for row in (one, other))
    if not ours or not theirs:
        return ""
    says = f"{column}: {spread(ours, FORM)} against {spread(theirs, FORM)}"
    if (apart := difference(ours, theirs)) is not None:
        says += f", difference {interval(apart, FORM)}"
    steps = [median_steps(results, row, column) for row in (one, other)]
    return says if alike_in_steps(*steps) else f"{says} (steps {steps[0]:,.0f} and {steps[1]:,.0f})"
