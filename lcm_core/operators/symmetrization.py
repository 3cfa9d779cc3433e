from torch import Tensor

from lcm_core.operators.base import Operator, check_operator

__all__ = ["Symmetrized", "symmetrized"]


class Symmetrized(Operator):
    """x ⊕ y = ½ (g(x, y) + g(y, x)) for any operator g: commutative by construction.

    It keeps lift, lower and identity of g. It is associative by construction only where g is
    both: ½(AB + BA) of matrices commutes, and is not associative although AB is.

    Source: PyG's `LCMAggregation` (pull request 7976) does this with a GRU cell, after Ong &
    Veličković 2022, arXiv 2212.08541.
    """

    commutative = True

    def __init__(self, operator: Operator):
        super().__init__(
            operator.channels,
            state_dim=operator.state_dim,
            out_channels=operator.out_channels,
        )
        self.operator = operator
        self.name = f"symmetrized({operator.name})"
        self.associative = operator.commutative and operator.associative

    @property
    def identity(self) -> Tensor | None:
        return self.operator.identity

    @identity.setter
    def identity(self, value: Tensor | None) -> None:
        if value is not None:
            raise AttributeError("set the identity of the operator inside, `.operator.identity`")

    @property
    def nothing(self) -> Tensor | None:
        """As of the operator inside."""
        return self.operator.nothing

    def lift(self, x: Tensor) -> Tensor:
        return self.operator.lift(x)

    def forward(self, left: Tensor, right: Tensor) -> Tensor:
        return 0.5 * (self.operator(left, right) + self.operator(right, left))

    def combine(self, left: Tensor, right: Tensor) -> Tensor:
        return 0.5 * (self.operator.combine(left, right) + self.operator.combine(right, left))

    def lower(self, state: Tensor) -> Tensor:
        return self.operator.lower(state)

    def reset_parameters(self) -> None:
        self.operator.reset_parameters()


def symmetrized(operator: Operator) -> Symmetrized:
    """Make an operator commutative.

    For an operator g it is x ⊕ y = ½ (g(x, y) + g(y, x)). The result keeps lift, lower and identity
    of g. It is associative by construction only if g is both commutative and associative.

    >>> import torch
    >>> from lcm_core import make_operator
    >>> op = symmetrized(make_operator("formula(x-2*y)", channels=1))
    >>> x, y = torch.tensor([1.0]), torch.tensor([4.0])
    >>> op(x, y).item(), op(y, x).item()
    (-2.5, -2.5)

    Source: PyG's `LCMAggregation` (pull request 7976) does this with a GRU cell, after Ong &
    Veličković 2022, arXiv 2212.08541.

    Args:
        operator: the operator g, whose parameters the result shares.

    Raises:
        TypeError: it is no `Operator`.
    """
    check_operator(operator)
    return Symmetrized(operator)
