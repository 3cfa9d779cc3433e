"""A run on the page: its state in one sentence, its curves, and the same in numbers."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence

import ipywidgets as widgets

from lcm_core.figures import race_curves, race_plots, training_curves, training_plots
from lcm_core.figures.training import LAW_NAMES, Plot
from lcm_core.training.recipe import Recipe
from lcm_core.training.run_state import RunState, run_labels
from lcm_core.training.trainer import Trainer
from lcm_core.widgets.base.live_figure import LiveFigure
from lcm_core.widgets.base.text_areas import ReadOut
from lcm_core.widgets.training.run import Run
from lcm_core.widgets.training.text import (
    device_text,
    measured_facts,
    numbers_text,
    progress_text,
    race_table,
)
from lcm_core.widgets.training.views import PlotHead

__all__ = ["RunView"]

#: Milliseconds that the first curves of a page leave at most to the picture beside them, which
#: calls plotly when it stands.
PATIENCE = 5000


class RunView:
    """Shows a run, again and again while it trains.

    Attributes:
        status, sentence: the state, and what is to be seen now.
        curves: three plots, each below its title and legend.
        read_out, device: all numbers of the last record; what it is trained on.
        figures: of the plots.
    """

    def __init__(self) -> None:
        self.status = ReadOut("status", width="auto")
        self.sentence = ReadOut("progress", live="off", width="auto")
        self.heads = [PlotHead() for _ in range(3)]
        self.figures = [LiveFigure() for _ in range(3)]
        for live in self.figures:
            live.widget.patience = PATIENCE
        parts = zip(self.heads, self.figures, strict=True)
        self.curves = widgets.VBox([part for head, live in parts for part in (head, live.widget)])
        self.curves.add_class("lcm-curves")
        self.read_out = ReadOut("training-text", live="off")
        self.device = ReadOut("device", live="off")
        self._plots_of: tuple[Run, bool] | None = None  # with trainers, and whether with records
        self._baselines: dict[str, float] = {}  # of the run on show, by split

    def draw(self, run: Run, run_state: RunState, why: str = "") -> None:
        """Show how far a run has come, and why it stands still if the reader did not ask for it."""
        self._draw_plots(run)
        trainer = run_state.trainer
        how = f". {trainer.how}" if trainer and trainer.how else ""
        self.device.say(f"on <span>{device_text(run_state)}</span>{html.escape(how)}")
        self.status.say(f"<b class='lcm-state'>{run.state}</b>{html.escape(why)}")
        self.sentence.say(progress_text(run, run_state, self._baselines))
        self.read_out.say(
            numbers_text(run.run_states[0], self._baselines)
            if len(run.run_states) == 1
            else race_table(run, self._baselines)
        )

    def _draw_plots(self, run: Run) -> None:
        """All of the plots for a new run, once it is loaded, and once it began; then the curves."""
        trainers = [
            run_state.trainer for run_state in run.run_states if run_state.trainer is not None
        ]
        records = [run_state.records for run_state in run.run_states]
        loaded = len(trainers) == len(run.run_states)
        plots_of = (run, any(records)) if loaded else None
        if plots_of is None or plots_of != self._plots_of:
            self._plots_of = plots_of
            self._baselines = _constant_scores(trainers)
            for head, live, plot in zip(
                self.heads, self.figures, self._plots(run, trainers), strict=True
            ):
                head.show_plot(plot)
                live.show(plot.figure)
        else:
            splits = tuple(self._baselines)
            curves = (
                training_curves(records[0], splits)
                if len(records) == 1
                else race_curves(records, splits)
            )
            for live, moved in zip(self.figures, curves, strict=True):
                live.move(moved)
        if run.state != "running":
            for live in self.figures:
                live.rest()

    def _plots(self, run: Run, trainers: Sequence[Trainer]) -> tuple[Plot, Plot, Plot]:
        recipes = [run_state.recipe for run_state in run.run_states]
        records = [run_state.records for run_state in run.run_states]
        steps = max(recipe.steps for recipe in recipes)
        metric = trainers[0].task.metric_title if trainers else "score"
        up = not trainers or trainers[0].task.higher_is_better
        baselines: Mapping[str, float] | None = self._baselines or None
        if len(records) > 1:
            by_label = dict(zip(run_labels(recipes), records, strict=True))
            return race_plots(by_label, steps, metric, baselines, up)
        return training_plots(records[0], steps, metric, baselines, up, _laws_of(recipes[0]))


def _laws_of(recipe: Recipe) -> tuple[str, ...]:
    """The laws that are measured of a recipe."""
    facts = measured_facts(recipe)
    if facts.has_operator:
        return LAW_NAMES
    return ("exchange", "order spread") if "sire" in facts.penalties else ("order spread",)


def _constant_scores(trainers: Sequence[Trainer]) -> dict[str, float]:
    """The best constant answer's score on each split that is measured, validation first."""
    splits = dict.fromkeys(split for trainer in trainers for split in trainer.further_splits)
    if not trainers:
        return {}
    return {split: trainers[0].task.baseline(split) for split in ("validation", *splits)}
