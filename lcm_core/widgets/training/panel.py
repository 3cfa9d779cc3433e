"""Trains in front of the reader: one recipe, or a race of up to four, with live plots."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import ipywidgets as widgets

from lcm_core.training.recipe import Recipe
from lcm_core.training.record import Record
from lcm_core.training.run_state import RunState, run_labels
from lcm_core.training.trainer import Trainer
from lcm_core.widgets.base.controls import button, row
from lcm_core.widgets.base.panel import Panel
from lcm_core.widgets.base.text_areas import ReadOut
from lcm_core.widgets.operators.catalog import operator_catalog
from lcm_core.widgets.training.buttons import RunButtons
from lcm_core.widgets.training.file_row import FileRow
from lcm_core.widgets.training.live_operator import LiveOperator
from lcm_core.widgets.training.race import MOST_RECIPES, checked_race, read_recipes
from lcm_core.widgets.training.recipe_controls import RecipeControls
from lcm_core.widgets.training.run import Run
from lcm_core.widgets.training.view import RunView

__all__ = ["TrainingPanel"]

REDRAWS_PER_SECOND = 3
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
        self.recipes = checked_race(
            [
                each.replace(**changes)
                for given in (recipe, *more_recipes)
                for each in ([given] if isinstance(given, Recipe) else read_recipes(given))
            ]
        )
        self.selected = 0
        self.run = Run([RunState(recipe) for recipe in self.recipes], self._from_worker)
        self._prepared = False  # whether `recipes` are others than those of the run on show
        self._next_draw = 0.0
        self._drawn_state = ""
        self._live_operator = LiveOperator()
        self.on_end(lambda: self._live_operator.follow(None))
        self.on_end(lambda: self.run.stop())
        self._make_parts()
        self.on_end(operator_catalog.watch(lambda _: self.controls.list_names()))

    def _make_parts(self) -> None:
        # To offer an operator waits for the lock of the readout's menu, and a choice from that menu
        # waits for the panel's lock: a callback that held this while it offers could wait for ever.
        # So callbacks are guarded here, not locked, and take the lock where they need it.
        guard = self.guard
        self.controls = RecipeControls(
            self.recipe, guard, self._slide, self._choose, self._apply_text
        )
        self.recipe_menu = widgets.Dropdown(
            description="Recipe",
            tooltip="which recipe of the race the menus and sliders speak of",
            layout=widgets.Layout(width="270px"),
        )
        self.recipe_menu.add_class("lcm-race-recipe")
        self.recipe_menu.observe(guard(self._select), names="value")
        self.view = view = RunView()
        self.status, self.progress, self.read_out = view.status, view.progress, view.read_out
        self._figure = view.figure
        self.buttons = buttons = RunButtons(guard, lambda: self.run, self._reset, self.status.say)
        self.start_button, self.pause_button = buttons.start, buttons.pause
        self.step_button, self.stop_button = buttons.step, buttons.stop
        self.reset_button = buttons.reset
        self.add_button = button(
            "Add to race",
            "end this run, and race this recipe against a copy that you then change",
            "plus",
        )
        self.add_button.on_click(guard(self._add))
        files = FileRow(guard, lambda: self.run, self._load)
        self.file_text, self.file_status = files.text, files.status
        self.save_button, self.load_button = files.save, files.load
        self.follow_box = widgets.Checkbox(
            description="Show in explorers",
            tooltip="offers the operator under training in the menus of the other panels, live",
            indent=False,
            layout=widgets.Layout(width="150px"),
        )
        self.follow_box.add_class("lcm-follow")
        self.follow_box.observe(guard(self._follow), names="value")
        self.follow_status = ReadOut("follow-status", width="auto")
        controls = self.controls
        menus = self.recipe_menu, controls.task_menu, controls.readout_menu, controls.device_menu
        file_row = row(
            self.add_button,
            self.file_text,
            self.save_button,
            self.load_button,
            self.file_status,
            self.follow_box,
            self.follow_status,
        )
        self.lay_out(
            [
                row(*menus, self.status),
                row(*buttons.all, self.progress, view.progress_text),
                row(*self.controls.sliders.values()),
            ],
            [
                self._figure.widget,
                self.read_out,
                row(self.controls.recipe_text, self.controls.apply_button),
                file_row,
            ],
        )

    @property
    def recipe(self) -> Recipe:
        """The chosen one of `recipes`."""
        return self.recipes[self.selected]

    @property
    def state(self) -> str:
        """`ready`, `loading`, `running`, `paused`, `stopped`, `finished` or `failed`."""
        return self.run.state

    @property
    def run_state(self) -> RunState:
        """The run of the chosen recipe."""
        return self.run.run_states[self.selected]

    @property
    def records(self) -> list[Record]:
        """What the chosen recipe has reported."""
        return self.run_state.records

    @property
    def trainer(self) -> Trainer | None:
        """The trainer of the chosen recipe; None until it is loaded."""
        return self.run_state.trainer

    def clear_error(self) -> None:
        """Empties the error area, unless the run on show has failed."""
        super().clear_error()
        if self.run.error is not None:
            self.show_error(self.run.error)

    # Another run

    def _reset(self) -> None:
        self._show([RunState(recipe) for recipe in self.recipes])

    def _load(self, run_states: Sequence[RunState]) -> None:
        checked_race([run_state.recipe for run_state in run_states])
        self._show(run_states)
        self.run.load()

    def _add(self, _: object = None) -> None:
        recipes = checked_race([*self.recipes, self.recipe])
        self._show([RunState(recipe) for recipe in recipes], selected=len(recipes) - 1)

    def _show(self, run_states: Sequence[RunState], selected: int | None = None) -> None:
        """Ends the run on show and puts another in its place."""
        with self.lock:
            self.run.stop()
            self.run = Run(run_states, self._from_worker, after=self.run)
            self.recipes = [run_state.recipe for run_state in run_states]
            wanted = self.selected if selected is None else selected
            self.selected = min(wanted, len(run_states) - 1)
            self._prepared = False
            self.draw()
        self.clear_error()
        self._follow()

    # What the controls of the recipe do

    def _slide(self, field: str, value: float) -> None:
        try:
            if self.run.live:
                self.run.change(self.run_state, field, value)
            else:
                change: dict[str, Any] = {field: value}
                self._prepare([self.recipe.replace(**change)])
        except (ValueError, TypeError):
            self.controls.take_back(field)
            raise

    def _choose(self, field: str, value: str) -> None:
        """The task is that of the whole race. Weights without a use are 0 then."""
        if field == "device":
            self._prepare([self.recipe.replace(device=value)])
            return
        chosen = self.recipes if field == "task" else [self.recipe]
        self._prepare([recipe.with_choice(field, value) for recipe in chosen])

    def _apply_text(self, text: str) -> None:
        self.recipes = checked_race(read_recipes(text))
        self._reset()

    def _prepare(self, changed: Sequence[Recipe]) -> None:
        """Takes recipes (all, or the chosen one) for the next run; what has been trained stays on
        show until then.
        """
        with self.lock:
            place = 0 if len(changed) == len(self.recipes) else self.selected
            self.recipes[place : place + len(changed)] = changed
            if self.run.state == "ready":
                self._reset()
            else:
                self._prepared = True
                self.controls.show(self.recipe)
                self.controls.show_recipes(self.recipes)

    def _select(self, _: object = None) -> None:
        with self.lock:
            if self.recipe_menu.value is not None and self.recipe_menu.value != self.selected:
                self.selected = self.recipe_menu.value
                self.controls.show(self.recipe)
                self._show_run(self.run)

    # Explorers that follow the run

    def _follow(self, _: object = None) -> None:
        run = self.run
        self._live_operator.follow(run if self.follow_box.value else None)
        run.between_steps(lambda: self._offer(run))

    def _offer(self, run: Run) -> None:
        try:
            self._live_operator.look(run)
        except Exception as error:
            self.show_error(error)
        if not self._closed:
            self.follow_status.say(self._live_operator.text)

    # What is shown

    def draw(self) -> None:
        """Shows the run, and its recipes in the controls."""
        self.controls.show(self.recipe)
        labels = run_labels(self.recipes)
        self.recipe_menu.options = [(label, place) for place, label in enumerate(labels)]
        self.recipe_menu.value = self.selected
        self.recipe_menu.layout.display = "" if len(self.recipes) > 1 else "none"
        self.add_button.disabled = len(self.recipes) == MOST_RECIPES
        self.file_status.say("")
        self._show_run(self.run)

    def _from_worker(self, run: Run) -> None:
        """Called in the worker after each step and each change of state."""
        if run is self.run and self.follow_box.value:
            self._offer(run)
        now = time.monotonic()
        if run.state == "running" == self._drawn_state and now < self._next_draw:
            return
        with self.lock:
            if run is self.run and not self._closed:
                try:
                    self._show_run(run)
                except Exception as error:
                    self.show_error(error)
                took = time.monotonic() - now
                rest = max(1 / REDRAWS_PER_SECOND, TRAINING_PER_DRAWING * took)
                self._next_draw = time.monotonic() + rest

    def _show_run(self, run: Run) -> None:
        self._drawn_state = run.state
        self.view.draw(run, self.run_state)
        self.buttons.show(run)
        self.controls.lock(run.live)
        if not self._prepared:
            if self.trainer is not None:
                self.controls.follow(self.trainer)
            self.controls.show_recipes([run_state.current_recipe for run_state in run.run_states])
        if run.error is not None and not self.error:
            self.show_error(run.error)
