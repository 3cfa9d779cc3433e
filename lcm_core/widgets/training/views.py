"""The views of the training panel: what stands above a plot, and the picture beside the curves."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from lcm_core.figures.training import Plot
from lcm_core.widgets.base.page_files import module
from lcm_core.widgets.base.view import View

__all__ = ["PictureView", "PlotHead"]

_HERE = Path(__file__).parent


class PlotHead(View):
    """A title and a legend above a plot; they wrap on a narrow page."""

    _esm = module(_HERE / "plot_head.js")

    def show_plot(self, plot: Plot) -> None:
        """Name what the plot draws."""
        self.show(title=plot.title, entries=[asdict(entry) for entry in plot.legend])


class PictureView(View):
    """Answers of all bracketings, a solid of them, or a map of the associativity error.

    `data` has `kind`, `title`, `label` and `hint` (texts), `first` (the number of the chosen
    recipe), `state`, and `panels`: for each recipe what `picture_of` gives, and a `title`. `value`
    is the state as the reader left it: `chosen` (None before a dot is), `turn` and `tilt`.
    """

    _esm = module(_HERE / "picture_view.js")
