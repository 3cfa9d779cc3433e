"""A learned multiplication table as a heat map, and how far it is from associative."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import plotly.graph_objects as go

from lcm_core.figures.palette import OKABE_ITO, VALUES, plain_layout

__all__ = ["Learned", "cayley_curves", "cayley_figure", "learning_curves", "learning_figure"]

Curve = dict[str, np.ndarray]


class Learned(Protocol):
    """What is drawn of a step; `lcm_core.training.table_learner.LearnedTable` has it."""

    @property
    def step(self) -> int: ...
    @property
    def worst(self) -> float: ...
    @property
    def mean(self) -> float: ...
    @property
    def wrong(self) -> float: ...


WRONG = "#D55E00"


def likely(table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The most likely product of each two symbols, and its probability: each (m, m).

    Args:
        table: (m, m, m), as `Cayley.table` gives for each of its tables.
    """
    return table.argmax(-1), table.max(-1)


def cayley_curves(table: np.ndarray, products: np.ndarray | None = None) -> list[Curve]:
    """What changes in `cayley_figure` from table to table, in the order of its traces."""
    symbols, certainty = likely(table)
    wrong = np.empty((0, 2), int) if products is None else np.argwhere(symbols != products)
    return [
        {"z": certainty, "text": symbols.astype(str)},
        {"x": wrong[:, 1], "y": wrong[:, 0]},
    ]


def cayley_figure(
    table: np.ndarray, products: np.ndarray | None = None, height: int = 360
) -> go.Figure:
    """A square for each two symbols: the number is their likeliest product, the colour says how
    sure it is.

    Args:
        table: (m, m, m): the distribution of each product.
        products: the right table (m, m), if there is one: other squares get a frame.
        height: of the figure, in pixels.
    """
    m = len(table)
    squares, frames = cayley_curves(table, products)
    figure = go.Figure(layout=plain_layout(height))
    figure.add_heatmap(
        **squares,
        x=np.arange(m),
        y=np.arange(m),
        zmin=0,
        zmax=1,
        colorscale=VALUES,
        texttemplate="%{text}",
        textfont={"size": 16},
        xgap=2,
        ygap=2,
        colorbar={"title": {"text": "probability", "side": "right"}, "thickness": 12},
        hovertemplate="%{y} ⊕ %{x} is %{text}<br>with probability %{z:.3f}<extra></extra>",
    )
    figure.add_scatter(
        **frames,
        mode="markers",
        marker={
            "symbol": "square-open",
            "size": max(14, 200 // m),
            "color": WRONG,
            "line": {"color": WRONG, "width": 3},
        },
        hoverinfo="skip",
        showlegend=False,
    )
    axis = {"dtick": 1, "showgrid": False, "zeroline": False, "fixedrange": True, "ticks": ""}
    figure.update_layout(
        title={"text": "likeliest x ⊕ y; framed: not the right one", "font": {"size": 13}},
        xaxis={**axis, "title": {"text": "y", "standoff": 2}, "range": [-0.5, m - 0.5]},
        yaxis={**axis, "title": {"text": "x", "standoff": 2}, "range": [m - 0.5, -0.5]},
    )
    return figure


#: What is drawn of learning a table: its name, the attribute of a record, its dash.
LINES = (
    ("worst associativity error", "worst", "solid"),
    ("mean associativity error", "mean", "dash"),
    ("wrong answers", "wrong", "dot"),
)


def learning_curves(records: Sequence[Learned]) -> list[Curve]:
    """The x and y of each curve of `learning_figure`, in its order."""
    steps = np.array([record.step for record in records], dtype=float)
    return [
        {"x": steps, "y": np.array([getattr(record, name) for record in records], dtype=float)}
        for _, name, _ in LINES
    ]


def learning_figure(records: Sequence[Learned], steps: int, height: int = 360) -> go.Figure:
    """The worst and the mean associativity error, and the share of wrong answers, over the steps.

    Args:
        records: in the order of their steps.
        steps: the end of the horizontal axis.
        height: of the figure, in pixels.
    """
    figure = go.Figure(layout=plain_layout(height))
    curves = learning_curves(records)
    for (name, _, dash), curve, colour in zip(LINES, curves, OKABE_ITO[:3], strict=True):
        figure.add_scatter(
            **curve, mode="lines", name=name, line={"color": colour, "dash": dash, "width": 2}
        )
    figure.update_layout(
        xaxis={"title": {"text": "step"}, "range": [0, steps], "fixedrange": True},
        yaxis={"range": [-0.02, 1.02], "fixedrange": True, "title": {"text": "share"}},
    )
    return figure
