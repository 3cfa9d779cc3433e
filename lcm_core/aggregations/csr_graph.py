"""A large graph in compressed rows: aggregate all neighbours in parts, or sample them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from lcm_core.pyg import Aggregation

__all__ = ["CSRGraph", "SampledGraph"]

ALL = -1  # in place of a number of neighbours


@dataclass(frozen=True)
class SampledGraph:
    """The nodes and edges of a sample, numbered from 0.

    A layer of PyTorch Geometric takes it as it is: `layer(x[sample.nodes], sample.edge_index)`. The
    first `num_seeds` rows of the result belong to the seeds.

    >>> graph = CSRGraph(torch.tensor([[1, 2, 3], [0, 0, 1]]), num_nodes=4)
    >>> sample = graph.sample(torch.tensor([0]), [2, 1])
    >>> sample.nodes.tolist(), sample.edge_index.tolist()
    ([0, 1, 2, 3], [[1, 2, 3], [0, 0, 1]])

    Attributes:
        nodes: the nodes in the whole graph, (n,); the seeds first.
        edge_index: (2, e), from neighbour to node, sorted by node.
        edges: which edges of the whole graph they are, (e,).
        num_seeds: number of seeds.
    """

    nodes: Int[Tensor, " n"]
    edge_index: Int[Tensor, "2 e"]
    edges: Int[Tensor, " e"]
    num_seeds: int


class CSRGraph:
    """A large graph in compressed rows (CSR).

    The neighbours of each node lie together. It is for graphs of millions of edges, whose messages
    do not fit into memory all at once, or whose neighbourhoods are to be sampled. It is kept on the
    CPU.

    >>> from lcm_core import LCMAggregation
    >>> _ = torch.manual_seed(0)
    >>> graph = CSRGraph(torch.tensor([[1, 2, 3, 0], [0, 0, 0, 2]]), num_nodes=4)
    >>> graph.degrees.tolist()
    [3, 0, 1, 0]
    >>> x, aggregation = torch.randn(4, 8), LCMAggregation(8, 8)
    >>> graph.aggregate(aggregation, x).shape
    torch.Size([4, 8])

    Args:
        edge_index: (2, E), from neighbour to node, in any order, as PyTorch Geometric has it.
        num_nodes: N (default: the largest node + 1).

    Attributes:
        ptr: where the neighbours of each node begin, and E: (N + 1,).
        neighbor: the neighbours, node by node, (E,); those of a node keep their order.
        edges: which edge of `edge_index` each of them comes from, (E,).

    Raises:
        ValueError: another shape, or a node that is not from 0 to N − 1.
        TypeError: a dtype that is not one of integers.
    """

    def __init__(self, edge_index: Int[Tensor, "2 E"], num_nodes: int | None = None):
        if edge_index.is_floating_point() or edge_index.dtype == torch.bool:
            raise TypeError(f"expected edge_index of an integer dtype, got {edge_index.dtype}")
        if edge_index.dim() != 2 or len(edge_index) != 2:
            raise ValueError(f"expected edge_index of shape (2, E), got {tuple(edge_index.shape)}")
        edge_index = edge_index.cpu().long()
        low, high = map(int, edge_index.aminmax()) if edge_index.numel() else (0, -1)
        count = high + 1 if num_nodes is None else num_nodes
        if low < 0 or high >= count:
            wrong = low if low < 0 else high
            raise ValueError(f"expected nodes from 0 to num_nodes − 1 = {count - 1}, got {wrong}")
        node, self.edges = edge_index[1].sort(stable=True)
        self.neighbor = edge_index[0].index_select(0, self.edges)
        self.ptr = torch.searchsorted(node, torch.arange(count + 1))

    @property
    def num_nodes(self) -> int:
        """Number of nodes N."""
        return len(self.ptr) - 1

    @property
    def num_edges(self) -> int:
        """Number of edges E."""
        return len(self.neighbor)

    @property
    def degrees(self) -> Int[Tensor, " N"]:
        """Number of neighbours of each node, (N,)."""
        return self.ptr.diff()

    def aggregate(
        self, aggregation: Aggregation, x: Float[Tensor, "N d"], edges_at_once: int = 2**20
    ) -> Float[Tensor, "N out"]:
        """Aggregate the neighbours of every node, some nodes at a time.

        The results are those of one call of the aggregation, because a set's result depends on that
        set alone. Memory is needed for x, the results, and one part. For gradients each part is
        computed again in the backward pass: the aggregation must not draw anew in each call.

        Args:
            aggregation: of elements as wide as x, such as an `LCMAggregation`.
            x: states of the nodes, (N, d).
            edges_at_once: edges of a part; more, if a single node has more.

        Returns:
            Results, (N, out).

        Raises:
            ValueError: x has another number of rows, or `edges_at_once` is below 1.
        """
        if len(x) != self.num_nodes or edges_at_once < 1:
            raise ValueError(
                f"expected x with {self.num_nodes} rows and edges_at_once ≥ 1, got {len(x)} rows "
                f"and {edges_at_once}"
            )

        def part(x: Tensor, begin: int, end: int) -> Tensor:
            ptr = self.ptr[begin : end + 1]
            neighbors = self.neighbor[ptr[0] : ptr[-1]].to(x.device)
            return aggregation(x.index_select(0, neighbors), ptr=(ptr - ptr[0]).to(x.device))

        run: Callable[[Tensor, int, int], Tensor] = part
        if torch.is_grad_enabled():
            run = lambda *args: checkpoint(part, *args, use_reentrant=False)  # noqa: E731
        return torch.cat([run(x, begin, end) for begin, end in self._parts(edges_at_once)])

    def sample(
        self, nodes: Int[Tensor, " seeds"], counts: Sequence[int], seed: int = 0
    ) -> SampledGraph:
        """Draw some neighbours of some nodes, hop by hop.

        The next hop draws neighbours of those that were found. All choices without replacement are
        equally likely. What is drawn for a node depends on
        (seed, hop, node) alone: not on the other nodes, and not on who draws. So give another seed
        for each step of a training. Each node is expanded once, in the hop that found it first.

        >>> star = CSRGraph(torch.tensor([range(1, 100), [0] * 99]))
        >>> star.sample(torch.tensor([0]), [5]).nodes.shape
        torch.Size([6])

        Args:
            nodes: the seeds, (seeds,), no node twice.
            counts: at most so many neighbours of a node, hop by hop; −1 for all.
            seed: of the drawing.

        Raises:
            ValueError: a node twice, or one that is not there; a count below −1.
        """
        ptr, neighbor = self.ptr.numpy(), self.neighbor.numpy()
        known = nodes.cpu().numpy().astype(np.int64)
        if len(np.unique(known)) < len(known):
            raise ValueError("expected seeds that differ, got a node twice")
        if len(known) and not 0 <= known.min() <= known.max() < self.num_nodes:
            raise ValueError(f"expected nodes from 0 to {self.num_nodes - 1}, got {known.max()}")
        if seed < 0 or min(counts, default=0) < ALL:
            raise ValueError(f"expected seed ≥ 0 and counts ≥ −1, got {seed} and {list(counts)}")
        ends, places, begin = [np.empty((2, 0), np.int64)], [np.empty(0, np.int64)], 0
        for hop, count in enumerate(counts):
            front = known[begin:]
            owner, place = _draw(front, ptr[front], ptr[front + 1], count, (seed, hop))
            known, found = _numbered(known, neighbor[place])
            ends.append(np.stack([found, begin + owner]))
            places.append(place)
            begin += len(front)
        edges = self.edges[torch.from_numpy(np.concatenate(places))]
        edge_index = torch.from_numpy(np.concatenate(ends, 1))
        return SampledGraph(torch.from_numpy(known), edge_index, edges, len(nodes))

    def _parts(self, edges: int) -> Iterator[tuple[int, int]]:
        """Bounds of runs of nodes with so many edges together, at most, or of one node."""
        begin, ptr = 0, self.ptr.numpy()
        while begin < self.num_nodes or begin == 0:
            end = int(np.searchsorted(ptr, ptr[begin] + edges, side="right")) - 1
            end = min(max(end, begin + 1), self.num_nodes)
            yield begin, end
            begin = max(end, 1)


def _draw(
    nodes: np.ndarray, begins: np.ndarray, ends: np.ndarray, count: int, words: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """At most `count` of the places from begin to end − 1 of each node, in rising order.

    Floyd's algorithm, for all nodes at once: of n places, for i = n − count, …, n − 1, draw one of
    0, …, i, or take i, if that was drawn before. Source: Bentley & Floyd, "A sample of brilliance",
    CACM 30(9), 1987.

    Returns:
        For each place, its node (a row of `nodes`), and the place.
    """
    degrees = ends - begins
    some = np.flatnonzero(degrees > count) if count != ALL else np.empty(0, np.int64)
    chosen = np.empty((len(some), max(count, 0)), np.int64)
    numbers = _mixed(*words, nodes[some].astype(np.uint64))
    for i in range(chosen.shape[1] if len(some) else 0):
        last = degrees[some] - count + i
        drawn = (_mixed(i, numbers) % (last + 1).astype(np.uint64)).astype(np.int64)
        again = (chosen[:, :i] == drawn[:, None]).any(1)
        chosen[:, i] = np.where(again, last, drawn)
    taken = degrees.copy()
    taken[some] = chosen.shape[1]
    owner = np.repeat(np.arange(len(nodes)), taken)
    place = np.arange(len(owner)) - np.repeat(np.cumsum(taken) - taken, taken)
    sampled = np.zeros(len(nodes), bool)
    sampled[some] = True
    place[sampled[owner]] = np.sort(chosen, 1).reshape(-1)
    return owner, begins[owner] + place


def _numbered(known: np.ndarray, found: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All nodes in the order in which they come first, and the numbers of those found."""
    together = np.concatenate([known, found])
    names, first, which = np.unique(together, return_index=True, return_inverse=True)
    order = np.argsort(first)
    number = np.empty(len(order), np.int64)
    number[order] = np.arange(len(order))
    return names[order], number[which[len(known) :]]


def _mixed(*words: int | np.ndarray) -> np.ndarray:
    """64 random bits that are a function of the words, one after another through SplitMix64.

    Source: Steele, Lea & Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
    """
    state = np.zeros(1, np.uint64)
    for word in words:
        state = (state ^ np.asarray(word, np.uint64)) + np.uint64(0x9E3779B97F4A7C15)
        state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        state = state ^ (state >> np.uint64(31))
    return state
