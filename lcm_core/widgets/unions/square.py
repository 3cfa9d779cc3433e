"""The two ways around the square of a homomorphism, computed."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from lcm_core.rounding import ANSWER

__all__ = ["Aggregator", "Square", "same", "written"]

#: An aggregator of a list of numbers, and the operator that is to combine two of its answers.
Aggregator = tuple[Callable[[list[float]], Any], Callable[[Any, Any], Any]]


@dataclass(frozen=True)
class Square:
    """What an aggregator makes of two sets, and of both together.

    Args:
        parts: its answers for A and for B.
        together: its answer for A ⊎ B.
        combined: its answers for A and B, combined by ⊕.
        why: where something could not be computed, the reason.
    """

    parts: tuple[Any, Any]
    together: Any
    combined: Any
    why: str = ""

    @classmethod
    def of(cls, aggregator: Aggregator, one: Sequence[float], other: Sequence[float]) -> Square:
        """Go both ways; what raises is None, and said."""
        aggregate, combine = aggregator
        why: list[str] = []

        def tried(what: str, function: Callable[..., Any], *values: Any) -> Any:
            if any(value is None for value in values):
                return None
            try:
                return function(*values)
            except Exception as error:
                why.append(f"{what} could not be computed: {type(error).__name__}: {error}.")
                return None

        parts = (
            tried("agg(A)", aggregate, list(one)),
            tried("agg(B)", aggregate, list(other)),
        )
        together = tried("agg(A ⊎ B)", aggregate, [*one, *other])
        combined = tried("agg(A) ⊕ agg(B)", combine, *parts)
        return cls(parts, together, combined, " ".join(why))

    @property
    def commutes(self) -> bool | None:
        """Whether both ways end at one answer, up to rounding; None if one has no end."""
        if self.together is None or self.combined is None:
            return None
        return same(self.together, self.combined)


def same(one: Any, other: Any) -> bool:
    """Whether two answers agree up to rounding: numbers, tensors, or tuples and lists of them."""
    if isinstance(one, Tensor) or isinstance(other, Tensor):
        one, other = torch.as_tensor(one).tolist(), torch.as_tensor(other).tolist()
    if isinstance(one, tuple | list) and isinstance(other, tuple | list):
        return len(one) == len(other) and all(map(same, one, other))
    try:
        return math.isclose(one, other, rel_tol=ANSWER, abs_tol=ANSWER)
    except TypeError:
        return bool(one == other)


def written(value: Any) -> str:
    """An answer in few digits, such as "3.67" or "(15, 3)"; "none" where there is none."""
    if value is None:
        return "none"
    if isinstance(value, Tensor):
        value = value.tolist()
    if isinstance(value, tuple | list):
        return f"({', '.join(map(written, value))})"
    if isinstance(value, str):
        return value
    try:
        return f"{float(value):.4g}".replace("-", "−").replace("inf", "∞")
    except (TypeError, ValueError):
        return str(value)
