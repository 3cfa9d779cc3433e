"""Trains in front of the reader: a recipe, its sliders, and what the trainer reports, live."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import ipywidgets as widgets

from lcm_core.figures import training_curves, training_figure
from lcm_core.recipe import Recipe
from lcm_core.training import Record, Trainer
from lcm_core.widgets.live_figure import LiveFigure
from lcm_core.widgets.page_script import PageScript
from lcm_core.widgets.panel import Panel, ReadOut, button, row
from lcm_core.widgets.recipe_controls import RecipeControls
from lcm_core.widgets.run import Run
from lcm_core.widgets.training_text import numbers_text, progress_text

REDRAWS_PER_SECOND = 5


class TrainingPanel(Panel):
    """Start, pause, step, stop and reset a training run, and turn its knobs while it trains.

    Pause keeps everything; Stop ends the run and keeps its result; Reset goes back to step 0 of the
    recipe as it was set. Start on a run that has ended begins anew. A slider moved during a run is
    an event: the recipe text then holds it, and replays it.

    Args:
        recipe: a `Recipe` or its text; a few fields are enough, such as `task=bbbp steps=200`.
        **changes: fields to set on it, such as `operator="sum"`.

    Attributes:
        recipe: what the next Start from step 0 will run.
        run: the run on show.
    """

    def __init__(self, recipe: Recipe | str = "task=bbbp", **changes: Any):
        super().__init__()
        parsed = Recipe.parse(recipe) if isinstance(recipe, str) else recipe
        self.recipe = replace(parsed, **changes)
        self.run = Run(self.recipe, self._from_worker)
        self._next_draw = 0.0
        self._drawn_state = ""
        self._figure = LiveFigure()
        self._figure_of: tuple[Trainer | None, bool] = (None, False)
        self._build()
        self._show_ready()
        self.made()

    def _build(self) -> None:
        guard = self.guard
        self.controls = RecipeControls(
            self.recipe, guard, self._slide, self._choose, self._apply_text
        )
        self.start_button = button("Start", "train from here", guard(self._start), "play")
        self.pause_button = button("Pause", "keep all and stand still", guard(self._pause), "pause")
        self.step_button = button("Step", "to the next record", guard(self._step), "step-forward")
        self.stop_button = button("Stop", "end the run, keep its result", guard(self._stop), "stop")
        self.reset_button = button(
            "Reset", "back to step 0 of the recipe", guard(self._reset), "undo"
        )
        self.status = ReadOut("status", width="auto")
        self.progress = widgets.IntProgress(
            min=0, max=1, description="Progress", layout=widgets.Layout(width="320px")
        )
        self.progress_text = ReadOut("progress", live="off", width="auto")
        self.read_out = ReadOut("training-text", live="off")
        self.children = [
            row(self.controls.task_menu, self.controls.operator_menu, self.status),
            row(
                self.start_button,
                self.pause_button,
                self.step_button,
                self.stop_button,
                self.reset_button,
                self.progress,
                self.progress_text,
            ),
            row(*self.controls.sliders.values()),
            self._error_area,
            self._figure.widget,
            self.read_out,
            row(self.controls.recipe_text, self.controls.apply_button),
            PageScript(),
        ]

    @property
    def state(self) -> str:
        """`ready`, `loading`, `running`, `paused`, `stopped`, `finished` or `failed`."""
        return self.run.state

    @property
    def records(self) -> list[Record]:
        """What the run on show has reported."""
        return self.run.records

    @property
    def trainer(self) -> Trainer | None:
        """The trainer of the run on show; None until it is loaded."""
        return self.run.trainer

    # What the buttons do

    def _start(self, _: object = None) -> None:
        self._begin_anew_if_ended()
        self.run.go()

    def _step(self, _: object = None) -> None:
        self._begin_anew_if_ended()
        self.run.step()

    def _pause(self, _: object = None) -> None:
        if self.run.state == "paused":
            self.run.go()
        elif self.run.live:
            self.status.say("pausing after this step …")
            self.run.pause()

    def _stop(self, _: object = None) -> None:
        if self.run.live:
            self.status.say("stopping after this step …")
            self.run.stop()

    def _reset(self, _: object = None) -> None:
        with self._state_lock:
            self.run.stop()
            self.run = Run(self.recipe, self._from_worker, after=self.run)
            self._show_ready()

    def _begin_anew_if_ended(self) -> None:
        self.clear_error()
        if self.run.state in ("stopped", "finished", "failed"):
            self._reset()

    def end_work(self) -> None:
        self.run.stop()

    # What the other controls do

    def _slide(self, field: str, value: float) -> None:
        try:
            if self.run.live:
                self.run.change(field, value)
            else:
                self._prepare(_with(self.recipe, field, value))
        except (ValueError, TypeError):
            self.controls.take_back(field)
            raise

    def _choose(self, field: str, value: str) -> None:
        self._prepare(_with(self.recipe, field, value))

    def _apply_text(self, text: str) -> None:
        recipe = Recipe.parse(text)
        self.clear_error()
        self.recipe = recipe
        self._reset()

    def _prepare(self, recipe: Recipe) -> None:
        """Takes a recipe for the next run; what has been trained stays on show until then."""
        with self._state_lock:
            self.recipe = recipe
            if self.run.state == "ready":
                self._reset()
            else:
                self.controls.show(recipe, recipe.text())

    # What is shown

    def _show_ready(self) -> None:
        self.controls.show(self.recipe, self.recipe.text())
        self._figure.show(training_figure([], steps=self.recipe.steps))
        self._draw(self.run)

    def _from_worker(self, run: Run) -> None:
        """Called in the worker after each step and each change of state."""
        now = time.monotonic()
        if run.state == "running" == self._drawn_state and now < self._next_draw:
            return
        with self._state_lock:
            if run is self.run and not self._closed:
                self._next_draw = now + 1 / REDRAWS_PER_SECOND
                self._draw(run)

    def _draw(self, run: Run) -> None:
        trainer, state = run.trainer, run.state
        self._drawn_state = state
        self._draw_figure(run)
        recipe = self.recipe if trainer is None else trainer.recipe
        self.controls.lock(run.live)
        if trainer is not None:
            self.controls.follow(trainer)
        self.pause_button.description = "Resume" if state == "paused" else "Pause"
        self.pause_button.icon = "play" if state == "paused" else "pause"
        self.progress.max = recipe.steps
        self.progress.value = 0 if trainer is None else trainer.step
        device = recipe.device if trainer is None else trainer.device
        self.status.say(f"<b class='lcm-state'>{state}</b> on <span>{device}</span>")
        self.progress_text.say(progress_text(run))
        self.read_out.say(numbers_text(run))
        if run.error is not None:
            self.show_error(run.error)

    def _draw_figure(self, run: Run) -> None:
        """All of the figure for a new trainer and at its first record; after that its curves."""
        trainer = run.trainer
        if trainer is not None and self._figure_of != (trainer, bool(run.records)):
            self._figure_of = (trainer, bool(run.records))
            task = trainer.task
            self._figure.show(
                training_figure(run.records, run.recipe.steps, task.metric_name, task.baseline())
            )
        elif trainer is not None:
            self._figure.move(training_curves(run.records))
        if run.state != "running":
            self._figure.rest()


def _with(recipe: Recipe, field: str, value: Any) -> Recipe:
    return replace(recipe, **{field: value})
