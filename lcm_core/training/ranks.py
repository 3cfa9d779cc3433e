"""The processes that train one model together, and what they exchange.

Each rank draws the whole batch of a step, runs the model on its share of it, and gathers what the
loss and the penalties of the whole batch need. So each rank has the same loss L. It differentiates
L / R; the gradient of a gathered row is the sum of those on all ranks, and so is that of a
parameter. Together that is the gradient of L, up to rounding.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from jaxtyping import Float, Int
from torch import Tensor

from lcm_core.errors import RankError
from lcm_core.reduction.permutation import Permutation
from lcm_core.training.heartbeat import Heartbeat

__all__ = ["PATIENCE", "Ranks"]

PATIENCE = 120.0  # seconds


class Ranks:
    """The processes of one training run; each makes this object, and they act in lockstep.

    Every rank calls the same methods in the same order. All have the same device type.

    Args:
        rank: of this process, from 0.
        count: number of processes R.
        heartbeat: of this process.
        patience: seconds that an exchange may take.

    Attributes:
        rank, count: as given.
        first: whether this is rank 0, which reports and writes files.
    """

    def __init__(self, rank: int, count: int, heartbeat: Heartbeat, patience: float):
        self.rank, self.count, self.first = rank, count, rank == 0
        self._heartbeat, self._patience = heartbeat, patience
        self._anchor = torch.zeros((), requires_grad=True)

    @classmethod
    def from_environment(cls, patience: float = PATIENCE) -> "Ranks | None":
        """Meet the other processes that `torchrun` started; None if there are none.

        It reads RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT, as `torch.distributed` does, and
        LOCAL_RANK, the number of this process's GPU. Tensors of the CPU are exchanged by gloo,
        those of GPUs by NCCL.

        Args:
            patience: seconds that ranks wait for each other, here and in each exchange.

        Raises:
            ValueError: the variables are incomplete.
            RankError: the others did not come.
        """
        if int(os.environ.get("WORLD_SIZE", "1")) == 1:
            return None
        limit = timedelta(seconds=patience)
        backend = "gloo"
        if torch.cuda.is_available():
            backend, local = "cpu:gloo,cuda:nccl", int(os.environ.get("LOCAL_RANK", "0"))
            torch.cuda.set_device(local % torch.cuda.device_count())
        try:
            dist.init_process_group(backend, timeout=limit)
            host, port = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
            store = dist.TCPStore(
                host, port, is_master=False, wait_for_workers=False, timeout=limit
            )
        except RuntimeError as error:
            raise RankError(
                None, f"the ranks did not meet within {patience:g} s: {error}"
            ) from error
        rank, count = dist.get_rank(), dist.get_world_size()
        start = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")  # torchrun may start all again
        of_torchrun = os.environ.get("TORCHELASTIC_USE_AGENT_STORE") == "True"
        keeper = f"torchrun on {host}" if of_torchrun else "rank 0"
        own = dist.PrefixStore(f"lcm_core {start}", store)
        return cls(rank, count, Heartbeat(own, rank, count, keeper), patience)

    def close(self) -> None:
        """Part from the others, when all have come to the end of the run."""
        self.gather_plain(None)
        self._heartbeat.stop()
        dist.destroy_process_group()

    def leave(self, reason: str) -> None:
        """Leave the others before the end of the run.

        Args:
            reason: a sentence that names this rank; it is the error on the others.
        """
        self._heartbeat.stop(reason)

    def check_device(self, device: torch.device) -> None:
        """Check that each rank can have a device of its own, or shares the CPU.

        Raises:
            ValueError: there are fewer GPUs than ranks on this machine; or it is another device.
        """
        if device.type not in ("cpu", "cuda"):
            raise ValueError(f"expected device=cpu or GPUs of CUDA for several ranks, got {device}")
        here = int(os.environ.get("LOCAL_WORLD_SIZE", self.count))
        if device.type == "cuda" and here > torch.cuda.device_count():
            raise ValueError(
                f"expected a GPU for each rank, got {here} ranks and {torch.cuda.device_count()} "
                "GPUs on this machine: start fewer ranks, or train with device=cpu"
            )

    # Shares -------------------------------------------------------------------------------------

    def bounds(self, n: int) -> list[int]:
        """Where the shares of n rows begin, and n: (R + 1,) numbers; shares differ by 1 at most."""
        return [n * rank // self.count for rank in range(self.count + 1)]

    def share(self, n: int) -> slice:
        """This rank's share of n rows."""
        return slice(*self.bounds(n)[self.rank : self.rank + 2])

    def owners(self, bounds: Sequence[int]) -> Int[Tensor, " n"]:
        """The rank of each row, on the CPU, where shares have these bounds."""
        return torch.arange(self.count).repeat_interleave(torch.tensor(bounds).diff())

    # Exchanges ----------------------------------------------------------------------------------

    def gather(self, rows: Float[Tensor, "own *d"], owners: Int[Tensor, " n"]) -> Tensor:
        """All rows on all ranks, with gradients.

        Args:
            rows: of this rank, in their order among all.
            owners: the rank of each of all rows, on the CPU, the same on all ranks.

        Returns:
            (n, *d).
        """
        counts = torch.bincount(owners, minlength=self.count).tolist()
        if len(rows) != counts[self.rank]:
            raise ValueError(f"expected {counts[self.rank]} rows of this rank, got {len(rows)}")
        if not len(owners):
            return rows
        gathered = _Gathered.apply(rows, self._anchor, self, counts)
        if bool((owners.diff() >= 0).all()):
            return gathered
        order = Permutation(owners.argsort(stable=True)).inverse
        return Permutation(order.to(rows.device)).of(gathered)

    def gather_plain(self, value: Any) -> list[Any]:
        """The values of all ranks: plain data, which can be pickled."""
        values: list[Any] = [None] * self.count
        with self._exchange():
            dist.all_gather_object(values, value)
        return values

    def add_gradients(self, parameters: Iterable[Tensor]) -> None:
        """Replace each gradient by the sum over all ranks; None stays None where all have None."""
        trained = [each for each in parameters if each.requires_grad]
        found = [torch.zeros_like(each) if each.grad is None else each.grad for each in trained]
        there = found[0].new_tensor([each.grad is not None for each in trained])
        flat = self.sum(torch.cat([*(each.flatten() for each in found), there]))
        *parts, there = flat.split([*(each.numel() for each in trained), len(trained)])
        for parameter, part, anywhere in zip(trained, parts, there.tolist(), strict=True):
            parameter.grad = part.view_as(parameter) if anywhere else None

    def all_rows(self, rows: Tensor, counts: Sequence[int]) -> Tensor:
        """The rows of all ranks, one rank after another, without gradients."""
        padded = rows.new_zeros(max(counts), *rows.shape[1:])
        padded[: len(rows)] = rows
        parts = [torch.empty_like(padded) for _ in counts]
        with self._exchange():
            dist.all_gather(parts, padded)
        return torch.cat([part[:count] for part, count in zip(parts, counts, strict=True)])

    def sum(self, values: Tensor) -> Tensor:
        """The sum over all ranks, the same bits on each; `values` is overwritten."""
        with self._exchange():
            dist.all_reduce(values)
        return values

    @contextmanager
    def _exchange(self) -> Iterator[None]:
        try:
            yield
        except RuntimeError as error:
            raise RankError(None, self._heartbeat.find_lost(self._patience)) from error


class _Gathered(torch.autograd.Function):
    """(own rows, anchor) → the rows of all ranks.

    The anchor needs a gradient, so that each rank takes part in the backward pass.
    """

    @staticmethod
    def forward(
        ctx: Any, rows: Tensor, anchor: Tensor, ranks: Ranks, counts: Sequence[int]
    ) -> Tensor:
        ctx.ranks, ctx.counts = ranks, counts
        return ranks.all_rows(rows, counts)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        begin = sum(ctx.counts[: ctx.ranks.rank])
        total = ctx.ranks.sum(grad.clone(memory_format=torch.contiguous_format))
        return total[begin : begin + ctx.counts[ctx.ranks.rank]], None, None, None
