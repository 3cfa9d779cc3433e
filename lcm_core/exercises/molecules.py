"""The checks of `09_molecules`: a score, a split, reductions, an order, notation, seeds, …"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
import torch
from torch import Tensor

from lcm_core.exercises.progress import remembered
from lcm_core.exercises.verdict import Verdict
from lcm_core.pyg import Data
from lcm_core.tasks import BACE, BBBP, ClinTox
from lcm_core.tasks.molecules.auc_uncertainty import auc_interval
from lcm_core.tasks.molecules.task import roc_auc
from lcm_core.trees.tree import make_tree

__all__ = [
    "check_auc",
    "check_comparison",
    "check_interval",
    "check_levels",
    "check_notation",
    "check_renumber",
    "check_split",
]

SCORES = (
    ([0.9, 0.8, 0.3, 0.1], [1, 1, 0, 0]),
    ([0.4, 0.3, 0.2, 0.1, 0.05], [1, 0, 0, 0, 0]),
    ([0.2, 0.2, 0.2, 0.2], [1, 0, 0, 1]),
    ([0.9, 0.6, 0.6, 0.2, 0.1], [0, 1, 0, 1, 0]),
)
#: Scores of ours and theirs, one a seed, and how they compare.
COMPARED = (
    ([0.91, 0.93, 0.92], [0.85, 0.9, 0.88], "better"),
    ([0.91, 0.93, 0.8], [0.85, 0.9, 0.88], "level"),
    ([0.85, 0.9, 0.88], [0.91, 0.93, 0.92], "worse"),
    ([0.85, 0.94, 0.88], [0.91, 0.93, 0.92], "level"),
    ([0.7, 0.8, 0.9], [0.9, 0.95, 0.97], "level"),
)
ODD_ONES = (0, 115, 653, 1400)  # of BBBP: a salt among them


NOTATION = 0.8  # the ROC-AUC on training molecules of ClinTox that a rule of one line is to reach


@cache
def _bbbp() -> BBBP:
    return BBBP()


@cache
def _clintox() -> ClinTox:
    return ClinTox()


@remembered
def check_auc(auc: Callable[[np.ndarray, np.ndarray], float]) -> Verdict:
    """Whether `auc(scores, labels)` is the share of pairs in the right order, ties half."""
    for scores, labels in SCORES:
        ones = [s for s, label in zip(scores, labels, strict=True) if label]
        zeros = [s for s, label in zip(scores, labels, strict=True) if not label]
        points = [1.0 if a > b else 0.5 if a == b else 0.0 for a in ones for b in zeros]
        wanted = sum(points) / len(points)
        try:
            got = float(auc(np.array(scores), np.array(labels)))
        except Exception as error:
            return _could_not(error, "auc(scores, labels) gets two arrays and gives a number.")
        if math.isclose(got, wanted, abs_tol=1e-6):
            continue
        told = f"for the scores {scores} and the labels {labels} it is {wanted:.3g}; you have "
        if math.isclose(got, 1 - wanted, abs_tol=1e-6):
            return Verdict(False, f"{told}{got:.3g}: each pair is counted the wrong way round.")
        if wanted == 0.5:
            return Verdict(False, f"{told}{got:.3g}. Every pair is tied, and a tie counts half.")
        return Verdict(
            False,
            f"{told}{got:.3g}. Of {len(points)} pairs of a molecule of class 1 with one of class 0 "
            f"{points.count(1.0)} are in the right order and {points.count(0.5)} tied. No threshold"
            " plays a part: only who is ahead of whom.",
        )
    return Verdict(
        True,
        "the share of pairs in the right order. A constant answer has 0.5, however rare a class "
        "is; and so has one that is right for 92 % because it always says no.",
    )


@remembered
def check_split(split: Callable[[Sequence[str]], tuple[Sequence[int], Sequence[int]]]) -> Verdict:
    """Whether `split(scaffolds)` keeps each scaffold of BACE, and of others, on one side."""
    small = [f"ring {n % 40}" for n in range(400)]
    for name, scaffolds in (("the 1,513 molecules of BACE", BACE().scaffolds), ("another", small)):
        try:
            train, test = ([int(i) for i in part] for part in split(list(scaffolds)))
        except Exception as error:
            return _could_not(error, "split(scaffolds) gives two lists of positions: train, test.")
        if sorted(train + test) != list(range(len(scaffolds))):
            return Verdict(
                False,
                f"{name}: {len(scaffolds)} positions are to be dealt out, each to one side; you "
                f"have {len(train)} for training and {len(test)} for test, "
                f"{len(set(train) & set(test))} of them on both.",
            )
        known = {scaffolds[i] for i in train}
        leaks = [i for i in test if scaffolds[i] in known]
        if leaks:
            return Verdict(
                False,
                f"{name}: {len(leaks)} of {len(test)} test molecules have a scaffold that training "
                f"has too; molecule {leaks[0]}, for example: {scaffolds[leaks[0]]!r}.",
            )
        share = len(test) / len(scaffolds)
        if not 0.05 <= share <= 0.3:
            return Verdict(
                False,
                f"{name}: no scaffold is on both sides, but {share:.0%} of the molecules are for "
                "test; about a tenth is wanted (5 to 30 % will do).",
            )
    return Verdict(True, "every scaffold is on one side: the test asks about rings never seen.")


@remembered
def check_levels(levels: Callable[[Data], tuple[int, int]]) -> Verdict:
    """Whether `levels(graph)` counts the levels of both reductions of a molecule."""
    for molecule in ODD_ONES:
        graph = _bbbp().graph(molecule)
        degrees = graph.edge_index[1].bincount(minlength=graph.num_nodes)
        largest, atoms = int(degrees.max()), int(graph.num_nodes)
        wanted = tuple(make_tree("balanced", max(n, 1)).depth for n in (largest, atoms))
        try:
            got = tuple(int(each) for each in levels(graph))
        except Exception as error:
            return _could_not(error, "levels(graph) gives two whole numbers.")
        if got == wanted:
            continue
        text = (
            f"molecule {molecule} of BBBP has {atoms} atoms, and the largest neighbourhood has "
            f"{largest}: balanced trees of {wanted[0]} and {wanted[1]} levels; you have {got}. "
        )
        if got == (largest - 1, atoms - 1):
            return Verdict(False, f"{text}Those are the steps of a chain.")
        return Verdict(False, f"{text}A balanced tree over n leaves has ⌈log₂ n⌉ levels.")
    return Verdict(
        True,
        "neighbourhoods are tiny, whatever the molecule: at most two or three levels. The readout "
        "is where the tree, or the chain, gets deep.",
    )


@remembered
def check_renumber(
    renumber: Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor]],
) -> Verdict:
    """Whether `renumber(x, edge_index, order)` is the same molecule, its atoms in another order."""
    generator = torch.Generator().manual_seed(0)
    for molecule in ODD_ONES:
        graph = _bbbp().graph(molecule)
        order = torch.randperm(graph.num_nodes, generator=generator)
        try:
            x, edges = renumber(graph.x.clone(), graph.edge_index.clone(), order.clone())
            same_atoms = torch.equal(x, graph.x[order])
            got = sorted(map(tuple, edges.T.tolist()))
        except Exception as error:
            return _could_not(error, "renumber(x, edge_index, order) gives two tensors.")
        if not same_atoms:
            return Verdict(False, "row k of the new x must be the old row order[k].")
        place = order.argsort()
        if got == sorted(map(tuple, place[graph.edge_index].T.tolist())):
            continue
        where = f"molecule {molecule} of BBBP, {graph.num_nodes} atoms: "
        if got == sorted(map(tuple, graph.edge_index.T.tolist())):
            return Verdict(
                False,
                f"{where}the atoms have moved and the bonds have not: they now join other atoms. "
                "Bonds name atoms by their numbers, and these have changed.",
            )
        if got == sorted(map(tuple, order[graph.edge_index].T.tolist())):
            return Verdict(
                False,
                f"{where}order[k] says which old atom is the new atom k. For the bonds you need "
                "the reverse: the new number of each old atom.",
            )
        return Verdict(False, f"{where}the bonds join other atoms than before.")
    return Verdict(
        True,
        "the same molecule under other numbers: what a network says of it should not change.",
    )


@remembered
def check_notation(rule: Callable[[str], float]) -> Verdict:
    """Whether `rule(smiles)`, a number, tells the classes of ClinTox apart by how it is written."""
    task = _clintox()
    found = {}
    for split in ("train", "validation"):
        members = [task.graph(int(i)) for i in task.members[split]]
        try:
            scores = torch.tensor([float(rule(each.smiles)) for each in members])
        except Exception as error:
            return _could_not(
                error, "rule(smiles) gets a text and gives a number (or True, False)."
            )
        if not scores.isfinite().all():
            return Verdict(False, "rule(smiles) has to be a finite number for every molecule.")
        labels = torch.tensor([float(each.y) for each in members])
        found[split] = roc_auc(scores[:, None], labels[:, None])
    told = f"ROC-AUC {found['train']:.2f} in training, {found['validation']:.2f} in validation"
    if min(found.values()) >= NOTATION:
        return Verdict(
            True,
            f"{told}, without a network, and without chemistry: it reads how a line was written. "
            "The next cell opens the test split.",
        )
    if max(found.values()) <= 1 - NOTATION:
        return Verdict(False, f"{told}: the right habit, the wrong way round. Toxic is the larger.")
    toxic, other = (
        [each.smiles for each in members if bool(each.y) == wanted and "1" in each.smiles][:2]
        for wanted in (True, False)
    )
    return Verdict(
        False,
        f"{told}; {NOTATION:g} in both is wanted. How are rings written? Toxic: "
        f"{' and '.join(toxic)}. Not toxic: {' and '.join(other)}.",
    )


@remembered
def check_interval(
    interval: Callable[[np.ndarray, np.ndarray], tuple[float, float]],
) -> Verdict:
    """Whether `interval(scores, labels)` is a 95 % bootstrap interval of ROC-AUC."""
    for positives, seed in ((20, 0), (100, 1)):
        rng = np.random.default_rng(seed)
        labels = (np.arange(200) < positives).astype(int)
        scores = rng.normal(size=200) + labels
        outputs, targets = (torch.tensor(each).float()[:, None] for each in (scores, labels))
        low, high = auc_interval(outputs, targets)
        try:
            a, b = (float(each) for each in interval(scores, labels))
        except Exception as error:
            return _could_not(error, "interval(scores, labels) gives two numbers: low, high.")
        told = (
            f"with {positives} positives among 200 molecules it goes from about {low:.2f} to "
            f"{high:.2f}; you have {a:.2f} to {b:.2f}. "
        )
        if abs(a - low) < 0.03 and abs(b - high) < 0.03:
            continue
        if b < a:
            return Verdict(False, f"{told}The lower end comes first.")
        if b - a < 1e-9:
            return Verdict(
                False,
                f"{told}All values were the same: the same molecules each time, only in another "
                "order. Draw with replacement, so that some come twice and others not at all.",
            )
        wider = "wide" if b - a > high - low else "narrow"
        return Verdict(
            False,
            f"{told}That is too {wider}: draw as many molecules as there are, and leave out 2.5 % "
            "of the values at each end.",
        )
    return Verdict(
        True,
        "an interval for the score of one trained network on molecules of this kind. Fewer "
        "positives, a wider interval. What another seed would do it does not know.",
    )


@remembered
def check_comparison(compare: Callable[[np.ndarray, np.ndarray], str]) -> Verdict:
    """Whether `compare(ours, theirs)` says "better" or "worse" only where every seed agrees."""
    for ours, theirs, wanted in COMPARED:
        try:
            got = compare(np.array(ours), np.array(theirs))
        except Exception as error:
            return _could_not(error, "compare(ours, theirs) gets two arrays and gives a word.")
        if got == wanted:
            continue
        told = f"ours {ours} and theirs {theirs}: {wanted!r}; you have {got!r}. "
        if wanted == "level":
            upper, lower = (theirs, ours) if got == "worse" else (ours, theirs)
            lesson = (
                f"The worst of {upper}, {min(upper):g}, is not above the best of {lower}, "
                f"{max(lower):g}: with other seeds it might come out the other way."
            )
        else:
            above, below = ("ours", "theirs") if wanted == "better" else ("theirs", "ours")
            lesson = f"Every seed of {above} is above every seed of {below}."
        return Verdict(False, f"{told}{lesson}")
    return Verdict(
        True,
        "a difference is said only where no seed speaks against it. Three seeds are few: of two "
        "methods that are equally good, one is ahead in this way in one comparison of ten.",
    )


def _could_not(error: Exception, usage: str) -> Verdict:
    return Verdict(False, f"could not be computed: {type(error).__name__}: {error}. {usage}")
