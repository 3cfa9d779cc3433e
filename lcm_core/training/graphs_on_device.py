"""Training graphs that a device keeps, and batches of them that it makes from their numbers."""

import torch
from jaxtyping import Int
from torch import Tensor

from lcm_core.tasks.graph_table import LabelledGraphs, widened
from lcm_core.training.packed import Parts

__all__ = ["GraphsOnDevice", "bytes_on_device"]


def bytes_on_device(graphs: LabelledGraphs) -> int:
    """The memory that `GraphsOnDevice` takes."""
    table = graphs.table
    given = (
        table.x, table.edge_attr, table.node_ptr, table.edge_ptr, graphs.of_graphs, graphs.of_nodes,
    )  # fmt: skip
    counts = torch.int32.itemsize * (3 * table.edges + 2 * len(table.x))
    return counts + sum(values.nbytes for values in given if values is not None)


class GraphsOnDevice:
    """Labelled graphs on a device, which makes their batches, with room for more.

    Edges are sorted by node once, graph by graph, so that no batch need be sorted.

    Args:
        graphs: G of them, on the host, with at least one edge.
        device: where they are kept.
    """

    def __init__(self, graphs: LabelledGraphs, device: torch.device):
        table = graphs.table
        first_node, first_edge = table.node_ptr[:-1], table.edge_ptr[:-1]
        edges, nodes = table.edge_ptr.diff(), table.sizes
        # Nodes and edges counted through all graphs.
        neighbor, node = widened(table.edge_index) + first_node.repeat_interleave(edges)
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
            "neighbor": (neighbor - own_node).int(),
            "node": (node - own_node).int(),
            "by_neighbor": (neighbor.argsort(stable=True) - own_edge).int(),
            # Of each node: how many edges of its graph end, or begin, there or before.
            "to_nodes": (_counted(node, len(table.x)) - before).int(),
            "from_nodes": (_counted(neighbor, len(table.x)) - before).int(),
            "edge_attr": None if table.edge_attr is None else table.edge_attr[order],
            "of_graphs": graphs.of_graphs,
            "of_nodes": graphs.of_nodes,
        }
        self.held = {name: each.to(device) for name, each in held.items() if each is not None}
        self.nodes, self.edges = nodes, edges  # of each graph, on the host

    def __len__(self) -> int:
        return len(self.nodes)

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

        y = [held["of_graphs"][graphs]] if "of_graphs" in held else []
        if "of_nodes" in held:  # nothing is asked of rows without a node
            y.insert(0, torch.where(is_node[:, None], held["of_nodes"][node], torch.nan))
        parts = {
            "ptr": ptr,
            "x": torch.where(is_node[:, None], widened(held["x"][node]), 0),
            "y": torch.cat(y),
            "owner": torch.where(is_node, owner, 0),
            "neighbor": of_edges("neighbor", ptr, rows - 1),
            "node": of_edges("node", ptr, rows - 1),
            "by_neighbor": of_edges("by_neighbor", edge_ptr, 0),
            "node_ptr": ended("to_nodes"),
            "neighbor_ptr": ended("from_nodes"),
        }
        if "edge_attr" in held:
            edge_attr = widened(held["edge_attr"][edge])
            parts["edge_attr"] = torch.where(is_edge[:, None], edge_attr, 0)
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
