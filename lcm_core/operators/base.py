"""The base class of operators, and operators by name."""

import sys
from collections.abc import Callable, Sequence
from copy import deepcopy
from functools import wraps
from importlib import import_module
from typing import Any, Protocol, TypeVar, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from lcm_core.operators.ordinary import obstacle
from lcm_core.registry import Registry

__all__ = [
    "OPERATORS",
    "Operator",
    "PairKernel",
    "check_operator",
    "make_operator",
    "make_with_identity",
    "operator_class",
    "operator_examples",
    "operator_names",
    "register",
    "register_family",
    "register_operator",
    "without_infinity",
]


@runtime_checkable
class PairKernel(Protocol):
    """An optional fast implementation of an operator for many pairs.

    The definition stays `Operator.forward`: a kernel gives the same states, up to rounding. Its
    methods speak of states (m, state_dim). Two run without autograd, and may work in place.
    """

    def weights(self) -> tuple[Tensor, ...]:
        """The tensors that the methods below need, made from the parameters once a reduction.

        They are differentiable.
        """
        ...

    def combine(self, weights: Sequence[Tensor], left: Tensor, right: Tensor) -> Tensor:
        """left ⊕ right, differentiable: for a gradient that is to be differentiated again."""
        ...

    def forward(
        self, weights: Sequence[Tensor], left: Tensor, right: Tensor
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """left ⊕ right, and the steps to it that `backward` can use."""
        ...

    def backward(
        self,
        weights: Sequence[Tensor],
        left: Tensor,
        right: Tensor,
        grad: Tensor,
        to_weights: list[Tensor],
        steps: tuple[Tensor, ...] | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Gradients of left and right; those of the weights are added to `to_weights`.

        The steps must not be changed; they are recomputed where they are not given.
        """
        ...


class Operator(nn.Module):
    """A binary operator ⊕ on states, with lift, lower and an identity.

    As in map-reduce, elements are lifted to states, states are combined, and the last state is
    lowered to an answer. A new operator is a subclass that defines `forward`; `lift` and `lower`
    default to doing nothing.

    >>> class ProbabilisticSum(Operator):
    ...     commutative = associative = True
    ...     def __init__(self, channels):
    ...         super().__init__(channels, identity=0.0)
    ...     def forward(self, left, right):
    ...         return left + right - left * right
    >>> op = ProbabilisticSum(channels=1)
    >>> op(torch.tensor([0.5]), torch.tensor([0.5])).item()
    0.75

    Args:
        channels: width of an element.
        state_dim: width of a state (default: `channels`).
        out_channels: width of an answer (default: `channels`).
        identity: the fixed state e with e ⊕ x = x = x ⊕ e: a tensor of shape (state_dim,), or one
            number for all entries (it may be infinite); None if there is none.
        learn_identity: give it a learned identity, which starts at 0.

    Attributes:
        name: the name in recipes and reports; `register_operator` sets it.
        commutative, associative: whether the law holds *by construction*, for all parameters. All
            other laws are measured (`lcm_core.law_report`).
        learns_identity: whether a model gives it a learned identity, because it has no fixed one;
            the constructor then takes `learn_identity`.
        identity: the state e, of shape (state_dim,), or None.

    Raises:
        ValueError: `channels` is not a positive int.
    """

    name: str = "operator"
    commutative: bool = False
    associative: bool = False
    learns_identity: bool = False
    identity: Tensor | None

    definition: Callable[..., Tensor]  # the forward that the class was made with
    made_by: tuple[Any, ...]  # of a class made in a function: that function and its arguments

    def __init_subclass__(cls, **options: Any) -> None:
        """A subclass with its own `forward` does not inherit `combine` and `kernel`.

        A `combine` of its own runs only where nobody can tell it from `forward`.
        """
        super().__init_subclass__(**options)
        cls.definition = cls.forward
        if "combine" in vars(cls):
            cls.unchecked_combine = cls.combine
            setattr(cls, "combine", _checked(cls.combine))  # noqa: B010 - mypy forbids plain `=`
        if "forward" in vars(cls):
            for name in ("combine", "unchecked_combine", "kernel"):
                if name not in vars(cls):
                    setattr(cls, name, getattr(Operator, name))

    def __init__(
        self,
        channels: int,
        *,
        state_dim: int | None = None,
        out_channels: int | None = None,
        identity: Tensor | float | None = None,
        learn_identity: bool = False,
    ):
        super().__init__()
        if not isinstance(channels, int) or isinstance(channels, bool) or channels < 1:
            raise ValueError(f"expected channels to be a positive int, got {channels!r}")
        self.channels = channels
        self.state_dim = channels if state_dim is None else state_dim
        self.out_channels = channels if out_channels is None else out_channels
        if learn_identity:
            self.identity = nn.Parameter(torch.zeros(self.state_dim))
        elif identity is None:
            self.identity = None
        else:
            fixed = torch.as_tensor(identity, dtype=torch.get_default_dtype())
            self.register_buffer("identity", fixed.expand(self.state_dim).clone(), persistent=False)

    @classmethod
    def channels_for(cls, out_channels: int, **options: Any) -> int:
        """Width of the elements whose answers have this width.

        Args:
            out_channels: width of the answers.
            **options: of the constructor.
        """
        return out_channels

    def lift(self, x: Float[Tensor, "*batch channels"]) -> Float[Tensor, "*batch state"]:
        """Map elements to states; by default a state is the element.

        >>> make_operator("mean", channels=1).lift(torch.tensor([[3.0]]))  # (sum, count)
        tensor([[3., 1.]])

        Args:
            x: elements, (*, channels).

        Returns:
            States, (*, state_dim).
        """
        return x

    def forward(
        self, left: Float[Tensor, "*batch state"], right: Float[Tensor, "*batch state"]
    ) -> Float[Tensor, "*batch state"]:
        """Combine two states: the definition of left ⊕ right.

        Args:
            left, right: states, (*, state_dim).

        Returns:
            States, (*, state_dim).

        Raises:
            NotImplementedError: the subclass does not define it.
        """
        raise NotImplementedError(f"{type(self).__name__} does not define forward(left, right)")

    def combine(
        self, left: Float[Tensor, "*m state"], right: Float[Tensor, "*m state"]
    ) -> Float[Tensor, "*m state"]:
        """Combine many pairs of states, as `forward` does, perhaps faster.

        Reductions and law errors call it. A subclass may override it by another implementation
        of the same map, which runs where there is no `obstacle`; elsewhere `forward` runs.

        Args:
            left, right: states, (m, state_dim).

        Returns:
            States, (m, state_dim).
        """
        return self(left, right)

    unchecked_combine = combine  # for those who have asked for an `obstacle`

    @property
    def nothing(self) -> Tensor | None:
        """Values that entries may have even if infinite: the identity."""
        return self.identity

    @property
    def kernel(self) -> PairKernel | None:
        """A faster `combine` with its own backward pass; None for most operators."""
        return None

    def obstacle(self, *states: Tensor) -> str | None:
        """Why `combine` and `kernel` may not run for `forward`, or None.

        Hooks, replaced functions, `torch.func` and tensors of other classes are obstacles. A
        subclass adds its own.

        >>> op = make_operator("symmetrized_gru", channels=2)
        >>> op.obstacle() is None
        True
        >>> _ = op.operator.cell.register_forward_hook(lambda *call: None)
        >>> op.obstacle()
        'GRUCell at .operator.cell has a forward hook'

        Args:
            *states: that are to be combined.
        """
        return obstacle(self, *states)

    def lower(self, state: Float[Tensor, "*batch state"]) -> Float[Tensor, "*batch out"]:
        """Map states to answers; by default an answer is the state.

        >>> make_operator("mean", channels=1).lower(torch.tensor([[6.0, 2.0]]))  # sum / count
        tensor([[3.]])

        Args:
            state: states, (*, state_dim).

        Returns:
            Answers, (*, out_channels).
        """
        return state

    def reset_parameters(self) -> None:
        """Draw all parameters again; a learned identity goes back to 0."""
        for child in self.children():
            if callable(reset := getattr(child, "reset_parameters", None)):
                reset()
        if isinstance(self.identity, nn.Parameter):
            nn.init.zeros_(self.identity)

    def __reduce_ex__(self, protocol: Any) -> Any:
        """For pickle: a class that it cannot find by its place is found by name, or made again."""
        made: Any = super().__reduce_ex__(protocol)
        kind = type(self)
        if _at_its_place(kind) is kind:
            return made
        if kind.name in OPERATORS and OPERATORS[kind.name] is kind:
            source: tuple[Any, ...] = (operator_class, kind.name)
        elif "made_by" in vars(kind):
            source = kind.made_by
        else:
            return made
        parts = {type(part).__module__ for part in self.modules() if isinstance(part, Operator)}
        return (_empty, (source, sorted(parts)), *made[2:])

    def __deepcopy__(self, memo: dict[int, Any]) -> "Operator":
        """A copy of the same class, however that was made."""
        copied = type(self).__new__(type(self))
        memo[id(self)] = copied
        copied.__dict__.update(deepcopy(self.__dict__, memo))
        return copied

    def extra_repr(self) -> str:
        """The width, as `print(operator)` shows it."""
        return f"channels={self.channels}"


def _at_its_place(kind: type) -> Any:
    """Where pickle looks for a class: what the module has under its name, if anything."""
    found: Any = sys.modules.get(kind.__module__)
    for name in kind.__qualname__.split("."):
        found = getattr(found, name, None)
    return found


def _empty(source: tuple[Any, ...], modules: list[str]) -> Operator:
    """For pickle: an operator without its state, of a class that a function gives or makes.

    The modules are imported first: they may register the class, or those of its parts.
    """
    for module in modules:
        import_module(module)
    make, *arguments = source
    cls = make(*arguments)
    return cls.__new__(cls)


def _checked(combine: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """`combine` where there is no obstacle, else the definition."""

    @wraps(combine)
    def combined(self: Operator, left: Tensor, right: Tensor) -> Tensor:
        if self.obstacle(left, right) is None:
            return combine(self, left, right)
        return self(left, right)

    return combined


def without_infinity(state: Tensor) -> Tensor:
    """Answers for states in which an infinite entry means "nothing": 0 there, as PyG's max does."""
    return state.masked_fill(state.isinf(), 0.0)


#: Classes of operators by name.
OPERATORS: Registry[type[Operator]] = Registry("operator")

#: Makers of operator classes whose names have brackets, such as `formula(x+y)`, by the first word.
_FAMILIES: dict[str, Callable[[str], type[Operator]]] = {}

#: Names with brackets that menus offer.
_EXAMPLES: list[str] = []

OperatorClass = TypeVar("OperatorClass", bound=type[Operator])


def register_operator(name: str, replace: bool = False) -> Callable[[OperatorClass], OperatorClass]:
    """Class decorator: register an operator under a name.

    `make_operator`, recipes and every menu then know the name.

    >>> @register_operator("left_zero")
    ... class LeftZero(Operator):
    ...     def forward(self, left, right):
    ...         return left
    >>> make_operator("left_zero", channels=2).name
    'left_zero'

    Args:
        name: letters, digits and `_`. The same class may be registered again, as a notebook cell
            does when it runs twice.
        replace: also replace another class of that name; the library's own classes stay.

    Returns:
        A decorator that returns the class unchanged, except for its `name`.

    Raises:
        ValueError: the name is taken, or is not one word.
        TypeError: the class is no subclass of `Operator`.
    """
    OPERATORS.check_name(name)

    def add(cls: OperatorClass) -> OperatorClass:
        if not (isinstance(cls, type) and issubclass(cls, Operator)):
            raise TypeError(f"expected a subclass of Operator to register as {name!r}, got {cls!r}")
        OPERATORS.check(name, cls, replace)
        cls.name = name
        OPERATORS.add(name, cls, replace)
        return cls

    return add


#: The old name of `register_operator`.
register = register_operator

Maker = TypeVar("Maker", bound=Callable[[str], type[Operator]])


def register_family(word: str, examples: tuple[str, ...] = ()) -> Callable[[Maker], Maker]:
    """Decorator of a function that makes the class of each name that begins with `word(`.

    Args:
        word: before the bracket.
        examples: names that menus offer.
    """

    def add(maker: Maker) -> Maker:
        _FAMILIES[word] = maker
        _EXAMPLES.extend(examples)
        return maker

    return add


def operator_names() -> list[str]:
    """List the names that `make_operator` knows.

    Operators that are associative by construction come first, then the others; each group is in
    alphabetical order. Formulas and other names with brackets are not listed.

    >>> names = operator_names()
    >>> names.index("sum") < names.index("symmetrized_gru")
    True
    """
    return sorted(OPERATORS, key=lambda name: (not OPERATORS[name].associative, name))


def operator_examples() -> list[str]:
    """Names with brackets that `make_operator` knows, one or two of each kind, for menus."""
    return list(_EXAMPLES)


def operator_class(name: str) -> type[Operator]:
    """The class registered under `name`, or that of a formula.

    Raises:
        ValueError: there is none; with the nearest names, or what is wrong with the formula.
    """
    word, bracket, _ = name.partition("(")
    if bracket and word in _FAMILIES:
        return _FAMILIES[word](name)
    return OPERATORS[name]


def make_operator(name: str, channels: int, **options: Any) -> Operator:
    """Make an operator by name.

    >>> make_operator("k_smallest", channels=4, k=3).state_dim
    12
    >>> op = make_operator("formula(x+y+a*x*y;a=0.5)", channels=1)
    >>> op(torch.tensor([1.0]), torch.tensor([2.0])).item()
    4.0

    Args:
        name: one of `operator_names()`; a formula such as `formula(x+y+a*x*y;a=0.5)`, whose
            parameters are learned; or `blend(sum,max,0.5)`, `product(sum,symmetrized_gru)`.
        channels: width of an element.
        **options: of that operator (`k` of `k_smallest`, `hidden` of `mlp`, …).

    Returns:
        The operator. Its parameters are drawn from PyTorch's global generator.

    Raises:
        ValueError: unknown name (the nearest names are given), or a bad option value.
        TypeError: an option that this operator does not take.
    """
    cls = operator_class(name)
    try:
        return cls(channels, **options)
    except TypeError as error:
        raise TypeError(f"make_operator({name!r}, channels={channels}): {error}") from error


def make_with_identity(name: str, channels: int) -> Operator:
    """As `make_operator`; an operator that `learns_identity` gets one to learn."""
    learn: dict[str, Any] = {"learn_identity": True} if operator_class(name).learns_identity else {}
    return make_operator(name, channels, **learn)


def check_operator(operator: object) -> None:
    """Raise a TypeError unless it is an `Operator`."""
    if not isinstance(operator, Operator):
        raise TypeError(f"expected an Operator, got {type(operator).__name__}")
