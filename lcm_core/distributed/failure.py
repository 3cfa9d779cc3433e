"""A rank that died, stopped or failed: the others raise an error that names it.

The reductions of this package exchange in pairs, so that a rank knows for whom it waits, and start
no thread of their own. (Training exchanges among all ranks at once, where none knows who is
missing: there, ranks give signs of life, see `lcm_core.training.heartbeat`.)

A rank whose wait fails leaves a note in the store of the job, which says for whom it waited, and
closes its connections, so that others need not wait for their time limit. Its partner may be alive
and have waited for another rank: the notes form a chain, and the rank at its end, which left none,
is the one that is gone.
"""

import json
import time
from datetime import timedelta
from typing import Any

import torch.distributed as dist
from torch.distributed.distributed_c10d import _get_default_store

from lcm_core.errors import RankError

__all__ = ["Notes"]

GRACE = 2.0  # seconds in which a rank that is alive leaves its note after another did
PAUSE = 0.02  # seconds between two looks
LONGEST = 20.0  # seconds until the store is given up


class Notes:
    """What the ranks of a group that failed say of it, in the store of the job.

    Args:
        group: the name of the group.
        rank: this one, by its number in the whole job.
    """

    def __init__(self, group: str, rank: int):
        self._group, self._rank = group, rank

    def failed(self, error: Exception) -> None:
        """Say that this rank raised an error of its own, if anybody can still hear it."""
        self._write({"failed": f"{type(error).__name__}: {error}"})

    def waited_for(self, partner: int) -> None:
        """Say for whom this rank waited in vain, if anybody can still hear it."""
        self._write({"partner": partner})

    def who_is_gone(self, partner: int, waited: str, error: Exception) -> RankError:
        """The error of a rank whose wait for a partner failed.

        Args:
            partner: the rank that it waited for.
            waited: in which collective, and for how long at most.
            error: what the wait raised.
        """
        chain = [self._rank]
        try:
            while (note := self._read(partner)) is not None:
                if "failed" in note:
                    return RankError(partner, f"rank {partner} raised {note['failed']}")
                chain.append(partner)
                partner = int(note["partner"])
                if partner in chain:
                    circle = " → ".join(map(str, [*chain, partner]))
                    return RankError(
                        partner,
                        f"ranks wait for each other in {waited}: {circle}. All ranks must make the "
                        "same calls in the same order, with states of the same shape and dtype",
                    )
        except RuntimeError as broken:
            return RankError(
                0,
                "rank 0, or the process that started the ranks, is gone: the store of the job does "
                f"not answer ({_short(broken)})",
            )
        return RankError(
            partner,
            f"rank {partner} is gone, or did not answer in time, in {waited}: look for an error of "
            f"its own, or whether the system ended it ({_short(error)})",
        )

    def _write(self, note: dict[str, Any]) -> None:
        try:
            _store().set(self._key(self._rank), json.dumps(note))
        except RuntimeError:
            return  # without a store; the error that is about to be raised says what is wrong

    def _read(self, rank: int) -> dict[str, Any] | None:
        """The note of a rank; None if it leaves none within the grace."""
        store, key, end = _store(), self._key(rank), time.monotonic() + GRACE
        while not store.check([key]):
            if time.monotonic() > end:
                return None
            time.sleep(PAUSE)
        note: dict[str, Any] = json.loads(store.get(key))
        return note

    def _key(self, rank: int) -> str:
        return f"lcm_core/{self._group}/{rank}"


def _store() -> dist.Store:
    store = _get_default_store()
    store.set_timeout(timedelta(seconds=LONGEST))
    return store


def _short(error: Exception) -> str:
    """The first line of an error: those of torch go on with a trace of C++."""
    return (str(error).splitlines() or [type(error).__name__])[0]
