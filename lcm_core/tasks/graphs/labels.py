"""What is asked about the graphs of the PNA benchmark, computed for many graphs at once."""

import numpy as np
from jaxtyping import Bool, Float, Int

__all__ = [
    "distances",
    "eccentricity",
    "is_bipartite",
    "is_connected",
    "laplacian_features",
    "spectral_radius",
]

Adjacency = Bool[np.ndarray, "G n n"]
Distances = Int[np.ndarray, "G n n"]


def distances(graphs: Adjacency) -> Distances:
    """The number of edges of a shortest path between each two nodes; −1 where there is none.

    Breadth-first search from all nodes at once: a product of matrices for each step, of those
    graphs in which something was still found.
    """
    edges = graphs.astype(np.float32)
    found = np.broadcast_to(np.eye(graphs.shape[1], dtype=bool), graphs.shape).copy()
    result = np.where(found, 0, -1)
    going, front, step = np.arange(len(graphs)), found.astype(np.float32), 0
    while len(going):
        step += 1
        new = (front @ edges[going] > 0) & ~found[going]
        some = new.any(axis=(1, 2))
        going, new = going[some], new[some]
        found[going] |= new
        result[going] = np.where(new, step, result[going])
        front = new.astype(np.float32)
    return result


def eccentricity(away: Distances) -> Int[np.ndarray, "G n"]:
    """The distance of each node to the farthest of those that it can reach.

    The largest of a graph is its diameter: that of its widest part, if there are several.
    """
    return away.max(axis=2)


def is_connected(away: Distances) -> Bool[np.ndarray, " G"]:
    """Whether there is a path between each two nodes."""
    return away.min(axis=(1, 2)) >= 0


def is_bipartite(graphs: Adjacency, away: Distances) -> Bool[np.ndarray, " G"]:
    """Whether two colours are enough, so that the ends of every edge have different ones.

    If so, a node's colour is whether its distance to the first node that it can reach is even.
    """
    first = (away >= 0).argmax(axis=2)
    colour = np.take_along_axis(away, first[:, :, None], axis=2)[:, :, 0] % 2
    return ~(graphs & (colour[:, :, None] == colour[:, None, :])).any(axis=(1, 2))


def laplacian_features(graphs: Adjacency, x: Float[np.ndarray, "G n"]) -> Float[np.ndarray, "G n"]:
    """(D − A) x: the number of a node's neighbours times its value, less the sum of theirs."""
    return graphs.sum(axis=2) * x - np.einsum("gij,gj->gi", graphs, x)


def spectral_radius(graphs: Adjacency) -> Float[np.ndarray, " G"]:
    """The largest absolute value of the eigenvalues of the adjacency matrix."""
    return abs(np.linalg.eigvalsh(graphs.astype(np.float64))).max(axis=1)
