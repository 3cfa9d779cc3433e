"""Training graphs that a device keeps, and batches of them that it makes from their numbers."""

import torch
from jaxtyping import Int
from torch import Tensor

from lcm_core.tasks.graph_table import LabelledGraphs, wide
from lcm_core.training.packed import Parts

__all__ = ["GraphsOnDevice"]


class GraphsOnDevice:
    """Labelled graphs whose batches have room for more.

    Edges are sorted by node already, graph by graph, so that a batch need not be sorted.

    Args:
        graphs: G of them, on the host, with an edge at least.

    Attributes:
        bytes: that they take.
    """

    def __init__(self, graphs: LabelledGraphs):
        table = graphs.table
        first_node, first_edge = table.node_ptr[:-1], table.edge_ptr[:-1]
        edges, nodes = table.edge_ptr.diff(), table.sizes
        # Nodes and edges counted through all graphs.
        neighbor, node = wide(table.edge_index) + first_node.repeat_interleave(edges)
        order = node.argsort(stable=True)  # neighbours of a node keep their order
        neighbor, node = neighbor[order], node[order]
        own_node = first_node.repeat_interleave(edges)
        own_edge = first_edge.repeat_interleave(edges)
        before = first_edge.repeat_interleave(nodes)
        held: dict[str, Tensor | None] = {
            "node_ptr": table.node_ptr,
            "edge_ptr": table.edge_ptr,
            "x": table.x,
            # Of each edge, counted from the first node or edge of its graph.
            "neighbor": neighbor - own_node,
            "node": node - own_node,
            "by_neighbor": neighbor.argsort(stable=True) - own_edge,
            # Of each node: how many edges of its graph end, or begin, there or before.
            "to_nodes": _counted(node, len(table.x)) - before,
            "from_nodes": _counted(neighbor, len(table.x)) - before,
            "edge_attr": None if table.edge_attr is None else table.edge_attr[order],
            "of_graphs": graphs.of_graphs,
            "of_nodes": graphs.of_nodes,
        }
        self.held = {name: values for name, values in held.items() if values is not None}
        self.bytes = sum(values.nbytes for values in self.held.values())
        self._nodes, self._edges = nodes, edges  # on the host

    def __len__(self) -> int:
        return len(self._nodes)

    def to(self, device: torch.device) -> None:
        """Move them to a device."""
        self.held = {name: values.to(device) for name, values in self.held.items()}

    def count(self, graphs: Int[Tensor, " B"]) -> tuple[int, int]:
        """The nodes and the edges of some graphs.

        Args:
            graphs: their numbers, on the host.
        """
        return int(self._nodes[graphs].sum()), int(self._edges[graphs].sum())

    def parts(self, graphs: Int[Tensor, " B"], rows: int, edges: int) -> Parts:
        """The parts of a batch, as of `GraphSteps`; the host does not wait.

        Args:
            graphs: numbers, on the device.
            rows, edges: room for so many nodes, one of them of no graph, and edges.
        """
        held = self.held
        node, ptr, owner, is_node = _taken(held["node_ptr"], graphs, rows)
        edge, edge_ptr, edge_owner, is_edge = _taken(held["edge_ptr"], graphs, edges)

        def of_edges(name: str, begins: Tensor, rest: int) -> Tensor:
            return torch.where(is_edge, held[name][edge] + begins[edge_owner], rest)

        def ended(name: str) -> Tensor:
            ends = torch.where(is_node, held[name][node] + edge_ptr[owner], edge_ptr[-1])
            return torch.nn.functional.pad(ends, (1, 0))

        y = held["of_graphs"][graphs]
        if "of_nodes" in held:
            y = torch.cat([torch.where(is_node[:, None], held["of_nodes"][node], torch.nan), y])
        parts = {
            "ptr": ptr,
            "x": torch.where(is_node[:, None], wide(held["x"][node]), 0),
            "y": y,
            "owner": torch.where(is_node, owner, 0),
            "neighbor": of_edges("neighbor", ptr, rows - 1),
            "node": of_edges("node", ptr, rows - 1),
            "by_neighbor": of_edges("by_neighbor", edge_ptr, 0),
            "node_ptr": ended("to_nodes"),
            "neighbor_ptr": ended("from_nodes"),
        }
        if "edge_attr" in held:
            parts["edge_attr"] = torch.where(is_edge[:, None], wide(held["edge_attr"][edge]), 0)
        return parts


def _counted(rows: Int[Tensor, " edges"], count: int) -> Int[Tensor, " nodes"]:
    """How many of the rows are each number or a smaller one."""
    return torch.bincount(rows, minlength=count).cumsum(0)


def _taken(
    ptr: Int[Tensor, " G_plus_1"], graphs: Int[Tensor, " B"], room: int
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """As `lcm_core.tasks.stored.gather`, with room for more rows; and which rows are there.

    Those that are not have row 0 and item B − 1.
    """
    begins = ptr[graphs]
    bounds = torch.nn.functional.pad((ptr[graphs + 1] - begins).cumsum(0), (1, 0))
    place = torch.arange(room, device=ptr.device)
    owner = torch.searchsorted(bounds[1:], place, right=True).clamp(max=len(graphs) - 1)
    there = place < bounds[-1]
    return torch.where(there, place + (begins - bounds[:-1])[owner], 0), bounds, owner, there
