"""Methods to reduce one set: a balanced tree, a chain, a recurrent network."""

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import Any, Self

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from lcm_core.aggregations.fold import FoldAggregation
from lcm_core.depth.gradients import Stopped, chain_log_gradients, log_gradients
from lcm_core.errors import unknown
from lcm_core.operators import Operator, make_operator
from lcm_core.operators.devices import on_cpu
from lcm_core.pyg import GRUAggregation as PyGGRUAggregation
from lcm_core.reduction.plan import ReductionPlan
from lcm_core.reduction.ragged import reduce
from lcm_core.seeding import Seeded, initialised

__all__ = [
    "METHODS",
    "BalancedTree",
    "Chain",
    "GRUFold",
    "Method",
    "PyGGRU",
    "make_method",
    "never",
]

LOOK = 256  # steps of a chain between two looks at `should_stop`

ShouldStop = Callable[[], bool]


def never() -> bool:
    """The `should_stop` that never stops."""
    return False


class Method(ABC):
    """A method to reduce a set of n elements to one answer.

    Args:
        module: whose weights it has.
        channels: width of the elements.

    It runs on the CPU: a module from elsewhere is copied there.

    Attributes:
        name: as `make_method` knows it; `title`, as a plot calls it.
        operator_name: what the module is.
    """

    name: str
    title: str

    def __init__(self, module: nn.Module, channels: int):
        self.module, self.channels = on_cpu(module), channels
        self.operator_name = str(getattr(module, "name", "recurrent network"))

    @abstractmethod
    def depth(self, n: int) -> int:
        """Calls of which each waits for the one before."""

    @abstractmethod
    def answer(
        self, x: Float[Tensor, "n channels"], should_stop: ShouldStop = never
    ) -> Float[Tensor, "1 d"]:
        """The answer for the set x; `Chain` raises `Stopped` soon after `should_stop()` is True."""

    def log_gradients(
        self, x: Float[Tensor, "n channels"], should_stop: ShouldStop = never
    ) -> Float[np.ndarray, " n"]:
        """log₁₀ of the length of the answer's gradient at each element, computed in float64.

        Raises:
            Stopped: if `should_stop()` is True.
        """
        return log_gradients(self.double().answer, x.double())

    def double(self) -> Self:
        """The same method with weights in float64."""
        made = copy.copy(self)
        made.module = copy.deepcopy(self.module).double()
        return made


class OfOperator(Method):
    """A method that reduces by an operator; all others are recurrent networks."""

    module: Operator

    def __init__(self, operator: Operator):
        super().__init__(operator, operator.channels)


class BalancedTree(OfOperator):
    """⊕ by the balanced tree: `lcm_core.reduce`, one call a level, its plan made anew each time."""

    name = "tree"
    title = "balanced tree"

    def depth(self, n: int) -> int:
        """⌈log₂ n⌉."""
        return ReductionPlan.from_sizes([n]).depth

    def answer(self, x: Tensor, should_stop: ShouldStop = never) -> Tensor:
        return self.module.lower(reduce(self.module, self.module.lift(x)))


class Chain(OfOperator):
    """⊕ by the left fold, as the plain loop that anyone would write."""

    name = "chain"
    title = "chain"

    def depth(self, n: int) -> int:
        """n − 1."""
        return n - 1

    def answer(self, x: Tensor, should_stop: ShouldStop = never) -> Tensor:
        return self.module.lower(self._advance(None, x, should_stop))

    def _advance(self, state: Tensor | None, x: Tensor, should_stop: ShouldStop = never) -> Tensor:
        def look(_: object = None) -> None:
            if should_stop():
                raise Stopped

        elements: Iterable[Tensor] = self.module.lift(x).split(1)
        for step, element in enumerate(elements, start=1):
            state = element if state is None else self.module.combine(state, element)
            if step % LOOK == 0 and should_stop is not never:
                look()
                if state.requires_grad:
                    state.register_hook(look)  # called when the backward pass reaches this step
        assert state is not None
        return state

    def log_gradients(self, x: Tensor, should_stop: ShouldStop = never) -> np.ndarray:
        chain = self.double()
        return chain_log_gradients(chain._advance, chain.module.lower, x.double(), should_stop)


class GRUFold(Method):
    """A recurrent network that reads the elements one by one: `FoldAggregation`."""

    name = "gru_fold"
    title = "GRU network"

    def __init__(self, channels: int):
        super().__init__(self._make(channels), channels)
        self.operator_name = "GRU"

    def _make(self, channels: int) -> nn.Module:
        return FoldAggregation(channels, channels, cell="gru")

    def depth(self, n: int) -> int:
        """n: a fold begins at h₀, and takes a step for the first element, too."""
        return n

    def answer(self, x: Tensor, should_stop: ShouldStop = never) -> Tensor:
        return self.module(x, ptr=torch.tensor([0, len(x)]))

    def log_gradients(self, x: Tensor, should_stop: ShouldStop = never) -> np.ndarray:
        (rnn,) = self.double().module.children()
        assert isinstance(rnn, nn.GRU)

        def advance(state: Tensor | None, block: Tensor) -> Tensor:
            sequence = block.unsqueeze(0 if rnn.batch_first else 1)
            return rnn(sequence, None if state is None else state[None])[1][0]

        return chain_log_gradients(advance, lambda state: state, x.double(), should_stop)


class PyGGRU(GRUFold):
    """The same network as PyG's `GRUAggregation`."""

    name = "pyg_gru"
    title = "PyG's GRUAggregation"

    def _make(self, channels: int) -> nn.Module:
        return PyGGRUAggregation(channels, channels)

    def answer(self, x: Tensor, should_stop: ShouldStop = never) -> Tensor:
        return self.module(x, torch.zeros(len(x), dtype=torch.long))


#: By name. The first two reduce by an operator, the others are recurrent networks.
METHODS: dict[str, type[Any]] = {
    method.name: method for method in (BalancedTree, Chain, GRUFold, PyGGRU)
}


def make_method(
    name: str, operator: str | Operator = "symmetrized_gru", channels: int = 64, seed: int = 0
) -> Method:
    """A method by name.

    Args:
        name: of `METHODS`.
        operator: for "tree" and "chain": an operator, or the name of one.
        channels: width of the elements, unless an operator is given.
        seed: of the weights.

    Raises:
        ValueError: an unknown method or operator (the nearest names are given).
    """
    if name not in METHODS:
        raise unknown("way to reduce", name, METHODS)
    method = METHODS[name]
    if issubclass(method, OfOperator):
        if isinstance(operator, Operator):
            return method(operator)
        return method(initialised(lambda: make_operator(operator, channels), seed))
    with Seeded(seed):
        return method(channels)
