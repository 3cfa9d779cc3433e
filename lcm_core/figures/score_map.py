"""Heat maps of scores: rows that are compared, over the tasks, side by side for each size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from lcm_core.figures.palette import VALUES, plain_layout, title_above

__all__ = ["score_maps_figure"]

GAP = 0.02  # between maps, as a share of the width
ROW = 20  # pixels


def score_maps_figure(
    maps: Mapping[str, Mapping[str, Mapping[str, float]]],
    rows: Sequence[str],
    title: str = "score",
) -> go.Figure:
    """One map of shares for each heading, all on one colour scale from 0 to 1.

    Args:
        maps: by heading: by column: the score of each row, from 0 to 1; what is missing is blank.
        rows: from top to bottom.
        title: of the colours.
    """
    figure = go.Figure(layout=plain_layout(170 + ROW * len(rows)))
    share = (1 - GAP * (len(maps) - 1)) / max(len(maps), 1)
    for index, (heading, columns) in enumerate(maps.items()):
        number = "" if index == 0 else str(index + 1)
        left = index * (share + GAP)
        figure.add_trace(
            go.Heatmap(
                x=list(columns),
                y=list(rows),
                z=[[scores.get(row) for scores in columns.values()] for row in rows],
                coloraxis="coloraxis",
                xgap=1,
                ygap=1,
                hovertemplate=f"%{{y}}, %{{x}}, {heading}: %{{z:.1%}}<extra></extra>",
                xaxis=f"x{number}",
                yaxis=f"y{number}",
            )
        )
        figure.update_layout(
            {
                f"xaxis{number}": {
                    "domain": [left, left + share],
                    "anchor": f"y{number}",
                    "tickangle": -60,
                    "automargin": True,
                },
                f"yaxis{number}": {
                    "autorange": "reversed",
                    "anchor": f"x{number}",
                    "showticklabels": index == 0,
                    "automargin": True,
                },
            }
        )
        figure.add_annotation(title_above(f"<b>{heading}</b>", left + share / 2))
    figure.update_layout(
        showlegend=False,
        coloraxis={
            "colorscale": VALUES,
            "cmin": 0,
            "cmax": 1,
            "colorbar": {"title": {"text": title}, "tickformat": ".0%", "thickness": 12},
        },
    )
    return figure
