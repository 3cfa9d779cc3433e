"""A run on the page: its state, its progress, its curves, and the same in words."""

from __future__ import annotations

import html
from collections.abc import Sequence

import ipywidgets as widgets

from lcm_core.figures import race_curves, race_figure, training_curves, training_figure
from lcm_core.training.run_state import RunState, run_labels
from lcm_core.training.trainer import Trainer
from lcm_core.widgets.base.live_figure import LiveFigure
from lcm_core.widgets.base.text_areas import ReadOut
from lcm_core.widgets.training.run import Run
from lcm_core.widgets.training.text import device_text, numbers_text, progress_text, race_table

__all__ = ["RunView"]


class RunView:
    """Shows a run, again and again while it trains.

    Attributes:
        status, progress, progress_text, figure, read_out: to be placed in a panel.
    """

    def __init__(self) -> None:
        self.status = ReadOut("status", width="auto")
        self.progress = widgets.IntProgress(
            min=0, max=1, description="Progress", layout=widgets.Layout(width="320px")
        )
        self.progress_text = ReadOut("progress", live="off", width="auto")
        self.figure = LiveFigure()
        self.read_out = ReadOut("training-text", live="off")
        self._figure_of: Run | None = None  # the run for whose trainers the figure was made
        self._baselines: dict[str, float] = {}  # of the run on show, by split

    def draw(self, run: Run, run_state: RunState) -> None:
        """Show how far a run has come, and the device of one of its recipes."""
        self._draw_figure(run)
        trainer = run_state.trainer
        how = f". {trainer.how}" if trainer and trainer.how else ""
        self.status.say(
            f"<b class='lcm-state'>{run.state}</b> on <span>{device_text(run_state)}</span>"
            f"{html.escape(how)}"
        )
        self.progress.max = sum(run_state.recipe.steps for run_state in run.run_states)
        self.progress.value = sum(run_state.step for run_state in run.run_states)
        self.progress_text.say(progress_text(run))
        self.read_out.say(
            numbers_text(run.run_states[0], self._baselines)
            if len(run.run_states) == 1
            else race_table(run, self._baselines)
        )

    def _draw_figure(self, run: Run) -> None:
        """All of the figure for a new run, and once more when it is loaded; then its curves."""
        trainers = [
            run_state.trainer for run_state in run.run_states if run_state.trainer is not None
        ]
        records = [run_state.records for run_state in run.run_states]
        loaded = run if len(trainers) == len(run.run_states) else None
        if loaded is None or loaded is not self._figure_of:
            self._figure_of = loaded
            self._baselines = _constant_scores(trainers)
            steps = max(run_state.recipe.steps for run_state in run.run_states)
            metric = trainers[0].task.metric_title if trainers else "metric"
            up = not trainers or trainers[0].task.higher_is_better
            baselines = self._baselines or None
            if len(records) == 1:
                figure = training_figure(records[0], steps, metric, baselines, up)
            else:
                labels = run_labels([run_state.recipe for run_state in run.run_states])
                by_label = dict(zip(labels, records, strict=True))
                figure = race_figure(by_label, steps, metric, baselines, up)
            self.figure.show(figure)
        elif len(records) == 1:
            self.figure.move(training_curves(records[0], tuple(self._baselines)))
        else:
            self.figure.move(race_curves(records, tuple(self._baselines)))
        if run.state != "running":
            self.figure.rest()


def _constant_scores(trainers: Sequence[Trainer]) -> dict[str, float]:
    """The best constant answer's score on each split that is measured, validation first."""
    splits = dict.fromkeys(split for trainer in trainers for split in trainer.further_splits)
    if not trainers:
        return {}
    return {split: trainers[0].task.baseline(split) for split in ("validation", *splits)}
