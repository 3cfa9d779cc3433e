"""Which items are for training, validation and test."""

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor

from lcm_core.tasks.base import seeded_generator

__all__ = ["NAMES", "check_splits", "draw_splits", "split_name"]

NAMES = ("validation", "test", "train")
SHARE = 0.1  # of the items, for validation, and for test
SPLIT_STREAM = 7
WORDS = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "val", "dev", "eval"),
    "test": ("test", "testing", "holdout", "heldout"),
}


def draw_splits(items: int, seed: int) -> dict[str, Int[Tensor, " M"]]:
    """A tenth of the items at random for validation, a tenth for test, the rest for training.

    Raises:
        ValueError: there are fewer than 3 items.
    """
    if items < 3:
        raise ValueError(f"expected at least 3 items, one for each of {NAMES}, got {items}")
    order = torch.randperm(items, generator=seeded_generator("cpu", SPLIT_STREAM, seed))
    part = max(1, round(SHARE * items))
    bounds = {"validation": (0, part), "test": (part, 2 * part), "train": (2 * part, items)}
    return {name: order[slice(*bound)].sort().values for name, bound in bounds.items()}


def check_splits(splits: Mapping[str, Any], items: int) -> dict[str, Int[Tensor, " M"]]:
    """The given splits, as tensors.

    Raises:
        ValueError: "train" or "validation" is missing or empty, an item does not exist, or one of
            the training items is in another split too.
    """
    if missing := [name for name in ("train", "validation") if name not in splits]:
        raise ValueError(
            f"expected splits train, validation and, if you like, test and more; "
            f"{' and '.join(missing)} is missing, got {', '.join(splits) or 'none'}"
        )
    read: dict[str, Any] = {}
    for name, members in splits.items():
        read[name] = _items(name, members, items)
        if len(read[name]) == 0:
            raise ValueError(f"expected items in split {name!r}, got none")
        if int(read[name].min()) < 0 or int(read[name].max()) >= items:
            raise ValueError(
                f"expected items 0 to {items - 1} in split {name!r}, got "
                f"{int(read[name].min())} to {int(read[name].max())}"
            )
    for name, other in combinations(read, 2):
        if shared := set(read[name].tolist()) & set(read[other].tolist()):
            raise ValueError(
                f"expected splits without shared items: item {min(shared)} is in {name} and {other}"
            )
    return {name: read[name] for name in dict.fromkeys(("validation", *read))}


def _items(name: str, members: Any, items: int) -> Tensor:
    """The items of a split, from their numbers or from a mask of all items."""
    try:
        given = members if isinstance(members, Tensor) else torch.as_tensor(list(members))
    except (TypeError, ValueError, RuntimeError) as error:
        raise ValueError(f"expected the numbers of items in split {name!r}: {error}") from error
    given = given.detach().cpu().reshape(-1)
    if given.dtype == torch.bool:
        if len(given) != items:
            raise ValueError(
                f"expected a mask of {items} items for split {name!r}, got {len(given)}"
            )
        return given.nonzero()[:, 0]
    if len(given) and (given.is_floating_point() or given.is_complex()):
        raise ValueError(f"expected whole numbers of items in split {name!r}, got {given.dtype}")
    return given.long()


def split_name(text: str) -> str | None:
    """The split that a text of a column names, such as `valid`; None for another text."""
    plain = text.strip().lower()
    return next((name for name, words in WORDS.items() if plain in words), None)
