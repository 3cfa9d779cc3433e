"""What a formula is made of, and its value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

__all__ = ["FUNCTIONS", "Apply", "Formula", "Function", "Name", "Number", "Part", "value_of"]


class Function(NamedTuple):
    """What a formula may call."""

    arity: int
    compute: Callable[..., Tensor]


FUNCTIONS: Mapping[str, Function] = {
    "exp": Function(1, torch.exp),
    "log": Function(1, torch.log),
    "sqrt": Function(1, torch.sqrt),
    "abs": Function(1, torch.abs),
    "sign": Function(1, torch.sign),
    "sin": Function(1, torch.sin),
    "cos": Function(1, torch.cos),
    "tanh": Function(1, torch.tanh),
    "atanh": Function(1, torch.atanh),
    "sinh": Function(1, torch.sinh),
    "asinh": Function(1, torch.asinh),
    "sigmoid": Function(1, torch.sigmoid),
    "relu": Function(1, torch.relu),
    "max": Function(2, torch.maximum),
    "min": Function(2, torch.minimum),
}


@dataclass(frozen=True)
class Number:
    """A number that stands in the formula."""

    value: float


@dataclass(frozen=True)
class Name:
    """x, y, or a parameter."""

    name: str


@dataclass(frozen=True)
class Apply:
    """A sign or a function, and what it is applied to."""

    function: Function
    arguments: tuple[Part, ...]


Part = Number | Name | Apply


@dataclass(frozen=True)
class Formula:
    """A formula that was read.

    Args:
        text: without blanks, so that it is one word.
        tree: its parts.
        parameters: their names, in the order in which they come.
    """

    text: str
    tree: Part
    parameters: tuple[str, ...]

    def __call__(
        self, x: Tensor, y: Tensor, parameters: Mapping[str, Tensor] | None = None
    ) -> Tensor:
        """x ⊕ y, entry by entry; NaN where the formula is not defined.

        Args:
            x, y: of shapes that broadcast.
            parameters: a number for each name, as tensors.
        """
        names = {"x": x, "y": y, **(parameters or {})}
        result = value_of(self.tree, {name: value.to(x.dtype) for name, value in names.items()}, x)
        return torch.broadcast_tensors(result, x, y)[0]


def value_of(part: Part, names: Mapping[str, Tensor], like: Tensor) -> Tensor:
    """The value of a part. All numbers are floats: none costs more than another."""
    match part:
        case Number(value):
            return torch.full((), value, dtype=like.dtype, device=like.device)
        case Name(name):
            return names[name]
        case Apply(function, arguments):
            return function.compute(*(value_of(argument, names, like) for argument in arguments))
