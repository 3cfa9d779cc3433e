"""Operators made of two others: a blend of their results, and a product on parts of the state."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from lcm_core.operators.base import (
    OPERATORS,
    Operator,
    make_operator,
    operator_class,
    register_family,
)

__all__ = ["Blend", "Product", "blend", "product"]


class Blend(Operator):
    """x ⊕ y = (1 − t) (x ⊕₁ y) + t (x ⊕₂ y): from one operator to another.

    Commutative by construction if both are. It is associative only by chance: for 0 < t < 1 not
    even a blend of sum and max is. It has an identity if both have the same, finite one.

    Args:
        first, second: operators whose states are the elements, of one width.
        t: 0 is the first, 1 the second.
        learn_identity: give it a learned identity if it has none (it begins at 0).

    Raises:
        ValueError: the widths differ, an operator lifts its elements, or t is not from 0 to 1.
    """

    learns_identity = True

    def __init__(
        self, first: Operator, second: Operator, t: float = 0.5, learn_identity: bool = False
    ):
        for operator in (first, second):
            _check_operator(operator)
            _check_plain(operator)
        if first.channels != second.channels:
            raise ValueError(
                f"expected two operators of one width, got {first.name!r} with {first.channels} "
                f"channels and {second.name!r} with {second.channels}"
            )
        if not 0 <= t <= 1:
            raise ValueError(f"expected t from 0 to 1, got {t}")
        e, other = first.identity, second.identity
        shared = e is not None and other is not None and torch.equal(e, other)
        fixed = e.detach().clone() if e is not None and shared and e.isfinite().all() else None
        super().__init__(
            first.channels, identity=fixed, learn_identity=learn_identity and fixed is None
        )
        self.first, self.second, self.t = first, second, float(t)
        self.name = f"blend({first.name},{second.name},{t:g})"
        self.commutative = first.commutative and second.commutative

    def forward(self, left: Tensor, right: Tensor) -> Tensor:
        return torch.lerp(self.first(left, right), self.second(left, right), self.t)

    def combine(self, left: Tensor, right: Tensor) -> Tensor:
        one, other = self.first.combine(left, right), self.second.combine(left, right)
        return torch.lerp(one, other, self.t)


class Product(Operator):
    """Two operators side by side: the first acts on one half of the channels, the second on the
    other.

    A law holds by construction if it does for both; so (M₁ × M₂, ⊕) is a commutative monoid if M₁
    and M₂ are. With a sum in one half, the size of a set is not lost in the other's bounded states.

    Args:
        first, second: operators of any widths; an element is one for the first, then one for the
            second.
    """

    def __init__(self, first: Operator, second: Operator):
        for operator in (first, second):
            _check_operator(operator)
        super().__init__(
            first.channels + second.channels,
            state_dim=first.state_dim + second.state_dim,
            out_channels=first.out_channels + second.out_channels,
        )
        self.first, self.second = first, second
        self.name = f"product({first.name},{second.name})"
        self.commutative = first.commutative and second.commutative
        self.associative = first.associative and second.associative

    @property
    def identity(self) -> Tensor | None:
        """Both identities, if there are both."""
        one, other = self.first.identity, self.second.identity
        return None if one is None or other is None else torch.cat([one, other])

    @identity.setter
    def identity(self, value: Tensor | None) -> None:
        if value is not None:
            raise AttributeError("set the identities of `.first` and `.second`")

    def lift(self, x: Tensor) -> Tensor:
        one, other = x.split([self.first.channels, self.second.channels], -1)
        return torch.cat([self.first.lift(one), self.second.lift(other)], -1)

    def forward(self, left: Tensor, right: Tensor) -> Tensor:
        return self._by_part(self.first, self.second, left, right)

    def combine(self, left: Tensor, right: Tensor) -> Tensor:
        return self._by_part(self.first.combine, self.second.combine, left, right)

    def lower(self, state: Tensor) -> Tensor:
        one, other = self._parts(state)
        return torch.cat([self.first.lower(one), self.second.lower(other)], -1)

    def _parts(self, state: Tensor) -> tuple[Tensor, ...]:
        return state.split([self.first.state_dim, self.second.state_dim], -1)

    def _by_part(
        self,
        first: Callable[[Tensor, Tensor], Tensor],
        second: Callable[[Tensor, Tensor], Tensor],
        left: Tensor,
        right: Tensor,
    ) -> Tensor:
        (x, other_x), (y, other_y) = self._parts(left), self._parts(right)
        return torch.cat([first(x, y), second(other_x, other_y)], -1)


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


def product(first: Operator, second: Operator) -> Product:
    """Put two operators side by side, each on its own channels.

    (x, x') ⊕ (y, y') = (x ⊕₁ y, x' ⊕₂ y'). A law holds by construction if it does for both, so a
    product of commutative monoids is a commutative monoid.

    >>> both = product(make_operator("sum", 1), make_operator("max", 1))
    >>> both(torch.tensor([1.0, 1.0]), torch.tensor([3.0, 3.0])).tolist()
    [4.0, 3.0]

    Args:
        first, second: operators of any widths. An element is an element of the first, then one of
            the second: `first.channels + second.channels` wide.

    Raises:
        TypeError: an argument is no `Operator`.
    """
    return Product(first, second)


@register_family("blend", examples=("blend(sum,max,0.5)",))
@lru_cache(maxsize=256)
def blend_class(name: str) -> type[Operator]:
    """The class of a name such as `blend(sum,max,0.3)`.

    Raises:
        ValueError: it is not such a name.
    """
    first, second, *share = _arguments(name, "blend(sum,max,0.5)", (2, 3))
    try:
        t = float(share[0]) if share else 0.5
    except ValueError as error:
        raise ValueError(f"expected a number t from 0 to 1 at the end of {name!r}") from error
    classes = operator_class(first), operator_class(second)

    class NamedBlend(Blend):
        """The blend of this name."""

        def __init__(self, channels: int, learn_identity: bool = False):
            one, other = make_operator(first, channels), make_operator(second, channels)
            super().__init__(one, other, t, learn_identity)
            self.name = name

    NamedBlend.commutative = all(cls.commutative for cls in classes)
    return NamedBlend


@register_family("product", examples=("product(sum,symmetrized_gru)",))
@lru_cache(maxsize=256)
def product_class(name: str) -> type[Operator]:
    """The class of a name such as `product(sum,symmetrized_gru)`: the channels are halved.

    Raises:
        ValueError: it is not such a name.
    """
    first, second = _arguments(name, "product(sum,symmetrized_gru)", (2,))
    classes = operator_class(first), operator_class(second)

    class NamedProduct(Product):
        """The product of this name."""

        def __init__(self, channels: int):
            half = channels // 2
            if half == 0:
                raise ValueError(f"{name} halves its channels: expected at least 2, got {channels}")
            super().__init__(_with_identity(first, channels - half), _with_identity(second, half))
            self.name = name

        @classmethod
        def channels_for(cls, out_channels: int, **options: Any) -> int:
            half = out_channels // 2
            if half == 0:
                raise ValueError(
                    f"{name} halves its channels: expected at least 2, got {out_channels}"
                )
            one = classes[0].channels_for(out_channels - half)
            other = classes[1].channels_for(half)
            if (one + other) // 2 != other:
                raise ValueError(
                    f"{name} halves its channels, and its parts would need {one} and {other} of "
                    f"them for {out_channels} answers"
                )
            return one + other

    NamedProduct.commutative = all(cls.commutative for cls in classes)
    NamedProduct.associative = all(cls.associative for cls in classes)
    return NamedProduct


def _with_identity(name: str, channels: int) -> Operator:
    """An operator that learns an identity where it has none of its own."""
    learn: dict[str, Any] = {"learn_identity": True} if operator_class(name).learns_identity else {}
    return make_operator(name, channels, **learn)


def _arguments(name: str, example: str, counts: tuple[int, ...]) -> list[str]:
    """The text between the outer brackets, split at commas outside inner brackets."""
    _, _, inside = name.partition("(")
    arguments, depth = [""], 0
    for character in inside.removesuffix(")"):
        depth += (character == "(") - (character == ")")
        if character == "," and depth == 0:
            arguments.append("")
        else:
            arguments[-1] += character
    if not name.endswith(")") or depth or len(arguments) not in counts or not all(arguments):
        raise ValueError(f"expected a name such as {example}, got {name!r}")
    return arguments


def _check_operator(operator: object) -> None:
    if not isinstance(operator, Operator):
        raise TypeError(f"expected an Operator, got {type(operator).__name__}")


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


def _forget(_: str) -> None:
    """Empty the caches: a notebook cell may have redefined one of the parts."""
    blend_class.cache_clear()
    product_class.cache_clear()


OPERATORS.watch(_forget)
