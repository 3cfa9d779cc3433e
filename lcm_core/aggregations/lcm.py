"""A PyG Aggregation: a projection, and a reduction by a tree."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import torch
from torch import Tensor, nn

from lcm_core.aggregations.base import SetAggregation
from lcm_core.errors import unknown
from lcm_core.operators import GRU, Operator, SymmetrizedGRU, make_operator
from lcm_core.operators.base import operator_class
from lcm_core.operators.ordinary import has_gradient_hook, hooks_of, strangeness
from lcm_core.pyg import LCMAggregation as PyGLCMAggregation
from lcm_core.reduction.checks import identity_for
from lcm_core.reduction.on_device import DevicePlan
from lcm_core.reduction.paths import run
from lcm_core.reduction.plan import ReductionPlan
from lcm_core.reduction.ragged import make_plan, plan_of_sizes
from lcm_core.trees.tree import TREE_NAMES, Tree

__all__ = ["LCMAggregation", "without_unused_gradients"]

EMPTY = ("identity", "zero")


class LCMAggregation(SetAggregation):
    r"""Aggregates sets by a learnable commutative monoid.

    .. math:: \mathrm{lower}\left(\bigoplus_{i} \mathrm{lift}(\mathrm{ReLU}(W x_i + b))\right)

    It takes ⌈log₂ max n⌉ operator calls with the balanced tree. It replaces
    `torch_geometric.nn.aggr.LCMAggregation`, and combines no padding: a set's result depends on
    that set alone. Source: Ong & Veličković 2022, arXiv 2212.08541.

    >>> _ = torch.manual_seed(0)
    >>> aggregation = LCMAggregation(8, 16, learn_identity=True)
    >>> x, ptr = torch.randn(10, 8), torch.tensor([0, 3, 3, 10])
    >>> results = aggregation(x, ptr=ptr)
    >>> results.shape, results[1].norm().item()  # the second set is empty: the identity, 0 at first
    (torch.Size([3, 16]), 0.0)
    >>> torch.allclose(aggregation(x[:3]), results[:1], atol=1e-6)  # the other sets do not matter
    True

    Args:
        in_channels: width of the elements.
        out_channels: width of the results.
        project: put a linear layer and a ReLU before the reduction.
        operator: a name of `lcm_core.operator_names()`, or an `Operator`.
        tree: "balanced", "left", "right", "random", or a `Tree`, as in `lcm_core.reduce`.
        seed: of the random tree.
        empty: what an empty set gives: the operator's `identity` (lowered), or `zero`.
        **options: of the operator, if it is given by name.

    Shapes:
        x (*, N, in_channels); index (N,), in any order, or ptr (B + 1,); result
        (*, B, out_channels). `dim` is the dimension of the N elements.

    Raises:
        ValueError: widths that do not fit together; in a call, the errors of `lcm_core.reduce`.
        TypeError: options beside an `Operator`.
    """

    operator: Operator

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        project: bool = True,
        operator: str | Operator = "symmetrized_gru",
        tree: str | Tree = "balanced",
        seed: int = 0,
        empty: str = "identity",
        **options: Any,
    ):
        super().__init__(in_channels, out_channels)
        if empty not in EMPTY:
            raise unknown("choice for empty sets", empty, EMPTY)
        if isinstance(tree, str) and tree not in TREE_NAMES:
            raise unknown("tree", tree, TREE_NAMES)
        if isinstance(operator, str):
            channels = operator_class(operator).channels_for(out_channels, **options)
            operator = make_operator(operator, channels, **options)
        elif options:
            raise TypeError(
                f"options {sorted(options)} go with an operator's name, not an Operator"
            )
        if operator.out_channels != out_channels:
            raise ValueError(
                f"expected out_channels to be the width of the operator's answers, "
                f"{operator.out_channels}, got {out_channels}"
            )
        if not project and in_channels != operator.channels:
            raise ValueError(
                f"Inputs of '{self.__class__.__name__}' must be projected if their width differs "
                f"from the operator's: expected in_channels = {operator.channels}, got "
                f"{in_channels}; use project=True"
            )
        self.project = project
        self.lin = nn.Linear(in_channels, operator.channels) if project else None
        self.operator = operator
        self.tree = tree
        self.seed = seed
        self.empty = empty

    @classmethod
    def from_pyg(cls, peer: PyGLCMAggregation, **options: Any) -> "LCMAggregation":
        """Make the same aggregation as PyG's, with its weights.

        Device, dtype, mode and `requires_grad` are the peer's.

        Args:
            peer: PyG's `LCMAggregation`.
            **options: of the constructor, such as `tree` and `empty`.

        Raises:
            TypeError: the peer is of another class.
            ValueError: the peer has more than weights: hooks, parametrisations, or a cell of
                another class.
        """
        if not isinstance(peer, PyGLCMAggregation):
            raise TypeError(f"expected PyG's LCMAggregation, got {type(peer).__name__}")
        if (more := _beside_weights(peer)) is not None:
            raise ValueError(
                f"from_pyg copies weights alone, and the peer has more: {more}. Remove that first, "
                "and add it to the new aggregation"
            )
        made = cls(peer.in_channels, peer.out_channels, peer.project, "symmetrized_gru", **options)
        made.to(next(peer.parameters()))
        if made.lin is not None:
            made.lin.load_state_dict(peer.lin.state_dict())
        assert isinstance(made.operator, SymmetrizedGRU)
        assert isinstance(made.operator.operator, GRU)
        made.operator.operator.cell.load_state_dict(peer.gru_cell.state_dict())
        for name, parameter in peer.named_parameters():
            own = name.replace("gru_cell.", "operator.operator.cell.")
            made.get_parameter(own).requires_grad_(parameter.requires_grad)
        return made.train(peer.training)

    @property
    def penalties(self) -> tuple[str, ...]:
        """The regularisers that apply: identity only if the operator has one."""
        laws = ("commutativity", "associativity", "identity")
        return laws if self.operator.identity is not None else laws[:2]

    def reset_parameters(self) -> None:
        """Draw all parameters again, of the projection and the operator."""
        if self.lin is not None:
            self.lin.reset_parameters()
        self.operator.reset_parameters()

    def plan(self, sizes: Tensor, device: torch.device) -> ReductionPlan:
        """Make a plan for sets of given sizes, by this aggregation's tree.

        Args:
            sizes: of the sets, (B,), on the host.
            device: where the elements are.
        """
        return plan_of_sizes(sizes, self.tree, self.seed, device)

    def states(self, x: Tensor) -> Tensor:
        """Project and lift the elements: the states that are reduced.

        Args:
            x: elements, (*, in_channels).

        Returns:
            States, (*, state_dim).
        """
        return self.operator.lift(x if self.lin is None else self.lin(x).relu())

    def of_sets(
        self, x: Tensor, ptr: Tensor | None, index: Tensor | None, num_sets: int | None
    ) -> Tensor:
        """Reduce each set; arguments as in `SetAggregation.of_sets`."""
        operator = None if torch.compiler.is_compiling() else self.operator
        plan = make_plan(x, ptr, index, num_sets, tree=self.tree, seed=self.seed, operator=operator)
        return self.of_plan(x, plan)

    def of_plan(self, x: Tensor, plan: ReductionPlan) -> Tensor:
        """Project and lift the elements, reduce each set, lower its state.

        Arguments as in `SetAggregation.of_plan`.
        """
        if self._recorded is not None and type(plan) is DevicePlan:
            plan = plan.whole  # whose states lie in the same order on all devices
        levels = run(plan, self.operator, self.states(x))
        if self._recorded is not None:
            self._recorded.append(levels)
        answers = self.operator.lower(levels.roots)
        if plan.num_empty:
            return plan.with_empty(answers, self._empty(plan, x))
        return _with_unused(answers, self.operator) if _distributed() else answers

    def _empty(self, plan: ReductionPlan, x: Tensor) -> Tensor:
        if self.empty == "zero":
            return x.new_zeros(self.out_channels)
        return self.operator.lower(identity_for(self.operator, plan))

    def __repr__(self) -> str:
        extra = (
            "" if self.operator.name == "symmetrized_gru" else f", operator={self.operator.name}"
        )
        return (
            f"{self.__class__.__name__}({self.in_channels}, {self.out_channels}, "
            f"project={self.project}{extra})"
        )


def _beside_weights(peer: PyGLCMAggregation) -> str | None:
    """What the peer has beside weights that changes its results or gradients, or None."""
    if hooks := hooks_of(peer):
        return f"it has a {hooks[0]}"
    if "forward" in vars(peer) or type(peer).forward is not PyGLCMAggregation.forward:
        return "it has another forward than PyG's class"
    for name, kind in (("lin", nn.Linear), ("gru_cell", nn.GRUCell)):
        part = getattr(peer, name)
        if part is not None and type(part) is not kind:
            return f"its {name} is a {type(part).__name__}, not a {kind.__name__}"
        if part is not None and (strange := strangeness(part, inside=())):
            return f"its {name} is not a plain one: {strange}"
    for name, parameter in peer.named_parameters():
        if has_gradient_hook(parameter):
            return f"its {name} has a gradient hook"
    return None


_unused_gradients: ContextVar[bool] = ContextVar("unused_gradients", default=True)


@contextmanager
def without_unused_gradients() -> Iterator[None]:
    """Context manager: an identity that no set needs has no gradient, as in one process.

    Outside of it, where processes train together, it has a gradient of 0.
    """
    token = _unused_gradients.set(False)
    try:
        yield
    finally:
        _unused_gradients.reset(token)


def _distributed() -> bool:
    dist = torch.distributed
    return dist.is_available() and dist.is_initialized() and _unused_gradients.get()


def _with_unused(answers: Tensor, operator: Operator) -> Tensor:
    """The answers, and a gradient of 0 for an identity that no set needed.

    DistributedDataParallel expects a gradient for each parameter in each step.
    """
    identity = operator.identity
    if identity is None or not identity.requires_grad or not torch.is_grad_enabled():
        return answers
    return answers + 0 * identity.sum().to(answers.dtype)
