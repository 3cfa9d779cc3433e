"""The menus and boxes of the depth explorer."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import ipywidgets as widgets

from lcm_core.depth.methods import METHODS
from lcm_core.widgets.base.controls import compact

__all__ = ["LIMITS", "SIZES", "DepthControls"]

SIZES = tuple(2 * 4**k for k in range(9))  # 2 to 131,072
LIMITS = (0.2, 1.0, 5.0, 20.0, 60.0)
LOOKED_AT = 128  # of a larger set, a chain's gradients are mostly off the plot


class DepthControls:
    """What is measured, and which set is looked at element by element.

    Args:
        methods: that are compared at first: names of `METHODS`.
        largest: the largest size, one of `SIZES`.
        longest: seconds that a run may take.
        on_size: called when another set is to be looked at.

    Raises:
        ValueError: `largest` or `longest` cannot be.
    """

    def __init__(
        self, methods: Sequence[str], largest: int, longest: float, on_size: Callable[[], None]
    ):
        if largest not in SIZES:
            choices = ", ".join(f"{n:,}" for n in SIZES)
            raise ValueError(f"expected largest to be one of {choices}, got {largest!r}")
        if not isinstance(longest, int | float) or not longest > 0:
            raise ValueError(f"expected longest to be a number of seconds above 0, got {longest!r}")
        self._on_size, self._quiet = on_size, False
        self.method_boxes = {name: _method_box(name, name in methods) for name in METHODS}
        self.largest_menu = compact(
            widgets.Dropdown(
                options=[(f"{n:,}", n) for n in SIZES],
                value=largest,
                description="Up to",
                tooltip="elements in the largest set",
            ),
            150,
            "largest",
        )
        self.limit_menu = compact(
            widgets.Dropdown(
                options=[(f"{limit:g} s", limit) for limit in sorted({*LIMITS, longest})],
                value=longest,
                description="Longest run",
                tooltip="a method stops where a run would take longer",
            ),
            180,
            "limit",
        )
        self.size_menu = compact(
            widgets.Dropdown(
                options=[("(none yet)", 0)],
                description="Place by place",
                tooltip="the set on the right, in which each element has its gradient",
            ),
            220,
            "size",
        )
        self.size_menu.observe(self._size_chosen, names="value")

    @property
    def methods(self) -> list[str]:
        """Those that are ticked."""
        return [name for name, box in self.method_boxes.items() if box.value]

    @property
    def sizes(self) -> list[int]:
        """All that are to be measured, rising."""
        return [n for n in SIZES if n <= self.largest_menu.value]

    def offer_sizes(self, measured: Collection[int]) -> None:
        """Offers these sets to look at; until another is chosen, the largest up to `LOOKED_AT`."""
        options = [(f"{n:,} elements", n) for n in sorted(measured)] or [("(none yet)", 0)]
        if list(self.size_menu.options) == options:
            return
        chosen, newest = self.size_menu.value, self.size_menu.options[-1][1]
        stays = chosen in measured and (chosen != newest or chosen >= LOOKED_AT)
        self._quiet = True
        with self.size_menu.hold_sync():
            self.size_menu.options = options
            self.size_menu.value = chosen if stays else options[-1][1]
        self._quiet = False

    def _size_chosen(self, _: object) -> None:
        if not self._quiet:
            self._on_size()


def _method_box(name: str, value: bool) -> widgets.Checkbox:
    title = METHODS[name].title
    made = widgets.Checkbox(
        value=value,
        description=title[0].upper() + title[1:],
        tooltip="whether it is measured",
        indent=False,
    )
    return compact(made, 200, name.replace("_", "-"))
