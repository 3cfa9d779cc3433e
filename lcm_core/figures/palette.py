"""Colours and the plain look that every figure shares."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

__all__ = [
    "DARK",
    "FAINT",
    "GRID",
    "INK",
    "LIGHT",
    "OKABE_ITO",
    "PAPER",
    "VALUES",
    "category_colour",
    "error_scale",
    "plain_layout",
    "signed_scale",
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
GRID = "#EEEEEE"
PAPER = "#FFFFFF"

#: Colours of the page's themes by the names of their CSS variables, without `--lcm-`: those of
#: widgets/base/page/panel.css. plotly's figures are drawn with the light ones, which the style
#: sheet replaces on a dark page; only scales of values must be chosen here.
#: The sets of a picture beside curves have colours that no curve has.
LIGHT = {
    "paper": PAPER,
    "ink": INK,
    "soft": "#595959",
    "line": "#767676",
    "faint": FAINT,
    "grid": GRID,
    "accent": "#0072B2",
    "warning": "#B34700",
    "error": ("#FFFFFF", "#F5B895", "#D55E00", "#7A2A00"),
    "signed": ("#00466F", "#5BA3CF", "#FFFFFF", "#EDA349", "#8A4B00"),
    "category": OKABE_ITO,
    "set": ("#8A63F0", "#5C2018", "#2A1AA0", "#B0267A", "#75690C"),
}
DARK = {
    "paper": "#111111",
    "ink": "#E6E6E6",
    "soft": "#B3B3B3",
    "line": "#8C8C8C",
    "faint": "#4D4D4D",
    "grid": "#2B2B2B",
    "accent": "#56B4E9",
    "warning": "#FF9A5C",
    "error": ("#111111", "#6E2F0C", "#FF7F2A", "#FFE0C7"),
    "signed": ("#B5DCF5", "#2F7FB3", "#111111", "#B36B00", "#FFD494"),
    "category": (
        "#4AA8E0",
        "#E69F00",
        "#00B585",
        "#D98FB8",
        "#8CCDF2",
        "#F0772B",
        "#F0E442",
        "#E6E6E6",
    ),
    "set": ("#A970FF", "#CF3428", "#5069B8", "#FF45B0", "#7C8620"),
}


def error_scale(dark: bool = False) -> list[tuple[float, str]]:
    """plotly's colour scale of an error: the paper's colour at 0."""
    return _scale((DARK if dark else LIGHT)["error"])


def signed_scale(dark: bool = False) -> list[tuple[float, str]]:
    """plotly's colour scale of a signed value: the paper's colour in the middle."""
    return _scale((DARK if dark else LIGHT)["signed"])


def _scale(colours: Sequence[str]) -> list[tuple[float, str]]:
    return [(place / (len(colours) - 1), colour) for place, colour in enumerate(colours)]


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
