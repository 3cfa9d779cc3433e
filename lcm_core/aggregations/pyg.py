"""The aggregations of PyG that ours are compared with, by name and all equally wide."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from lcm_core.aggregations.base import SetAggregation
from lcm_core.errors import unknown
from lcm_core.operators.devices import beside
from lcm_core.operators.ordinary import outside_transforms, unwrapped
from lcm_core.pyg import (
    Aggregation,
    DeepSetsAggregation,
    DegreeScalerAggregation,
    GRUAggregation,
    LCMAggregation,
    Set2Set,
    SetTransformerAggregation,
)
from lcm_core.reduction.checks import sizes_and_order
from lcm_core.reduction.transfer import to_device

__all__ = ["BASELINES", "PNA", "Baseline", "make_baseline"]

READ_STEPS = 3  # of Set2Set, in which it looks at the set
HEADS = 4  # of the Set Transformer's attention, or the largest divisor of the width below that


class Baseline(SetAggregation):
    """One of PyG's aggregations, called as ours are: with ptr or index, in any order.

    Args:
        channels: width of the elements and of the results.
        inner: PyG's aggregation of `channels` wide elements.
        width: of its results; a linear layer makes them `channels` wide where it is another.
        empty_gives_zero: for a class that has no answer of its own for empty sets: they give 0,
            and it does not see them.

    Shapes:
        x (N, channels); index (N,), in any order, or ptr (B + 1,); result (B, channels).
    """

    def __init__(
        self,
        channels: int,
        inner: Aggregation,
        width: int | None = None,
        empty_gives_zero: bool = False,
    ):
        super().__init__(channels, channels)
        self.inner = inner
        self.lower = nn.Linear(width, channels) if width not in (None, channels) else None
        self.empty_gives_zero = empty_gives_zero

    @classmethod
    def around(cls, inner: Aggregation, channels: int) -> "Baseline":
        """Any aggregation of PyG on elements of `channels`; its width is found by a trial.

        Raises:
            ValueError: it cannot aggregate one set of two such elements.
        """
        two = beside(inner, torch.zeros(2, channels))
        index = torch.zeros(2, dtype=torch.long, device=two.device)
        training = inner.training
        try:
            with torch.no_grad():
                result = inner.eval()(two, index=index, dim_size=1, dim=0)
        except Exception as error:
            raise ValueError(
                f"{type(inner).__name__} could not aggregate a set of two elements of {channels} "
                f"channels: {type(error).__name__}: {error}"
            ) from error
        finally:
            inner.train(training)
        return cls(channels, inner, result.shape[-1], empty_gives_zero=True)

    def reset_parameters(self) -> None:
        self.inner.reset_parameters()
        if self.lower is not None:
            self.lower.reset_parameters()

    def forward(self, x: Tensor, *args: Any, **options: Any) -> Tensor:
        """Arguments as in `SetAggregation.forward`; x has two dimensions.

        Raises:
            ValueError: PyG's class takes no x of more dimensions.
        """
        if x.dim() > 2:
            raise ValueError(
                f"{type(self.inner).__name__} of PyG takes x of shape (N, {self.in_channels}), got "
                f"{tuple(x.shape)}: reduce one dimension at a time"
            )
        return super().forward(x, *args, **options)

    def of_sets(
        self, x: Tensor, ptr: Tensor | None, index: Tensor | None, num_sets: int | None
    ) -> Tensor:
        sizes, order = sizes_and_order(x, ptr, index, num_sets)
        if order is not None:
            x = x.index_select(0, order)
        filled = np.flatnonzero(sizes) if self.empty_gives_zero else np.arange(len(sizes))
        if self.empty_gives_zero and len(filled) == 0:
            return x.new_zeros(len(sizes), self.out_channels)
        index = to_device(np.arange(len(filled)).repeat(sizes[filled]), x.device)
        result = self._reduce(x, index, len(filled))
        if len(filled) == len(sizes):
            return result
        zeros = result.new_zeros(len(sizes), self.out_channels)
        return zeros.index_copy(0, to_device(filled, x.device), result)

    def _reduce(self, x: Tensor, index: Tensor, count: int) -> Tensor:
        result = self.inner(x, index=index, dim_size=count, dim=0)
        return result if self.lower is None else self.lower(result)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.inner})"


class PNA(Baseline):
    """Mean, min, max and standard deviation, each × 1, × log(n + 1) / δ, and × δ / log(n + 1).

    δ is the mean of log(n + 1) over the sets of the first batch that it is trained on, which
    stands for the training set.

    Source: Corso et al. 2020, "Principal Neighbourhood Aggregation for Graph Nets",
    https://arxiv.org/abs/2004.05718
    """

    AGGREGATORS = ("mean", "min", "max", "std")
    SCALERS = ("identity", "amplification", "attenuation")

    def __init__(self, channels: int):
        one = torch.tensor([0, 1])  # a histogram of sizes, until the first batch is there
        inner = DegreeScalerAggregation(list(self.AGGREGATORS), list(self.SCALERS), one)
        super().__init__(channels, inner, len(self.AGGREGATORS) * len(self.SCALERS) * channels)
        self.measured = False

    def reset_parameters(self) -> None:
        super().reset_parameters()
        self.measured = False

    def _reduce(self, x: Tensor, index: Tensor, count: int) -> Tensor:
        if self.training and not self.measured and len(x):
            with outside_transforms():  # δ outlives a transform of torch.func
                sizes = torch.zeros(count, dtype=x.dtype, device=x.device)
                index_of_row = unwrapped(index)
                sizes.scatter_add_(0, index_of_row, torch.ones_like(index_of_row, dtype=x.dtype))
                self.inner.avg_deg_log.copy_((sizes + 1).log().mean().view(1))
            self.measured = True
        return super()._reduce(x, index, count)

    def get_extra_state(self) -> dict[str, bool]:
        return {"measured": self.measured}

    def set_extra_state(self, state: Any) -> None:
        self.measured = bool(state["measured"])


def _set2set(channels: int) -> Baseline:
    return Baseline(channels, Set2Set(channels, READ_STEPS), 2 * channels)


def _deepsets(channels: int) -> Baseline:
    return Baseline(channels, DeepSetsAggregation(_two_layers(channels), _two_layers(channels)))


def _set_transformer(channels: int) -> Baseline:
    heads = math.gcd(HEADS, channels)
    inner = SetTransformerAggregation(channels, heads=heads)
    return Baseline(channels, inner, empty_gives_zero=True)


def _pyg_gru(channels: int) -> Baseline:
    return Baseline(channels, GRUAggregation(channels, channels), empty_gives_zero=True)


def _pyg_lcm(channels: int) -> Baseline:
    inner = LCMAggregation(channels, channels, project=False)
    return Baseline(channels, inner, empty_gives_zero=True)


#: What makes each of them of a width. Set2Set: Vinyals et al. 2015, arXiv 1511.06391; Deep Sets:
#: Zaheer et al. 2017, arXiv 1703.06114; Set Transformer: Lee et al. 2018, arXiv 1810.00825. The
#: last two combine the zeros with which they pad sets to the largest of the batch.
BASELINES: dict[str, Callable[[int], Baseline]] = {
    "pna": PNA,
    "set2set": _set2set,
    "deepsets": _deepsets,
    "set_transformer": _set_transformer,
    "pyg_gru": _pyg_gru,
    "pyg_lcm": _pyg_lcm,
}


def make_baseline(name: str, channels: int) -> Baseline:
    """One of `BASELINES`, whose elements and results are `channels` wide.

    >>> make_baseline("deepsets", 8)(torch.randn(5, 8), ptr=torch.tensor([0, 2, 5])).shape
    torch.Size([2, 8])

    Raises:
        ValueError: an unknown name (the nearest ones are given).
    """
    if name not in BASELINES:
        raise unknown("baseline", name, BASELINES)
    return BASELINES[name](channels)


def _two_layers(channels: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(channels, channels), nn.GELU(), nn.Linear(channels, channels))
