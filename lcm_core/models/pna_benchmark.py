"""The network of the PNA benchmark: as many rounds of message passing as half the nodes."""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from lcm_core.aggregations.lcm import LCMAggregation
from lcm_core.models.static_edges import StaticEdges
from lcm_core.pyg import Aggregation, Batch
from lcm_core.reduction.plan import ReductionPlan
from lcm_core.reduction.ragged import make_plan
from lcm_core.trees.tree import Tree

__all__ = ["Neighborhoods", "PropertyModel", "Round"]


class PropertyModel(nn.Module):
    """Messages between neighbours, round after round, then answers for nodes and for graphs.

    A graph of n nodes has n // 2 rounds, so that news travels about as far as in most graphs of
    the benchmark; in a batch, the states of a graph stay as they are when its rounds are over. In a
    round a node aggregates W [h_i, h_j] over its neighbours j, joins that with its own state h_i,
    and takes the result as the input of a GRU whose hidden state is h_i. The GRU is the same in all
    rounds, the rest in all but the first.

    The original does otherwise (its repository, lukecavabarrett/pna):

    - 4 towers of 4 channels do not see each other within a round; here every channel sees all;
    - the GRU's input is the old state, its hidden state what was heard; here it is the other way;
    - Set2Set takes as many steps as the graph has nodes; here a recipe's `set2set` takes 3;
    - the layers that answer for a graph have batch normalisation and ReLU; here LeakyReLU alone;
    - the last layer is followed by a LeakyReLU; here it is linear.

    Source: Corso et al. 2020, "Principal Neighbourhood Aggregation for Graph Nets",
    https://arxiv.org/abs/2004.05718

    Args:
        in_features: width of a node's features.
        make_neighbors: makes an aggregation of messages, as wide as its `in_channels` says; called
            twice, for the first round and for the others.
        readout: the aggregation of a graph's nodes.
        node_features, graph_features: width of the answers.
        hidden: width of the node states.

    Attributes:
        aggregation: whose laws are measured: that of the neighbours, from the second round on.
    """

    def __init__(
        self,
        in_features: int,
        make_neighbors: Callable[[], Aggregation],
        readout: Aggregation,
        node_features: int,
        graph_features: int,
        hidden: int,
    ):
        super().__init__()
        self.encoder = nn.Linear(in_features, hidden)
        self.first_round = Round(hidden, make_neighbors())
        self.other_rounds = Round(hidden, make_neighbors())
        self.memory = nn.GRUCell(hidden, hidden)
        self.to_elements = nn.Linear(hidden, readout.in_channels)
        self.readout = readout
        self.of_nodes = three_layers(hidden, node_features)
        self.of_graphs = three_layers(readout.out_channels, graph_features)
        self.widths = node_features, graph_features

    @property
    def aggregation(self) -> Aggregation:
        return self.other_rounds.aggregation

    def nodes(self, batch: Batch, around: Neighborhoods | StaticEdges) -> Float[Tensor, "N hidden"]:
        """The states of all nodes when the rounds of their graphs are over."""
        states = self.encoder(batch.x)
        rounds = (batch.ptr.diff() // 2)[batch.batch, None]
        for number in range(batch.largest // 2):
            layer = self.first_round if number == 0 else self.other_rounds
            new = self.memory(layer(states, around), states)
            states = torch.where(number < rounds, new, states)
        return states

    def elements(
        self, batch: Batch
    ) -> tuple[Float[Tensor, "edges channels"], Int[Tensor, " N_plus_1"]]:
        """What the aggregation would reduce in one more round: messages, and where those to each
        node begin.
        """
        around = Neighborhoods(batch.edge_index, len(batch.x))
        return self.other_rounds.messages(self.nodes(batch, around), around), around.ptr

    def forward(self, batch: Batch) -> Float[Tensor, "rows out"]:
        """A row for each node, with zeros for what is asked of graphs; then one for each graph."""
        return self.answers(batch, Neighborhoods(batch.edge_index, len(batch.x)))

    def answers(
        self, batch: Batch, around: Neighborhoods | StaticEdges, plan: ReductionPlan | None = None
    ) -> Float[Tensor, "rows out"]:
        """As `forward`, along given edges.

        Args:
            batch: of which `edge_index` is not read.
            around: the edges.
            plan: of the nodes of each graph, the first rows of `x`.
        """
        states = self.nodes(batch, around)
        elements = self.to_elements(states)
        if plan is None:
            whole = self.readout(elements, ptr=batch.ptr)
        else:
            whole = self.readout(elements[: plan.num_elements], plan=plan)
        node_features, graph_features = self.widths
        of_nodes = nn.functional.pad(self.of_nodes(states), (0, graph_features))
        of_graphs = nn.functional.pad(self.of_graphs(whole), (node_features, 0))
        return torch.cat([of_nodes, of_graphs])


class Neighborhoods:
    """The edges of a batch of graphs, and the plans to reduce what comes along them.

    What is sorted and planned once serves all rounds.

    Args:
        edge_index: (2, edges): from neighbour to node.
        num_nodes: in all graphs together.

    Attributes:
        neighbor, node: the ends of the edges, (edges,), sorted by node.
        ptr: (num_nodes + 1,): where the edges of each node begin.
    """

    def __init__(self, edge_index: Int[Tensor, "2 edges"], num_nodes: int):
        order = edge_index[1].argsort(stable=True)  # the neighbours of a node keep their order
        self.neighbor, self.node = edge_index[:, order]
        bounds = torch.arange(num_nodes + 1, device=self.node.device)
        self.ptr = torch.searchsorted(self.node, bounds)
        self._plans: dict[tuple[str | Tree, int], ReductionPlan] = {}

    def from_neighbors(self, states: Float[Tensor, "N d"]) -> Float[Tensor, "edges d"]:
        """For each edge the state of the neighbour that it comes from."""
        return states.index_select(0, self.neighbor)

    def from_nodes(self, states: Float[Tensor, "N d"]) -> Float[Tensor, "edges d"]:
        """For each edge the state of the node that it goes to."""
        return states.index_select(0, self.node)

    def aggregate(
        self, how: Aggregation, messages: Float[Tensor, "edges d"]
    ) -> Float[Tensor, "N d_out"]:
        """The aggregate of the messages that come to each node, in the order of `node`."""
        if not isinstance(how, LCMAggregation):
            return how(messages, ptr=self.ptr, dim=0)
        key = how.tree, how.seed
        if key not in self._plans:
            self._plans[key] = make_plan(
                messages, self.ptr, tree=how.tree, seed=how.seed, operator=how.operator
            )
        return how(messages, plan=self._plans[key], dim=0)


class Round(nn.Module):
    """What each node hears: U [h_i, aggregate of W [h_i, h_j] over the neighbours j], rectified."""

    def __init__(self, hidden: int, aggregation: Aggregation):
        super().__init__()
        self.aggregation = aggregation
        self.from_self = nn.Linear(hidden, aggregation.in_channels)
        self.from_neighbor = nn.Linear(hidden, aggregation.in_channels, bias=False)
        self.heard = nn.Linear(hidden + aggregation.out_channels, hidden)

    def messages(
        self, states: Float[Tensor, "N hidden"], around: Neighborhoods | StaticEdges
    ) -> Float[Tensor, "edges channels"]:
        """What comes along each edge, sorted by the node that it comes to."""
        sent, received = self.from_neighbor(states), self.from_self(states)
        return around.from_neighbors(sent) + around.from_nodes(received)

    def forward(
        self, states: Float[Tensor, "N hidden"], around: Neighborhoods | StaticEdges
    ) -> Float[Tensor, "N hidden"]:
        together = around.aggregate(self.aggregation, self.messages(states, around))
        return nn.functional.leaky_relu(self.heard(torch.cat([states, together], dim=1)))


def three_layers(width: int, out_features: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(width, width),
        nn.LeakyReLU(),
        nn.Linear(width, width),
        nn.LeakyReLU(),
        nn.Linear(width, out_features),
    )
