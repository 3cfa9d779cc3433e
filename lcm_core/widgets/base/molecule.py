"""What a picture of a molecule needs: names of atoms, bonds, places."""

from __future__ import annotations

from collections.abc import Iterable

import networkx as nx
import numpy as np

from lcm_core.pyg import Data, e_map
from lcm_core.widgets.base.graph_places import drawn_by_chemists, springs

__all__ = ["atom_names", "atom_places", "bond_orders"]

#: Atomic number → symbol, for the atoms that are common in drugs.
SYMBOLS = {1: "H", 5: "B", 6: "C", 7: "N", 8: "O", 9: "F", 11: "Na", 15: "P", 16: "S", 17: "Cl"}
SYMBOLS |= {35: "Br", 53: "I"}

#: The order of a bond by its type; others have 1.
ORDERS = {"DOUBLE": 2.0, "TRIPLE": 3.0, "AROMATIC": 1.5}


def atom_names(data: Data) -> list[str]:
    """Name the atoms of a molecule by symbol and number from 0, such as "N1".

    Args:
        data: a molecule as `torch_geometric.utils.from_smiles` makes it.
    """
    return [f"{SYMBOLS.get(int(x), '?')}{atom}" for atom, x in enumerate(data.x[:, 0])]


def atom_places(data: Data) -> np.ndarray:
    """Place the atoms as chemists draw them, (n, 2); without RDKit by springs.

    Args:
        data: a molecule with its `smiles`.
    """
    places = drawn_by_chemists(data.smiles, data.num_nodes)
    if places is not None:
        return places
    graph = nx.Graph()
    graph.add_nodes_from(range(data.num_nodes))
    graph.add_edges_from(data.edge_index.t().tolist())
    return springs(graph)


def bond_orders(data: Data, edges: Iterable[tuple[int, int]]) -> list[float]:
    """Give the order of each bond: 1, 2, 3, or 1.5 if aromatic; 1 where the data do not say.

    Args:
        data: a molecule, with the type of a bond in the first column of `edge_attr`.
        edges: the two atoms of each bond, as in a column of `edge_index`.
    """
    if data.edge_attr is None:
        return [1.0 for _ in edges]
    bonds = zip(data.edge_index.t().tolist(), data.edge_attr[:, 0].tolist(), strict=True)
    found = {tuple(ends): ORDERS.get(e_map["bond_type"][int(kind)], 1.0) for ends, kind in bonds}
    return [found[tuple(ends)] for ends in edges]
