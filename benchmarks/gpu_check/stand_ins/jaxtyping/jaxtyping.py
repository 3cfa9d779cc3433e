"""Stands in for jaxtyping where that is missing: a shape in brackets is just its type.

`make gpu-check` puts this folder on the path only then. Nothing checks shapes there.
"""

from typing import Any


class _Shaped:
    def __class_getitem__(cls, item: tuple[Any, str]) -> Any:
        return item[0]


class Bool(_Shaped):
    """`Bool[Tensor, "n"]` is Tensor."""


class Float(_Shaped):
    """`Float[Tensor, "n d"]` is Tensor."""


class Int(_Shaped):
    """`Int[Tensor, "n"]` is Tensor."""


class Integer(_Shaped):
    """`Integer[Tensor, "n"]` is Tensor."""


class UInt8(_Shaped):
    """`UInt8[Tensor, "n"]` is Tensor."""
