"""Findings about laws, and numbers, states and identities as text."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from lcm_core.operators.find_identity import Identity

__all__ = [
    "LETTERS",
    "LawInWords",
    "LawsInWords",
    "assigned",
    "located",
    "number",
    "power_of_ten",
    "told_apart",
    "written",
]

LETTERS = "xyz"


@dataclass(frozen=True)
class LawInWords:
    """The finding about one law.

    Args:
        law: its name.
        holds: whether it held wherever it was tried; None if it could not be tried.
        text: the finding in words.
        at: the states of the counter-example, each `(state_dim,)`.
        sides: the two sides of the law there.
    """

    law: str
    holds: bool | None
    text: str
    at: tuple[Tensor, ...] = ()
    sides: tuple[Tensor, ...] = ()

    def __str__(self) -> str:
        return f"{self.law}: {self.text}"


@dataclass(frozen=True)
class LawsInWords:
    """The findings about all laws of an operator; a notebook shows a list.

    Args:
        name: of the operator.
        laws: by name, in the order of `lcm_core.LAWS`.
        identity: where it was found, if the operator works on single numbers.
    """

    name: str
    laws: dict[str, LawInWords]
    identity: Identity | None = None

    def __getitem__(self, law: str) -> LawInWords:
        return self.laws[law]

    @property
    def summary(self) -> str:
        """A sentence: is it a commutative monoid, as far as the search can tell?"""
        held = {law: words.holds for law, words in self.laws.items()}
        if any(held[law] is None for law in ("commutativity", "associativity")):
            return "It could not be tried."
        if held["commutativity"] and held["associativity"]:
            if held["identity"]:
                return "A commutative monoid, on all that was tried: no tree and no order matters."
            return "No tree and no order matters, on all that was tried; but e is missing."
        if held["commutativity"]:
            return "It commutes, but the tree matters: no monoid."
        if held["associativity"]:
            monoid = "a monoid, but not" if held["identity"] else "associative, but not"
            return f"The order matters, but the tree does not: {monoid} commutative."
        return "Order and tree matter: no commutative monoid."

    def __str__(self) -> str:
        return "\n".join([f"{self.name}: {self.summary}", *map(str, self.laws.values())])

    __repr__ = __str__

    def html(self) -> str:
        """The same as a list, for a page."""
        marks = {True: "✓", False: "✗", None: "?"}
        rows = "".join(
            f"<li><b>{marks[words.holds]} {words.law}</b>: {html.escape(words.text)}</li>"
            for words in self.laws.values()
        )
        return (
            f'<div role="status"><b>{html.escape(self.name)}</b>: {html.escape(self.summary)}'
            f"<ul style='list-style:none;padding-left:8px;margin:4px 0'>{rows}</ul></div>"
        )

    _repr_html_ = html


def number(value: float, digits: int = 4) -> str:
    """A number as it is read in a sentence.

    >>> number(-0.5), number(float("inf")), number(float("nan"))
    ('−0.5', '∞', 'not defined')
    """
    if math.isnan(value):
        return "not defined"
    return f"{value + 0.0:.{digits}g}".replace("-", "−").replace("inf", "∞")


def power_of_ten(log: float) -> str:
    """A number by its log₁₀: in digits if it is near 1, else as `10^−4.2`; `0` for −∞.

    >>> power_of_ten(-0.5), power_of_ten(-13107.24), power_of_ten(-math.inf)
    ('0.32', '10^−13,107.2', '0')
    """
    if log == -math.inf:
        return "0"
    return f"{10**log:.2g}" if -3 < log < 3 else f"10^{log:,.1f}".replace("-", "−")


def written(state: Tensor, digits: int = 4, in_full: bool = False) -> str:
    """A state: one number if all features are equal, unless `in_full`; else the first few."""
    values = state.tolist()
    if (len({*values}) == 1 and not in_full) or all(math.isnan(value) for value in values):
        return number(values[0], digits)
    few = ", ".join(number(value, digits) for value in values[:4])
    return f"({few}{', …' if len(values) > 4 else ''})"


def told_apart(one: Tensor, other: Tensor) -> tuple[str, str]:
    """Two states, with enough digits to tell them apart."""
    for digits in (4, 8):
        texts = written(one, digits), written(other, digits)
        if texts[0] != texts[1]:
            return texts
    return written(one, 16), written(other, 16)


def assigned(states: Sequence[Tensor]) -> str:
    """Such as `x = 0, y = 1`."""
    alike = all(len({*state.tolist()}) == 1 for state in states)
    words = [
        f"{letter} = {written(state, in_full=not alike and bool(state.any()))}"
        for letter, state in zip(LETTERS, states, strict=False)
    ]
    every = alike and len(states[0]) > 1
    return ", ".join(words) + (" (in every feature)" if every else "")


def located(found: Identity | None) -> str:
    """The place of the identity, in words."""
    if found is None:
        return "none among the numbers from −10 to 10 and ±∞"
    e = number(found.value, 6)
    if found.limit:
        return f"no number: but the closer e is to {e}, the less e ⊕ x and x ⊕ e differ from x"
    if found.side == "left":
        return f"none: e = {e} has e ⊕ x = x, but nothing has x ⊕ e = x as well"
    if found.side == "right":
        return f"none: e = {e} has x ⊕ e = x, but nothing has e ⊕ x = x as well"
    if found.exact:
        return f"e = {e}: e ⊕ x = x = x ⊕ e wherever it was tried"
    ends = (
        f" from {number(found.low)}" if found.low > -math.inf else "",
        f" up to {number(found.high)}" if found.high < math.inf else " on",
    )
    return f"none for all numbers: e = {e} is one only for the numbers{''.join(ends)}"
