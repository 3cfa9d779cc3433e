"""Operators for panels: by name or as they are, with weights that are a function of the seed."""

from __future__ import annotations

from lcm_core.operators import Operator, make_operator
from lcm_core.seeding import initialised

__all__ = ["label", "resolve_operator"]


def resolve_operator(operator: str | Operator, channels: int, seed: int = 0) -> Operator:
    """The operator of this name with freshly drawn weights, or the given one.

    Args:
        operator: a name of `lcm_core.operator_names()`, or an operator.
        channels: the width of the elements it will get.
        seed: of the weights; the global random state is left as it was.

    Raises:
        ValueError: an unknown name, or an operator for elements of another width.
    """
    if isinstance(operator, str):
        return initialised(lambda: make_operator(operator, channels=channels), seed)
    if operator.channels != channels:
        raise ValueError(
            f"expected an operator on elements of {channels} channels, "
            f"got {operator.name!r} with {operator.channels}"
        )
    return operator


def label(operator: str | Operator) -> str:
    """What a menu calls the operator."""
    return operator if isinstance(operator, str) else f"{operator.name} (yours)"
