"""Where the elements of a set come from: drawn, given, typed, or from a task."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from string import ascii_lowercase

import numpy as np
import torch
from torch import Tensor

from lcm_core.tasks import SecondMinimum
from lcm_core.widgets.base.values import Values, as_elements

__all__ = [
    "MAX_LEAVES",
    "Elements",
    "distinct",
    "drawn_elements",
    "given_elements",
    "task_elements",
    "typed_elements",
]

MAX_LEAVES = 256


@dataclass(frozen=True, eq=False)
class Elements:
    """Elements, of which the first few make the set.

    Args:
        values: (n, channels).
        names: one for each, all different.
        about: where they come from, in words.
    """

    values: Tensor
    names: list[str]
    about: str


def given_elements(values: Values, names: Sequence[str] | None) -> Elements:
    """Those of the caller: (n, channels), or n numbers.

    Raises:
        ValueError: what is wrong with them.
    """
    elements = as_elements(values)
    if not 1 <= len(elements) <= MAX_LEAVES or not elements.shape[1]:
        raise ValueError(
            f"expected values of shape (n, channels) with n from 1 to {MAX_LEAVES}, "
            f"got {tuple(elements.shape)}"
        )
    if names is not None and len(names) != len(elements):
        raise ValueError(
            f"expected a name for each of the {len(elements)} values, got {len(names)}"
        )
    return Elements(elements, distinct(names or letters(len(elements))), "given")


def fit_for_brackets(name: object) -> str:
    """A name as it can stand in a bracketing: what would end it there becomes a low line."""
    return re.sub(r"[\s(),]+", "_", str(name)) or "_"


def drawn_elements(channels: int, seed: int, draw: int, encoded: Tensor | None) -> Elements:
    """Gaussian elements; or some of those that came with the operator."""
    if encoded is not None:
        order = np.random.default_rng([seed, draw]).permutation(len(encoded))[:MAX_LEAVES]
        values = encoded[torch.from_numpy(order)]
        return Elements(values, letters(len(values)), "encoded by the model that was trained")
    generator = torch.Generator().manual_seed(seed + 1_000_003 * draw)
    values = torch.randn(MAX_LEAVES, channels, generator=generator)
    return Elements(values, letters(MAX_LEAVES), f"Gaussian, {channels} features each")


def task_elements(seed: int, draw: int) -> Elements:
    """Integers of the task `second_minimum`, named after their values."""
    task = SecondMinimum()
    generator = np.random.default_rng([seed, draw])
    numbers = generator.integers(2**task.bits, size=MAX_LEAVES)
    batch = task.from_values(torch.from_numpy(numbers), torch.tensor([MAX_LEAVES]))
    about = f"integers of the task second_minimum, as {task.bits} bits of ±1"
    return Elements(batch.x, distinct(map(str, numbers)), about)


def typed_elements(text: str) -> Elements:
    r"""Elements as they are typed.

    Numbers alone are an element each, apart by spaces or commas: `3 1 4` is three elements. One a
    line (or after a comma or semicolon), features apart by spaces, is for several features; a name
    before a colon says so even of a single line: `a: 3 1 4` is one element of three features.

    >>> typed_elements("3 1 4").values.tolist() == typed_elements("3, 1, 4").values.tolist()
    True
    >>> typed_elements("a: 3 1 4").values.tolist()
    [[3.0, 1.0, 4.0]]
    >>> typed_elements("up: 0 1\ndown: 0 -1").names
    ['up', 'down']

    Raises:
        ValueError: what cannot be read, and where.
    """
    parts = [part.strip() for part in text.replace(";", "\n").replace(",", "\n").splitlines()]
    parts = [part for part in parts if part]
    if len(parts) == 1 and ":" not in parts[0]:
        parts = parts[0].split()
    if not 1 <= len(parts) <= MAX_LEAVES:
        raise ValueError(
            f"expected from 1 to {MAX_LEAVES} elements, such as 3, 1, 4; got {len(parts)}"
        )
    names, rows = letters(len(parts)), list[list[float]]()
    for i, part in enumerate(parts):
        name, colon, numbers = part.rpartition(":")
        if colon:
            names[i] = _checked_name(name.strip(), part)
        rows.append([_number(word, i) for word in numbers.split()])
        if len(rows[i]) != len(rows[0]) or not rows[i]:
            raise ValueError(
                f"expected as many features in each element, got {len(rows[0])} in the first and "
                f"{len(rows[i])} in element {i + 1}, {part!r}"
            )
    if twice := [name for name in names if names.count(name) > 1]:
        raise ValueError(f"two elements are called {twice[0]!r}: give each a name of its own")
    return Elements(torch.tensor(rows), names, "typed")


def letters(count: int) -> list[str]:
    """a, b, …, z, a2, b2, …"""
    turns = [""] + [str(turn) for turn in range(2, count // 26 + 2)]
    return [letter + turn for turn in turns for letter in ascii_lowercase][:count]


def distinct(names: Iterable[str]) -> list[str]:
    """Names fit for brackets; one that has been there before gets a number: 7, 7_2, 7_3."""
    seen: dict[str, int] = {}
    made = []
    for name in map(fit_for_brackets, names):
        seen[name] = seen.get(name, 0) + 1
        made.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return made


def _checked_name(name: str, part: str) -> str:
    if not name or any(character.isspace() or character in "()" for character in name):
        raise ValueError(
            f"expected a name without spaces and brackets before the colon of {part!r}"
        )
    return name


def _number(word: str, element: int) -> float:
    try:
        number = float(word)
    except ValueError:
        raise ValueError(f"{word!r} in element {element + 1} is not a number") from None
    if not math.isfinite(number):
        raise ValueError(f"{word!r} in element {element + 1} is not a finite number")
    return number
