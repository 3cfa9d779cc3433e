"""Draws messages between ranks: ranks side by side, rounds from the bottom to the top."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from lcm_core.figures.palette import FAINT, INK, category_colour, plain_layout

__all__ = ["ranks_figure"]

Block = tuple[int, int]


def ranks_figure(
    ranks: int,
    messages: Sequence[tuple[int, int, int, Sequence[Block]]],
    names: Sequence[str] | None = None,
    height: int = 380,
) -> go.Figure:
    """Draws who sends what to whom, and what each rank holds after each round.

    Args:
        ranks: how many.
        messages: (round, source, target, blocks); a block (first, end) is the reduction of the
            states of these ranks.
        names: a label for each rank; numbers if left out.
        height: of the figure, in pixels.
    """
    rounds = 1 + max((number for number, *_ in messages), default=-1)
    labels = [f"rank {rank}" for rank in range(ranks)] if names is None else list(names)
    holds = _holds(ranks, rounds, messages)
    longest = max(len(_text(blocks)) for held in holds for blocks in held)
    size = min(max(30, 7 * longest), 60)  # pixels: the text fits into its circle
    figure = go.Figure(layout=plain_layout(height))
    for rank in range(ranks):
        figure.add_trace(
            go.Scatter(
                x=[rank] * (rounds + 1),
                y=list(range(rounds + 1)),
                mode="lines+markers+text",
                line={"color": FAINT, "width": 1},
                marker={
                    "size": size,
                    "color": "white",
                    "line": {"color": [INK] * (rounds + 1), "width": 1.5},
                },
                text=[_text(blocks) for blocks in holds[rank]],
                textfont={"size": 10},
                hovertext=[
                    f"{labels[rank]}, {_when(number)}: holds {_text(blocks)}"
                    for number, blocks in enumerate(holds[rank])
                ],
                hoverinfo="text",
                cliponaxis=False,
            )
        )
    for number, source, target, blocks in messages:
        _add_arrow(figure, number, source, target, _text(blocks), size / 2 + 1)
    figure.update_layout(
        showlegend=False,
        margin={"l": 92, "r": 16, "t": 16, "b": 36},
        xaxis={
            "tickvals": list(range(ranks)),
            "ticktext": labels,
            "range": [-0.5, ranks - 0.5],
            "showgrid": False,
            "zeroline": False,
            "fixedrange": True,
        },
        yaxis={
            "tickvals": list(range(rounds + 1)),
            "ticktext": [_when(number) for number in range(rounds + 1)],
            "range": [-0.35, rounds + 0.35],
            "showgrid": False,
            "zeroline": False,
            "fixedrange": True,
        },
    )
    return figure


def _add_arrow(
    figure: go.Figure, number: int, source: int, target: int, text: str, away: float
) -> None:
    """An arrow of the sender's colour, and what it carries beside its beginning."""
    colour = category_colour(source)
    ends = {"x": target, "y": number + 1, "ax": source, "ay": number}
    figure.add_annotation(
        **ends,
        xref="x",
        yref="y",
        axref="x",
        ayref="y",
        text="",
        showarrow=True,
        arrowhead=2,
        arrowwidth=1.5,
        arrowcolor=colour,
        standoff=away,
        startstandoff=away,
    )
    figure.add_annotation(
        x=source + 0.3 * (target - source),
        y=number + 0.3,
        text=text,
        showarrow=False,
        bgcolor="white",
        font={"size": 10, "color": colour},
    )


def _holds(
    ranks: int, rounds: int, messages: Sequence[tuple[int, int, int, Sequence[Block]]]
) -> list[list[list[Block]]]:
    """By rank and round: the blocks that it holds, those that touch joined into one."""
    held = [[[(rank, rank + 1)]] for rank in range(ranks)]
    for number in range(rounds):
        for rank in range(ranks):
            came = [
                block
                for n, _, to, blocks in messages
                if (n, to) == (number, rank)
                for block in blocks
            ]
            held[rank].append(_joined([*held[rank][-1], *came]))
    return held


def _joined(blocks: Sequence[Block]) -> list[Block]:
    joined: list[Block] = []
    for first, end in sorted(blocks):
        if joined and first <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((first, end))
    return joined


def _text(blocks: Sequence[Block]) -> str:
    return ", ".join(f"{a}–{b - 1}" if b - a > 1 else str(a) for a, b in blocks)


def _when(number: int) -> str:
    return f"after round {number - 1}" if number else "start"
