"""A picture of our own on the page: SVG drawn by JavaScript from plain data."""

from __future__ import annotations

from typing import Any

import numpy as np
import traitlets

from lcm_core.widgets.base.scripted import Scripted

__all__ = ["View", "plain"]


class View(Scripted):
    """Shows `data`; a subclass names its JavaScript, made with `view` of `page/svg.js`:

        class Dots(View):
            _esm = module(Path(__file__).parent / "dots.js")

    The style sheet of the panel around it holds for it, too.

    Attributes:
        data: all that is drawn, as plain data; set it by `show`.
        value: what the reader did last, as plain data; `Panel.connect` listens to it. While the
            kernel is busy the page keeps only the last one.
    """

    data = traitlets.Dict().tag(sync=True)
    value = traitlets.Dict().tag(sync=True)

    def show(self, **data: Any) -> None:
        """Draw other data; arrays become lists, and what is not finite a string."""
        self.data = plain(data)


def plain(data: Any) -> Any:
    """Data of Python and numpy as JSON holds it: a NaN becomes "nan", infinities "inf", "-inf"."""
    if isinstance(data, dict):
        return {str(key): plain(value) for key, value in data.items()}
    if isinstance(data, np.ndarray):
        return plain(data.tolist())
    if isinstance(data, list | tuple):
        return [plain(value) for value in data]
    if isinstance(data, np.generic):
        return plain(data.item())
    if isinstance(data, float) and not np.isfinite(data):
        return str(data)
    return data
