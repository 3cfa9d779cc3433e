from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor

from lcm_core.operators.base import Operator

__all__ = ["from_function"]


def from_function(function: Callable[[Tensor, Tensor], Tensor]) -> type[Operator]:
    """An operator class whose x ⊕ y is `function(x, y)`, for states of any width.

    >>> from_function(lambda x, y: x + y)(channels=2).state_dim
    2

    Args:
        function: takes two states (*, d) and gives a third.
    """

    class OfFunction(Operator):
        """x ⊕ y as the function says."""

        def __init__(self, channels: int, **options: Any):
            super().__init__(channels, **options)

        def forward(self, left: Tensor, right: Tensor) -> Tensor:
            result = function(left, right)
            if not isinstance(result, Tensor) or result.shape != left.shape:
                got = tuple(result.shape) if isinstance(result, Tensor) else repr(result)
                raise ValueError(
                    f"{function.__name__}(x, y) must give a tensor of the shape of x, "
                    f"{tuple(left.shape)}; it gave {got}"
                )
            return result

    OfFunction.__name__ = OfFunction.name = function.__name__
    OfFunction.__qualname__ = function.__qualname__
    OfFunction.__module__ = function.__module__
    OfFunction.__doc__ = function.__doc__
    OfFunction.made_by = (from_function, function)
    return OfFunction
