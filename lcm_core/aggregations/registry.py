"""Aggregations by name: operators, folds, PyG's, and those that users register."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar

import torch

from lcm_core.aggregations.base import SetAggregation
from lcm_core.aggregations.fold import FoldAggregation
from lcm_core.aggregations.lcm import LCMAggregation
from lcm_core.aggregations.pyg import BASELINES, Baseline
from lcm_core.errors import unknown
from lcm_core.operators import operator_names
from lcm_core.operators.base import OPERATORS, make_with_identity, operator_class
from lcm_core.pyg import Aggregation
from lcm_core.registry import Registry
from lcm_core.seeding import Seeded, initialised

__all__ = [
    "AGGREGATIONS",
    "AggregationFacts",
    "aggregation_facts",
    "aggregation_names",
    "check_aggregation",
    "make_aggregation",
    "register_aggregation",
]

Make = Callable[[int], Aggregation]  # from a width; a class will do

#: Makers of aggregations that are not reductions by an operator, by name.
AGGREGATIONS: Registry[Make] = Registry("aggregation", beside=OPERATORS)

Maker = TypeVar("Maker", bound=Make)


def register_aggregation(name: str, replace: bool = False) -> Callable[[Maker], Maker]:
    """Decorator: register an aggregation under a name.

    `make_aggregation`, recipes and the menus of readouts then know the name.

    >>> from torch_geometric.nn.aggr import SoftmaxAggregation
    >>> @register_aggregation("softmax")
    ... def softmax(channels):
    ...     return SoftmaxAggregation(learn=True)
    >>> make_aggregation("softmax", channels=4).out_channels
    4

    It decorates a function or class that is called with `channels` and makes an `Aggregation` of
    PyG, or a `SetAggregation`, for elements of that width. A linear layer maps results of another
    width to `channels`. For an operator use `register_operator`.

    Args:
        name: letters, digits and `_`.
        replace: also replace another aggregation of that name; the library's own ones stay.

    Returns:
        A decorator that returns the function or class unchanged.

    Raises:
        ValueError: the name is taken, or is not one word.
    """
    AGGREGATIONS.check_name(name)

    def add(make: Maker) -> Maker:
        AGGREGATIONS.add(name, make, replace)
        return make

    return add


@register_aggregation("gru_fold")
def gru_fold(channels: int) -> FoldAggregation:
    """A GRU over each set."""
    return FoldAggregation(channels, channels, cell="gru")


@register_aggregation("lstm_fold")
def lstm_fold(channels: int) -> FoldAggregation:
    """An LSTM over each set."""
    return FoldAggregation(channels, channels, cell="lstm")


for _name, _make in BASELINES.items():
    AGGREGATIONS.add(_name, _make)


def aggregation_names() -> list[str]:
    """List the names that `make_aggregation` knows.

    Operators come first, then folds such as `gru_fold`, PyG's aggregations such as `pna`, and your
    own. Names with brackets, such as `formula(x+y+a*x*y;a=0.5)`, are not listed.

    >>> {"sum", "symmetrized_gru", "gru_fold", "pna"} <= set(aggregation_names())
    True
    """
    return [*operator_names(), *AGGREGATIONS]


def check_aggregation(name: str, kind: str = "aggregation") -> None:
    """Refuse what `make_aggregation` does not know.

    Raises:
        ValueError: with the nearest names, or what is wrong with a formula.
    """
    if name in aggregation_names():
        return
    if "(" in name:
        operator_class(name)
        return
    raise ValueError(
        f"{unknown(kind, name, aggregation_names())} If {name!r} is of your own, first run the "
        "cell, or import the module, that registers it."
    )


def make_aggregation(
    name: str, channels: int, tree: str = "balanced", seed: int = 0, empty: str = "identity"
) -> SetAggregation:
    """Make an aggregation by name, without a projection.

    An operator without a fixed identity gets a learned one, if it can (`learns_identity`).

    >>> import torch
    >>> mean = make_aggregation("mean", channels=2)
    >>> mean(torch.tensor([[1.0, 2.0], [3.0, 4.0]]), ptr=torch.tensor([0, 2, 2])).tolist()
    [[2.0, 3.0], [0.0, 0.0]]

    Args:
        name: one of `aggregation_names()`, or a formula.
        channels: width of the results. Elements are `in_channels` wide, mostly the same.
        tree, seed, empty: as in `LCMAggregation`; folds and PyG's aggregations ignore them.

    Returns:
        An aggregation, to call with `(x, ptr=ptr)` or `(x, index)`.

    Raises:
        ValueError: an unknown name, or a width that the aggregation cannot have.
        TypeError: a registered function that makes no `Aggregation`.
    """
    check_aggregation(name)
    if name in AGGREGATIONS:
        made = AGGREGATIONS[name](channels)
        if isinstance(made, SetAggregation):
            return made
        if isinstance(made, Aggregation):
            return Baseline.around(made, channels)
        raise TypeError(f"expected {name!r} to make an Aggregation of PyG, got {made!r}")
    cls = operator_class(name)
    width = cls.channels_for(channels)
    operator = make_with_identity(name, width)
    return LCMAggregation(
        width, channels, project=False, operator=operator, tree=tree, seed=seed, empty=empty
    )


@dataclass(frozen=True)
class AggregationFacts:
    """Facts about an aggregation that recipes, menus and the trainer need.

    Attributes:
        has_operator: whether it reduces by an operator on states.
        penalties: the regularisers of a recipe that apply to it.
    """

    has_operator: bool
    penalties: tuple[str, ...]


def aggregation_facts(name: str, channels: int) -> AggregationFacts:
    """Find the facts about an aggregation: it is made once, and the facts are kept.

    >>> aggregation_facts("gru_fold", channels=4).penalties
    ('sire',)

    Raises:
        ValueError, TypeError: there is no aggregation of this name or width.
    """
    check_aggregation(name)
    definition: Any = AGGREGATIONS[name] if name in AGGREGATIONS else operator_class(name)
    return _facts(definition, name, channels)


@lru_cache(maxsize=1024)
def _facts(definition: Any, name: str, channels: int) -> AggregationFacts:
    try:
        made = initialised(lambda: make_aggregation(name, channels), seed=0)
        with Seeded(0):
            shared = name in AGGREGATIONS and definition(channels) is definition(channels)
        _try(made, channels)
    except (ValueError, TypeError):
        raise
    except Exception as error:
        raise ValueError(
            f"{name!r} does not work with {channels} channels: {type(error).__name__}: {error}"
        ) from error
    if shared:
        raise ValueError(
            f"{name!r} gives the same object each time, so that runs would share its weights: make "
            "a new one in each call"
        )
    return AggregationFacts(made.operator is not None, made.penalties)


@torch.no_grad()
def _try(made: SetAggregation, channels: int) -> None:
    """Aggregate one set of three elements."""
    with Seeded(0):
        x = torch.rand(3, made.in_channels)
        made.eval()
        result = made(x, ptr=torch.tensor([0, 3]))
    if result.shape != (1, channels):
        raise ValueError(
            f"expected results of shape (B, {channels}), got {tuple(result.shape)} for one set: "
            "does `lower` lead back to `out_channels`?"
        )


for _registry in (OPERATORS, AGGREGATIONS):  # what is replaced can be freed
    _registry.watch(lambda _: _facts.cache_clear())
