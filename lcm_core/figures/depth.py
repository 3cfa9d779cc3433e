"""What depth costs: seconds over the size of a set, and the gradients that reach its elements."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
import plotly.graph_objects as go

from lcm_core.figures.palette import FAINT, INK, category_colour, plain_layout

__all__ = [
    "DepthNumbers",
    "SecondsNumbers",
    "depth_gradients_figure",
    "depth_profile_figure",
    "depth_times_figure",
]

#: log₁₀ of the smallest number above 0 in float32: a smaller gradient is 0 in training.
FLOAT32_FLOOR = math.log10(2.0**-149)

#: Where the axis of gradients ends, as log₁₀: a line that leaves there goes on for long.
LOWEST = -60.0


class SecondsNumbers(Protocol):
    """Seconds by two clocks; `lcm_core.depth.cost.Seconds` has them."""

    @property
    def wall(self) -> float: ...
    @property
    def cpu(self) -> float: ...


class DepthNumbers(Protocol):
    """What is drawn of one set reduced in one way; `lcm_core.depth.cost.Cost` has it."""

    @property
    def n(self) -> int: ...
    @property
    def forward(self) -> SecondsNumbers: ...
    @property
    def backward(self) -> SecondsNumbers: ...
    @property
    def first(self) -> float: ...
    @property
    def last(self) -> float: ...
    @property
    def places(self) -> np.ndarray: ...
    @property
    def log_gradients(self) -> np.ndarray: ...


Lines = Mapping[str, Sequence[DepthNumbers]]


def depth_times_figure(
    lines: Lines, sizes: Sequence[int], clock: str = "wall", height: int = 340
) -> go.Figure:
    """Seconds over n: solid with the backward pass, dotted without. Both axes are logarithmic.

    Args:
        lines: by the name of each method, what was measured, sizes rising.
        sizes: all n that may come: how far the axis reaches.
        clock: "wall" or "cpu".
        height: of the figure, in pixels.
    """
    figure = go.Figure(layout=plain_layout(height))
    for index, (name, found) in enumerate(lines.items()):
        for what, dash in (("backward", "solid"), ("forward", "dot")):
            seconds = np.array([getattr(getattr(each, what), clock) for each in found], dtype=float)
            passes = "forward + backward" if what == "backward" else "forward"
            figure.add_trace(
                go.Scatter(
                    x=np.array([each.n for each in found], dtype=float),
                    y=np.maximum(seconds, 1e-7),
                    name=name,
                    legendgroup=name,
                    showlegend=what == "backward",
                    mode="lines+markers",
                    line={"color": category_colour(index), "width": 2, "dash": dash},
                    marker={"size": 6 if what == "backward" else 4},
                    hovertemplate=f"{name}<br>{passes}<br>n = %{{x:,}}: %{{y:.3g}} s"
                    "<extra></extra>",
                )
            )
    title = "seconds" if clock == "wall" else "CPU seconds"
    figure.update_layout(
        xaxis=_sizes_axis(sizes), yaxis=_axis(f"{title} (dotted: forward alone)", type="log")
    )
    figure.layout.yaxis.exponentformat = "power"
    figure.layout.yaxis.dtick = 1
    return figure


def depth_gradients_figure(lines: Lines, sizes: Sequence[int], height: int = 340) -> go.Figure:
    """Length of the gradient at the first element over n, dotted at the last one, as powers of 10.

    An element on which the answer does not depend at all has no point.
    """
    figure = go.Figure(layout=plain_layout(height))
    for index, (name, found) in enumerate(lines.items()):
        for what, dash in (("first", "solid"), ("last", "dot")):
            logs = np.array([getattr(each, what) for each in found], dtype=float)
            figure.add_trace(
                go.Scatter(
                    x=np.array([each.n for each in found], dtype=float),
                    y=np.where(np.isfinite(logs), logs, np.nan),
                    name=name,
                    legendgroup=name,
                    showlegend=what == "first",
                    mode="lines+markers",
                    line={"color": category_colour(index), "width": 2, "dash": dash},
                    marker={"size": 6 if what == "first" else 4},
                    hovertemplate=(
                        f"{name}<br>{what} element<br>n = %{{x:,}}: 10^%{{y:,.1f}}<extra></extra>"
                    ),
                )
            )
    floor = _float32_floor(figure, "first (dotted: last)")
    figure.update_layout(xaxis=_sizes_axis(sizes), shapes=floor)
    return figure


def depth_profile_figure(found: Mapping[str, DepthNumbers | None], height: int = 340) -> go.Figure:
    """Length of the gradient at each element of one set over its place, as powers of 10.

    Args:
        found: by the name of each method; None if it was not measured at this size.
        height: of the figure, in pixels.
    """
    figure = go.Figure(layout=plain_layout(height))
    for index, (name, each) in enumerate(found.items()):
        logs = np.empty(0) if each is None else np.asarray(each.log_gradients, dtype=float)
        figure.add_trace(
            go.Scatter(
                x=np.empty(0) if each is None else np.asarray(each.places, dtype=float) + 1,
                y=np.where(np.isfinite(logs), logs, np.nan),
                name=name,
                mode="lines+markers",
                line={"color": category_colour(index), "width": 2},
                marker={"size": 4},
                hovertemplate=f"{name}<br>element %{{x:,}}: 10^%{{y:,.1f}}<extra></extra>",
            )
        )
    sizes = {each.n for each in found.values() if each is not None}
    title = f"place in the set of {max(sizes):,}" if sizes else "place in the set"
    floor = _float32_floor(figure, "each element")
    figure.update_layout(xaxis=_axis(title, rangemode="tozero"), shapes=floor)
    return figure


def _float32_floor(figure: go.Figure, where: str) -> list[dict[str, object]]:
    """Gives the figure its axis of gradients; a line for the end of float32, if it is in sight."""
    drawn = np.concatenate([np.empty(0), *(np.asarray(trace.y) for trace in figure.data)])
    drawn = drawn[np.isfinite(drawn)]
    lowest = max(LOWEST, min(-2.0, *drawn, 0.0) * 1.1)
    highest = max(1.0, *drawn, 0.0) + 0.5
    stride = max(1, math.ceil((highest - lowest) / 8 / 5) * 5) if lowest < -8 else 1
    powers = list(range(0, math.ceil(lowest) - 1, -stride))
    figure.update_layout(
        yaxis=_axis(
            f"gradient at {where}",
            range=[lowest, min(highest, 60.0)],
            tickmode="array",
            tickvals=powers,
            ticktext=["1" if power == 0 else f"10<sup>−{-power}</sup>" for power in powers],
        )
    )
    if lowest > FLOAT32_FLOOR:
        return []
    return [
        {
            "type": "line",
            "xref": "paper",
            "x0": 0,
            "x1": 1,
            "y0": FLOAT32_FLOOR,
            "y1": FLOAT32_FLOOR,
            "line": {"color": INK, "width": 1, "dash": "dash"},
            "label": {"text": "below: 0 in float32", "textposition": "start", "font": {"size": 11}},
        }
    ]


def _sizes_axis(sizes: Sequence[int]) -> dict[str, object]:
    ticks = list(sizes)[:: max(1, math.ceil(len(sizes) / 5))]
    low, high = (math.log10(n) for n in (min(sizes), max(sizes)))
    margin = 0.06 * max(high - low, 1.0)
    return _axis(
        "elements n",
        type="log",
        range=[low - margin, high + margin],
        tickmode="array",
        tickvals=ticks,
        ticktext=[f"{n:,}" for n in ticks],
    )


def _axis(title: str, **rest: object) -> dict[str, object]:
    return {
        "title": {"text": title},
        "gridcolor": FAINT,
        "zeroline": False,
        "fixedrange": True,
        "automargin": True,
        **rest,
    }
