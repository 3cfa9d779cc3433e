"""Chain against tree: depth, seconds and gradients of reducing one set of n elements."""

import math
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from lcm_core.depth.gradients import Stopped, along_all_features
from lcm_core.depth.methods import Method, make_method, never
from lcm_core.operators import Operator

__all__ = ["Cost", "Seconds", "gaussian_set", "measure", "median_seconds"]

REPEATS = 7


@dataclass(frozen=True)
class Seconds:
    """Medians over `runs` runs: `wall` by the clock, `cpu` of all threads of the process."""

    wall: float
    cpu: float
    runs: int


@dataclass(frozen=True)
class Cost:
    """What one way to reduce one set of n elements took, and what reaches its elements.

    Args:
        method, operator, n, channels: what was measured; `operator` is the name of it.
        depth: operator calls (or steps of a recurrent network) of which each waits for the one
            before. All pairs of a level are one call.
        forward: of the answer alone.
        backward: of the answer and of the gradients of elements and weights, together.
        reached: number of elements whose gradient is not 0 in the float32 of the timed run.
        places, log_gradients: (k,), some elements by their place in the set, the first and the last
            among them (all, if n ≤ 64), and log₁₀ of the length of the gradient at each, without
            underflow: see `lcm_core.depth.gradients`. −∞ is a gradient of 0. Empty where they were
            not asked for.
    """

    method: str
    operator: str
    n: int
    channels: int
    depth: int
    forward: Seconds
    backward: Seconds
    reached: int
    places: Int[np.ndarray, " k"]
    log_gradients: Float[np.ndarray, " k"]

    @property
    def first(self) -> float:
        """log₁₀ of the gradient at the first element, a chain's farthest; NaN if not measured."""
        return float(self.log_gradients[0]) if len(self.places) else math.nan

    @property
    def last(self) -> float:
        """log₁₀ of the gradient at the last element, a chain's nearest; NaN if not measured."""
        return float(self.log_gradients[-1]) if len(self.places) else math.nan

    def as_json(self) -> dict[str, Any]:
        """What JSON can hold; −∞ is None there."""
        found = asdict(self)
        found = {"way": found.pop("method"), **found}  # its name in files
        found["places"] = self.places.tolist()
        found["log_gradients"] = [
            round(each, 4) if math.isfinite(each) else None for each in self.log_gradients.tolist()
        ]
        return found

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> "Cost":
        """What `as_json` wrote."""
        logs = [-math.inf if each is None else each for each in found["log_gradients"]]
        numbers = {name: value for name, value in found.items() if name != "way"}
        return cls(
            **{
                **numbers,
                "method": found["way"],
                "forward": Seconds(**found["forward"]),
                "backward": Seconds(**found["backward"]),
                "places": np.array(found["places"], dtype=np.int64),
                "log_gradients": np.array(logs, dtype=np.float64),
            }
        )


def gaussian_set(n: int, channels: int, seed: int = 0) -> Float[Tensor, "n channels"]:
    """Elements with random normal entries; the first k are the same for every n ≥ k."""
    if n < 1:
        raise ValueError(f"expected a set of at least 1 element, got n = {n}")
    return torch.randn(n, channels, generator=torch.Generator().manual_seed(seed))


def measure(
    method: str | Method,
    n: int,
    operator: str | Operator = "symmetrized_gru",
    channels: int = 64,
    seed: int = 0,
    *,
    gradients: bool = True,
    patience: float = 2.0,
    should_stop: Callable[[], bool] = never,
) -> Cost:
    """Reduce one set of n Gaussian elements, on the CPU, and say what that took.

    >>> measure("tree", 1000, "sum", channels=4).depth
    10

    Args:
        method: a name of `lcm_core.depth.methods.METHODS`, or a method.
        n: number of elements, at least 1.
        operator: by name, with weights drawn from the seed; or an operator. Recurrent networks
            have none.
        channels: width of the elements; that of an operator that is given.
        seed: of the elements and the weights.
        gradients: measure `log_gradients`, which takes about as long as one run back.
        patience: seconds, for each of the two passes, in which its runs are repeated, up to eight
            times; the first is to warm up, unless it is the only one.
        should_stop: looked at between runs; a `chain` looks at it also within them.

    Raises:
        ValueError: an unknown method or operator; n < 1.
        lcm_core.depth.gradients.Stopped: `should_stop()` was True.
    """
    method = make_method(method, operator, channels, seed) if isinstance(method, str) else method
    x = gaussian_set(n, method.channels, seed)
    weights = [weight for weight in method.module.parameters() if weight.requires_grad]
    kept: list[Tensor] = []  # the gradient of the elements, of the last run

    def forward() -> None:
        with torch.no_grad():
            method.answer(x, should_stop)

    def backward() -> None:
        leaves = x.clone().requires_grad_()
        answer = along_all_features(method.answer(leaves, should_stop))
        kept[:] = torch.autograd.grad(answer, [leaves, *weights], allow_unused=True)[:1]

    there = median_seconds(forward, patience, should_stop)
    back = median_seconds(backward, patience, should_stop)
    reached = int((kept[0] != 0).any(1).sum())
    places = _some_places(n) if gradients else np.empty(0, dtype=np.int64)
    logs = method.log_gradients(x, should_stop)[places] if gradients else np.empty(0)
    size = n, method.channels, method.depth(n)
    return Cost(method.name, method.operator_name, *size, there, back, reached, places, logs)


def median_seconds(
    function: Callable[[], None], patience: float, should_stop: Callable[[], bool] = never
) -> Seconds:
    """Runs it up to eight times, the first time to warm up; what takes long, once.

    Args:
        patience: seconds after which it does not run again.
        should_stop: looked at between runs.
    """
    runs: list[tuple[float, float]] = []
    begin = time.perf_counter()
    while len(runs) < REPEATS + 1:
        if should_stop():
            raise Stopped
        wall, cpu = time.perf_counter(), time.process_time()
        function()
        runs.append((time.perf_counter() - wall, time.process_time() - cpu))
        if time.perf_counter() - begin + runs[-1][0] > patience:
            break
    runs = runs[1:] or runs
    wall, cpu = (float(f"{statistics.median(each):.4g}") for each in zip(*runs, strict=True))
    return Seconds(wall, cpu, len(runs))


def _some_places(n: int) -> Int[np.ndarray, " k"]:
    """Places from 0 to n − 1: evenly over the set, and closer and closer towards its end."""
    evenly = np.linspace(0, n - 1, 64)
    from_the_end = n - np.geomspace(1, n, 64)
    return np.unique(np.concatenate([evenly, from_the_end]).round().astype(np.int64))
