"""The way of a fold's hidden state through the plane, for several orders of the same elements."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from jaxtyping import Float

from lcm_core.figures.palette import INK, category_colour, plain_layout

__all__ = ["fold_paths_figure"]


def fold_paths_figure(
    paths: Float[np.ndarray, "orders steps 2"], title: str, height: int = 300
) -> go.Figure:
    """One line for each order, from h₀ to the result, with a point for each state.

    Args:
        paths: the states of each order, h₀ first.
        title: above the picture.
        height: of the figure, in pixels.
    """
    figure = go.Figure(layout=plain_layout(height))
    last = paths.shape[1] - 1
    for number, path in enumerate(paths):
        figure.add_scatter(
            x=path[:, 0],
            y=path[:, 1],
            mode="lines+markers",
            name=f"order {number + 1}",
            line={"color": category_colour(number), "width": 1.5},
            marker={"size": [5] * last + [11], "symbol": ["circle"] * last + ["star"]},
            text=["h₀", *(f"after {step} of {last}" for step in range(1, last + 1))],
            hovertemplate=f"order {number + 1}, %{{text}}: (%{{x:.3g}}, %{{y:.3g}})<extra></extra>",
        )
    figure.add_scatter(
        x=[float(paths[0, 0, 0])],
        y=[float(paths[0, 0, 1])],
        mode="markers+text",
        text=["h₀"],
        textposition="top center",
        marker={"size": 10, "color": INK, "symbol": "square"},
        hoverinfo="skip",
        showlegend=False,
    )
    figure.update_layout(title={"text": title, "x": 0.02, "y": 0.98, "font": {"size": 13}})
    figure.update_layout(showlegend=False, margin={"t": 36})
    return figure
