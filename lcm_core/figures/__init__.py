"""Plotly figures: plain data in, a `Figure` out. Nothing here knows of widgets.

Open `palette.py` first, then `laws.py` as an example.
"""

from lcm_core.imports import needed

needed("plotly", "notebooks", "lcm_core.figures")

from lcm_core.figures.cayley import (
    cayley_curves,
    cayley_figure,
    learning_curves,
    learning_figure,
)
from lcm_core.figures.depth import (
    depth_gradients_figure,
    depth_profile_figure,
    depth_times_figure,
)
from lcm_core.figures.fold_paths import fold_paths_figure
from lcm_core.figures.graph_values import graph_gallery_figure, graph_values_figure
from lcm_core.figures.law_distributions import law_distributions_figure
from lcm_core.figures.laws import laws_figure
from lcm_core.figures.molecule import Drawing, molecule_figure
from lcm_core.figures.plane import plane_figure
from lcm_core.figures.polytope import polytope_figure
from lcm_core.figures.race import race_curves, race_plots
from lcm_core.figures.ranks import ranks_figure
from lcm_core.figures.results import dots_figure, spread_figure
from lcm_core.figures.scaffold import scaffold_figure
from lcm_core.figures.training import training_curves, training_plots
from lcm_core.figures.tree import tree_figure
from lcm_core.figures.tree_picture import tree_layout

__all__ = [
    "Drawing",
    "cayley_curves",
    "cayley_figure",
    "depth_gradients_figure",
    "depth_profile_figure",
    "depth_times_figure",
    "dots_figure",
    "fold_paths_figure",
    "graph_gallery_figure",
    "graph_values_figure",
    "law_distributions_figure",
    "laws_figure",
    "learning_curves",
    "learning_figure",
    "molecule_figure",
    "plane_figure",
    "polytope_figure",
    "race_curves",
    "race_plots",
    "ranks_figure",
    "scaffold_figure",
    "spread_figure",
    "training_curves",
    "training_plots",
    "tree_figure",
    "tree_layout",
]
