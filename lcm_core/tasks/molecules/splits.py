"""Splits of a table's molecules: by scaffold, at random, by a column, or given."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy import ndarray

from lcm_core.tasks.in_memory.splits import check_splits
from lcm_core.tasks.molecules.scaffold_split import HELD_OUT_SHARE

__all__ = [
    "SPLITS",
    "given_split",
    "ogb_scaffold_split",
    "random_split",
]

SPLITS = ("scaffold", "ogb_scaffold", "random")


def ogb_scaffold_split(scaffolds: Sequence[Any]) -> dict[str, ndarray]:
    """Split molecules 80/10/10 by scaffold, the largest scaffolds first: nothing is drawn.

    The scaffolds are sorted by the number of their molecules, then by their first molecule, later
    ones first. Each joins the training molecules while they stay within 80 %, else the validation
    molecules while both stay within 90 %, else the test. So test molecules have the rarest
    scaffolds. This is the rule of MoleculeNet and of the Open Graph Benchmark.

    Source: Hu et al., "Open Graph Benchmark", https://arxiv.org/abs/2005.00687

    Args:
        scaffolds: one for each molecule, of the whole molecule, its stereochemistry left out.

    Raises:
        ValueError: a split would be empty.
    """
    groups: dict[Any, list[int]] = {}
    for position, scaffold in enumerate(scaffolds):
        groups.setdefault(scaffold, []).append(position)
    count = len(scaffolds)
    splits: dict[str, list[int]] = {"train": [], "validation": [], "test": []}
    for group in sorted(groups.values(), key=lambda each: (len(each), each[0]), reverse=True):
        trained = len(splits["train"])
        if trained + len(group) <= (1 - 2 * HELD_OUT_SHARE) * count:
            splits["train"] += group
        elif trained + len(splits["validation"]) + len(group) <= (1 - HELD_OUT_SHARE) * count:
            splits["validation"] += group
        else:
            splits["test"] += group
    return _whole(splits, count, f"{len(groups)} scaffolds")


def random_split(identities: Sequence[int] | ndarray, seed: int) -> dict[str, ndarray]:
    """Split molecules 80/10/10 at random by seed; copies of a molecule stay together.

    Args:
        identities: equal numbers for equal molecules.
        seed: an integer from 0.

    Raises:
        ValueError: a split would be empty.
    """
    _, group = np.unique(np.asarray(identities), return_inverse=True)
    rank = np.random.default_rng(seed).permutation(int(group.max(initial=-1)) + 1)
    order = np.argsort(rank[group], kind="stable")
    count, held = len(order), max(1, round(HELD_OUT_SHARE * len(order)))
    ends = [_end(rank[group][order], held), _end(rank[group][order], 2 * held)]
    parts = np.split(order, ends)
    named = dict(zip(("validation", "test", "train"), parts, strict=True))
    splits = {name: named[name].tolist() for name in ("train", "validation", "test")}
    return _whole(splits, count, f"{len(rank)} different molecules")


def _end(ranks: ndarray, end: int) -> int:
    """The next place, from `end` on, where another molecule begins."""
    while 0 < end < len(ranks) and ranks[end] == ranks[end - 1]:
        end += 1
    return min(end, len(ranks))


def given_split(splits: Mapping[str, Any], rows: int, row_of: ndarray) -> dict[str, ndarray]:
    """The molecules of given splits.

    Args:
        splits: rows of the table by number, the first behind the header being 0, or masks.
        rows: of the table, those that were left out among them.
        row_of: the row of each molecule, (M,).

    Raises:
        ValueError: the splits are wrong, as `check_splits` says, or only hold rows left out.
    """
    place = np.full(rows, -1)
    place[row_of] = np.arange(len(row_of))
    found = {name: place[members.numpy()] for name, members in check_splits(splits, rows).items()}
    kept = {name: places[places >= 0].tolist() for name, places in found.items()}
    return _whole(kept, rows, f"{len(row_of)} molecules")


def _whole(splits: dict[str, list[int]], count: int, what: str) -> dict[str, ndarray]:
    if empty := [name for name, members in splits.items() if not members]:
        raise ValueError(
            f"no molecules for {' and '.join(empty)}: {count} molecules with {what} are too few "
            "for this split; use a larger table, or split=random"
        )
    return {name: np.sort(np.array(members)) for name, members in splits.items()}
