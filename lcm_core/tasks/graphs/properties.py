"""Six properties of random graphs and of their nodes at once: the benchmark of the PNA paper."""

from collections.abc import Iterator
from functools import cached_property

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from lcm_core.pyg import Batch, Data
from lcm_core.tasks.base import Device, Task
from lcm_core.tasks.graph_table import GraphTable, LabelledGraphs
from lcm_core.tasks.graphs.dataset import SPLITS, PropertyGraphs, property_graphs
from lcm_core.tasks.graphs.families import FAMILIES
from lcm_core.tasks.stored import visits

__all__ = ["PROPERTIES", "GraphProperties", "OriginalGraphProperties"]

PROPERTIES = (
    "distance",
    "eccentricity",
    "Laplacian",
    "connectivity",
    "diameter",
    "spectral radius",
)
NODES_IN_AN_EVALUATION_BATCH = 4096


class GraphProperties(Task[Batch]):
    """Three properties of each node and three of the graph, from one network.

    Of a node: its distance to a marked source (0 if there is no path), its eccentricity, and the
    Laplacian (D − A) applied to random values. Of the graph: whether it is connected, its diameter
    (of its widest part), and its spectral radius. Each is divided by its largest value in the
    training data. The loss is the mean of the six mean squared errors, and the metric the mean of
    their six logarithms to base 10: lower is better, and 1 less is a tenth of the error.

    Outputs and targets of a batch have a row for each node, then a row for each graph, and a
    column for each of `PROPERTIES`; targets that do not exist (of a node as of a graph, and the
    other way round) are NaN, and what stands there in the outputs is not looked at.

    The training data have 512 graphs of each size from 15 to 24 nodes. Validation and test data
    have 15 to 19, as in the original; further splits are named by their sizes, up to
    "size 95-99". Edges are given both ways.

    Source: Corso et al. 2020, "Principal Neighbourhood Aggregation for Graph Nets",
    https://arxiv.org/abs/2004.05718
    """

    name = "graph_properties"
    kind = "properties"
    metric_name = "mean log10 MSE"
    higher_is_better = False
    in_features = 2
    node_features, graph_features = 3, 3  # of the answer
    out_features = 6
    splits = (
        "validation",
        "test",
        *(split for split in SPLITS if split.startswith("size")),
        "train",
    )
    further_splits = ("size 25-29",)

    def __len__(self) -> int:
        """The number of graphs, in all splits together."""
        return sum(len(sizes) * count for sizes, count in SPLITS.values())

    def connectivity(self, graphs: PropertyGraphs) -> Float[Tensor, " G"]:
        """The label that says whether each graph is connected: 0 or 1."""
        return graphs.of_graphs[:, 0]

    @cached_property
    def scales(self) -> Float[Tensor, " 6"]:
        """What each property is divided by: its largest value in the training data."""
        graphs = property_graphs("train")
        return torch.cat([graphs.of_nodes.amax(0), graphs.of_graphs.amax(0)])

    @cached_property
    def constants(self) -> Float[Tensor, " 6"]:
        """The best constant answer: the mean of each property over the training data."""
        return torch.nanmean(self._batch("train", torch.arange(len(property_graphs("train")))).y, 0)

    def graph(self, split: str, number: int) -> Data:
        """One graph of a split (from 0): x, edge_index, and the name of its family, `family`.

        Its properties are `of_nodes` (n, 3) and `of_graph` (3,), as they are, not scaled.
        """
        self.check_split(split)
        graphs = property_graphs(split)
        if not 0 <= number < len(graphs):
            raise IndexError(f"number must be from 0 to {len(graphs) - 1}, got {number}")
        nodes = slice(*graphs.node_ptr[number : number + 2].tolist())
        edges = slice(*graphs.edge_ptr[number : number + 2].tolist())
        of_graph = graphs.of_graphs[number].clone()
        of_graph[0] = self.connectivity(graphs)[number]
        return Data(
            x=graphs.x[nodes].clone(),
            edge_index=graphs.edge_index[:, edges].clone(),
            of_nodes=graphs.of_nodes[nodes].clone(),
            of_graph=of_graph,
            family=FAMILIES[int(graphs.families[number])].name,
        )

    @property
    def training_sizes(self) -> tuple[int, int]:  # type: ignore[override]
        """The nodes of the smallest and of the largest training graph."""
        sizes = SPLITS["train"][0]
        return min(sizes), max(sizes)

    def train_batch(self, step: int, batch_size: int, seed: int, device: Device = "cpu") -> Batch:
        """The graphs of one step, of mixed sizes, by `lcm_core.tasks.stored.visits`."""
        count = len(property_graphs("train"))
        batch = self._batch("train", visits(count, step, batch_size, seed))
        return batch.to(device, non_blocking=True)

    def batches(self, split: str = "validation", device: Device = "cpu") -> Iterator[Batch]:
        """The graphs of a split, smaller ones first, about 4,096 nodes at a time."""
        self.check_split(split)
        graphs = property_graphs(split)
        for part in torch.arange(len(graphs)).chunk(
            -(-len(graphs.x) // NODES_IN_AN_EVALUATION_BATCH)
        ):
            yield self._batch(split, part).to(device, non_blocking=True)

    def loss(self, outputs: Float[Tensor, "rows 6"], batch: Batch) -> Float[Tensor, ""]:
        """The mean of the six mean squared errors."""
        return squared_errors(outputs, batch.y).mean()

    def metric(self, outputs: Float[Tensor, "rows 6"], targets: Float[Tensor, "rows 6"]) -> float:
        """The mean of the six logarithms to base 10 of the mean squared errors."""
        return float(squared_errors(outputs.double(), targets).log10().mean())

    def parts(
        self, outputs: Float[Tensor, "rows 6"], targets: Float[Tensor, "rows 6"]
    ) -> dict[str, float]:
        """The logarithm to base 10 of each property's mean squared error."""
        errors = squared_errors(outputs.double(), targets).log10().tolist()
        return dict(zip(PROPERTIES, errors, strict=True))

    def baseline(self, split: str = "validation") -> float:
        """The score of the constant answer that is best on the training data: their mean."""
        return self.metric(*self._constant_answers(split))

    def baseline_parts(self, split: str = "validation") -> dict[str, float]:
        """As `baseline`, for each property."""
        return self.parts(*self._constant_answers(split))

    def items(self, batch: Batch) -> Int[Tensor, " rows"]:
        """The graph of each row: those of its nodes, then one of its own."""
        return torch.cat([batch.batch.cpu(), torch.arange(len(batch.ptr) - 1)])

    def prepare(self) -> None:
        """Make the training graphs, which takes a second."""
        property_graphs("train")

    def describe(self) -> str:
        """One paragraph of facts about the data."""
        graphs = property_graphs("train")
        shares = ", ".join(f"{family.name} {family.share:.0%}" for family in FAMILIES)
        constant = ", ".join(f"{s} {self.baseline(s):.2f}" for s in ("validation", "test"))
        return (
            f"{self.name}: {len(graphs):,} training graphs of 15 to 24 nodes, "
            f"{len(graphs.edge_index[0]) // 2:,} edges, of ten families ({shares}) with 2% of "
            f"edges changed; {self.connectivity(graphs).mean():.1%} are labelled connected. "
            f"Validation and test graphs have 15 to 19 nodes. Score: {self.metric_name} of six "
            f"properties, each divided by its largest training value; lower is better. The best "
            f"constant answer scores {constant}."
        )

    def _constant_answers(self, split: str) -> tuple[Tensor, Tensor]:
        self.check_split(split)
        targets = self._batch(split, torch.arange(len(property_graphs(split)))).y
        return self.constants.expand_as(targets), targets

    def training_graphs(self) -> LabelledGraphs:
        """The training graphs, with the targets of their nodes."""
        return self._labelled("train")

    def _labelled(self, split: str) -> LabelledGraphs:
        if split not in self._splits:
            graphs = property_graphs(split)
            table = GraphTable(
                x=graphs.x,
                edge_index=graphs.edge_index,
                edge_attr=None,
                node_ptr=graphs.node_ptr,
                edge_ptr=graphs.edge_ptr,
            )
            of_nodes = torch.full((len(graphs.x), self.out_features), torch.nan)
            of_nodes[:, :3] = graphs.of_nodes
            of_graphs = torch.full((len(graphs), self.out_features), torch.nan)
            of_graphs[:, 3:] = graphs.of_graphs
            of_graphs[:, 3] = self.connectivity(graphs)
            self._splits[split] = LabelledGraphs(
                table, of_graphs / self.scales, of_nodes / self.scales
            )
        return self._splits[split]

    @cached_property
    def _splits(self) -> dict[str, LabelledGraphs]:
        return {}

    def _batch(self, split: str, numbers: Int[Tensor, " B"]) -> Batch:
        batch = self._labelled(split).take(numbers).as_batch()
        batch.largest = int(batch.ptr.diff().max())  # on the host, so that a network can ask for it
        return batch


class OriginalGraphProperties(GraphProperties):
    """As `GraphProperties`, with the original's label of connectivity.

    The original looks for a zero in a power of the adjacency matrix, Aᵏ with an even k ≥ 2 n. There
    is one if some two nodes are not joined by a walk of exactly k edges: in a graph that is not
    connected, but also in every connected graph that is bipartite, such as a tree or a grid.
    """

    name = "graph_properties_original"

    def connectivity(self, graphs: PropertyGraphs) -> Float[Tensor, " G"]:
        """1 for graphs that are connected and not bipartite."""
        bipartite: Bool[Tensor, " G"] = graphs.bipartite
        return graphs.of_graphs[:, 0] * ~bipartite


def squared_errors(
    outputs: Float[Tensor, "rows 6"], targets: Float[Tensor, "rows 6"]
) -> Float[Tensor, " 6"]:
    """The mean squared error of each column, over the rows where there is a target."""
    asked = ~targets.isnan()
    difference = torch.where(asked, outputs - targets, 0.0)
    return difference.square().sum(0) / asked.sum(0)
