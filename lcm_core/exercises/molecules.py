"""The checks of `09_molecules`: a score, a split, ⊕ in a network, an order, notation, seeds."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
import torch
from torch import Tensor, nn

from lcm_core.aggregations import LCMAggregation
from lcm_core.exercises.progress import remembered
from lcm_core.exercises.verdict import Verdict, differ
from lcm_core.operators import Operator
from lcm_core.pyg import Aggregation, MessagePassing
from lcm_core.seeding import Seeded
from lcm_core.tasks import BACE, BBBP, ClinTox
from lcm_core.tasks.molecules.task import roc_auc

__all__ = [
    "check_auc",
    "check_both_places",
    "check_comparison",
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
def check_both_places(network: nn.Module) -> Verdict:
    """Whether a network of PyG combines neighbours, and atoms, by operators of the reader's own.

    Args:
        network: called with x (atoms, 9), edge_index (2, bonds) and batch (atoms,), it gives one
            number for each molecule, (molecules, 1).
    """
    layers = [part for part in network.modules() if isinstance(part, MessagePassing)]
    within = {id(part) for layer in layers for part in layer.modules()}
    found = [part for part in network.modules() if isinstance(part, Aggregation)]
    places = {
        "neighbours": [layer.aggr_module for layer in layers],
        "atoms, in the readout,": [part for part in found if id(part) not in within],
    }
    for place, aggregations in places.items():
        if not aggregations:
            return Verdict(
                False,
                f"nothing combines {place} by an aggregation that the network keeps: make the "
                "layer and the readout in __init__.",
            )
        for aggregation in aggregations:
            if foreign := _not_your_own(aggregation):
                return Verdict(False, f"the {place} are combined by {foreign}")
    return _keeps_order_out(network, places["neighbours"][0].operator) or Verdict(
        True,
        "your ⊕ combines the neighbours of each atom, and the atoms of each molecule, and the "
        "answer is the same in whatever order the file has them.",
    )


def _with_other_weights(network: nn.Module, seed: int) -> nn.Module:
    """A copy whose parts have drawn their weights anew."""
    other = copy.deepcopy(network)
    with Seeded(seed):
        for part in other.modules():
            if callable(draw := getattr(part, "reset_parameters", None)):
                draw()
    return other


def _not_your_own(aggregation: nn.Module) -> str:
    """What combines here, in words, if it is no operator of the reader's own; else ""."""
    if not isinstance(aggregation, LCMAggregation):
        return (
            f"{type(aggregation).__name__} of {type(aggregation).__module__.split('.')[0]}: give "
            "it LCMAggregation(channels, channels, operator=…) of lcm_core, with your ⊕."
        )
    if type(aggregation.operator).__module__.startswith("lcm_core"):
        return f"{aggregation.operator.name} of the library: give it an operator of your own."
    return ""


def _keeps_order_out(network: nn.Module, operator: Operator, tries: int = 3) -> Verdict | None:
    """What is wrong with the answers for molecules, and for the same in another order.

    Args:
        network: with weights as they were drawn.
        operator: of its layer.
        tries: how often other weights are drawn if all molecules have one answer. It may be due to
            them: in about one of 150 small networks every ReLU is 0 for every atom.
    """
    generator = torch.Generator().manual_seed(0)
    answers = []
    for molecule in ODD_ONES:
        graph = _bbbp().graph(molecule)
        order = torch.randperm(graph.num_nodes, generator=generator)
        bonds = torch.randperm(graph.num_edges, generator=generator)
        batch = torch.zeros(graph.num_nodes, dtype=torch.long)
        try:
            answer = network(graph.x.float(), graph.edge_index, batch)
            other = network(
                graph.x.float()[order], order.argsort()[graph.edge_index][:, bonds], batch
            )
        except Exception as error:
            return _could_not(
                error,
                "network(x, edge_index, batch) gives one number a molecule. An atom without a bond "
                'gets the identity of ⊕, or 0 by LCMAggregation(…, empty="zero").',
            )
        if answer.shape != (1, 1) or not bool(answer.isfinite().all()):
            return Verdict(
                False,
                f"molecule {molecule} of BBBP, {graph.num_nodes} atoms: expected one finite "
                f"number, of shape (1, 1), got {answer.tolist()}.",
            )
        if differ(answer.detach(), other.detach()):
            return Verdict(
                False,
                f"molecule {molecule} of BBBP has the answer {answer.item():.4f}, and with its "
                f"atoms in another order {other.item():.4f}: {_which_law(operator)}",
            )
        answers.append(answer)
    if not differ(answers[0].detach(), answers[-1].detach()):
        if tries:
            return _keeps_order_out(_with_other_weights(network, tries), operator, tries - 1)
        return Verdict(False, "all molecules have one answer: does ⊕ use both of its operands?")
    torch.stack(answers).sum().backward()
    gradients = [weight.grad for weight in network.parameters() if weight.grad is not None]
    if not all(bool(gradient.isfinite().all()) for gradient in gradients):
        return Verdict(
            False,
            "the answers are right, but a gradient is not a finite number, so that nothing can be "
            "learned. A root has an infinite slope at 0, for example.",
        )
    return None


@torch.no_grad()
def _which_law(operator: Operator) -> str:
    """The law that ⊕ breaks on random states, in words."""
    drawn = torch.rand(3, 64, operator.channels, generator=torch.Generator().manual_seed(0))
    x, y, z = operator.lift(drawn).unbind(0)
    if differ(operator(x, y), operator(y, x)):
        return "⊕ does not commute."
    if differ(operator(operator(x, y), z), operator(x, operator(y, z))):
        return "⊕ commutes, but (x ⊕ y) ⊕ z is not x ⊕ (y ⊕ z)."
    return "does the network use the order elsewhere?"


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
