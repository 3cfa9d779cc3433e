"""What `certify` measures of an aggregation beside its laws: each measure is one function."""

import math
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from lcm_core.laws.certificates.certificate import BatchMates, EmptySet, TimeAgainstSize
from lcm_core.laws.measure import LawError, difference, variance
from lcm_core.laws.spreads import order_spread
from lcm_core.operators import Operator
from lcm_core.rounding import AGGREGATION_UNITS

__all__ = [
    "Predict",
    "batch_mates",
    "empty_set",
    "in_one_line",
    "orders_and_flips",
    "random_classifiers",
    "time_against_size",
    "unit_and_rounding",
]

CLASSIFIERS = 32
TIME_FOR_A_SIZE = 0.15  # seconds, after which no pass is begun

Aggregate = Callable[[Tensor, Tensor], Tensor]  # (x (N, d), ptr (B + 1,)) → (B, out)
Predict = Callable[[Tensor], Tensor]  # (B, out) → (B, *)


def unit_and_rounding(results: Tensor) -> tuple[float, float]:
    """(spread, relative rounding tolerance); the spread is 1 where all results are equal."""
    s = float(variance([(results, results)]).sqrt())
    unit = s if s > 0 else 1.0
    finite = results.masked_fill(~results.isfinite(), 0.0)
    size = float(finite.square().sum(-1).mean().sqrt())
    return unit, AGGREGATION_UNITS * torch.finfo(results.dtype).eps * size / unit


def batch_mates(aggregate: Aggregate, x: Tensor, ptr: Tensor, unit: float) -> BatchMates:
    """Each set alone, against the same set beside the others and one large set."""
    rows = torch.arange(2 * int(ptr.diff().max()), device=x.device) % len(x)
    large = torch.cat([ptr, ptr[-1:] + len(rows)])
    together = aggregate(torch.cat([x, x[rows]]), large)[:-1]
    spans = zip(ptr[:-1].tolist(), ptr[1:].tolist(), strict=True)
    alone = [aggregate(x[a:b], ptr.new_tensor([0, b - a])) for a, b in spans]
    apart = difference(torch.cat(alone), together).norm(dim=-1) / unit
    return BatchMates(float(apart.max()), float(apart.square().mean().sqrt()))


def orders_and_flips(
    aggregate: Aggregate, x: Tensor, ptr: Tensor, decide: Predict, orders: int, seed: int
) -> tuple[LawError, float]:
    """The order spread, and the share of predictions that change with the order."""
    labels = []

    def decided(x: Tensor, ptr: Tensor) -> Tensor:
        results = aggregate(x, ptr)
        labels.append(decide(results))
        return results

    decided(x, ptr)
    spread = order_spread(decided, x, ptr, orders=orders, seed=seed)
    flipped = [(label != labels[0]).double().mean() for label in labels[1:]]
    return spread, float(torch.stack(flipped).mean())


def random_classifiers(results: Tensor, seed: int) -> Predict:
    """Results (B, out) → on which sides of planes they lie (B, 32); a plane halves the sets."""
    generator = torch.Generator().manual_seed(seed)
    normals = torch.randn(results.shape[1], CLASSIFIERS, generator=generator).to(results)
    middle = len(results) // 2
    sorted_scores = (results.nan_to_num() @ normals).sort(dim=0).values
    cuts = sorted_scores[middle - 1 : middle + 1].mean(0)
    return lambda results: results.nan_to_num() @ normals > cuts


def empty_set(
    aggregate: Aggregate, x: Tensor, ptr: Tensor, tolerance: float, operator: Operator | None
) -> EmptySet:
    """What an empty set gives beside one element, beside a large set, and alone.

    Args:
        aggregate, x, ptr: the aggregation and the sets.
        tolerance: values not farther apart than this are the same.
        operator: whose identity the value is compared with, if there is one.
    """
    try:
        mates = (x[:1], x[: 2 * int(ptr.diff().max())])
        one, other = (aggregate(m, ptr.new_tensor([0, len(m), len(m)]))[1] for m in mates)
    except Exception as error:
        return EmptySet("error", in_one_line(error))
    try:
        alone = aggregate(x[:0], ptr.new_zeros(2))[0]
        same = bool(difference(alone, one).norm() <= tolerance)
        text = "" if same else "; another value where it is alone in its batch"
    except Exception as error:
        text = f"; alone in its batch it fails: {in_one_line(error)}"
    is_identity = None
    if operator is not None and operator.identity is not None:
        answer = operator.lower(operator.identity.to(one))
        is_identity = bool(difference(answer, one).norm() <= tolerance)
    if not bool(one.isfinite().all()):
        kind, words = "not finite", "an empty set gives entries that are not finite"
    elif difference(one, other).norm() > tolerance:
        kind, words = "depends on batch-mates", "an empty set gives another value beside other sets"
    elif not bool(one.any()):
        kind, words = "zeros", "an empty set gives zeros"
    else:
        kind, words = "constant", f"an empty set gives a vector of norm {float(one.norm()):.3g}"
    if is_identity and kind in ("zeros", "constant"):
        words += ", the operator's identity"
    return EmptySet(kind, words + text, is_identity)


def time_against_size(
    aggregate: Aggregate, x: Tensor, sizes: tuple[int, ...], sets: int
) -> TimeAgainstSize:
    """Median seconds of passes over `sets` sets of n elements, drawn from x, for each n."""
    seconds: dict[int, float] = {}
    generator = torch.Generator().manual_seed(0)
    for n in sizes:
        rows = torch.randint(len(x), (n * sets,), generator=generator).to(x.device)
        drawn, ptr = x[rows], n * torch.arange(sets + 1, device=x.device)
        first = _seconds_of_a_pass(aggregate, drawn, ptr)
        passes: list[float] = []
        while len(passes) < 7 and first + sum(passes) < TIME_FOR_A_SIZE:
            passes.append(_seconds_of_a_pass(aggregate, drawn, ptr))
        seconds[n] = statistics.median(passes or [first])
        if seconds[n] > TIME_FOR_A_SIZE:
            break  # larger sets would take as much again, and more
    largest, slope = sorted(seconds)[-3:], math.nan
    if len(largest) > 1:
        slope = float(np.polyfit(np.log(largest), np.log([seconds[n] for n in largest]), 1)[0])
    return TimeAgainstSize(seconds, sets, slope)


def _seconds_of_a_pass(aggregate: Aggregate, x: Tensor, ptr: Tensor) -> float:
    start = _clock(x.device)
    aggregate(x, ptr)
    return _clock(x.device) - start


def _clock(device: torch.device) -> float:
    """Seconds, after all work of the device is done."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()


def in_one_line(error: Exception) -> str:
    """An exception, as it stands in a table."""
    return f"{type(error).__name__}: {error}".split("\n")[0]
