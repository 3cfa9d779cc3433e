"""Errors that say what was wanted, what came, and what to do."""

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = ["unknown"]


def unknown(kind: str, name: object, choices: Iterable[str]) -> ValueError:
    """A ValueError for a name that is not among `choices`, with the nearest ones.

    >>> str(unknown("operator", "grru", ["gru", "sum"]))
    "unknown operator 'grru': did you mean 'gru'? Choose from gru, sum."
    """
    names = list(choices)
    near = get_close_matches(str(name), names, n=3, cutoff=0.5)
    hint = f" did you mean {' or '.join(repr(n) for n in near)}?" if near else ""
    return ValueError(f"unknown {kind} {name!r}:{hint} Choose from {', '.join(names)}.")
