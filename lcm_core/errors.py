"""Errors that say what was wanted, what came, and what to do."""

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = ["RankError", "unknown"]


def unknown(kind: str, name: object, choices: Iterable[str]) -> ValueError:
    """A ValueError for a name that is not among `choices`, with the nearest ones.

    >>> str(unknown("operator", "grru", ["gru", "sum"]))
    "unknown operator 'grru': did you mean 'gru'? Choose from gru, sum."
    """
    names = list(choices)
    near = get_close_matches(str(name), names, n=3, cutoff=0.5)
    hint = f" did you mean {' or '.join(repr(n) for n in near)}?" if near else ""
    return ValueError(f"unknown {kind} {name!r}:{hint} Choose from {', '.join(names)}.")


class RankError(RuntimeError):
    """Ranks cannot go on together: one died, did not answer in time, raised an error, or differs.

    After it the process group is of no more use: end the job, or make another group.

    Args:
        rank: the rank that failed, by its number in the whole job; None where only the
            message says which.
        message: what happened.

    Attributes:
        rank: as above.
    """

    def __init__(self, rank: int | None, message: str):
        super().__init__(rank, message)
        self.rank = rank

    def __str__(self) -> str:
        return str(self.args[1])
