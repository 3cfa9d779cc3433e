"""Chain against tree, measured live: seconds and gradients over the size of one set."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets as widgets

from lcm_core.depth.cost import Cost, measure
from lcm_core.depth.gradients import Stopped
from lcm_core.depth.methods import METHODS, Method, make_method
from lcm_core.errors import unknown
from lcm_core.figures import depth_gradients_figure, depth_profile_figure, depth_times_figure
from lcm_core.widgets.base.controls import button, row
from lcm_core.widgets.base.live_figure import LiveFigure
from lcm_core.widgets.base.panel import Panel
from lcm_core.widgets.base.text_areas import ReadOut
from lcm_core.widgets.base.worker import Worker
from lcm_core.widgets.depth.controls import LIMITS, SIZES, DepthControls
from lcm_core.widgets.depth.text import read_out, seconds
from lcm_core.widgets.operators.menu import OperatorChoice, OperatorMenu

__all__ = ["DepthExplorer"]

PATIENCE = 0.3  # seconds in which the runs of one pass are repeated


class DepthExplorer(Panel):
    """Reduces one set of n elements in several ways, n from 2 up, and draws what each takes.

    Nothing is measured until *Measure* is pressed, or `start()` is called.

    Args:
        operator: of the tree and the chain: a name of `operator_names()`, an operator, or the file
            of a checkpoint.
        methods: what is compared: names of `lcm_core.depth.methods.METHODS`.
        largest: the largest n: 2, 8, 32, … or 131,072.
        longest: seconds; a method is not tried at a size at which a run would take longer.
        channels: the width of the elements, unless the operator says it.
        seed: of the elements and the weights.

    Attributes:
        costs: by method, its `lcm_core.depth.cost.Cost` at each size so far.
        skipped: by method, the size from which on it would take too long.
        controls: the menus and boxes; see `DepthControls`.
        operator_menu: the operator of the tree and the chain.
    """

    def __init__(
        self,
        operator: OperatorChoice = "symmetrized_gru",
        methods: Sequence[str] = ("tree", "chain", "gru_fold"),
        largest: int = SIZES[-1],
        longest: float = LIMITS[-1],
        channels: int = 16,
        seed: int = 0,
    ):
        super().__init__()
        chosen = [methods] if isinstance(methods, str) else list(methods)
        for method in chosen:
            if method not in METHODS:
                raise unknown("way to reduce", method, METHODS)
        self._channels, self._seed = channels, seed
        self.costs: dict[str, list[Cost]] = {}
        self.skipped: dict[str, int] = {}
        self._worker = Worker(self, "lcm depth", self._failed)
        self.controls = DepthControls(chosen, largest, longest, self.locked(self._draw_profile))
        self.operator_menu = OperatorMenu(self, operator, self._changed)
        self._figures = [LiveFigure() for _ in range(3)]
        self._make_parts()

    def _make_parts(self) -> None:
        controls = self.controls
        self.measure_button = button("Measure", "from 2 elements up", "play")
        self.stop_button = button("Stop", "keep what is measured", "stop")
        self.connect(self.start, self.measure_button)
        self.connect(self.stop, self.stop_button)
        self.progress = widgets.IntProgress(
            min=0, max=1, layout=widgets.Layout(width="180px"), tooltip="measurements done"
        )
        self.status = ReadOut("depth-status", width="auto")
        self.read_out = ReadOut("depth-text", live="off")
        self.lay_out(
            [
                row(self.operator_menu.widget, controls.largest_menu, controls.limit_menu),
                row(*controls.method_boxes.values()),
                row(self.measure_button, self.stop_button, self.progress, self.status),
            ],
            [row(*self._plots()), row(controls.size_menu), self.read_out],
        )

    def _plots(self) -> list[widgets.VBox]:
        """The three figures side by side, on a laptop's page too."""
        plots = [figure.part("32%") for figure in self._figures]
        for plot in plots:
            plot.layout.min_width = "260px"
        return plots

    def arguments(self) -> dict[str, Any]:
        """What is to be measured; measurements are made anew."""
        return {
            "operator": self.operator_menu.choice,
            "methods": tuple(self.controls.methods),
            "largest": self.controls.largest_menu.value,
            "longest": self.controls.limit_menu.value,
        }

    # What the controls do

    def start(self) -> None:
        """Measures the chosen methods, small sets first, in a thread."""
        names = self.controls.methods
        if not names:
            raise ValueError("choose at least one way to reduce: tick a box")
        channels = self.operator_menu.channels or self._channels
        operator = self.operator_menu.operator(channels, self._seed)
        assert operator is not None
        methods = [make_method(name, operator, channels, self._seed) for name in names]
        sizes, limit = self.controls.sizes, self.controls.limit_menu.value

        def work(should_stop: Callable[[], bool]) -> None:
            self._show_new(names, len(methods) * len(sizes))
            try:
                for n in sizes:
                    for method in methods:
                        self._measure(method, n, limit, should_stop)
            except Stopped:
                self._say("stopped: what was measured until then is kept")
            else:
                self._say("measured")

        self.clear_error()
        self._worker.start(work)

    def _measure(
        self, method: Method, n: int, limit: float, should_stop: Callable[[], bool]
    ) -> None:
        """One method at one size, if it will not take too long."""
        if should_stop():
            raise Stopped
        known = self.costs[method.name]
        expected = known[-1].backward.wall * n / known[-1].n if known else 0.0
        cost = None
        if method.name not in self.skipped and expected <= limit:
            about = f", about {seconds(expected)} a run" if expected > 0.5 else ""
            self._say(f"{html.escape(method.title)}, {n:,} elements{about} …")
            cost = measure(method, n, seed=self._seed, patience=PATIENCE, should_stop=should_stop)
        with self.lock:
            if self._closed or should_stop():
                raise Stopped
            if cost is None:
                self.skipped.setdefault(method.name, n)
            else:
                known.append(cost)
            self.progress.value += 1
            self.draw()

    def stop(self) -> None:
        """Ends the measuring, a recurrent network's after its run, and keeps what was measured."""
        if self._worker.busy:
            self._say("stopping …")
        self._worker.stop()

    def _changed(self) -> None:
        """Another operator: discard the measurements of the old one."""
        self._worker.stop()
        self.costs, self.skipped = {}, {}
        self.progress.value = 0
        self._say("another operator: press Measure")
        self.draw()

    def _failed(self, error: BaseException) -> None:
        self._say("the measurement failed")
        self.show_error(error)

    # What is shown

    def _show_new(self, names: Sequence[str], count: int) -> None:
        with self.lock:
            if not self._closed:
                self.costs, self.skipped = {name: [] for name in names}, {}
                self.progress.value, self.progress.max = 0, count
                self.draw()

    def _say(self, text: str) -> None:
        with self.lock:
            if not self._closed:
                self.status.say(text)

    def draw(self) -> None:
        self.controls.offer_sizes({cost.n for found in self.costs.values() for cost in found})
        lines = {METHODS[method].title: found for method, found in self.costs.items()}
        sizes = self.controls.sizes
        self._figures[0].show(depth_times_figure(lines, sizes))
        self._figures[1].show(depth_gradients_figure(lines, sizes))
        self._draw_profile()
        self.read_out.say(read_out(self.costs, self.skipped))

    def _draw_profile(self) -> None:
        n = self.controls.size_menu.value
        chosen = {
            METHODS[method].title: next((cost for cost in found if cost.n == n), None)
            for method, found in self.costs.items()
        }
        self._figures[2].show(depth_profile_figure(chosen))
