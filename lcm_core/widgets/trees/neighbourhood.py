"""Graphs whose nodes have elements, so that the neighbours of a node are a set to reduce."""

from __future__ import annotations

from dataclasses import dataclass

import networkx as nx
import numpy as np
import torch
from torch import Tensor

from lcm_core.errors import unknown
from lcm_core.pyg import Data
from lcm_core.widgets.base.graph_places import springs
from lcm_core.widgets.base.molecule import atom_names, atom_places, bond_orders
from lcm_core.widgets.trees.sources import Elements, distinct

__all__ = ["GraphOfElements", "read_graph"]

#: Of the nine features of an atom: protons (less carbon's six), bonds, also to hydrogen,
#: hydrogens, and whether it is aromatic.
ATOM_COLUMNS = [0, 2, 4, 7]
CARBON = torch.tensor([6.0, 0.0, 0.0, 0.0])


@dataclass(frozen=True, eq=False)
class GraphOfElements:
    """A graph whose nodes are numbered from 0.

    Args:
        title: what it is.
        graph: neighbours of a node are those that send it a message.
        names: of the nodes.
        elements: of the nodes, (k, channels).
        features: what the features are, in words.
        places: of the nodes, (k, 2).
        sides: of each node, if they are of two kinds: 0 or 1.
        side_names: of the two kinds.
        orders: of the bonds of a molecule, one for each of `edges`: 1, 2, 3, or 1.5 if aromatic.
    """

    title: str
    graph: nx.Graph
    names: list[str]
    elements: Tensor
    features: str
    places: np.ndarray
    sides: list[int] | None = None
    side_names: tuple[str, ...] = ()
    orders: list[float] | None = None

    @property
    def edges(self) -> np.ndarray:
        """(m, 2)."""
        return np.array(list(self.graph.edges()), dtype=int).reshape(-1, 2)

    def find(self, node: object) -> int:
        """The number of a node, by name or number; without one, of a node with several neighbours.

        Raises:
            ValueError: there is no such node.
        """
        if node is None:
            degrees = [len(self.neighbours(each)) for each in range(len(self.names))]
            return int(np.argmax([degree if degree <= 8 else 0 for degree in degrees]))
        if str(node) in self.names:
            return self.names.index(str(node))
        if isinstance(node, int) and 0 <= node < len(self.names):
            return node
        raise unknown("node", str(node), self.names)

    def neighbours(self, node: int) -> list[int]:
        """In ascending order; of a directed graph those with an edge to the node."""
        directed = self.graph.is_directed()
        found = self.graph.predecessors(node) if directed else self.graph.neighbors(node)
        return sorted(set(found))

    def neighbourhood(self, node: int) -> Elements:
        """The set of the neighbours' elements."""
        near = self.neighbours(node)
        names = [self.names[each] for each in near]
        few = {0: "no neighbours", 1: "the one neighbour"}
        who = few.get(len(near), f"the {len(near)} neighbours")
        about = f"{who} of {self.names[node]} in {self.title}: {self.features}"
        return Elements(self.elements[near], distinct(names), about)


def read_graph(graph: str | nx.Graph | Data) -> GraphOfElements:
    """A graph to look at.

    Args:
        graph: "karate", Zachary's karate club; a networkx graph, whose nodes may have the attribute
            `x`, their features; or a PyG graph with `x`, such as a molecule of
            `make_task("bbbp").graph(0)`.

    Raises:
        ValueError: an unknown name, or a graph without nodes.
    """
    if isinstance(graph, str):
        if graph != "karate":
            raise unknown("graph", graph, ["karate"])
        return _of_networkx(nx.karate_club_graph(), "the karate club")
    if isinstance(graph, nx.Graph):
        return _of_networkx(graph, graph.name or "the graph")
    return _of_data(graph)


def _of_networkx(graph: nx.Graph, title: str) -> GraphOfElements:
    names = [str(node) for node in graph]
    numbered = nx.convert_node_labels_to_integers(graph)
    if not names:
        raise ValueError("the graph has no nodes")
    given = [x for _, x in numbered.nodes(data="x")]
    if all(x is not None for x in given):
        elements = torch.tensor(np.array(given), dtype=torch.float32).reshape(len(names), -1)
        return GraphOfElements(
            title, numbered, names, elements, "x", springs(numbered), *_sides(numbered)
        )
    degrees = np.array([degree for _, degree in numbered.degree()], dtype=float)
    plain = nx.Graph(numbered)
    plain.remove_edges_from(list(nx.selfloop_edges(plain)))
    clustering = list(nx.clustering(plain).values())
    columns = [degrees / max(degrees.max(), 1.0), np.array(clustering)]
    features = (
        "degree as a share of the largest, share of the pairs of its neighbours that are joined"
    )
    sides, side_names = _sides(numbered)
    if title == "the karate club" and sides is not None:
        first = np.array(sides) == 0
        columns += [first, ~first]
        features += ", Mr. Hi's side, the officer's side (1 or 0)"
    elements = torch.tensor(np.stack(columns, axis=1), dtype=torch.float32)
    return GraphOfElements(
        title, numbered, names, elements, features, springs(numbered), sides, side_names
    )


def _sides(graph: nx.Graph) -> tuple[list[int] | None, tuple[str, ...]]:
    """Where the node attribute `club` has two values, which of them each node has."""
    clubs = [str(club) for _, club in graph.nodes(data="club")]
    names = tuple(dict.fromkeys(clubs))
    if len(names) != 2:
        return None, ()
    return [names.index(club) for club in clubs], names


def _of_data(data: Data) -> GraphOfElements:
    if data.x is None or not data.num_nodes:
        raise ValueError("expected a graph with nodes and their features x")
    edges = data.edge_index.t().tolist()
    graph = nx.DiGraph()
    graph.add_nodes_from(range(data.num_nodes))
    graph.add_edges_from(edges)
    if all(graph.has_edge(b, a) for a, b in edges):
        graph = graph.to_undirected()
    smiles = data.get("smiles")
    if smiles is None or data.x.shape[1] != 9:
        names = [str(node) for node in graph]
        return GraphOfElements("the graph", graph, names, data.x.float(), "x", springs(graph))
    names = atom_names(data)
    elements = data.x[:, ATOM_COLUMNS].float() - CARBON
    features = (
        "protons more than carbon, bonds (those to hydrogen too), hydrogens, aromatic (1 or 0)"
    )
    places = atom_places(data)
    orders = bond_orders(data, graph.edges())
    return GraphOfElements("the molecule", graph, names, elements, features, places, orders=orders)
