"""The regularisers of a model: laws of its operators, and SIRE for its folds."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import torch
from torch import Tensor, nn

from lcm_core.aggregations.fold import FoldAggregation, FoldedSets
from lcm_core.aggregations.lcm import LCMAggregation
from lcm_core.aggregations.pyg import BASELINES
from lcm_core.laws.fold_exchange import sire_penalty
from lcm_core.laws.measure import arity
from lcm_core.laws.penalties import LAW_PENALTIES, holds_by_construction, law_penalty, level_samples
from lcm_core.models.names import FOLDS
from lcm_core.reduction.engine import Levels

__all__ = ["Regularisers", "penalties_of"]


class Regularisers:
    """Measures penalties on what the aggregations of a model meet in one batch.

    A penalty is the mean over all aggregations that can break its law: operators for the laws,
    folds for SIRE, be they the readout or that of neighbours. An operator for which the law holds
    by construction does not count; the penalty is 0 if there is no other.

    Args:
        model: with any number of `LCMAggregation` and `FoldAggregation` in it, its readout being
            `model.aggregation`.
        states: where the states of the laws come from: "tree", an equal share from every level of
            the batch's trees; or "encoded", the lifted elements only.
    """

    def __init__(self, model: nn.Module, states: str = "tree"):
        found = dict.fromkeys([model.aggregation, *model.modules()])
        self.reductions = [a for a in found if isinstance(a, LCMAggregation)]
        self.folds = [a for a in found if isinstance(a, FoldAggregation)]
        self.states = states
        self._levels: list[list[Levels]] = []
        self._sets: list[list[FoldedSets]] = []

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Within it, the forward pass of the model keeps what its aggregations meet."""
        with ExitStack() as stack:
            self._levels = [stack.enter_context(a.recording()) for a in self.reductions]
            self._sets = [stack.enter_context(a.recording()) for a in self.folds]
            yield

    def penalty(self, name: str, count: int, generator: torch.Generator) -> Tensor:
        """One of `PENALTIES`, unweighted, of what was recorded last.

        Args:
            name: of the penalty.
            count: tuples of states that are drawn for each operator.
            generator: on the CPU; it draws which.
        """
        each = self._sire(generator) if name == "sire" else self._law(name, count, generator)
        values = list(each)
        return torch.stack(values).mean() if values else torch.zeros(())

    def check(self, weights: dict[str, float]) -> None:
        """Refuses a weight that no aggregation of the model has a use for.

        Raises:
            ValueError: which, and what is wanted.
        """
        if weights.get("sire", 0) > 0 and not self.folds:
            raise ValueError(
                "no aggregation of this model is a fold that SIRE could regularise: expected "
                "sire = 0, or an operator such as gru_fold"
            )
        wanted = [law for law in LAW_PENALTIES if weights.get(law, 0) > 0]
        if wanted and not self.reductions:
            raise ValueError(
                f"no aggregation of this model has an operator on states: expected {wanted[0]} = 0"
            )
        operators = [a.operator for a in self.reductions]
        if "identity" in wanted and all(op.identity is None for op in operators):
            names = ", ".join(dict.fromkeys(repr(op.name) for op in operators))
            raise ValueError(f"{names} has no identity to regularise: expected identity = 0")

    def _law(self, law: str, count: int, generator: torch.Generator) -> Iterator[Tensor]:
        for aggregation, calls in zip(self.reductions, self._levels, strict=True):
            levels = [states for call in calls for states in self._of(call) if len(states)]
            if not levels:  # sets without elements, such as the neighbours of single atoms
                continue
            tuples = level_samples(levels, count, arity(law), generator)
            if not holds_by_construction(law, aggregation.operator):
                yield law_penalty(law, aggregation.operator, *tuples)

    def _of(self, call: Levels) -> list[Tensor]:
        return call.states if self.states == "tree" else call.states[:1]

    def _sire(self, generator: torch.Generator) -> Iterator[Tensor]:
        """Of a fold that is called several times, as in rounds of messages, one call is drawn."""
        for fold, calls in zip(self.folds, self._sets, strict=True):
            if calls:
                which = int(torch.randint(len(calls), (), generator=generator))
                yield sire_penalty(fold, *calls[which], generator)


def penalties_of(name: str) -> tuple[str, ...]:
    """The penalties that an aggregation of this name can have."""
    if name in FOLDS:
        return ("sire",)
    return () if name in BASELINES else LAW_PENALTIES
