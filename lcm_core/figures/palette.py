"""Colours and the plain look that every figure shares."""

from __future__ import annotations

import plotly.graph_objects as go

__all__ = [
    "FAINT",
    "INK",
    "OKABE_ITO",
    "PAPER",
    "VALUES",
    "category_colour",
    "plain_layout",
    "title_above",
]

#: Okabe–Ito, told apart with every common kind of colour blindness: for categories.
OKABE_ITO = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#CC79A7",
    "#56B4E9",
    "#D55E00",
    "#F0E442",
    "#000000",
)

#: For values.
VALUES = "Cividis"

INK = "#333333"
FAINT = "#D9D9D9"
PAPER = "#FFFFFF"


def category_colour(index: int) -> str:
    """The colour of category number `index`; begins again after eight."""
    return OKABE_ITO[index % len(OKABE_ITO)]


def plain_layout(height: int) -> go.Layout:
    """White paper, small margins, horizontal legend on top, width left to the page."""
    return go.Layout(
        template="none",
        height=height,
        autosize=True,
        margin={"l": 56, "r": 16, "t": 40, "b": 44},
        paper_bgcolor=PAPER,
        plot_bgcolor=PAPER,
        font={"size": 12, "color": INK},
        hoverlabel={"align": "left", "font": {"family": "monospace", "size": 11}},
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
        annotations=[],
    )


def title_above(text: str, x: float, anchor: str = "center") -> go.layout.Annotation:
    """The title of one of several pictures side by side; x is a share of the width."""
    return go.layout.Annotation(
        text=text,
        x=x,
        y=1.0,
        xref="paper",
        yref="paper",
        xanchor=anchor,
        yanchor="bottom",
        align=anchor,
        showarrow=False,
    )
