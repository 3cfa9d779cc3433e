"""Operators written in a cell: a decorator that puts them into every menu and judges them."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, TypeVar

import torch
from IPython.display import display

from lcm_core.laws.in_words import laws_in_words
from lcm_core.laws.wording import LawsInWords
from lcm_core.operators import Operator
from lcm_core.operators.base import OPERATORS, register_operator
from lcm_core.operators.from_function import from_function

__all__ = ["offer_operator"]

Given = TypeVar("Given", bound=Callable[..., Any])

WIDTH = 4  # of the states, where features depend on each other


def offer_operator(given: Given) -> Given:
    """Decorator of a function (x, y) → state, or of an `Operator` class, in a notebook's cell.

    It is in the menus of all explorers at once, and in recipes, under the function's name (a
    class's `name`, if it says one). Running the cell again replaces it; nothing replaces an
    operator of the library. The cell shows which laws it keeps.

        @offer_operator
        def add_and_multiply(x, y):
            return x + y + x * y

    Raises:
        TypeError: it is neither.
        ValueError: the name is taken by the library, or is not one word.
    """
    cls = _operator_class(given)
    name = str(vars(cls).get("name", cls.__name__))
    OPERATORS.check(name, cls, replace=True)
    laws = _laws(cls)
    register_operator(name, replace=True)(cls)
    display(laws)
    return given


def _operator_class(given: object) -> type[Operator]:
    if inspect.isclass(given):
        if issubclass(given, Operator):
            return given
    elif inspect.isfunction(given):
        return from_function(given)
    raise TypeError(f"expected a function (x, y) → state, or a subclass of Operator, got {given!r}")


def _laws(cls: type[Operator]) -> LawsInWords:
    """Tried on single numbers if each feature is combined alone, else on vectors."""
    try:
        operator = cls(channels=WIDTH)
    except Exception as error:
        raise TypeError(
            f"{cls.__name__}(channels={WIDTH}) must make an operator, as all explorers do: {error}"
        ) from error
    narrow = _feature_by_feature(cls, operator)
    return laws_in_words(operator if narrow is None else narrow)


def _feature_by_feature(cls: type[Operator], operator: Operator) -> Operator | None:
    """The operator on one channel, if it does to each feature what `operator` does."""
    x, y = torch.randn(2, 64, WIDTH, generator=torch.Generator().manual_seed(0))
    try:
        narrow = cls(channels=1)
        if operator.state_dim != WIDTH or list(operator.parameters()):
            return None
        with torch.no_grad():
            wide = operator(x, y)
            single = [narrow(x[:, i : i + 1], y[:, i : i + 1]) for i in range(WIDTH)]
    except Exception:  # what it raises is said where its laws are tried
        return None
    return narrow if torch.allclose(wide, torch.cat(single, 1), equal_nan=True) else None
