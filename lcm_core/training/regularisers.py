"""The regularisers of a model: laws of its operators, and SIRE for its folds."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

import torch
from torch import Tensor, nn

from lcm_core.aggregations.base import SetAggregation
from lcm_core.aggregations.fold import FoldAggregation, FoldedSets
from lcm_core.laws.fold_exchange import sire_penalty
from lcm_core.laws.measure import arity
from lcm_core.laws.penalties import LAW_PENALTIES, holds_by_construction, law_penalty, level_samples
from lcm_core.operators import Operator
from lcm_core.reduction.engine import Levels
from lcm_core.tasks.base import seeded_generator

__all__ = ["Regularisers", "penalty_generator"]

PENALTY_STREAM = 1  # of random numbers, apart from that of the tasks' data


def penalty_generator(seed: int, step: int) -> torch.Generator:
    """What draws the states of a step's regularisers, on the CPU.

    Args:
        seed: of the run.
        step: from 0.
    """
    return seeded_generator("cpu", seed, PENALTY_STREAM, step)


class Regularisers:
    """Measures penalties on what the aggregations of a model meet in one batch.

    A penalty is the mean over all aggregations that can break its law: operators for the laws,
    folds for SIRE, be they the readout or that of neighbours. An operator for which the law holds
    by construction does not count; the penalty is 0 if there is no other.

    Args:
        model: with any number of `SetAggregation` in it, of which `penalties` says what each has
            a use for; its readout is `model.aggregation`.
        states: where the states of the laws come from: "tree", an equal share from every level of
            the batch's trees; or "encoded", the lifted elements only.
    """

    def __init__(self, model: nn.Module, states: str = "tree"):
        found = dict.fromkeys([model.aggregation, *model.modules()])
        ours = [part for part in found if isinstance(part, SetAggregation)]
        self.reductions = [a for a in ours if set(LAW_PENALTIES) & set(a.penalties)]
        self.folds = [a for a in ours if "sire" in a.penalties]
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

    def _law(self, law: str, count: int, generator: torch.Generator) -> Iterator[Tensor]:
        for aggregation, calls in zip(self.reductions, self._levels, strict=True):
            tuples = self.tuples(calls, law, count, generator)
            operator = self.breaking(law, aggregation)
            if tuples and operator is not None:
                yield self.law_penalty(operator, law, tuples)

    def tuples(
        self, calls: Sequence[Levels], law: str, count: int, generator: torch.Generator
    ) -> tuple[Tensor, ...]:
        """Tuples of states from all levels of an aggregation's calls.

        Empty if there are no states: no set has elements, like the neighbours of single atoms.
        """
        levels = [states for call in calls for states in self.states_of(call) if len(states)]
        return level_samples(levels, count, arity(law), generator) if levels else ()

    def law_penalty(self, operator: Operator, law: str, tuples: Sequence[Tensor]) -> Tensor:
        """The penalty of a law on these tuples."""
        return law_penalty(operator, law, *tuples)

    def sire_penalty(
        self, fold: FoldAggregation, sets: FoldedSets, generator: torch.Generator
    ) -> Tensor:
        """SIRE of a fold on the sets that it read."""
        return sire_penalty(fold, *sets, generator)

    def breaking(self, law: str, aggregation: SetAggregation) -> Operator | None:
        """The aggregation's operator, if it can break a law that is regularised.

        Args:
            law: one of `LAW_PENALTIES`.
            aggregation: one of `reductions`.
        """
        operator = aggregation.operator
        assert operator is not None
        if law not in aggregation.penalties or holds_by_construction(law, operator):
            return None
        return operator

    def states_of(self, call: Levels) -> list[Tensor]:
        """The states of a call that laws are regularised on, level by level."""
        return call.states if self.states == "tree" else call.states[:1]

    def _sire(self, generator: torch.Generator) -> Iterator[Tensor]:
        """Of a fold that is called several times, as in rounds of messages, one call is drawn."""
        for fold, calls in zip(self.folds, self._sets, strict=True):
            if calls:
                which = int(torch.randint(len(calls), (), generator=generator))
                yield self.sire_penalty(fold, calls[which], generator)
