"""A split of molecules in which no ring system is on both sides."""

from collections.abc import Sequence

import numpy as np

__all__ = ["HELD_OUT_SHARE", "scaffold_split"]

HELD_OUT_SHARE = 0.1  # of all molecules: for validation, and again for test


def scaffold_split(scaffolds: Sequence[str], seed: int = 0) -> dict[str, np.ndarray]:
    """Split molecules 80/10/10 into train, validation and test by scaffold, at random by seed.

    Molecules with the same scaffold stay together, so that validation and test ask about ring
    systems that training never saw: harder, and nearer to use, than a split molecule by molecule.
    Groups larger than half a validation set go to train, since one of them would make up most of
    a split. The others come in an order drawn from `seed`; each joins validation if it still
    fits there, else test if it fits there, else train. As groups of one are common, validation
    and test come out at exactly a tenth unless the table is tiny or has very few scaffolds.

    Args:
        scaffolds: one name for each molecule; all acyclic molecules (named "") are one group.
        seed: an integer from 0.

    Returns:
        "train", "validation" and "test": ascending positions in `scaffolds`, int64, each
        molecule in exactly one.

    Raises:
        ValueError: a split would be empty.
    """
    groups: dict[str, list[int]] = {}
    for position, name in enumerate(scaffolds):
        groups.setdefault(name, []).append(position)
    room = round(HELD_OUT_SHARE * len(scaffolds))
    shuffled = list(groups.values())
    order = np.random.default_rng(seed).permutation(len(shuffled))

    splits: dict[str, list[int]] = {"train": [], "validation": [], "test": []}
    for group in (shuffled[i] for i in order):
        if len(group) > room / 2:
            splits["train"] += group
        elif len(splits["validation"]) + len(group) <= room:
            splits["validation"] += group
        elif len(splits["test"]) + len(group) <= room:
            splits["test"] += group
        else:
            splits["train"] += group
    empty = [name for name, members in splits.items() if not members]
    if empty:
        raise ValueError(
            f"no molecules for {' and '.join(empty)}: {len(scaffolds)} molecules with "
            f"{len(groups)} scaffolds are too few for a scaffold split; use a larger table, or "
            "split=random"
        )
    return {name: np.sort(np.array(members)) for name, members in splits.items()}
