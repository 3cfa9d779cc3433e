"""Values of a recipe's fields and options: checked, and read from and written to text."""

import math
from typing import Any

__all__ = ["checked", "kind_of", "read", "written"]

_A = {
    int: "a whole number",
    float: "a finite number",
    str: "a word",
    bool: "True or False",
}


def kind_of(value: Any) -> Any:
    """The kind of a default: bool, int, float or str, of which it may be a subclass."""
    return next(kind for kind in (bool, int, float, str) if isinstance(value, kind))


def checked(field: str, value: Any, kind: Any) -> Any:
    """The value, of this kind.

    Raises:
        TypeError: it is of another kind (a whole number will do for a finite one).
        ValueError: a number that is not finite, or a text that is not one word.
    """
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise TypeError(f"expected {field} to be {_A[kind]}, got {value!r}")
    if kind is float and not math.isfinite(value):
        raise ValueError(f"expected {field} to be finite, got {value}")
    if kind is str and (not value or any(c.isspace() for c in value)):
        raise ValueError(f"expected {field} to be one word, got {value!r}")
    return value


def read(field: str, text: str, kind: Any) -> Any:
    """The value that `written` wrote.

    Raises:
        ValueError: the text is no value of this kind.
    """
    try:
        if kind is bool:
            return {"true": True, "false": False}[text.lower()]
        return checked(field, kind(text), kind)
    except (ValueError, KeyError) as error:
        raise ValueError(f"expected {field} to be {_A[kind]}, got {text!r}") from error


def written(value: Any) -> str:
    """A value in one word, with all digits that it needs."""
    return repr(value).removesuffix(".0") if isinstance(value, float) else str(value)
