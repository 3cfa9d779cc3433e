"""Aggregations by name: an operator, a fold, or one of PyG's aggregations."""

from lcm_core.aggregations.fold import CELLS, FoldAggregation
from lcm_core.aggregations.lcm import LCMAggregation
from lcm_core.aggregations.pyg import BASELINES, Baseline, make_baseline
from lcm_core.errors import unknown
from lcm_core.operators import GRU, MLP, FormulaOperator, make_operator, operator_names
from lcm_core.operators.base import operator_class

__all__ = [
    "FOLDS",
    "aggregation_names",
    "check_aggregation",
    "make_aggregation",
]

FOLDS = {f"{cell}_fold": cell for cell in CELLS}


def aggregation_names() -> list[str]:
    """The names that `make_aggregation` knows: operators, folds as `gru_fold`, PyG's as `pna`.

    It also knows formulas, such as `formula(x+y+a*x*y;a=0.5)`.
    """
    return [*operator_names(), *FOLDS, *BASELINES]


def check_aggregation(name: str, kind: str = "aggregation") -> None:
    """Refuses what `make_aggregation` does not know.

    Raises:
        ValueError: with the nearest names, or what is wrong with a formula.
    """
    if name in aggregation_names():
        return
    if "(" in name:
        operator_class(name)
        return
    raise ValueError(
        f"{unknown(kind, name, aggregation_names())} If {name!r} is an operator of your own, "
        "first run the cell that defines it."
    )


def make_aggregation(
    name: str, channels: int, tree: str = "balanced", seed: int = 0, empty: str = "identity"
) -> LCMAggregation | FoldAggregation | Baseline:
    """An aggregation by name whose results are `channels` wide.

    Elements are as wide as its `in_channels` says; there is no projection. Operators that can learn
    an identity do. Arguments as in `LCMAggregation`; folds and PyG's classes use the first two.
    """
    check_aggregation(name)
    if name in BASELINES:
        return make_baseline(name, channels)
    if name in FOLDS:
        return FoldAggregation(channels, channels, cell=FOLDS[name], seed=seed)
    cls = operator_class(name)
    width = cls.channels_for(channels)
    identity = {"learn_identity": True} if issubclass(cls, GRU | MLP | FormulaOperator) else {}
    operator = make_operator(name, width, **identity)
    return LCMAggregation(
        width, channels, project=False, operator=operator, tree=tree, seed=seed, empty=empty
    )
