"""Learnable commutative monoids: operators, trees, ragged reductions, laws, aggregations."""

import warnings
from typing import Any

from lcm_core.aggregations import FoldAggregation, LCMAggregation
from lcm_core.laws import (
    LAWS,
    Certificate,
    LawError,
    LawMap,
    LawReport,
    Population,
    associativity_error,
    certify,
    closure_population,
    commutativity_error,
    encoded_population,
    exchange_error,
    fold_exchange_error,
    gaussian_population,
    identity_error,
    law_map,
    law_penalty,
    law_report,
    laws_in_words,
    order_spread,
    sire_penalty,
    tree_spread,
)
from lcm_core.operators import Operator, make_operator, operator_names, register, symmetrized
from lcm_core.reduction import ReductionPlan, reduce, trace, use_kernels
from lcm_core.training import pretrained, pretrained_names
from lcm_core.trees import TREE_NAMES, Tree, make_tree

__all__ = [
    "LAWS",
    "TREE_NAMES",
    "Certificate",
    "FoldAggregation",
    "LCMAggregation",
    "LawError",
    "LawMap",
    "LawReport",
    "Operator",
    "Population",
    "ReductionPlan",
    "Tree",
    "associativity_error",
    "certify",
    "closure_population",
    "commutativity_error",
    "encoded_population",
    "exchange_error",
    "fold_exchange_error",
    "gaussian_population",
    "identity_error",
    "law_map",
    "law_penalty",
    "law_report",
    "laws_in_words",
    "make_operator",
    "make_tree",
    "operator_names",
    "order_spread",
    "pretrained",
    "pretrained_names",
    "reduce",
    "register",
    "sire_penalty",
    "symmetrized",
    "trace",
    "tree_spread",
    "use_kernels",
]

_RENAMED = {"trained": "pretrained", "trained_names": "pretrained_names"}


def __getattr__(name: str) -> Any:
    """Old names, with a warning."""
    if name not in _RENAMED:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    warnings.warn(
        f"lcm_core.{name} is now lcm_core.{_RENAMED[name]}", DeprecationWarning, stacklevel=2
    )
    return globals()[_RENAMED[name]]
