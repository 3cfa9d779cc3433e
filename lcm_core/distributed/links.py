"""Messages between ranks: with a time limit, counted, and differentiable."""

import math
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from zlib import crc32

import torch
import torch.distributed as dist
from torch import Tensor
from torch.autograd.function import once_differentiable

from lcm_core.distributed.failure import Notes
from lcm_core.errors import RankError

__all__ = ["TIMEOUT", "Link", "Traffic", "count_traffic"]

TIMEOUT = 300.0  # seconds
#: A message has a tag: the call, the round, the pass, and a digest of the shape and dtype of the
#: states. Ranks that are not at the same call, or have other states, wait for each other in vain,
#: and never mix up what they send.
CALLS, DIGESTS, ROUNDS = 2**10, 2**14, 2**6
LEAVING = 2**31 - 1  # the tag of a message that never comes


@dataclass
class Traffic:
    """What this rank sent and received within `count_traffic`.

    Attributes:
        rounds: exchanges with other ranks, those of backward passes among them.
        sent, received: numbers (of 4 bytes each in float32).
    """

    rounds: int = 0
    sent: int = 0
    received: int = 0


_traffic: ContextVar[Traffic | None] = ContextVar("traffic", default=None)


@contextmanager
def count_traffic() -> Iterator[Traffic]:
    """Context manager: count the messages of this rank's collectives.

    Those of their backward passes are counted too, whenever these run.

    >>> with count_traffic() as traffic:
    ...     pass  # all_reduce(operator, states)
    >>> traffic
    Traffic(rounds=0, sent=0, received=0)
    """
    token = _traffic.set(traffic := Traffic())
    try:
        yield traffic
    finally:
        _traffic.reset(token)


_calls: dict[dist.ProcessGroup, int] = {}


class Link:
    """The messages of one call of a collective.

    Args:
        what: the name of the collective, for errors.
        group: of ranks (default: all).
        timeout: seconds that one wait may take.

    Attributes:
        rank, size: of this process in the group, and of the group.

    Raises:
        RuntimeError: there is no process group.
        ValueError: this process is not in the group, or the timeout is not positive.
    """

    def __init__(self, what: str, group: dist.ProcessGroup | None, timeout: float):
        if not (dist.is_available() and dist.is_initialized()):
            raise RuntimeError(
                f"{what} needs a process group: start the program by torchrun, and call "
                "torch.distributed.init_process_group() first"
            )
        if not timeout > 0:
            raise ValueError(f"expected a timeout above 0 seconds, got {timeout}")
        everyone = dist.distributed_c10d.GroupMember.WORLD
        assert everyone is not None
        self.group = everyone if group is None else group
        self.rank = dist.get_rank(self.group)
        if self.rank < 0:
            raise ValueError(f"expected a group that has rank {dist.get_rank()}, got {group!r}")
        self.size = dist.get_world_size(self.group)
        self._what, self._timeout = what, timeout
        self._traffic = _traffic.get()
        number = _calls[self.group] = _calls.get(self.group, -1) + 1
        self._notes = Notes(self.group.group_name, dist.get_rank())
        self._tag = 2 * ROUNDS * DIGESTS * (number % CALLS)

    def expect(self, states: Tensor) -> None:
        """Agree with the other ranks on the shape and dtype of states, without a message."""
        digest = crc32(f"{tuple(states.shape)} {states.dtype}".encode()) % DIGESTS
        self._tag += 2 * ROUNDS * digest

    def swap(
        self, number: int, mine: Tensor, to: int, source: int, rows: int
    ) -> tuple[Tensor, Tensor]:
        """Send `mine`, and receive rows of the same width; the backward pass sends gradients back.

        Args:
            number: of the round, below 64, the same on both ends of a message.
            mine: (m, d); nothing is sent if m is 0.
            to, source: the ranks that get `mine`, and that send what is received.
            rows: how many are received; nothing is received if it is 0.

        Returns:
            `mine`, and what came, (rows, d). Go on with these: the backward pass of a rank that
            uses neither does not run, and others would wait for it.

        Raises:
            RankError: another rank died, did not answer in time, or raised an error.
        """
        swapped: tuple[Tensor, Tensor] = _Swap.apply(self, number, to, source, rows, mine)
        return swapped

    def move(self, tag: int, mine: Tensor, to: int, source: int, rows: int) -> Tensor:
        """As `swap`, without autograd: what came.

        Args:
            tag: of the messages, among those of this call.
            mine, to, source, rows: as in `swap`.
        """
        came, mine = mine.new_full((rows, *mine.shape[1:]), math.nan), mine.contiguous()
        messages, partner = [], to
        for operation, tensor, rank in ((dist.isend, mine, to), (dist.irecv, came, source)):
            if len(tensor):
                partner = dist.get_global_rank(self.group, rank)
                messages.append(dist.P2POp(operation, tensor, partner, self.group, self._tag + tag))
        if not messages:
            return came
        try:
            for work in dist.batch_isend_irecv(messages):
                work.wait(timedelta(seconds=self._timeout))
        except RuntimeError as error:
            self._notes.waited_for(partner)
            self._leave()
            waited = f"{self._what} (limit {self._timeout:g} s)"
            raise self._notes.who_is_gone(partner, waited, error) from error
        if self._traffic is not None:
            self._traffic.rounds += 1
            self._traffic.sent += mine.numel()
            self._traffic.received += came.numel()
        return came

    @contextmanager
    def telling(self) -> Iterator[None]:
        """Context manager: those who wait for this rank are told of an error that it raises."""
        try:
            yield
        except RankError:
            raise
        except Exception as error:
            self._notes.failed(error)
            self._leave()
            raise

    def _leave(self) -> None:
        """Close the connections to all others: they hear at once that this rank is out.

        Gloo does so when a wait is over its limit.
        """
        if dist.get_backend(self.group) != "gloo":
            return  # NCCL ends the job by its own watchdog
        for rank in range(self.size):
            if rank != self.rank:
                other = dist.get_global_rank(self.group, rank)
                with suppress(RuntimeError):
                    never = dist.P2POp(dist.irecv, torch.empty(1), other, self.group, LEAVING)
                    for work in dist.batch_isend_irecv([never]):
                        work.wait(timedelta(milliseconds=1))


class _Swap(torch.autograd.Function):
    """(mine) → (mine, theirs). The gradient of what was received goes back to its sender."""

    @staticmethod
    def forward(
        ctx: Any, link: Link, number: int, to: int, source: int, rows: int, mine: Tensor
    ) -> tuple[Tensor, Tensor]:
        ctx.link, ctx.number, ctx.to, ctx.source, ctx.sent = link, number, to, source, len(mine)
        theirs = link.move(2 * number, mine.detach(), to, source, rows)
        if theirs.numel() and theirs.flatten()[-1].isnan():
            raise ValueError(
                f"a message from rank {source} was too short: all ranks need states of the same "
                "shape and dtype"
            )
        return mine.view_as(mine), theirs

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, to_mine: Tensor, to_theirs: Tensor) -> tuple[Tensor | None, ...]:
        came = ctx.link.move(2 * ctx.number + 1, to_theirs, ctx.source, ctx.to, ctx.sent)
        return None, None, None, None, None, to_mine + came
