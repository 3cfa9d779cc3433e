"""The graphs of the PNA benchmark with what is asked of them, split by split, in flat tables."""

from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from lcm_core.files.mapped import mapped
from lcm_core.tasks.graphs.families import draw_graphs
from lcm_core.tasks.graphs.labels import (
    distances,
    eccentricity,
    is_bipartite,
    is_connected,
    laplacian_features,
    spectral_radius,
)

__all__ = ["SPLITS", "PropertyGraphs", "property_graphs"]

#: Of each split: the numbers of nodes, and how many graphs have each.
SPLITS = {
    "train": (range(15, 25), 512),
    "validation": (range(15, 20), 128),
    "test": (range(15, 20), 256),
    **{f"size {n}-{n + 4}": (range(n, n + 5), 32) for n in (20, 25, 30, 35, 40, 45, 60, 75, 95)},
}


@dataclass(frozen=True)
class PropertyGraphs:
    """G graphs, one after another, with their properties as they are, not scaled.

    Shapes: `x` (nodes, 2): 1 for the source and 0 for the others, and a value from 0 to 1;
    `edge_index` (2, edges), both ways, counted from each graph's own first node, sorted by target;
    `node_ptr`, `edge_ptr` (G + 1,); `of_nodes` (nodes, 3): distance to the source (0 where there
    is no path), eccentricity, Laplacian features; `of_graphs` (G, 3): connectivity (0 or 1),
    diameter, spectral radius; `bipartite` (G,); `families` (G,): places in `FAMILIES`.
    """

    x: Float[Tensor, "nodes 2"]
    edge_index: Int[Tensor, "2 edges"]
    node_ptr: Int[Tensor, " G_plus_1"]
    edge_ptr: Int[Tensor, " G_plus_1"]
    of_nodes: Float[Tensor, "nodes 3"]
    of_graphs: Float[Tensor, "G 3"]
    bipartite: Bool[Tensor, " G"]
    families: Int[Tensor, " G"]

    def __len__(self) -> int:
        return len(self.of_graphs)


@cache
def property_graphs(split: str) -> PropertyGraphs:
    """The graphs of a split: always the same ones, in memory that all processes share.

    The 5,120 for training take about a second, once on a machine.
    """
    code = b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py")))
    made_from = f"{split} {np.__version__} {torch.__version__}".encode() + code
    name = f"graphs-{split.replace(' ', '-')}"
    return PropertyGraphs(**mapped(name, made_from, lambda: _columns(split)))


def _columns(split: str) -> dict[str, Tensor]:
    sizes, count = SPLITS[split]
    place = list(SPLITS).index(split)
    parts = [_graphs(count, n, np.random.default_rng([place, n])) for n in sizes]
    columns: dict[str, Tensor] = {}
    for field in fields(PropertyGraphs):
        tensors = [torch.from_numpy(part[field.name]) for part in parts]
        columns[field.name] = torch.cat(tensors, dim=1 if field.name == "edge_index" else 0)
    for ptr in ("node_ptr", "edge_ptr"):
        columns[ptr] = torch.cat([torch.zeros(1, dtype=torch.int64), columns[ptr].cumsum(0)])
    return columns


def _graphs(count: int, n: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """The columns of graphs of n nodes; in place of the pointers, the sizes."""
    graphs, families = draw_graphs(count, n, rng)
    source, values = rng.integers(n, size=count), rng.random((count, n))
    away = distances(graphs)
    farthest = eccentricity(away)
    of_nodes = [
        np.maximum(away[np.arange(count), source], 0),
        farthest,
        laplacian_features(graphs, values),
    ]
    of_graphs = [is_connected(away), farthest.max(axis=1), spectral_radius(graphs)]
    _, target, neighbor = graphs.nonzero()
    return {
        "x": _rows([np.arange(n) == source[:, None], values]),
        "edge_index": np.stack([neighbor, target]),
        "node_ptr": np.full(count, n),
        "edge_ptr": graphs.sum(axis=(1, 2)),
        "of_nodes": _rows(of_nodes),
        "of_graphs": _rows(of_graphs),
        "bipartite": is_bipartite(graphs, away),
        "families": families,
    }


def _rows(columns: list[np.ndarray]) -> np.ndarray:
    return np.stack([column.reshape(-1) for column in columns], axis=1).astype(np.float32)
