"""A binary operation on numbers over the plane: x ⊕ y, and how far two laws are broken there."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from lcm_core.figures.palette import FAINT, INK, PAPER, VALUES, plain_layout, title_above

__all__ = ["plane_figure"]

#: The left and right end of each picture and of its scale, as shares of the width.
DOMAINS = ((0.0, 0.245), (0.37, 0.615), (0.74, 0.985))
MARK = "#D55E00"


def plane_figure(
    axis: np.ndarray,
    values: np.ndarray,
    order: np.ndarray,
    brackets: np.ndarray,
    at: Sequence[float],
    height: int = 340,
) -> go.Figure:
    """Three pictures side by side: x ⊕ y with lines of equal values, and two errors.

    What is not a finite number is left grey. Numbers far from the others share the colour at the
    end of the scale, so that a pole does not take them all.

    Args:
        axis: the n numbers of both axes.
        values: x ⊕ y, `(n, n)`, one row for each y.
        order: |x ⊕ y − y ⊕ x|, likewise.
        brackets: |(x ⊕ y) ⊕ z − x ⊕ (y ⊕ z)|, likewise.
        at: x, y and z; a cross marks x and y.
        height: of the figure, in pixels.
    """
    x, y, z = at
    figure = go.Figure(layout=plain_layout(height))
    titles = (
        "x ⊕ y",
        f"|x ⊕ y − y ⊕ x|{_largest(order)}",
        f"|(x ⊕ y) ⊕ z − x ⊕ (y ⊕ z)|, z = {z:.3g}{_largest(brackets)}".replace("= -", "= −"),
    )
    for index, (title, grid) in enumerate(zip(titles, (values, order, brackets), strict=True)):
        number = "" if index == 0 else str(index + 1)
        axes = {"xaxis": f"x{number}", "yaxis": f"y{number}"}
        picture = _values(axis, grid) if index == 0 else _error(axis, grid)
        picture.update(axes, hovertemplate="x = %{x:.3g}, y = %{y:.3g}: %{z:.4g}<extra></extra>")
        picture.colorbar.update(x=DOMAINS[index][1] + 0.004, thickness=10, outlinewidth=0)
        figure.add_traces([picture, _cross(x, y, axes)])
        figure.layout[f"xaxis{number}"] = _axis("x", DOMAINS[index], axis, f"y{number}")
        figure.layout[f"yaxis{number}"] = _axis("y", (0.0, 1.0), axis, f"x{number}")
        figure.add_annotation(title_above(title, DOMAINS[index][0], "left"))
    figure.update_layout(showlegend=False, plot_bgcolor=FAINT, margin={"l": 40, "b": 36})
    return figure


def _values(axis: np.ndarray, grid: np.ndarray) -> go.Contour:
    low, high = _range(grid)
    step = _round_step((high - low) / 16)
    return go.Contour(
        x=axis,
        y=axis,
        z=_finite(grid),
        zmin=low,
        zmax=high,
        colorscale=VALUES,
        autocontour=False,
        contours={
            "start": math.ceil(low / step) * step,
            "end": high,
            "size": step,
            "coloring": "heatmap",
        },
        line={"width": 0.8, "color": PAPER, "smoothing": 0},
    )


def _error(axis: np.ndarray, grid: np.ndarray) -> go.Heatmap:
    broken = np.nanmax(np.append(_finite(grid), 0.0)) > 0
    return go.Heatmap(
        x=axis,
        y=axis,
        z=_finite(grid),
        zmin=0,
        zmax=_range(grid)[1] if broken else 1.0,
        showscale=bool(broken),
        colorscale=VALUES,
    )


def _round_step(step: float) -> float:
    """The next of 1, 2, 5, 10, … times a power of 10."""
    power = 10.0 ** math.floor(math.log10(step))
    return next(power * digit for digit in (1, 2, 5, 10) if power * digit >= step * (1 - 1e-9))


def _cross(x: float, y: float, axes: dict[str, str]) -> go.Scatter:
    return go.Scatter(
        x=[x],
        y=[y],
        mode="markers",
        marker={"symbol": "x", "size": 11, "color": MARK, "line": {"color": PAPER, "width": 1.5}},
        hoverinfo="skip",
        **axes,
    )


def _axis(
    title: str, domain: tuple[float, float], axis: np.ndarray, anchor: str
) -> dict[str, object]:
    return {
        "title": {"text": title, "standoff": 4},
        "domain": domain,
        "range": [float(axis[0]), float(axis[-1])],
        "anchor": anchor,
        "color": INK,
        "showgrid": False,
        "zeroline": False,
        "fixedrange": True,
    }


def _finite(grid: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(grid), grid, np.nan)


def _range(grid: np.ndarray) -> tuple[float, float]:
    """From the smallest to the largest; those far outside the middle half do not count."""
    known = grid[np.isfinite(grid)]
    if known.size == 0:
        return 0.0, 1.0
    least, low, high, largest = (float(q) for q in np.quantile(known, [0, 0.25, 0.75, 1]))
    reach = 2 * (high - low) or math.inf
    least, largest = max(least, low - reach), min(largest, high + reach)
    return (least, largest) if largest > least else (least - 0.5, least + 0.5)


def _largest(grid: np.ndarray) -> str:
    """What stands below the title."""
    known = grid[np.isfinite(grid)]
    if known.size == 0:
        return "<br>not defined here"
    largest = float(known.max())
    return "<br><b>0 everywhere</b>" if largest == 0 else f"<br>up to {largest:.3g}"
