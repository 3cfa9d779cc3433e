"""A model whose batches several ranks share: outputs, gradients, and whether all ranks agree."""

import copy
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from lcm_core.aggregations.lcm import without_unused_gradients
from lcm_core.aggregations.pyg import PNA
from lcm_core.errors import RankError
from lcm_core.training.ranks import Ranks
from lcm_core.training.shares import share_of

__all__ = ["SharedModel"]

TOLERANCE = 1e-6  # relative: optimisers of unlike processors may round differently


class SharedModel:
    """Runs a model on this rank's share of each batch, and gathers the outputs of all.

    Args:
        model: the same on all ranks.
        ranks: the processes.

    Raises:
        ValueError: a part of the model uses statistics of its whole batch.
    """

    def __init__(self, model: nn.Module, ranks: Ranks):
        for name, part in model.named_modules():
            if isinstance(part, nn.BatchNorm1d | nn.BatchNorm2d | nn.BatchNorm3d):
                raise ValueError(
                    f"{name} is a {type(part).__name__}, whose statistics would be those of a "
                    "share of the batch: train on one process, or use LayerNorm"
                )
        self.model, self.ranks = model, ranks

    def outputs(self, batch: Any) -> Tensor:
        """The outputs for the whole batch, on all ranks, with gradients."""
        if any(isinstance(part, PNA) and not part.measured for part in self.model.modules()):
            self._measure(batch)
        share, owners = share_of(batch, self.ranks)
        with without_unused_gradients():
            return self.ranks.gather(self.model(share), owners)

    def backward(self, loss: Tensor) -> None:
        """The gradients of a loss of the whole batch, which all ranks have computed."""
        (loss / self.ranks.count).backward()
        self.ranks.add_gradients(self.model.parameters())

    def has_turn(self, number: int) -> bool:
        """Whether this rank evaluates this batch of a split, from 0."""
        return number % self.ranks.count == self.ranks.rank

    def outputs_of_turns(
        self, outputs: Sequence[Tensor], targets: Sequence[Tensor], width: int
    ) -> list[Tensor]:
        """The outputs for all batches of a split, in one tensor.

        Args:
            outputs: of this rank's turns.
            targets: of all batches, with a row for each row of the outputs.
            width: of the outputs.
        """
        turns = torch.arange(len(targets)) % self.ranks.count
        owners = turns.repeat_interleave(torch.tensor([len(each) for each in targets]))
        nothing = next(self.model.parameters()).new_zeros(0, width)
        return [self.ranks.gather(torch.cat([nothing, *outputs]), owners)]

    def check_same(self, step: int) -> None:
        """Check that all ranks have the same parameters and buffers, up to rounding.

        Args:
            step: for the message.

        Raises:
            RankError: they differ.
        """
        tensors = [each for each in self.model.state_dict().values() if isinstance(each, Tensor)]
        norms = torch.stack([each.double().norm() for each in tensors]).cpu()
        first, *others = map(torch.tensor, self.ranks.gather_plain(norms.tolist()))
        for rank, other in enumerate(others, start=1):
            if not torch.allclose(first, other, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True):
                raise RankError(
                    rank,
                    f"rank {rank} has other weights than rank 0 at step {step}: a part of the "
                    "model keeps statistics of what it sees. Train on one process",
                )

    def _measure(self, batch: Any) -> None:
        """Let PNA see the sizes of the whole first batch, as in one process."""
        copied = copy.deepcopy(self.model)
        with torch.no_grad():
            copied(batch)
        for part, seen in zip(self.model.modules(), copied.modules(), strict=True):
            if isinstance(part, PNA):
                part.load_state_dict(seen.state_dict())
