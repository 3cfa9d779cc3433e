"""Folds that read the same elements in several orders: where their hidden states go."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

import ipywidgets as widgets
import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from lcm_core.aggregations.fold import FoldAggregation
from lcm_core.figures import fold_paths_figure
from lcm_core.laws.fold_exchange import fold_exchange_error
from lcm_core.laws.spreads import order_spread
from lcm_core.operators.devices import on_cpu
from lcm_core.widgets.base.controls import button, row
from lcm_core.widgets.base.live_figure import LiveFigure
from lcm_core.widgets.base.panel import Panel
from lcm_core.widgets.base.table import row_html, table_html
from lcm_core.widgets.base.text_areas import ReadOut

__all__ = ["FoldExplorer", "hidden_states", "in_the_plane"]

ORDERS = 6
MOST_FOLDS = 3
LEAST_WIDTH = "220px"  # of a picture: three fit beside each other on a laptop
SETS = 256  # over which the errors are measured


class FoldExplorer(Panel):
    """Draws the hidden states of folds, step by step, for six orders of one set.

    The elements are drawn from N(0, 1). A hidden state of two numbers is a point of the plane; of
    wider ones the two directions are drawn in which they differ most.

    Args:
        folds: one to three, by the name to be shown; all of one `in_channels`, in "given" order.
        elements: of the set, to begin with.
        seed: of the set and its orders.

    Attributes:
        paths: by name, the hidden states (orders, steps + 1, width), h₀ first.
        apart: by name, the largest distance between the results of two orders.
    """

    def __init__(self, folds: Mapping[str, FoldAggregation], elements: int = 5, seed: int = 0):
        super().__init__()
        if not 1 <= len(folds) <= MOST_FOLDS:
            raise ValueError(f"expected 1 to {MOST_FOLDS} folds, got {len(folds)}")
        for name, fold in folds.items():
            if not isinstance(fold, FoldAggregation) or fold.order != "given":
                raise ValueError(
                    f"expected {name!r} to be a FoldAggregation with order='given', got {fold}"
                )
        widths = {fold.in_channels for fold in folds.values()}
        if len(widths) > 1:
            raise ValueError(f"expected folds of elements of one width, got {sorted(widths)}")
        self.folds = {name: on_cpu(fold) for name, fold in folds.items()}
        self._channels, self._seed = widths.pop(), seed
        self.paths: dict[str, np.ndarray] = {}
        self.apart: dict[str, float] = {}
        self._figures = [LiveFigure() for _ in folds]
        self.size_slider = widgets.IntSlider(
            value=elements,
            min=2,
            max=12,
            description="Elements",
            continuous_update=False,
            tooltip="of the set that is read",
        )
        self.new_button = button("New set", "other elements, and other orders", "refresh")
        self.connect(self.draw, self.size_slider)
        self.connect(self._new, self.new_button)
        self.read_out = ReadOut("fold-text")
        pictures = [figure.part(f"{100 // len(folds)}%") for figure in self._figures]
        for picture in pictures:
            picture.layout.min_width = LEAST_WIDTH
        self.lay_out([row(self.size_slider, self.new_button)], [row(*pictures), self.read_out])

    def arguments(self) -> dict[str, Any]:
        """The set on show: its size, and its seed."""
        return {"elements": self.size_slider.value, "seed": self._seed}

    def _new(self) -> None:
        self._seed += 1
        self.draw()

    def draw(self) -> None:
        n = self.size_slider.value
        generator = torch.Generator().manual_seed(self._seed)
        x = torch.randn(n, self._channels, generator=generator)
        orders = torch.stack([torch.randperm(n, generator=generator) for _ in range(ORDERS)])
        many = torch.randn(SETS * n, self._channels, generator=generator)
        ptr = torch.arange(0, SETS * n + 1, n)
        rows = []
        for (name, fold), figure in zip(self.folds.items(), self._figures, strict=True):
            states = hidden_states(fold, x[orders])
            self.paths[name] = states.numpy()
            self.apart[name] = float(torch.cdist(states[:, -1], states[:, -1]).max())
            figure.show(fold_paths_figure(in_the_plane(states), name))
            spread = order_spread(fold, many, ptr)
            exchange = fold_exchange_error(fold, many, ptr)
            numbers = (f"{self.apart[name]:.3g}", f"{spread.mean:.3g}", f"{exchange.mean:.3g}")
            rows.append(row_html(html.escape(name), list(numbers)))
        heads = ["largest distance of two stars", "order spread", "exchange error"]
        self.read_out.say(
            f"Each line is one of {ORDERS} orders of the same {n} elements, from h₀ (square) to "
            f"the result (star). The errors are means over {SETS} other sets of {n}."
            + table_html("fold", heads, rows)
        )


@torch.no_grad()
def hidden_states(
    fold: FoldAggregation, sequences: Float[Tensor, "orders n in_channels"]
) -> Float[Tensor, "orders steps width"]:
    """The hidden states of a fold that reads sequences: h₀ and those after each of n steps."""
    after = fold.rnn(sequences.transpose(0, 1))[0].transpose(0, 1)
    return torch.cat([torch.zeros_like(after[:, :1]), after], 1)


def in_the_plane(
    states: Float[Tensor, "orders steps width"],
) -> Float[np.ndarray, "orders steps 2"]:
    """States of two numbers as they are; wider ones along their two principal directions."""
    if states.shape[-1] == 1:
        states = torch.nn.functional.pad(states, (0, 1))
    if states.shape[-1] > 2:
        flat = states.flatten(0, 1)
        directions = torch.linalg.svd(flat - flat.mean(0), full_matrices=False).Vh[:2]
        states = states @ directions.T
    return states.numpy()
