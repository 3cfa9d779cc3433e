"""What is reduced, and by whom: workloads by name, and contenders that can be called on them."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Optional

import networkx as nx
import numpy as np
import torch
from torch import Tensor, nn
from torch_geometric.nn.aggr import GRUAggregation as PyGGRUAggregation
from torch_geometric.nn.aggr import LCMAggregation as PyGLCMAggregation

from lcm_core import FoldAggregation, LCMAggregation, ReductionPlan, use_kernels
from lcm_core.models.networks import PlannedMessagePassing
from lcm_core.reduction.ragged import RECENT_PLANS, make_plan

OURS, PYG, FOLD, PYG_GRU, FLOOR = "ours", "PyG LCM", "our fold", "PyG GRU", "GEMM floor"
PLANNING, PLAIN = "ours, plan in the call", "ours, no kernel"
CONTENDERS = (OURS, PLANNING, PYG, FOLD, PYG_GRU, FLOOR)
FLOOR_CHUNKS = (512, 1024, 2048, 4096, 16384)


def uniform(sets: int, size: int) -> np.ndarray:
    return np.full(sets, size)


def between(sets: int, low: int, high: int) -> np.ndarray:
    """Sizes drawn evenly from low to high, both included."""
    return np.random.default_rng(0).integers(low, high + 1, sets)


def skewed() -> np.ndarray:
    """2,000 sizes by Pareto(1.3), at least 1, at most 1,500 (N = 7,777, the largest 528)."""
    draws = np.random.default_rng(0).pareto(1.3, 2000) + 1
    return np.minimum(draws.astype(np.int64), 1500)


def zipf() -> np.ndarray:
    """1,000 sizes by Zipf(1.7), at most 600."""
    return np.minimum(np.random.default_rng(11).zipf(1.7, 1000), 600)


def scale(elements: int) -> np.ndarray:
    """Sizes from 2 to 16, as many as make about this number of elements."""
    return between(max(elements // 9, 1), 2, 16)


WORKLOADS: dict[str, tuple[str, Callable[[], np.ndarray | nx.Graph], int]] = {
    "uniform16": ("2,000 sets of 16", lambda: uniform(2000, 16), 64),
    "ragged": ("2,000 sets of 2 to 16", lambda: between(2000, 2, 16), 64),
    "skewed": ("2,000 sets, Pareto(1.3), largest 528", skewed, 64),
    "long": ("8 sets of 1,024", lambda: uniform(8, 1024), 64),
    "one": ("one set of 131,072", lambda: uniform(1, 131_072), 64),
    "batch": ("128 sets of 2 to 16, d = 128", lambda: between(128, 2, 16), 128),
    "graph": (
        "one step of message passing, 20,000 nodes (Barabási–Albert, m = 4)",
        lambda: nx.barabasi_albert_graph(20_000, 4, seed=0),
        64,
    ),
    "tiny": ("32 sets of 1 to 4, d = 16", lambda: between(32, 1, 4), 16),
    "zipf": ("1,000 sets, Zipf(1.7), largest 600", zipf, 64),
}
#: Workloads that fill a GPU.
MANY: dict[str, tuple[str, Callable[[], np.ndarray | nx.Graph], int]] = {
    "many64": ("200,000 sets of 2 to 16", lambda: between(200_000, 2, 16), 64),
    "many128": ("100,000 sets of 2 to 16, d = 128", lambda: between(100_000, 2, 16), 128),
}
SCALES = tuple(10**k for k in range(3, 8))


class Step(PlannedMessagePassing):
    """Each node gets the aggregate of its neighbours' states."""

    def forward(
        self,
        x: Tensor,
        edge_index: Tensor,
        plan: Optional[ReductionPlan] = None,  # noqa: UP045 - PyG reads this, and knows no `|`
    ) -> Tensor:
        return self.propagate(edge_index, x=x, plan=plan)


@dataclass
class Workload:
    """Data of a workload on a device, and the contenders' modules.

    Args:
        name: of `WORKLOADS` or `MANY`, or "scale N".
        device: where all is.
    """

    name: str
    device: str
    sizes: np.ndarray = field(init=False)
    channels: int = field(init=False)
    edges: Tensor | None = field(init=False, default=None)
    _modules: list[nn.Module] = field(init=False)

    def __post_init__(self) -> None:
        torch.manual_seed(0)
        if self.name.startswith("scale"):
            data, self.channels = scale(int(self.name.split()[1])), 16
        else:
            _, make, self.channels = {**WORKLOADS, **MANY}[self.name]
            data = make()
        if isinstance(data, nx.Graph):
            pairs = torch.tensor(list(data.edges)).T
            edges = torch.cat([pairs, pairs.flip(0)], 1)
            self.edges = edges[:, edges[1].argsort(stable=True)].to(self.device)
            data = np.bincount(self.edges[1].cpu().numpy(), minlength=len(data))
        self.sizes = data
        self.peer = PyGLCMAggregation(self.channels, self.channels, project=False).to(self.device)
        self.ours = LCMAggregation.from_pyg(self.peer, empty="zero").to(self.device)
        self._modules = [self.peer, self.ours]

    @cached_property
    def x(self) -> Tensor:
        rows = len(self.sizes) if self.edges is not None else int(self.sizes.sum())
        return torch.randn(rows, self.channels, device=self.device)

    @cached_property
    def index(self) -> Tensor:
        if self.edges is not None:
            return self.edges[1]
        sets = torch.arange(len(self.sizes))
        return torch.repeat_interleave(sets, torch.from_numpy(self.sizes)).to(self.device)

    def make_plan(self, for_kernel: bool = True) -> ReductionPlan:
        """From the index, as a layer that is given no plan does; none that is kept.

        On a GPU, the operator's kernels have plans of their own.
        """
        RECENT_PLANS.clear()
        elements = self.x if self.edges is None else self.x.index_select(0, self.edges[0])
        operator = self.ours.operator if for_kernel else None
        return make_plan(elements, None, self.index, len(self.sizes), operator=operator)

    @property
    def pairs(self) -> int:
        """The number of combinations of a reduction."""
        return int((self.sizes - 1).clip(0).sum())

    def contender(self, name: str) -> Callable[[Tensor], Tensor]:
        """A function of x. The floor has no derivative, and takes no x.

        `PLANNING` makes its plan in each call, with none that is kept from another; `PLAIN` is
        ours as an operator runs that has no kernel.
        """
        if name == FLOOR:
            return self._floor()
        if name == PLANNING:
            planning = self._call(self.ours, {})
            return lambda x: (RECENT_PLANS.clear(), planning(x))[1]
        if name == PLAIN:
            ours = self._call(self.ours, {"plan": self.make_plan(for_kernel=False)})
            return lambda x: without_kernels(ours, x)
        if name == OURS:
            return self._call(self.ours, {"plan": self.make_plan()})
        if name == PYG:
            return self._call(self.peer, {})
        kind = FoldAggregation if name == FOLD else PyGGRUAggregation
        module = kind(self.channels, self.channels).to(self.device)
        self._modules.append(module)
        return self._call(module, {})

    def forget_gradients(self) -> None:
        """Free the gradients of x and of all contenders' parameters, as an optimiser does."""
        self.x.grad = None
        for module in self._modules:
            module.zero_grad(set_to_none=True)

    def _call(self, module: nn.Module, known: dict[str, Any]) -> Callable[[Tensor], Tensor]:
        if self.edges is not None:
            step, edges = Step(aggr=module), self.edges
            return lambda x: step(x, edges, **known)
        index, sets = self.index, len(self.sizes)
        return lambda x: module(x, index, dim_size=sets, **known)

    def products(self, times: int, most: int) -> Callable[[int], Tensor]:
        """[2m, d] @ [d, times · d] of all m combinations, into memory that is there.

        Args:
            times: how wide the weights are.
            most: rows of a chunk, at most.

        Returns:
            A function of the rows of a chunk.
        """
        rows, d = 2 * self.pairs, self.channels
        states = torch.randn(min(rows, 2**20), d, device=self.device)
        weights = torch.randn(d, times * d, device=self.device)
        into = torch.empty(most, times * d, device=self.device)

        def products(chunk: int) -> Tensor:
            for begin in range(0, rows, chunk):
                begin %= len(states)
                part = states[begin : begin + min(chunk, rows)]
                torch.mm(part, weights, out=into[: len(part)])
            return into

        return products

    def _floor(self) -> Callable[[Tensor], Tensor]:
        """The products [2m, d] @ [d, 6d] of the definition, in the fastest chunks."""
        products = self.products(6, max(FLOOR_CHUNKS))
        fastest = min(FLOOR_CHUNKS, key=lambda chunk: min(_seconds(products, chunk) for _ in "abc"))
        return lambda _: products(fastest)


def without_kernels(function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    with use_kernels(False):
        return function(x)


def clock() -> float:
    """Seconds, after all work of the GPU is done."""
    if torch.cuda.is_available() and torch.cuda.is_initialized():
        torch.cuda.synchronize()
    return time.perf_counter()


def _seconds(function: Callable[[int], Tensor], value: int) -> float:
    start = clock()
    function(value)
    return clock() - start
