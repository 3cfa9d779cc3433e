"""Aggregations by name: operators, folds, PyG's aggregations, and those of strangers."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar

from torch_geometric.nn.aggr import Aggregation

from lcm_core.aggregations.base import SetAggregation
from lcm_core.aggregations.fold import FoldAggregation
from lcm_core.aggregations.lcm import LCMAggregation
from lcm_core.aggregations.pyg import BASELINES, Baseline
from lcm_core.errors import unknown
from lcm_core.operators import make_operator, operator_names
from lcm_core.operators.base import OPERATORS, operator_class
from lcm_core.registry import Registry
from lcm_core.seeding import initialised

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
    """Decorator: make an aggregation known by name, in recipes and in the menus of readouts.

    >>> from torch_geometric.nn.aggr import SoftmaxAggregation
    >>> @register_aggregation("softmax")
    ... def softmax(channels):
    ...     return SoftmaxAggregation(learn=True)
    >>> make_aggregation("softmax", channels=4).out_channels
    4

    It decorates a function, or a class, that is called with `channels` and makes an `Aggregation`
    of PyG, or a `SetAggregation`, of elements that wide. Results of another width are mapped to
    `channels` by a linear layer. An operator has `register_operator` instead.

    Args:
        name: letters, digits and `_`.
        replace: also take the place of another definition, unless it is the library's.

    Raises:
        ValueError: the name is taken, or is not one word.
    """

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
    """The names that `make_aggregation` knows: operators, folds as `gru_fold`, PyG's as `pna`.

    It also knows names with brackets, such as the formula `formula(x+y+a*x*y;a=0.5)`.
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
    """An aggregation by name whose results are `channels` wide.

    Elements are as wide as its `in_channels` says; there is no projection. An operator that
    `learns_identity` does. Arguments as in `LCMAggregation`; all others use the first two.

    Raises:
        ValueError: an unknown name, or a width that the aggregation cannot have.
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
    identity: dict[str, Any] = {"learn_identity": True} if cls.learns_identity else {}
    operator = make_operator(name, width, **identity)
    return LCMAggregation(
        width, channels, project=False, operator=operator, tree=tree, seed=seed, empty=empty
    )


@dataclass(frozen=True)
class AggregationFacts:
    """What recipes, menus and the trainer ask of an aggregation, without its weights.

    Attributes: as of `SetAggregation`; `has_operator` says whether its `operator` is one.
    """

    has_operator: bool
    is_fold: bool
    penalties: tuple[str, ...]


def aggregation_facts(name: str, channels: int) -> AggregationFacts:
    """The facts of the aggregation of this name and width, which is made once to ask it.

    >>> aggregation_facts("gru_fold", channels=4).penalties
    ('sire',)

    Raises:
        ValueError, TypeError: there is none of this name or width.
    """
    check_aggregation(name)
    definition: Any = AGGREGATIONS[name] if name in AGGREGATIONS else operator_class(name)
    return _facts(definition, name, channels)


@lru_cache(maxsize=1024)
def _facts(definition: Any, name: str, channels: int) -> AggregationFacts:
    made = initialised(lambda: make_aggregation(name, channels), seed=0)
    return AggregationFacts(made.operator is not None, made.is_fold, made.penalties)
