"""Learnable commutative monoids: learn a binary operator ⊕, and reduce any set with it.

A *commutative monoid* is an operator ⊕ on states that commutes, is associative, and has an
identity. Then any tree over any order of a set gives the same result, and a balanced tree takes
⌈log₂ n⌉ steps. Here ⊕ is learned, and its laws are measured (Ong & Veličković, LoG 2022,
https://arxiv.org/abs/2212.08541).

Start here
    >>> import torch, lcm_core
    >>> x, ptr = torch.randn(10, 8), torch.tensor([0, 3, 3, 10])  # three sets, the second empty

    An operator, by name, and the reduction of each set by a balanced tree:

    >>> op = lcm_core.make_operator("symmetrized_gru", channels=8)
    >>> lcm_core.reduce(op, x, ptr).shape
    torch.Size([3, 8])

    How well it keeps the laws; 0 is exactly, 1 is as far as two states usually are:

    >>> report = lcm_core.law_report(op, lcm_core.closure_population(x))
    >>> report["commutativity"].mean < 1e-6
    True

    A layer for PyTorch Geometric, in place of its own `LCMAggregation`:

    >>> lcm_core.LCMAggregation(8, 16)(x, ptr=ptr).shape
    torch.Size([3, 16])

    Training, in one line of text that says everything:

    >>> result = lcm_core.fit("task=second_minimum bits=2 channels=4 steps=3 batch_size=4")
    >>> result.recipe.readout
    'symmetrized_gru'

What there is
    operators       Operator, make_operator, operator_names, symmetrized, blend, product
    reduction       reduce, trace, make_tree, Tree, ReductionPlan, use_kernels
    aggregations    LCMAggregation, FoldAggregation, make_aggregation, aggregation_names
    laws            law_report, associativity_error and the others, order_spread, tree_spread,
                    law_map, laws_in_words, certify; law_penalty and sire_penalty to train with
    training        Recipe, Trainer, fit, make_task, task_names, pretrained, pretrained_names
    of your own     register_operator, register_task, register_aggregation, register_experiment

Arguments come in one order: the operator or aggregation, the elements `x` (N, d), the bounds of the
sets `ptr` (B + 1,). `help(lcm_core.reduce)`, and so on, has shapes, errors and an example; panels
for JupyterLab are in `lcm_core.widgets`.
"""

import warnings
from typing import Any

from lcm_core.aggregations import (
    FoldAggregation,
    LCMAggregation,
    aggregation_names,
    make_aggregation,
    register_aggregation,
)
from lcm_core.experiments import register_experiment
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
from lcm_core.operators import (
    Operator,
    blend,
    make_operator,
    operator_names,
    product,
    register,
    register_operator,
    symmetrized,
)
from lcm_core.reduction import ReductionPlan, reduce, trace, use_kernels
from lcm_core.tasks import SetBatch, Task, make_task, register_task, task_names
from lcm_core.training import Fit, Recipe, Record, Trainer, fit, pretrained, pretrained_names
from lcm_core.trees import TREE_NAMES, Tree, make_tree

__all__ = [
    "LAWS",
    "TREE_NAMES",
    "Certificate",
    "Fit",
    "FoldAggregation",
    "LCMAggregation",
    "LawError",
    "LawMap",
    "LawReport",
    "Operator",
    "Population",
    "Recipe",
    "Record",
    "ReductionPlan",
    "SetBatch",
    "Task",
    "Trainer",
    "Tree",
    "aggregation_names",
    "associativity_error",
    "blend",
    "certify",
    "closure_population",
    "commutativity_error",
    "encoded_population",
    "exchange_error",
    "fit",
    "fold_exchange_error",
    "gaussian_population",
    "identity_error",
    "law_map",
    "law_penalty",
    "law_report",
    "laws_in_words",
    "make_aggregation",
    "make_operator",
    "make_task",
    "make_tree",
    "operator_names",
    "order_spread",
    "pretrained",
    "pretrained_names",
    "product",
    "reduce",
    "register",
    "register_aggregation",
    "register_experiment",
    "register_operator",
    "register_task",
    "sire_penalty",
    "symmetrized",
    "task_names",
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
