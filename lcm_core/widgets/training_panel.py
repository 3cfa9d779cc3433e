"""Trains in front of the reader: one recipe, or a race of up to four, with live plots."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import ipywidgets as widgets

from lcm_core.figures import race_curves, race_figure, training_curves, training_figure
from lcm_core.recipe import Recipe
from lcm_core.training import Record, Trainer
from lcm_core.widgets.following import Following
from lcm_core.widgets.lane import Lane, lane_names
from lcm_core.widgets.live_figure import LiveFigure
from lcm_core.widgets.page_script import PageScript
from lcm_core.widgets.panel import Panel, ReadOut, button, row
from lcm_core.widgets.recipe_controls import RecipeControls
from lcm_core.widgets.run import Run
from lcm_core.widgets.shelf import shelf
from lcm_core.widgets.training_files import DEFAULT_FILE, file_path, read_lanes, save_lanes
from lcm_core.widgets.training_text import numbers_text, progress_text, race_table

MOST_RECIPES = 4

REDRAWS_PER_SECOND = 5
#: After a drawing, training goes on for at least so many times as long as it took: plots cost 3 %.
TRAINING_PER_DRAWING = 32


class TrainingPanel(Panel):
    """Start, pause, step, stop and reset a training run, and turn its knobs while it trains.

    Pause keeps everything; Stop ends the run and keeps its result; Reset goes back to step 0 of the
    recipe as it was set. Start on a run that has ended begins anew. A slider moved during a run is
    an event: the recipe text then holds it, and replays it.

    Several recipes are a race: they are trained in turn and drawn in the same plots. Menus and
    sliders then speak of the recipe that is chosen, buttons of all.

    Args:
        recipe: a `Recipe` or its text; a few fields are enough, such as `task=bbbp steps=200`. A
            text may hold several recipes, one a line.
        *more_recipes: to race against it, four in all.
        **changes: fields to set on all of them, such as `steps=100`.

    Attributes:
        recipes: what the next Start from step 0 will run.
        run: the run on show.
        selected: the number of the chosen recipe, from 0.
    """

    def __init__(
        self,
        recipe: Recipe | str = "task=bbbp",
        *more_recipes: Recipe | str,
        **changes: Any,
    ):
        super().__init__()
        self.recipes = _checked(
            [
                replace(each, **changes)
                for given in (recipe, *more_recipes)
                for each in ([given] if isinstance(given, Recipe) else _parsed(given))
            ]
        )
        self.selected = 0
        self.run = Run([Lane(recipe) for recipe in self.recipes], self._from_worker)
        self._prepared = False  # whether `recipes` are others than those of the run on show
        self._next_draw = 0.0
        self._drawn_state = ""
        self._figure = LiveFigure()
        self._figure_of: Run | None = None  # the run for whose trainers the figure was made
        self._baselines: dict[str, float] = {}  # of the run on show, by split
        self._following = Following()
        self._build()
        self._show_ready()
        self._unwatch = shelf.watch(lambda _: self.controls.list_operators())
        self.made()

    def _build(self) -> None:
        guard = self.guard
        self.controls = RecipeControls(
            self.recipe, guard, self._slide, self._choose, self._apply_text
        )
        self.lane_menu = widgets.Dropdown(
            description="Recipe",
            tooltip="which recipe of the race the menus and sliders speak of",
            layout=widgets.Layout(width="270px"),
        )
        self.lane_menu.add_class("lcm-lane")
        self.lane_menu.observe(guard(self._select), names="value")
        self.start_button = button("Start", "train from here", guard(self._start), "play")
        self.pause_button = button("Pause", "keep all and stand still", guard(self._pause), "pause")
        self.step_button = button("Step", "to the next record", guard(self._step), "step-forward")
        self.stop_button = button("Stop", "end the run, keep its result", guard(self._stop), "stop")
        self.reset_button = button(
            "Reset", "back to step 0 of the recipe", guard(self._reset), "undo"
        )
        self.add_button = button(
            "Add to race",
            "end this run, and race this recipe against a copy that you then change",
            guard(self._add),
            "plus",
        )
        self.status = ReadOut("status", width="auto")
        self.progress = widgets.IntProgress(
            min=0, max=1, description="Progress", layout=widgets.Layout(width="320px")
        )
        self.progress_text = ReadOut("progress", live="off", width="auto")
        self.read_out = ReadOut("training-text", live="off")
        self.file_text = widgets.Text(
            value=DEFAULT_FILE,
            description="File",
            tooltip="where Save writes the run and Load reads one",
            layout=widgets.Layout(width="300px"),
        )
        self.file_text.add_class("lcm-file")
        self.save_button = button(
            "Save", "the run and its records, into the file", guard(self._save), "save"
        )
        self.load_button = button(
            "Load",
            "end this run, and go on with that of the file",
            guard(self._load),
            "folder-open",
        )
        self.file_status = ReadOut("file-status", width="auto")
        self.follow_box = widgets.Checkbox(
            description="Show in explorers",
            tooltip="offers the operator under training in the menus of the other panels, live",
            indent=False,
            layout=widgets.Layout(width="150px"),
        )
        self.follow_box.add_class("lcm-follow")
        self.follow_box.observe(guard(self._follow), names="value")
        self.follow_status = ReadOut("follow-status", width="auto")
        self.children = [
            row(self.lane_menu, self.controls.task_menu, self.controls.operator_menu, self.status),
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
            row(
                self.add_button,
                self.file_text,
                self.save_button,
                self.load_button,
                self.file_status,
                self.follow_box,
                self.follow_status,
            ),
            PageScript(),
        ]

    @property
    def recipe(self) -> Recipe:
        """The chosen one of `recipes`."""
        return self.recipes[self.selected]

    @property
    def state(self) -> str:
        """`ready`, `loading`, `running`, `paused`, `stopped`, `finished` or `failed`."""
        return self.run.state

    @property
    def lane(self) -> Lane:
        """The run of the chosen recipe."""
        return self.run.lanes[self.selected]

    @property
    def records(self) -> list[Record]:
        """What the chosen recipe has reported."""
        return self.lane.records

    @property
    def trainer(self) -> Trainer | None:
        """The trainer of the chosen recipe; None until it is loaded."""
        return self.lane.trainer

    def clear_error(self) -> None:
        """Empties the error area, unless the run on show has failed."""
        super().clear_error()
        if self.run.error is not None:
            self.show_error(self.run.error)

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
        self._show([Lane(recipe) for recipe in self.recipes])

    def _begin_anew_if_ended(self) -> None:
        if self.run.state in ("stopped", "finished", "failed"):
            self._reset()
        self.clear_error()

    def end_work(self) -> None:
        self.run.stop()
        self._unwatch()
        self._following.follow(None)

    def _show(self, lanes: Sequence[Lane], selected: int | None = None) -> None:
        """Ends the run on show and puts another in its place."""
        with self._state_lock:
            self.run.stop()
            self.run = Run(lanes, self._from_worker, after=self.run)
            self.recipes = [lane.recipe for lane in lanes]
            wanted = self.selected if selected is None else selected
            self.selected = min(wanted, len(lanes) - 1)
            self._prepared = False
            self._show_ready()
        self._follow()

    # What the other controls do

    def _slide(self, field: str, value: float) -> None:
        try:
            if self.run.live:
                self.run.change(self.lane, field, value)
            else:
                self._prepare([_with(self.recipe, field, value)])
        except (ValueError, TypeError):
            self.controls.take_back(field)
            raise

    def _choose(self, field: str, value: str) -> None:
        """The task is that of the whole race."""
        chosen = self.recipes if field == "task" else [self.recipe]
        self._prepare([_with(recipe, field, value) for recipe in chosen])

    def _apply_text(self, text: str) -> None:
        self.recipes = _checked(_parsed(text))
        self._reset()
        self.clear_error()

    def _add(self, _: object = None) -> None:
        recipes = _checked([*self.recipes, self.recipe])
        self._show([Lane(recipe) for recipe in recipes], selected=len(recipes) - 1)

    def _prepare(self, changed: Sequence[Recipe]) -> None:
        """Takes recipes (all, or the chosen one) for the next run; what has been trained stays on
        show until then.
        """
        with self._state_lock:
            place = 0 if len(changed) == len(self.recipes) else self.selected
            self.recipes[place : place + len(changed)] = changed
            if self.run.state == "ready":
                self._reset()
            else:
                self._prepared = True
                self.controls.show(self.recipe)
                self.controls.show_recipes(self.recipes)

    def _select(self, _: object = None) -> None:
        with self._state_lock:
            if self.lane_menu.value is not None and self.lane_menu.value != self.selected:
                self.selected = self.lane_menu.value
                self.controls.show(self.recipe)
                self._draw(self.run)

    def _follow(self, _: object = None) -> None:
        run = self.run
        self._following.follow(run if self.follow_box.value else None)
        run.between_steps(lambda: self._offer(run))

    def _offer(self, run: Run) -> None:
        try:
            self._following.look(run)
        except Exception as error:
            self.show_error(error)
        if not self._closed:
            self.follow_status.say(self._following.text)

    # Files

    def _save(self, _: object = None) -> None:
        path, run = file_path(self.file_text.value), self.run
        if any(lane.trainer is None for lane in run.lanes) and not run.live:
            raise ValueError("there is nothing to save yet: press Start first")

        def save(_: object = None) -> None:
            save_lanes(path, run.lanes)
            steps = " and ".join(dict.fromkeys(str(lane.step) for lane in run.lanes))
            self._say_of_file(f"saved at step {steps}")

        run.between_steps(lambda: self.guard(save)())

    def _load(self, _: object = None) -> None:
        lanes = read_lanes(file_path(self.file_text.value))
        _checked([lane.recipe for lane in lanes])
        self._show(lanes)
        self.clear_error()
        self.run.load()
        self._say_of_file("loaded")

    def _say_of_file(self, words: str) -> None:
        if not self._closed:
            self.file_status.say(words)

    # What is shown

    def _show_ready(self) -> None:
        self.controls.show(self.recipe)
        names = lane_names(self.recipes)
        self.lane_menu.options = [
            (f"{place} {name}", place - 1) for place, name in enumerate(names, start=1)
        ]
        self.lane_menu.value = self.selected
        self.lane_menu.layout.display = "" if len(self.recipes) > 1 else "none"
        self.add_button.disabled = len(self.recipes) == MOST_RECIPES
        self.file_status.say("")
        self._draw(self.run)

    def _from_worker(self, run: Run) -> None:
        """Called in the worker after each step and each change of state."""
        if run is self.run and self.follow_box.value:
            self._offer(run)
        now = time.monotonic()
        if run.state == "running" == self._drawn_state and now < self._next_draw:
            return
        with self._state_lock:
            if run is self.run and not self._closed:
                try:
                    self._draw(run)
                except Exception as error:
                    self.show_error(error)
                took = time.monotonic() - now
                rest = max(1 / REDRAWS_PER_SECOND, TRAINING_PER_DRAWING * took)
                self._next_draw = time.monotonic() + rest

    def _draw(self, run: Run) -> None:
        state = run.state
        self._drawn_state = state
        self._draw_figure(run)
        self.controls.lock(run.live)
        if not self._prepared:
            if self.lane.trainer is not None:
                self.controls.follow(self.lane.trainer)
            self.controls.show_recipes([lane.current_recipe for lane in run.lanes])
        self.pause_button.description = "Resume" if state == "paused" else "Pause"
        self.pause_button.icon = "play" if state == "paused" else "pause"
        self.progress.max = sum(lane.recipe.steps for lane in run.lanes)
        self.progress.value = sum(lane.step for lane in run.lanes)
        device = self.lane.trainer.device if self.lane.trainer else self.recipe.device
        self.status.say(f"<b class='lcm-state'>{state}</b> on <span>{device}</span>")
        self.progress_text.say(progress_text(run))
        self.read_out.say(
            numbers_text(self.lane, self._baselines)
            if len(run.lanes) == 1
            else race_table(run, self._baselines)
        )
        if run.error is not None and not self.error:
            self.show_error(run.error)

    def _draw_figure(self, run: Run) -> None:
        """All of the figure for a new run, and once more when it is loaded; then its curves."""
        trainers = [lane.trainer for lane in run.lanes if lane.trainer is not None]
        records = [lane.records for lane in run.lanes]
        loaded = run if len(trainers) == len(run.lanes) else None
        if loaded is None or loaded is not self._figure_of:
            self._figure_of = loaded
            self._baselines = _constant_scores(trainers)
            steps = max(lane.recipe.steps for lane in run.lanes)
            metric = trainers[0].task.metric_name if trainers else "metric"
            baselines = self._baselines or None
            if len(records) == 1:
                figure = training_figure(records[0], steps, metric, baselines)
            else:
                names = self.lane_menu.options
                lanes = {name: records[place] for name, place in names}
                figure = race_figure(lanes, steps, metric, baselines)
            self._figure.show(figure)
        elif len(records) == 1:
            self._figure.move(training_curves(records[0], tuple(self._baselines)))
        else:
            self._figure.move(race_curves(records, tuple(self._baselines)))
        if run.state != "running":
            self._figure.rest()


def _with(recipe: Recipe, field: str, value: Any) -> Recipe:
    return replace(recipe, **{field: value})


def _parsed(text: str) -> list[Recipe]:
    """The recipes of a text, one a line."""
    lines = [line for line in text.splitlines() if line.strip()] or [""]
    recipes = []
    for number, line in enumerate(lines, start=1):
        try:
            recipes.append(Recipe.parse(line))
        except (ValueError, TypeError) as error:
            if len(lines) == 1:
                raise
            raise type(error)(f"recipe {number}: {error}") from error
    return recipes


def _checked(recipes: Sequence[Recipe]) -> list[Recipe]:
    """The recipes, if they can race."""
    if len(recipes) > MOST_RECIPES:
        raise ValueError(f"expected 1 to {MOST_RECIPES} recipes, got {len(recipes)}")
    for number, recipe in enumerate(recipes, start=1):
        if (recipe.task, recipe.bits) != (recipes[0].task, recipes[0].bits):
            raise ValueError(
                f"a race has one task, so that its scores can be compared: recipe 1 has "
                f"task={recipes[0].task} bits={recipes[0].bits}, and recipe {number} "
                f"task={recipe.task} bits={recipe.bits}"
            )
    return list(recipes)


def _constant_scores(trainers: Sequence[Trainer]) -> dict[str, float]:
    """The best constant answer's score on each split that is measured, validation first."""
    splits = dict.fromkeys(split for trainer in trainers for split in trainer.further_splits)
    if not trainers:
        return {}
    return {split: trainers[0].task.baseline(split) for split in ("validation", *splits)}
