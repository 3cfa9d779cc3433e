"""The pictures of the law explorer that can be touched: a pair of states, and maps."""

from __future__ import annotations

from pathlib import Path

import traitlets

from lcm_core.widgets.base.page_files import module
from lcm_core.widgets.base.view import View, plain

__all__ = ["MapView", "PairView", "answer"]

HERE = Path(__file__).parent


class PairView(View):
    """Two clouds for each operator: states, some of which can be dragged, and results.

    Attributes:
        answer: where the results of the dragged states are; small, since it follows each move.
    """

    _esm = module(HERE / "pair_view.js")
    answer = traitlets.Dict().tag(sync=True)


class MapView(View):
    """A law's error over the plane of each operator's states, with a mark that can be dragged.

    Attributes:
        answer: where the mark is.
    """

    _esm = module(HERE / "map_view.js")
    answer = traitlets.Dict().tag(sync=True)


def answer(**data: object) -> dict[str, object]:
    """Plain data for `answer`."""
    return dict(plain(data))
