from functools import lru_cache

import torch
from torch import Tensor, nn

from lcm_core.operators.base import (
    Operator,
    check_operator,
    make_operator,
    operator_class,
    register_family,
)
from lcm_core.operators.brackets import arguments_of

__all__ = ["Blend", "blend"]


class Blend(Operator):
    """x ⊕ y = (1 − t) (x ⊕₁ y) + t (x ⊕₂ y): from one operator to another.

    Commutative by construction if both are. It is associative only by chance: for 0 < t < 1 not
    even a blend of sum and max is. If both have the same fixed, finite identity, it is that of the
    blend; if both have one and one is learned, the blend learns one that begins between them.

    Args:
        first, second: operators whose states are the elements, of one width.
        t: 0 is the first, 1 the second.
        learn_identity: give it a learned identity in any other case, too (it begins at 0).

    Raises:
        ValueError: the widths differ, an operator lifts its elements, or t is not from 0 to 1.
    """

    learns_identity = True

    def __init__(
        self, first: Operator, second: Operator, t: float = 0.5, learn_identity: bool = False
    ):
        for operator in (first, second):
            check_operator(operator)
            _check_plain(operator)
        if first.channels != second.channels:
            raise ValueError(
                f"expected two operators of one width, got {first.name!r} with {first.channels} "
                f"channels and {second.name!r} with {second.channels}"
            )
        if isinstance(t, bool) or not isinstance(t, int | float) or not 0 <= t <= 1:
            raise ValueError(f"expected t from 0 to 1, got {t!r}")
        between = _between(first.identity, second.identity, float(t))
        learned = isinstance(between, nn.Parameter)
        super().__init__(
            first.channels,
            identity=None if learned else between,
            learn_identity=learn_identity and between is None,
        )
        if learned:
            self.identity = between
        self.first, self.second, self.t = first, second, float(t)
        self.name = f"blend({first.name},{second.name},{repr(self.t).removesuffix('.0')})"
        self.commutative = first.commutative and second.commutative

    def forward(self, left: Tensor, right: Tensor) -> Tensor:
        return torch.lerp(self.first(left, right), self.second(left, right), self.t)

    def combine(self, left: Tensor, right: Tensor) -> Tensor:
        one, other = self.first.combine(left, right), self.second.combine(left, right)
        return torch.lerp(one, other, self.t)


def blend(first: Operator, second: Operator, t: float = 0.5) -> Blend:
    """Interpolate between two operators.

    x ⊕ y = (1 − t) (x ⊕₁ y) + t (x ⊕₂ y). Commutative by construction if both operators are. Not
    associative by construction: for 0 < t < 1 not even a blend of sum and max is.

    >>> between = blend(make_operator("sum", 1), make_operator("max", 1), t=0.5)
    >>> between(torch.tensor([1.0]), torch.tensor([3.0])).item()
    3.5
    >>> between.commutative, between.associative
    (True, False)

    Args:
        first, second: operators of one width whose states are the elements (no lift, no lower).
        t: 0 is the first, 1 the second.

    Raises:
        ValueError: the widths differ, an operator lifts its elements, or t is not from 0 to 1.
        TypeError: an argument is no `Operator`.
    """
    return Blend(first, second, t)


@register_family("blend", examples=("blend(sum,max,0.5)",))
@lru_cache(maxsize=256)
def blend_class(name: str) -> type[Operator]:
    """The class of a name such as `blend(sum,max,0.3)`.

    Raises:
        ValueError: it is not such a name.
    """
    first, second, *share = arguments_of(name, "blend(sum,max,0.5)", (2, 3))
    try:
        t = float(share[0]) if share else 0.5
    except ValueError as error:
        raise ValueError(f"expected a number t from 0 to 1 at the end of {name!r}") from error
    for part in (first, second):
        operator_class(part)  # raises for an unknown name

    class NamedBlend(Blend):
        """The blend of this name."""

        def __init__(self, channels: int, learn_identity: bool = False):
            one, other = make_operator(first, channels), make_operator(second, channels)
            super().__init__(one, other, t, learn_identity)
            self.name = name

    NamedBlend.made_by = (operator_class, name)
    return NamedBlend


def _between(one: Tensor | None, other: Tensor | None, t: float) -> Tensor | None:
    """The identity of a blend: that of both if they are fixed; a parameter if one is learned."""
    if one is None or other is None or not (one.isfinite().all() and other.isfinite().all()):
        return None
    if isinstance(one, nn.Parameter) or isinstance(other, nn.Parameter):
        return nn.Parameter(torch.lerp(one.detach(), other.detach().to(one), t))
    return one.clone() if torch.equal(one, other) else None


def _check_plain(operator: Operator) -> None:
    """Refuse operators whose states are not their elements: two such kinds cannot be mixed."""
    element = torch.linspace(-1, 1, operator.channels)
    parameter = next(operator.parameters(), None)
    element = element if parameter is None else element.to(parameter)
    with torch.no_grad():
        state = operator.lift(element)
        plain = state.shape == element.shape and torch.equal(state, element)
        plain = plain and torch.equal(operator.lower(state), element)
    if not plain:
        raise ValueError(
            f"a blend mixes states, and those of {operator.name!r} are not its elements: expected "
            "operators without lift and lower, such as sum, max or symmetrized_gru"
        )
