"""Certify any PyG aggregation: its laws, and how it depends on order, batch and size."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from lcm_core.aggregations.lcm import LCMAggregation
from lcm_core.laws.certificates.certificate import Certificate
from lcm_core.laws.certificates.measures import (
    Predict,
    batch_mates,
    empty_set,
    in_one_line,
    orders_and_flips,
    random_classifiers,
    time_against_size,
    unit_and_rounding,
)
from lcm_core.laws.measure import LawReport, law_report
from lcm_core.laws.populations import closure_population
from lcm_core.laws.spreads import check_bounds
from lcm_core.operators import Operator, make_operator
from lcm_core.operators.devices import beside
from lcm_core.pyg import LCMAggregation as PyGLCMAggregation
from lcm_core.pyg import MaxAggregation, MeanAggregation, MinAggregation, SumAggregation
from lcm_core.seeding import Seeded

__all__ = ["certify", "operator_of"]

#: PyG's aggregations that are operators of ours, by the name of the operator.
FIXED = {
    SumAggregation: "sum",
    MeanAggregation: "mean",
    MaxAggregation: "max",
    MinAggregation: "min",
}
SIZES = (1, 4, 16, 64, 256, 1024)

Found = TypeVar("Found")


def certify(
    aggregation: nn.Module,
    x: Any,
    ptr: Tensor | None = None,
    *,
    predict: Predict | None = None,
    orders: int = 16,
    seed: int = 0,
    sizes: tuple[int, ...] = SIZES,
    sets_to_time: int = 8,
) -> Certificate:
    """Measure an aggregation: laws, order, other sets, empty sets, time.

    It takes ours and PyG's. The result is a table in a notebook, and `.text()` elsewhere. The
    aggregation is measured in evaluation mode, and left as it was. Its exceptions, such as for
    empty sets, are reported in words and not raised. s is the spread of results, s² = E‖u − ū‖².

    - *laws*: of `aggregation.operator`, if that is an `Operator`; of the operator in PyG's
      LCMAggregation, sum, mean, max and min. Over a closure of the data's elements.
    - *order spread*, *flips*: results, and the share of predictions that change, over random
      orders.
    - *batch-mates*: each set alone, against the same set beside all others and a set twice as
      large as the largest. So padding shows even if all sets have one size.
    - *empty set*: the result of an empty set.
    - *time*: median of forward passes over sets of each size, elements drawn from the data.

    >>> import torch
    >>> from torch_geometric.nn.aggr import GRUAggregation
    >>> _ = torch.manual_seed(0)
    >>> x, ptr = torch.randn(20, 4), torch.tensor([0, 3, 10, 20])
    >>> certificate = certify(GRUAggregation(4, 4), x, ptr, sizes=(1,))
    >>> certificate.order_spread.mean > 0.05  # the order of the elements matters
    True
    >>> certificate.batch_mates.largest > 0.05  # so do the other sets: PyG pads with zeros
    True

    Args:
        aggregation: called as `aggregation(x, index=…, dim_size=…)`, the index sorted.
        x: the elements (N, d) of all sets; or, without `ptr`, a `SetBatch`, a PyG `Batch`, or the
            pair (x, ptr) or (x, index), whose second tensor is ptr if it rises from 0 to N.
        ptr: the bounds of the sets, (B + 1,).
        predict: results (B, out) → labels (B, *). The default is 32 linear classifiers drawn at
            random, each cutting the results of the sets as they are given into two halves.
        orders: number of random orders of each set.
        seed: of orders, classifiers, and drawings.
        sizes: the set sizes n to time.
        sets_to_time: number of sets in a timed pass.

    Raises:
        TypeError, ValueError: data of another form, or with fewer than 2 sets that are not empty.
    """
    x, ptr = _read(x) if ptr is None else _sets(x, ptr)
    parameter = next((p for p in aggregation.parameters() if p.is_floating_point()), None)
    x = beside(aggregation, x)
    if parameter is not None:
        x = x.to(parameter.dtype)
    elif not x.is_floating_point():
        x = x.float()
    ptr = ptr.to(x.device)
    filled = ptr[torch.cat([ptr.diff() > 0, ptr.new_ones(1, dtype=torch.bool)])]
    if len(filled) < 3:
        raise ValueError(f"expected at least 2 sets that are not empty, got {len(filled) - 1}")
    problems: dict[str, str] = {}

    def attempt(measure: str, take: Callable[[], Found]) -> Found | None:
        try:
            with Seeded(seed) if measure != "time" else nullcontext():
                return take()
        except Exception as error:
            problems[measure] = in_one_line(error)
            return None

    def aggregate(x: Tensor, ptr: Tensor) -> Tensor:
        number = torch.arange(len(ptr) - 1, device=x.device)
        index = torch.repeat_interleave(number, ptr.diff(), output_size=len(x))
        result: Tensor = aggregation(x, index=index, dim_size=len(ptr) - 1)
        return result.flatten(1)

    with torch.no_grad(), _evaluating(aggregation):
        with Seeded(seed):
            operator = operator_of(aggregation, x)
        laws = mates = orderly = times = None
        unit, rounding = 1.0, 0.0
        if operator is None:
            problems["laws"] = "not measured: no reduction by an operator that is known here"
        else:
            laws = attempt("laws", lambda: _laws(operator, _elements(aggregation, x), seed))
        results = attempt("results", lambda: aggregate(x, filled))
        if results is None:
            measures = ("order spread", "flips", "batch-mates", "time")
            problems.update(dict.fromkeys(measures, problems["results"]))
        else:
            unit, rounding = unit_and_rounding(results)
            decide = predict or random_classifiers(results, seed)
            orderly = attempt(
                "flips", lambda: orders_and_flips(aggregate, x, filled, decide, orders, seed)
            )
            problems.update({"order spread": problems["flips"]} if orderly is None else {})
            mates = attempt("batch-mates", lambda: batch_mates(aggregate, x, filled, unit))
            times = attempt("time", lambda: time_against_size(aggregate, x, sizes, sets_to_time))
        with Seeded(seed):
            empty = empty_set(aggregate, x, filled, unit * rounding, operator)
    return Certificate(
        name=" ".join(repr(aggregation).split()),
        sets=len(ptr) - 1,
        elements=len(x),
        largest_set=int(ptr.diff().max()),
        laws=laws,
        order_spread=orderly[0] if orderly else None,
        batch_mates=mates,
        empty=empty,
        flips=orderly[1] if orderly else None,
        predictions="of 32 random linear classifiers" if predict is None else "by `predict`",
        time=times,
        rounding=rounding,
        problems=problems,
    )


def operator_of(aggregation: nn.Module, x: Tensor) -> Operator | None:
    """The operator by which an aggregation reduces, if there is one; for PyG's, one like it."""
    operator = getattr(aggregation, "operator", None)
    if isinstance(operator, Operator):
        return operator
    if type(aggregation) is PyGLCMAggregation:
        return LCMAggregation.from_pyg(aggregation).operator
    if type(aggregation) in FIXED:
        return make_operator(FIXED[type(aggregation)], x.shape[1]).to(x)
    return None


def _sets(x: Any, ptr: Any) -> tuple[Tensor, Tensor]:
    """Elements and bounds, checked."""
    if not (isinstance(x, Tensor) and isinstance(ptr, Tensor) and x.dim() == 2):
        raise TypeError(
            f"expected x of shape (N, d) and ptr of shape (B + 1,), got {type(x).__name__} and "
            f"{type(ptr).__name__}"
        )
    check_bounds(x, ptr)
    return x, ptr


def _read(data: Any) -> tuple[Tensor, Tensor]:
    """The elements, set by set (N, d), and the bounds of the sets (B + 1,)."""
    if isinstance(data, tuple | list) and len(data) == 2:
        x, places = data
    elif isinstance(getattr(data, "batch", None), Tensor):  # PyG's
        sizes = torch.bincount(data.batch, minlength=int(getattr(data, "num_graphs", 0)))
        order = data.batch.argsort(stable=True)
        return data.x[order], torch.cat([sizes.new_zeros(1), sizes.cumsum(0)])
    else:
        x, places = getattr(data, "x", None), getattr(data, "ptr", None)
    if not (isinstance(x, Tensor) and isinstance(places, Tensor) and x.dim() == 2):
        raise TypeError(
            "expected (x, ptr) or (x, index) with x of shape (N, d), a SetBatch, or a PyG Batch, "
            f"got {type(data).__name__}"
        )
    if len(places) and places[0] == 0 and places[-1] == len(x) and bool((places.diff() >= 0).all()):
        return x, places
    if len(places) != len(x) or places.is_floating_point() or bool((places < 0).any()):
        raise ValueError(
            f"expected ptr to rise from 0 to N = {len(x)}, or the set of each of N elements, "
            f"got a tensor of shape {tuple(places.shape)}"
        )
    order = places.argsort(stable=True)
    return x[order], torch.cat([places.new_zeros(1), torch.bincount(places).cumsum(0)])


@contextmanager
def _evaluating(module: nn.Module) -> Iterator[None]:
    modes = [(part, part.training) for part in module.modules()]
    module.eval()
    try:
        yield
    finally:
        for part, training in modes:
            part.training = training


def _elements(aggregation: nn.Module, x: Tensor) -> Tensor:
    """The leaves of the trees: projected for an LCMAggregation, ours or PyG's; otherwise x."""
    linear = getattr(aggregation, "lin", None)
    return x if linear is None else linear(x).relu()


def _laws(operator: Operator, elements: Tensor, seed: int) -> LawReport:
    return law_report(operator, closure_population(elements, seed=seed), seed=seed)
