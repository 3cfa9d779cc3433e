"""Plotly figures: plain data in, a `Figure` out. Nothing here knows of widgets."""

from lcm_core.figures.laws import laws_figure
from lcm_core.figures.molecule import Picture, molecule_figure
from lcm_core.figures.training import training_curves, training_figure
from lcm_core.figures.tree import tree_figure, tree_layout

__all__ = [
    "Picture",
    "laws_figure",
    "molecule_figure",
    "training_curves",
    "training_figure",
    "tree_figure",
    "tree_layout",
]
