from collections.abc import Callable
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from lcm_core.operators.base import (
    Operator,
    check_operator,
    make_with_identity,
    operator_class,
    register_family,
)
from lcm_core.operators.brackets import arguments_of

__all__ = ["Product", "product"]


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
            check_operator(operator)
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

    @property
    def nothing(self) -> Tensor | None:
        """Of each part; NaN, which no entry equals, for a part that has none."""
        one, other = self.first.nothing, self.second.nothing
        known = one if one is not None else other
        if known is None:
            return None
        one = known.new_full((self.first.state_dim,), torch.nan) if one is None else one
        other = known.new_full((self.second.state_dim,), torch.nan) if other is None else other
        return torch.cat([one, other])

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


def product(first: Operator, second: Operator) -> Product:
    """Put two operators side by side, each on its own channels.

    (x, x') ⊕ (y, y') = (x ⊕₁ y, x' ⊕₂ y'). A law holds by construction if it does for both, so a
    product of commutative monoids is a commutative monoid.

    >>> from lcm_core import make_operator
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


@register_family("product", examples=("product(sum,symmetrized_gru)",))
@lru_cache(maxsize=256)
def product_class(name: str) -> type[Operator]:
    """The class of a name such as `product(sum,symmetrized_gru)`: the channels are halved.

    Raises:
        ValueError: it is not such a name.
    """
    first, second = arguments_of(name, "product(sum,symmetrized_gru)", (2,))
    for part in (first, second):
        operator_class(part)  # raises for an unknown name

    def halves(width: int) -> tuple[int, int]:
        if width < 2:
            raise ValueError(f"{name} halves its channels: expected at least 2, got {width}")
        return width - width // 2, width // 2

    class NamedProduct(Product):
        """The product of this name."""

        def __init__(self, channels: int):
            one, other = halves(channels)
            super().__init__(make_with_identity(first, one), make_with_identity(second, other))
            self.name = name

        @classmethod
        def channels_for(cls, out_channels: int, **options: Any) -> int:
            answers = halves(out_channels)
            one = operator_class(first).channels_for(answers[0])
            other = operator_class(second).channels_for(answers[1])
            if (one + other) // 2 != other:
                raise ValueError(
                    f"{name} halves its channels, and its parts would need {one} and {other} of "
                    f"them for {out_channels} answers"
                )
            return one + other

    NamedProduct.made_by = (operator_class, name)
    return NamedProduct
