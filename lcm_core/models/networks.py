"""Networks around an aggregation: encode → aggregate → decode; message passing for graphs."""

from typing import Any, Optional

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from lcm_core.aggregations import LCMAggregation, make_aggregation
from lcm_core.models.pna_benchmark import PropertyModel
from lcm_core.models.static_edges import StaticEdges
from lcm_core.pyg import Aggregation, Batch, MessagePassing
from lcm_core.reduction.plan import ReductionPlan
from lcm_core.reduction.ragged import make_plan
from lcm_core.tasks import SetBatch
from lcm_core.trees.tree import Tree

__all__ = [
    "CategoricalEncoder",
    "GraphModel",
    "Layer",
    "NodeModel",
    "PlannedMessagePassing",
    "SetModel",
    "describe_model",
    "make_model",
]


def perceptron(in_features: int, hidden: int, out_features: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(in_features, hidden), nn.GELU(), nn.Linear(hidden, out_features))


class SetModel(nn.Module):
    """encode each element → aggregate → decode.

    Args:
        in_features: width of an element.
        aggregation: any PyG Aggregation, with `in_channels` and `out_channels`.
        out_features: width of the answer.
        hidden: width of the encoder's and the decoder's hidden layers.
    """

    def __init__(self, in_features: int, aggregation: Aggregation, out_features: int, hidden: int):
        super().__init__()
        self.encoder = perceptron(in_features, hidden, aggregation.in_channels)
        self.aggregation = aggregation
        self.decoder = perceptron(aggregation.out_channels, hidden, out_features)

    def elements(
        self, batch: SetBatch
    ) -> tuple[Float[Tensor, "N channels"], Int[Tensor, " B_plus_1"]]:
        """What the aggregation reduces: encoded elements, and the bounds of their sets."""
        return self.encoder(batch.x), batch.ptr

    def forward(self, batch: SetBatch) -> Float[Tensor, "B out"]:
        x, ptr = self.elements(batch)
        if isinstance(self.aggregation, LCMAggregation):  # the sizes are on the host already
            plan = self.aggregation.plan(batch.sizes, x.device)
            return self.decoder(self.aggregation(x, ptr=ptr, plan=plan))
        return self.decoder(self.aggregation(x, ptr=ptr))


class GraphModel(nn.Module):
    """A message-passing network for graphs, and a readout.

    Args:
        node_cardinalities, edge_cardinalities: number of values of each categorical feature; or,
            where features are real-valued, how many there are.
        neighbors: one aggregation a layer, for the messages of a node's neighbours.
        readout: the aggregation of a graph's nodes.
        out_features: width of the answer.
        hidden: width of the node states.
    """

    def __init__(
        self,
        node_cardinalities: tuple[int, ...] | int,
        edge_cardinalities: tuple[int, ...] | int,
        neighbors: list[Aggregation],
        readout: Aggregation,
        out_features: int,
        hidden: int,
    ):
        super().__init__()
        self.encoder = features_encoder(node_cardinalities, hidden)
        self.edge_encoder = features_encoder(edge_cardinalities, hidden)
        self.layers = nn.ModuleList(Layer(hidden, aggregation) for aggregation in neighbors)
        self.to_elements = nn.Linear(hidden, readout.in_channels)
        self.aggregation = readout
        self.decoder = perceptron(readout.out_channels, hidden, out_features)

    def elements(
        self, batch: Batch
    ) -> tuple[Float[Tensor, "N channels"], Int[Tensor, " B_plus_1"]]:
        """What the readout reduces: node states, and the bounds of their graphs."""
        return self.to_elements(self.nodes(batch)), batch.ptr

    def nodes(self, batch: Batch) -> Float[Tensor, "N hidden"]:
        """The states of all nodes after the last layer."""
        nodes, edges = self.encoder(batch.x), self.edge_encoder(batch.edge_attr)
        plans: dict[tuple[str | Tree, int], ReductionPlan] = {}
        for layer in self.layers:
            how, plan = layer.aggr_module, None
            if isinstance(how, LCMAggregation):  # the same neighbours in every layer
                key = (how.tree, how.seed)
                if key not in plans:
                    neighbors, count = batch.edge_index[1], len(nodes)
                    plans[key] = make_plan(
                        edges, None, neighbors, count, tree=how.tree, seed=how.seed,
                        operator=how.operator,
                    )  # fmt: skip
                plan = plans[key]
            nodes = layer(nodes, batch.edge_index, edges, plan)
        return nodes

    def forward(self, batch: Batch) -> Float[Tensor, "B out"]:
        x, ptr = self.elements(batch)
        return self.decoder(self.aggregation(x, ptr=ptr))

    def messages(
        self, batch: Batch
    ) -> list[tuple[Float[Tensor, "edges channels"], Int[Tensor, " N_plus_1"]]]:
        """What the aggregation of each layer reduces: messages, and where those to each node begin.

        They are sorted by the node that they come to.
        """
        nodes, edges = self.encoder(batch.x), self.edge_encoder(batch.edge_attr)
        order = batch.edge_index[1].argsort(stable=True)  # the neighbours of a node keep theirs
        neighbor, node = batch.edge_index[:, order]
        ptr = torch.searchsorted(node, torch.arange(len(nodes) + 1, device=node.device))
        found: list[tuple[Tensor, Tensor]] = []
        layer: Any
        for layer in self.layers:
            found.append((layer.message(nodes[neighbor], edges[order]), ptr))
            nodes = layer(nodes, batch.edge_index, edges)
        return found

    def answers(
        self, batch: Batch, around: StaticEdges, plan: ReductionPlan
    ) -> Float[Tensor, "B out"]:
        """As `forward`, with room for more nodes and edges.

        Args:
            batch: `x` (rows, features) and `edge_attr` (edges, features), sorted as `around` is.
            around: the edges.
            plan: of the nodes of each graph, the first rows.
        """
        nodes, edges = self.encoder(batch.x), self.edge_encoder(batch.edge_attr)
        layer: Any
        for layer in self.layers:
            nodes = layer.along(nodes, edges, around)
        elements = self.to_elements(nodes)[: plan.num_elements]
        return self.decoder(self.aggregation(elements, plan=plan))


class NodeModel(GraphModel):
    """A message-passing network that answers for each node.

    The readout aggregates a node's own state and those of its neighbours, so that it is a
    reduction of a set here, too.
    """

    def elements(
        self, batch: Batch
    ) -> tuple[Float[Tensor, "N_plus_edges channels"], Int[Tensor, " N_plus_1"]]:
        """What the readout reduces: for each node its own state, then those of its neighbours."""
        states = self.to_elements(self.nodes(batch))
        own = torch.arange(len(states), device=states.device)
        neighbor = torch.cat([own, batch.edge_index[0]])
        node = torch.cat([own, batch.edge_index[1]])
        order = node.argsort(stable=True)
        bounds = torch.arange(len(states) + 1, device=states.device)
        return states[neighbor[order]], torch.searchsorted(node[order], bounds)


def describe_model(model: Any) -> str:
    """The number of parameters in one sentence: all, and those of `model.aggregation`."""
    everything = sum(p.numel() for p in model.parameters())
    part = sum(p.numel() for p in model.aggregation.parameters())
    of = "neighbours from the second round on" if isinstance(model, PropertyModel) else "the whole"
    return f"{everything:,} parameters, {part:,} of them in the aggregation of {of}."


def features_encoder(features: tuple[int, ...] | int, channels: int) -> nn.Module:
    """The encoder of categorical features, or of a number of real-valued ones."""
    if isinstance(features, int):
        return nn.Linear(features, channels)
    return CategoricalEncoder(features, channels)


class CategoricalEncoder(nn.Module):
    """The sum of one learned vector for each categorical feature.

    Args:
        cardinalities: number of values of each feature.
        channels: width of the vectors.
    """

    def __init__(self, cardinalities: tuple[int, ...], channels: int):
        super().__init__()
        self.table = nn.Embedding(sum(cardinalities), channels)
        starts = torch.tensor([0, *cardinalities[:-1]]).cumsum(0)
        self.starts: Tensor
        self.register_buffer("starts", starts, persistent=False)

    def forward(self, x: Int[Tensor, "N features"]) -> Float[Tensor, "N channels"]:
        return self.table(x + self.starts).sum(1)


class PlannedMessagePassing(MessagePassing):
    """Message passing whose aggregation is given a plan: `propagate(edge_index, plan=plan, …)`.

    A plan for the neighbours of each node serves all layers and epochs. None if there is none.
    """

    def aggregate(
        self,
        inputs: Tensor,
        index: Tensor,
        ptr: Optional[Tensor],  # noqa: UP045 - PyG reads these annotations, and knows no `|`
        dim_size: Optional[int],  # noqa: UP045
        plan: Optional[ReductionPlan],  # noqa: UP045
    ) -> Tensor:
        if plan is not None:
            return self.aggr_module(inputs, plan=plan, dim=self.node_dim)
        return super().aggregate(inputs, index, ptr, dim_size)


class Layer(PlannedMessagePassing):
    """h_i ← h_i + MLP(norm(h_i + W′ aggregate of W relu(h_j + e_ij) over the neighbours j))."""

    def __init__(self, hidden: int, aggregation: Aggregation):
        super().__init__(aggr=aggregation)
        self.to_messages = nn.Linear(hidden, aggregation.in_channels)
        self.from_aggregate = nn.Linear(aggregation.out_channels, hidden)
        self.norm = nn.LayerNorm(hidden)
        self.update_nodes = perceptron(hidden, hidden, hidden)

    def forward(
        self,
        nodes: Tensor,
        edge_index: Tensor,
        edges: Tensor,
        plan: Optional[ReductionPlan] = None,  # noqa: UP045
    ) -> Tensor:
        aggregate = self.propagate(edge_index, nodes=nodes, edges=edges, plan=plan)
        return self.updated(nodes, aggregate)

    def along(self, nodes: Tensor, edges: Tensor, around: StaticEdges) -> Tensor:
        """As `forward`, with edges whose shapes stay; `edges` are their states."""
        messages = self.message(around.from_neighbors(nodes), edges)
        return self.updated(nodes, around.aggregate(self.aggr_module, messages))

    def updated(self, nodes: Tensor, aggregate: Tensor) -> Tensor:
        """The new states, from the old ones and the aggregates of what the neighbours sent."""
        gathered = self.from_aggregate(aggregate)
        return nodes + self.update_nodes(self.norm(nodes + gathered))

    def message(self, nodes_j: Tensor, edges: Tensor) -> Tensor:
        return self.to_messages((nodes_j + edges).relu())


def make_model(
    task: Any,
    aggregation: str,
    channels: int,
    layers: int = 3,
    neighbors: str = "sum",
    tree: str = "balanced",
    seed: int = 0,
) -> SetModel | GraphModel | PropertyModel:
    """The network for a task.

    Args:
        task: a `lcm_core.tasks.Task`, of sets (with `in_features`), of graphs or their nodes (with
            `node_cardinalities` and `edge_cardinalities`), or of properties of graphs (with
            `in_features`, `node_features` and `graph_features`).
        aggregation: name of the aggregation of a set, or of a graph's nodes.
        channels: width of all states.
        layers, neighbors: of message passing: how many, and the aggregation of neighbours.
            For properties there are as many rounds as half the nodes, whatever `layers` says.
        tree, seed: as in `lcm_core.reduce`.
    """
    whole = make_aggregation(aggregation, channels, tree, seed)
    if task.kind == "sets":
        return SetModel(task.in_features, whole, task.out_features, channels)
    if task.kind == "properties":
        return PropertyModel(
            task.in_features,
            lambda: make_aggregation(neighbors, channels, tree, seed, empty="zero"),
            whole,
            task.node_features,
            task.graph_features,
            channels,
        )
    each = [make_aggregation(neighbors, channels, tree, seed, empty="zero") for _ in range(layers)]
    network = NodeModel if task.kind == "nodes" else GraphModel
    return network(
        task.node_cardinalities, task.edge_cardinalities, each, whole, task.out_features, channels
    )
