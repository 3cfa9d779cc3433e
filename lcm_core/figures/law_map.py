"""Heat maps of a law's error over the plane of each operator's states, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np
import plotly.graph_objects as go

from lcm_core.figures.palette import PAPER, VALUES, plain_layout, title_above
from lcm_core.rounding import SHOWN

__all__ = ["MapNumbers", "in_words", "law_maps_figure"]

GAP = 0.02  # between maps, as a share of the width


class MapNumbers(Protocol):
    """What is drawn of one operator; `lcm_core.laws.maps.LawMap` has it."""

    @property
    def u(self) -> np.ndarray: ...
    @property
    def v(self) -> np.ndarray: ...
    @property
    def values(self) -> np.ndarray: ...


def law_maps_figure(
    maps: Mapping[str, MapNumbers | None],
    positions: Mapping[str, np.ndarray],
    probe: tuple[int, int],
    height: int = 340,
) -> go.Figure:
    """One heat map for each operator, all on one colour scale that begins at 0.

    Args:
        maps: by operator; None where there is nothing to draw.
        positions: (u, v) of the population's states on each plane, drawn as dots.
        probe: row and column of the pixel that is marked.
        height: of the figure, in pixels.
    """
    figure = go.Figure(layout=plain_layout(height))
    drawn = [np.abs(found.values[np.isfinite(found.values)]) for found in maps.values() if found]
    largest = max((float(values.max()) for values in drawn if values.size), default=0.0)
    places = max(len(maps), 3)
    share = (1 - GAP * (places - 1)) / places
    for index, (name, found) in enumerate(maps.items()):
        number = "" if index == 0 else str(index + 1)
        left = index * (share + GAP)
        domain = [left, min(left + share, 1.0)]
        _axes(figure, number, domain, index == 0, found)
        axes = {"xaxis": f"x{number}", "yaxis": f"y{number}"}
        figure.add_traces(_traces(name, found, positions.get(name), probe, axes))
        title = f"<b>{name}</b><br>{in_words(found)}"
        figure.add_annotation(title_above(title, sum(domain) / 2))
    figure.update_layout(
        showlegend=False,
        coloraxis={
            "colorscale": VALUES,
            "cmin": 0,
            "cmax": max(largest, SHOWN),
            "colorbar": {
                "title": {"text": "law error", "side": "right"},
                "thickness": 12,
                "exponentformat": "power",
            },
        },
    )
    return figure


def in_words(found: MapNumbers | None) -> str:
    """The range of a map, and whether it is but rounding."""
    if found is None:
        return "no map"
    values = found.values[np.isfinite(found.values)]
    if values.size == 0:
        return "infinite everywhere"
    if values.max() == 0:
        return "0 everywhere"
    if values.max() <= SHOWN:
        return f"only rounding: at most {values.max():.0e}"
    return f"{values.min():.3g} to {values.max():.3g}"


def _axes(
    figure: go.Figure, number: str, domain: list[float], first: bool, found: MapNumbers | None
) -> None:
    line = found is not None and len(found.v) == 1
    look = {"showgrid": False, "zeroline": False, "fixedrange": True, "visible": found is not None}
    figure.layout[f"xaxis{number}"] = {
        **look,
        "domain": domain,
        "anchor": f"y{number}",
        "title": {"text": "u: along component 1 (σ)", "standoff": 4},
        "range": None if found is None else _ends(found.u),
    }
    figure.layout[f"yaxis{number}"] = {
        **look,
        "anchor": f"x{number}",
        "title": {"text": "v: along component 2 (σ)" if first and not line else "", "standoff": 4},
        "showticklabels": first and not line,
        "ticks": "" if line else "outside",
        "range": None if found is None else _ends(found.v),
    }


def _ends(centres: np.ndarray) -> list[float]:
    """The outer edges of pixels with these centres."""
    half = float(centres[1] - centres[0]) / 2 if len(centres) > 1 else 0.5
    return [float(centres[0]) - half, float(centres[-1]) + half]


def _traces(
    name: str,
    found: MapNumbers | None,
    positions: np.ndarray | None,
    probe: tuple[int, int],
    axes: dict[str, str],
) -> list[go.Heatmap | go.Scatter]:
    u, v = (np.empty(0), np.empty(0)) if found is None else (found.u, found.v)
    values = np.empty((0, 0)) if found is None else found.values
    dots = np.empty((0, 2)) if positions is None or found is None else positions
    inside = (np.abs(dots) <= [abs(u[0]), max(abs(v[0]), 1e-6)]).all(1) if len(dots) else []
    at = [] if found is None else [min(probe[0], len(v) - 1), min(probe[1], len(u) - 1)]
    return [
        go.Heatmap(
            x=u,
            y=v,
            z=np.where(np.isfinite(values), values, np.nan),
            coloraxis="coloraxis",
            hovertemplate=f"{name}<br>u %{{x:.2f}} σ, v %{{y:.2f}} σ<br>error %{{z:.3g}}"
            "<extra></extra>",
            name=name,
            **axes,
        ),
        go.Scatter(
            x=dots[inside, 0] if len(dots) else np.empty(0),
            y=dots[inside, 1] if len(dots) else np.empty(0),
            mode="markers",
            marker={"size": 3, "color": PAPER, "opacity": 0.5},
            hoverinfo="skip",
            **axes,
        ),
        go.Scatter(
            x=np.array([u[at[1]]]) if at else np.empty(0),
            y=np.array([v[at[0]]]) if at else np.empty(0),
            mode="markers",
            marker={
                "symbol": "square-open",
                "size": 13,
                "color": "#D55E00",
                "line": {"color": "#D55E00", "width": 3},
            },
            hoverinfo="skip",
            cliponaxis=False,
            **axes,
        ),
    ]
