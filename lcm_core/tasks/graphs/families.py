"""The random graphs of the PNA benchmark: ten families in fixed shares, then a few edge changes."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int

__all__ = ["CHANGED", "FAMILIES", "Family", "draw_family", "draw_graphs", "with_changes"]

Adjacency = Bool[np.ndarray, "G n n"]

CHANGED = 0.02  # the share of the edges that is taken away in a sparse graph, see `with_changes`
POWER = 2.0  # of the chance that a degree of a tree is above k: 1 / k², which is exponent 3


@dataclass(frozen=True)
class Family:
    """A family of graphs.

    Args:
        name: in words.
        share: of all graphs of the benchmark.
        draw: (number of graphs, nodes of each, generator) → their adjacency.
    """

    name: str
    share: float
    draw: Callable[[int, int, np.random.Generator], Adjacency]


def draw_graphs(
    count: int, n: int, rng: np.random.Generator
) -> tuple[Adjacency, Int[np.ndarray, " G"]]:
    """Random graphs of n nodes, and the family of each, as a place in `FAMILIES`.

    Families are drawn by their shares. The nodes are shuffled, up to 2 % of the edges go and others
    come (`with_changes`), and a graph in which a node is left without an edge is drawn again, from
    the same family.

    Source: Corso et al. 2020, "Principal Neighbourhood Aggregation for Graph Nets",
    https://arxiv.org/abs/2004.05718

    Args:
        count: number of graphs, G.
        n: number of nodes of each, at least 4.
        rng: what they are a function of.
    """
    if n < 4:
        raise ValueError(f"expected graphs of at least 4 nodes, got n = {n}")
    shares = [family.share for family in FAMILIES]
    families = rng.choice(len(FAMILIES), size=count, p=shares)
    graphs = np.zeros((count, n, n), dtype=bool)
    for place, family in enumerate(FAMILIES):
        mine = families == place
        graphs[mine] = draw_family(family, int(mine.sum()), n, rng)
    return graphs, families


def draw_family(family: Family, count: int, n: int, rng: np.random.Generator) -> Adjacency:
    """Graphs of one family, shuffled and changed, none with a node without an edge."""
    found = [np.zeros((0, n, n), dtype=bool)]
    missing = count
    while missing:
        graphs = with_changes(shuffled(family.draw(missing, n, rng), rng), rng)
        found.append(graphs[graphs.sum(axis=1).min(axis=1) > 0])
        missing -= len(found[-1])
    return np.concatenate(found)


def shuffled(graphs: Adjacency, rng: np.random.Generator) -> Adjacency:
    """The same graphs with their nodes in a random order."""
    order = rng.permuted(np.broadcast_to(np.arange(graphs.shape[1]), graphs.shape[:2]), axis=1)
    rows = np.take_along_axis(graphs, order[:, :, None], axis=1)
    return np.take_along_axis(rows, order[:, None, :], axis=2)


def with_changes(graphs: Adjacency, rng: np.random.Generator) -> Adjacency:
    """Takes away and adds edges at random.

    Of e edges and r pairs without one, an edge goes with chance 2 % · min(1, (r / e)²), and a pair
    gets one with chance 2 % · min(1, (e / r)²): in a sparse graph 2 % of the edges go.
    In the mean, e / r times as many come as go: fewer in a sparse graph, more in a dense one.
    """
    n = graphs.shape[1]
    edges = np.maximum(graphs.sum(axis=(1, 2)) / 2, 1)
    others = np.maximum(n * (n - 1) / 2 - edges, 0)
    with np.errstate(divide="ignore"):
        taken = CHANGED * np.minimum(1, others / edges) ** 2
        added = CHANGED * np.minimum(1, edges / others) ** 2
    chance = np.where(graphs, taken[:, None, None], added[:, None, None])
    return graphs ^ symmetric(rng.random(graphs.shape) < chance)


def symmetric(pairs: Bool[np.ndarray, "G n n"]) -> Adjacency:
    """What stands above the diagonal, and its mirror image."""
    upper = np.triu(pairs, 1)
    return upper | upper.swapaxes(1, 2)


# The families -----------------------------------------------------------------------------------


def erdos_renyi(count: int, n: int, rng: np.random.Generator) -> Adjacency:
    """Every pair has an edge with chance p, which is uniform on 0 … 1 for each graph."""
    p = rng.random((count, 1, 1))
    return symmetric(rng.random((count, n, n)) < p)


def barabasi_albert(count: int, n: int, rng: np.random.Generator) -> Adjacency:
    """Nodes come one by one, each with m edges to nodes chosen by degree; m uniform on 1 … n − 1.

    m different nodes, drawn one after another by degree, are those with the m smallest of
    independent exponential times whose rates are the degrees. Node m is joined to all before it.
    """
    m = rng.integers(1, n, size=count)
    graphs = np.zeros((count, n, n), dtype=bool)
    for node in range(1, n):
        degree = np.maximum(graphs[:, :node].sum(axis=2), 1)
        times = rng.standard_exponential((count, node)) / degree
        first = times.argsort(axis=1).argsort(axis=1) < m[:, None]
        graphs[:, node, :node] = graphs[:, :node, node] = first & (m <= node)[:, None]
    return graphs


def grid(count: int, n: int, rng: np.random.Generator) -> Adjacency:
    """The rectangle of n nodes that is nearest to a square; for a prime n, a line."""
    row, column = np.divmod(np.arange(n), _sides(n)[1])
    away = abs(row[:, None] - row) + abs(column[:, None] - column)
    return _copies(away == 1, count)


def caveman(count: int, n: int, rng: np.random.Generator) -> Adjacency:
    """Cliques, as many as each is large, as nearly as n allows; for a prime n, one of all nodes."""
    clique = np.arange(n) // _sides(n)[1]
    return _copies((clique[:, None] == clique) & ~np.eye(n, dtype=bool), count)


def power_law_tree(count: int, n: int, rng: np.random.Generator) -> Adjacency:
    """Degrees from a power law (exponent 3) that add up to a tree's; inner nodes form a path.

    The degrees are rounded Pareto numbers, drawn again until their sum is 2 n − 2; along the path
    they rise, and each inner node has as many leaves as its degree still asks for.
    """
    found, missing = [np.zeros((0, n), dtype=np.int64)], count
    while missing:
        drawn = np.rint(1 + rng.pareto(POWER, (16 * missing, n))).clip(max=n)
        found.append(drawn[drawn.sum(axis=1) == 2 * n - 2].astype(np.int64)[:missing])
        missing -= len(found[-1])
    degrees = np.sort(np.concatenate(found), axis=1)
    inner = degrees > 1
    degrees = np.take_along_axis(degrees, np.argsort(~inner, axis=1, kind="stable"), axis=1)
    inner = degrees > 1
    on_path = inner.sum(axis=1)  # 1 or more: not all nodes of a tree of 4 are leaves
    leaves = np.where(inner, degrees - 2, 0)
    leaves[:, 0] += 1
    leaves[np.arange(count), on_path - 1] += 1
    parents = np.broadcast_to(np.arange(-1, n - 1), (count, n)).copy()
    nodes = np.broadcast_to(np.arange(n), (count, n))
    parents[~inner] = np.repeat(nodes.reshape(-1), leaves.reshape(-1))
    return _from_parents(parents)


def ladder(count: int, n: int, rng: np.random.Generator) -> Adjacency:
    """Two lines side by side, joined rung by rung; an odd last node hangs on the first."""
    rungs = n // 2
    side, rung = np.divmod(np.arange(n), rungs)
    away = abs(side[:, None] - side) + abs(rung[:, None] - rung)
    graph = away == 1
    if n % 2:
        graph[-1] = graph[:, -1] = np.arange(n) == 0
        graph[0, -1] = True
    return _copies(graph, count)


def line(count: int, n: int, rng: np.random.Generator) -> Adjacency:
    """A path."""
    return _from_parents(np.broadcast_to(np.arange(-1, n - 1), (count, n)))


def star(count: int, n: int, rng: np.random.Generator) -> Adjacency:
    """One node joined to all others."""
    return _from_parents(np.zeros((count, n), dtype=np.int64))


def caterpillar(count: int, n: int, rng: np.random.Generator) -> Adjacency:
    """A line of b nodes, b uniform on 1 … n − 1; all others hang on random nodes of it."""
    spine = rng.integers(1, n, size=(count, 1))
    node = np.arange(n)
    return _from_parents(np.where(node < spine, node - 1, rng.integers(0, spine, (count, n))))


def lobster(count: int, n: int, rng: np.random.Generator) -> Adjacency:
    """A line of b nodes, p that hang on it, and the others on random ones of those p.

    b is uniform on 1 … n − 1, p on 1 … n − b.
    """
    spine = rng.integers(1, n, size=(count, 1))
    inner = rng.integers(spine + 1, n + 1)  # nodes of the line, and those that hang on it
    node = np.arange(n)
    on_spine, on_legs = rng.integers(0, spine, (count, n)), rng.integers(spine, inner, (count, n))
    parents = np.where(node < spine, node - 1, np.where(node < inner, on_spine, on_legs))
    return _from_parents(parents)


#: The families with their shares, which add up to 1.
FAMILIES = (
    Family("Erdős–Rényi", 0.2, erdos_renyi),
    Family("Barabási–Albert", 0.2, barabasi_albert),
    Family("grid", 0.05, grid),
    Family("caveman", 0.05, caveman),
    Family("power-law tree", 0.15, power_law_tree),
    Family("ladder", 0.05, ladder),
    Family("line", 0.05, line),
    Family("star", 0.05, star),
    Family("caterpillar", 0.1, caterpillar),
    Family("lobster", 0.1, lobster),
)


def _from_parents(parents: Int[np.ndarray, "G n"]) -> Adjacency:
    """Trees: each node but the first is joined to its parent."""
    edges = parents[:, :, None] == np.arange(parents.shape[1])
    edges[:, 0] = False
    return edges | edges.swapaxes(1, 2)


def _sides(n: int) -> tuple[int, int]:
    """n as a product of two whole numbers as near to each other as can be, the smaller first."""
    smaller = next(side for side in range(int(n**0.5), 0, -1) if n % side == 0)
    return smaller, n // smaller


def _copies(graph: Bool[np.ndarray, "n n"], count: int) -> Adjacency:
    return np.broadcast_to(graph, (count, *graph.shape)).copy()
