"""Where the nodes of a graph are drawn."""

from __future__ import annotations

import networkx as nx
import numpy as np

from lcm_core.tasks.molecules.featurise import import_rdkit

__all__ = ["drawn_by_chemists", "springs"]

#: Least distance of two nodes of a drawn graph, as a share of its width and height.
LEAST_DISTANCE = 0.085


def springs(graph: nx.Graph) -> np.ndarray:
    """Edges as springs, and no two nodes too near; the same for every call."""
    plain = nx.Graph(graph)
    placed = nx.spring_layout(plain, seed=0, iterations=300)
    if nx.is_connected(plain):
        placed = nx.kamada_kawai_layout(plain, pos=placed)
    places = np.array([placed[node] for node in graph])
    places = places - places.min(axis=0)
    return _apart(places / np.maximum(places.max(axis=0), 1e-9))


def _apart(places: np.ndarray) -> np.ndarray:
    """Push nodes of a unit square apart, as far as there is room for all."""
    k = len(places)
    least = min(LEAST_DISTANCE, 0.5 / np.sqrt(max(k, 1)))
    for _ in range(300):
        ways = places[:, None] - places[None]
        far = np.linalg.norm(ways, axis=2) + np.eye(k)
        push = np.clip(1.02 * least - far, 0, None) / 2
        if not push.any():
            break
        steps = ways / np.maximum(far, 1e-9)[..., None] * push[..., None]
        places = np.clip(places + steps.sum(1), 0, 1)
    return places


def drawn_by_chemists(smiles: str, atoms: int) -> np.ndarray | None:
    """Coordinates by RDKit, if it is installed, with y downwards as on a page."""
    try:
        molecule = import_rdkit().MolFromSmiles(smiles)
    except ImportError:
        return None
    from rdkit.Chem.rdDepictor import Compute2DCoords

    if molecule is None or molecule.GetNumAtoms() != atoms:
        return None
    Compute2DCoords(molecule)
    return np.array(molecule.GetConformer().GetPositions())[:, :2] * [1, -1]
