"""A panel that shows graphs of the PNA benchmark, and what is asked of them."""

from __future__ import annotations

from typing import Any

import ipywidgets as widgets
import networkx as nx
import numpy as np

from lcm_core.errors import unknown
from lcm_core.figures import graph_gallery_figure, graph_values_figure
from lcm_core.pyg import Data
from lcm_core.tasks.graphs.dataset import property_graphs
from lcm_core.tasks.graphs.families import FAMILIES
from lcm_core.tasks.graphs.properties import GraphProperties
from lcm_core.widgets.base.controls import row
from lcm_core.widgets.base.live_figure import LiveFigure
from lcm_core.widgets.base.panel import Panel
from lcm_core.widgets.base.table import row_html, table_html
from lcm_core.widgets.base.text_areas import ReadOut

__all__ = ["FamilyGallery", "PropertyExplorer"]

SPLIT = "validation"  # of which graphs are shown
SHOWN = ("distance to the source", "eccentricity", "Laplacian of the values", "value")


class PropertyExplorer(Panel):
    """Shows one graph of the benchmark at a time, with its properties.

    Controls: the family, the graph, and by what its nodes are coloured. The source has an orange
    border. The text below has the properties of the graph, and those of each node in a table.

    Args:
        family: a name of `lcm_core.tasks.graphs.families.FAMILIES`, to begin with.
        number: of the graph among those of its family, from 0.
        colour: what the nodes are coloured by to begin with: "distance to the source",
            "eccentricity", "Laplacian of the values", or "value".

    Raises:
        ValueError: an unknown family or colour, or no graph of this number.
    """

    def __init__(self, family: str = FAMILIES[0].name, number: int = 0, colour: str = SHOWN[0]):
        super().__init__()
        names = [each.name for each in FAMILIES]
        if family not in names:
            raise unknown("family", family, names)
        if colour not in SHOWN:
            raise unknown("colour", colour, SHOWN)
        self.task = GraphProperties()
        self.families = property_graphs(SPLIT).families.numpy()
        self.family_menu = widgets.Dropdown(
            options=names, value=family, description="Family", tooltip="how the graph was drawn"
        )
        self.number_slider = widgets.IntSlider(
            min=0, max=0, description="Graph", continuous_update=False, tooltip="which of them"
        )
        self.colour_menu = widgets.Dropdown(
            options=SHOWN,
            value=colour,
            description="Colour",
            tooltip="what the colour of a node says",
        )
        for control, name in (
            (self.family_menu, "family"),
            (self.number_slider, "graph"),
            (self.colour_menu, "colour"),
        ):
            control.add_class(f"lcm-{name}")
        self.figure = LiveFigure()
        self.read_out = ReadOut("properties")
        self._fit_slider()
        if not 0 <= number <= self.number_slider.max:
            raise ValueError(
                f"expected number from 0 to {self.number_slider.max} in this family, got {number}"
            )
        self.number_slider.value = number
        self.connect(self._choose_family, self.family_menu)
        self.connect(self.draw, self.number_slider, self.colour_menu)
        controls = row(self.family_menu, self.number_slider, self.colour_menu)
        self.lay_out([controls], [self.figure.widget, self.read_out])

    def arguments(self) -> dict[str, Any]:
        return {
            "family": self.family_menu.value,
            "number": self.number_slider.value,
            "colour": self.colour_menu.value,
        }

    @property
    def data(self) -> Data:
        """The graph on show, as `GraphProperties.graph` gives it."""
        return self.task.graph(SPLIT, int(self._numbers()[self.number_slider.value]))

    def _numbers(self) -> np.ndarray:
        place = [each.name for each in FAMILIES].index(self.family_menu.value)
        return np.flatnonzero(self.families == place)

    def _fit_slider(self) -> None:
        with self.quietly():
            self.number_slider.max = len(self._numbers()) - 1
            self.number_slider.value = 0

    def _choose_family(self) -> None:
        self._fit_slider()
        self.draw()

    def draw(self) -> None:
        data = self.data
        places, edges = _drawn(data)
        columns = np.column_stack([data.of_nodes.numpy(), data.x[:, 1].numpy()])
        source = int(data.x[:, 0].argmax())
        title = self.colour_menu.value
        values = columns[:, SHOWN.index(title)]
        texts = [f"node {node}: {title} {value:.3g}" for node, value in enumerate(values)]
        figure = graph_values_figure(places, edges, values, texts, title.split()[0], source)
        self.figure.show(figure)
        self.read_out.say(_in_words(data, len(edges), source) + _node_table(columns, source))


class FamilyGallery(Panel):
    """A graph of each family, side by side.

    Args:
        number: which of each family's graphs, from 0.
    """

    def __init__(self, number: int = 0):
        super().__init__()
        task, families = GraphProperties(), property_graphs(SPLIT).families.numpy()
        self._graphs = [
            task.graph(SPLIT, int(np.flatnonzero(families == place)[number]))
            for place in range(len(FAMILIES))
        ]
        self.figure = LiveFigure()
        self.read_out = ReadOut("families", live="off")
        self.lay_out([], [self.figure.widget, self.read_out])

    def draw(self) -> None:
        drawn, said = {}, []
        for family, data in zip(FAMILIES, self._graphs, strict=True):
            places, edges = _drawn(data)
            drawn[f"{family.name}, {family.share:.0%}"] = (places, edges)
            said.append(f"{family.name} {len(places)} nodes, {len(edges)} edges")
        self.figure.show(graph_gallery_figure(drawn))
        self.read_out.say(f"From left to right: {'; '.join(said)}.")


def _drawn(data: Data) -> tuple[np.ndarray, np.ndarray]:
    """Places of the nodes (n, 2), part beside part with edges as springs; the edges (m, 2)."""
    graph = nx.Graph()
    graph.add_nodes_from(range(len(data.x)))
    graph.add_edges_from(data.edge_index.T.tolist())
    places, left = np.zeros((len(graph), 2)), 0.0
    for part in sorted(nx.connected_components(graph), key=len, reverse=True):
        nodes, width = sorted(part), len(part) ** 0.5
        placed = nx.spring_layout(graph.subgraph(nodes), seed=0, iterations=200)
        own = np.array([placed[node] for node in nodes])
        own = (own - own.min(axis=0)) / np.maximum(np.ptp(own, axis=0), 1e-9)
        places[nodes] = [left, -width / 2] + own * width
        left += width + 0.8
    return places, np.array(list(graph.edges()), dtype=int).reshape(-1, 2)


def _in_words(data: Data, edges: int, source: int) -> str:
    connected, diameter, radius = data.of_graph.tolist()
    return (
        f"<b>{data.family}</b>: {len(data.x)} nodes, {edges} edges, "
        f"{'connected' if connected else 'not connected'}, diameter {diameter:.0f}, spectral "
        f"radius {radius:.3f}. The source is node {source}."
    )


def _node_table(columns: np.ndarray, source: int) -> str:
    rows = (
        row_html(
            f"{node}{' (source)' if node == source else ''}",
            [f"{values[0]:.0f}", f"{values[1]:.0f}", f"{values[2]:.3f}", f"{values[3]:.3f}"],
        )
        for node, values in enumerate(columns)
    )
    table = table_html("node", SHOWN, rows)
    return f"<details><summary>The properties of each node</summary>{table}</details>"
