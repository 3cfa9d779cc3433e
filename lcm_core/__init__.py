"""Learnable commutative monoids: learn an operator ⊕ that reduces any set.

A *commutative monoid* is a set of states with an operator ⊕ that commutes, is associative, and has
an identity. Then every tree over every order of a set gives the same result: a balanced tree takes
⌈log₂ n⌉ steps, where a recurrent network takes n. Here ⊕ is learned, and its laws are measured
(Ong & Veličković, LoG 2022, https://arxiv.org/abs/2212.08541).

Start here
    Here are three sets of elements with 8 features; the second set is empty. `x` has all
    elements, set after set, and set b is `x[ptr[b]:ptr[b + 1]]`:

    >>> import torch, lcm_core
    >>> _ = torch.manual_seed(0)
    >>> x, ptr = torch.randn(10, 8), torch.tensor([0, 3, 3, 10])

    Make an operator by name, and reduce each set by a balanced tree:

    >>> op = lcm_core.make_operator("symmetrized_gru", channels=8, learn_identity=True)
    >>> lcm_core.reduce(op, x, ptr).shape
    torch.Size([3, 8])

    Measure its laws. An error of 0 means that the law holds; 1 means that the two sides are as far
    apart as states typically are from their mean. This operator commutes by construction, but
    nothing makes it associative before training:

    >>> report = lcm_core.law_report(op, lcm_core.closure_population(x))
    >>> report["commutativity"].mean < 1e-6, report["associativity"].mean > 0.1
    (True, True)

    Use it as a layer of PyTorch Geometric, in place of PyG's own `LCMAggregation`:

    >>> lcm_core.LCMAggregation(8, 16, learn_identity=True)(x, ptr=ptr).shape
    torch.Size([3, 16])

    Train a model. One line of text, the recipe, holds every choice of a run:

    >>> result = lcm_core.fit("task=second_minimum bits=2 channels=4 steps=3 eval_splits=none")
    >>> result.operator.name, len(result.records)
    ('symmetrized_gru', 1)

Shapes and arguments
    A set has n elements; a batch has B sets with N elements in all, of d features each. So x is
    (N, d), ptr is (B + 1,), and results are (B, d). Arguments come in one order: the operator or
    aggregation, `x`, `ptr`. Law errors take states, or a population of them, in place of x and
    ptr. Errors say what was expected and what came. `help(lcm_core.reduce)`, and so on for each
    name below, gives shapes, errors and an example.

Operators
    An element is *lifted* to a state, states are combined by ⊕, and the last state is *lowered* to
    an answer. The mean, for example, is a sum of pairs (value, count).

    Operator            the base class: a subclass defines `forward(left, right)`
    make_operator       by name or formula; operator_names lists the names
    symmetrized         ½ (g(x, y) + g(y, x)), which commutes
    blend, product      combine two operators into one

Reductions
    reduce              all sets of a batch, each to one state
    trace               one set, with every intermediate state
    make_tree           balanced, left, right or random (TREE_NAMES); Tree reads ((a b)(c d))
    ReductionPlan       which states are combined: made once from the sizes, used many times
    use_kernels         switch the fast kernels off, to compare
    reduce_stream       one set in chunks, larger than memory
    Running             the same step by step: parts are merged, pickled, sent

    Sets that are spread over the ranks of `torch.distributed` are reduced by `all_reduce` and
    `reduce_sharded` of `lcm_core.distributed`.

Aggregations
    LCMAggregation      projection and reduction by ⊕, for PyTorch Geometric
    FoldAggregation     a GRU or LSTM over each set, to compare with
    make_aggregation    by name; aggregation_names lists operators, folds and PyG's
    explain_path        which code a call runs: a fast path, or the definition, and why
    CSRGraph            a graph with millions of edges: aggregate all neighbours in parts, or
                        sample some, as a SampledGraph

Laws
    law_report          all errors in LAWS at once, as a LawReport of LawError
    commutativity_error, associativity_error, identity_error, exchange_error
                        one law of an operator
    Population          the states on which a law is measured: gaussian_population,
                        encoded_population, or closure_population (reductions of random subsets)
    order_spread, tree_spread, fold_exchange_error
                        how much a whole aggregation depends on order and tree
    size_share          how much of its results is the size of the set
    law_map             where in the space of states a law fails, as a LawMap
    laws_in_words       a sentence for each law, with a small counter-example if it fails
    certify             a Certificate for any aggregation, PyG's among them
    law_penalty, sire_penalty
                        differentiable errors, to add to a loss

Training
    make_task           a Task by name: sets (SetBatch) or graphs, targets, loss and metric;
                        task_names lists the names
    Recipe              every choice of a run, as a dataclass and as text
    fit                 train a recipe to its end: a Fit
    Trainer             the same step by step: yields one Record after another
    pretrained          a trained model; pretrained_names lists the names

Your own
    register_operator, register_task, register_aggregation, register_experiment
                        make yours known by name, in recipes and menus (register is the old name
                        of register_operator)
    preview_data        what would be understood of a table in a file, before it is trained on

Panels for JupyterLab are in `lcm_core.widgets`, experiments in `lcm_core.experiments`.
"""

import sys
import warnings
from importlib import import_module
from typing import TYPE_CHECKING, Any

from lcm_core.terminal import print_anything
from lcm_core.threads import let_threads_yield

let_threads_yield()
print_anything()

if TYPE_CHECKING:
    from lcm_core.api import *
    from lcm_core.experiments import register_experiment

__all__ = [
    "LAWS",
    "TREE_NAMES",
    "CSRGraph",
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
    "Running",
    "SampledGraph",
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
    "explain_path",
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
    "preview_data",
    "product",
    "reduce",
    "reduce_stream",
    "register",
    "register_aggregation",
    "register_experiment",
    "register_operator",
    "register_task",
    "sire_penalty",
    "size_share",
    "symmetrized",
    "task_names",
    "trace",
    "tree_spread",
    "use_kernels",
]

_ROOMS = (
    "aggregations",
    "distributed",
    "laws",
    "operators",
    "reduction",
    "tasks",
    "training",
    "trees",
)
_RENAMED = {"trained": "pretrained", "trained_names": "pretrained_names"}


def __getattr__(name: str) -> Any:
    """A public name, imported when it is first asked for; old names, with a warning."""
    if name in _RENAMED:
        new = _RENAMED[name]
        warnings.warn(f"lcm_core.{name} is now lcm_core.{new}", DeprecationWarning, stacklevel=2)
        return getattr(sys.modules[__name__], new)
    if name in _ROOMS:
        return import_module(f"lcm_core.{name}")
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = "lcm_core.experiments" if name == "register_experiment" else "lcm_core.api"
    value = globals()[name] = getattr(import_module(home), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
