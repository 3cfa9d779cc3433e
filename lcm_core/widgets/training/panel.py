"""Trains in front of the reader: one recipe, or a race of up to four, with live plots."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from lcm_core.training.recipe import Recipe
from lcm_core.training.record import Record
from lcm_core.training.run_state import RunState, run_labels
from lcm_core.training.trainer import Trainer
from lcm_core.widgets.base.panel import Panel
from lcm_core.widgets.operators.catalog import operator_catalog
from lcm_core.widgets.training.buttons import RunButtons
from lcm_core.widgets.training.file_row import FileRow
from lcm_core.widgets.training.limits import check_channels
from lcm_core.widgets.training.live_operator import LiveOperator
from lcm_core.widgets.training.live_picture import LivePicture
from lcm_core.widgets.training.parts import FurtherControls, rows
from lcm_core.widgets.training.race import as_shown, checked_race, read_recipes
from lcm_core.widgets.training.recipe_controls import RecipeControls
from lcm_core.widgets.training.run import Run
from lcm_core.widgets.training.slow_tasks import is_slow
from lcm_core.widgets.training.view import RunView
from lcm_core.widgets.training.your_data.unfold import YourData

__all__ = ["TrainingPanel"]

REDRAWS_PER_SECOND = 3
#: After a drawing, training goes on for at least so many times as long as it took: plots and
#: picture cost 4 %.
TRAINING_PER_DRAWING = 24


class TrainingPanel(Panel):
    """Start, pause, step, stop and reset a training run, and turn its knobs while it trains.

    Beside the curves is a picture of ⊕ as it is: where the law holds, all bracketings of a set give
    one answer. Pause keeps everything; Stop ends the run and keeps its result; Reset goes back to
    step 0 of the recipe as it was set. Start on a run that has ended begins anew. A slider moved
    during a run is an event: the recipe text then holds it, and replays it. Where no page shows
    the panel any more, the run pauses.

    Several recipes are a race: they are trained in turn and drawn in the same plots. Menus and
    sliders then speak of the recipe that is chosen, buttons of all.

    Args:
        recipe: a `Recipe` or its text; a few fields are enough, such as `task=bbbp steps=200`. A
            text may hold several recipes, one a line.
        *more_recipes: to race against it, four in all.
        picture: beside the curves: "answers" of all bracketings, a "solid" of them, or a "map" of
            the associativity error.
        speed: steps a second, for slow motion: 1, 5, 20, or 0 for full speed.
        selected: the number of the recipe that menus and sliders speak of, from 0.
        more: whether further controls and numbers are unfolded.
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
        picture: str = "answers",
        speed: int = 0,
        selected: int = 0,
        more: bool = False,
        **changes: Any,
    ):
        super().__init__(more)
        if isinstance(changes.get("channels"), int):
            check_channels(changes["channels"])
        self.recipes = checked_race(
            [
                as_shown(each.replace(**changes))
                for given in (recipe, *more_recipes)
                for each in ([given] if isinstance(given, Recipe) else read_recipes(given))
            ]
        )
        if not 0 <= selected < len(self.recipes):
            raise ValueError(f"expected selected from 0 to {len(self.recipes) - 1}, got {selected}")
        self.selected = selected
        self.picture = LivePicture(picture)
        self.run = Run([RunState(recipe) for recipe in self.recipes], self._from_worker)
        self.run.set_pace(speed or None)
        self._prepared = False  # whether `recipes` are others than those of the run on show
        self._next_draw = 0.0
        self._drawn_state = ""
        self._why = ""  # why the run stands still, if the reader did not ask for it
        self._live_operator = LiveOperator()
        self.on_end(lambda: self._live_operator.follow(None))
        self.on_end(lambda: self.run.stop())
        self._make_parts(speed)
        self.on_end(operator_catalog.watch(lambda _: self.controls.list_names()))
        self.bar.observe(self.guard(lambda _: self._load_ahead()), names="views")
        self.when_unseen(self._pause_unseen)

    def _make_parts(self, speed: int) -> None:
        # To offer an operator waits for the lock of the readout's menu, and a choice from that menu
        # waits for the panel's lock: a callback that held this while it offers could wait for ever.
        # So callbacks are guarded here, not locked, and take the lock where they need it.
        guard = self.guard
        self.controls = RecipeControls(
            self.recipe, guard, self._slide, self._choose, self._apply_text
        )
        self.view = RunView()
        self.status, self.read_out = self.view.status, self.view.read_out
        self.buttons = buttons = RunButtons(guard, lambda: self.run, self._reset, self.status.say)
        self.start_button, self.step_button = buttons.start, buttons.step
        self.stop_button, self.reset_button = buttons.stop, buttons.reset
        self.further = further = FurtherControls(
            guard, speed, self._select, self._change_speed, self._add, self._follow
        )
        self.recipe_menu, self.speed_menu = further.recipe, further.speed
        self.add_button, self.follow_box = further.add, further.follow
        self.follow_status = further.follow_status
        self.files = files = FileRow(guard, lambda: self.run, self._load)
        self.file_text, self.file_status = files.text, files.status
        self.save_button, self.load_button = files.save, files.load
        self.your_data = YourData(self, self._use_data)
        self.picture.menu.observe(guard(lambda _: self._ask_for_picture()), names="value")
        self.connect(self.picture.touched, self.picture.view)
        controls, content, more = rows(
            self.controls, buttons, further, files, self.view, self.picture, self.your_data
        )
        self.lay_out(controls, content, more)

    def arguments(self) -> dict[str, Any]:
        """The recipes as they are now, with what the sliders did, and what is looked at."""
        recipes = (
            self.recipes
            if self._prepared
            else [run_state.current_recipe for run_state in self.run.run_states]
        )
        return {
            "recipe": "\n".join(recipe.text() for recipe in recipes),
            "more_recipes": (),
            "picture": self.picture.menu.value,
            "speed": self.speed_menu.value,
            "selected": self.selected,
            "changes": {},
        }

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

    def _add(self) -> None:
        recipes = checked_race([*self.recipes, self.recipe])
        self._show([RunState(recipe) for recipe in recipes], selected=len(recipes) - 1)

    def _show(self, run_states: Sequence[RunState], selected: int | None = None) -> None:
        """Ends the run on show and puts another in its place."""
        with self.lock:
            self.run.stop()
            self.run = Run(run_states, self._from_worker, after=self.run)
            self.run.set_pace(self.speed_menu.value or None)
            self.recipes = [run_state.recipe for run_state in run_states]
            wanted = self.selected if selected is None else selected
            self.selected = min(wanted, len(run_states) - 1)
            self._prepared = False
            self.draw()
        self.clear_error()
        self._follow()
        self._load_ahead()

    def _load_ahead(self) -> None:
        """Where a page shows the panel, load what Start needs: the picture shows it untrained."""
        if self.bar.views and not is_slow(self.recipe.task) and self.run.state == "ready":
            self.run.prepare()

    def _pause_unseen(self) -> None:
        if self.run.state in ("loading", "running"):
            self._why = ": no page showed this panel"
            self.run.pause()

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
        chosen = self.recipes if field == "task" else [self.recipe]
        try:
            self._prepare(
                [
                    recipe.replace(device=value)
                    if field == "device"
                    else recipe.with_choice(field, value)
                    for recipe in chosen
                ]
            )
        except (ValueError, TypeError):
            self.controls.show(self.recipe)  # the choice is refused
            raise

    def _apply_text(self, text: str) -> None:
        self.recipes = checked_race([as_shown(recipe) for recipe in read_recipes(text)])
        self._reset()

    def _use_data(self, task: str) -> None:
        """Somebody's data become the task of all recipes."""
        self.recipes = checked_race(
            [as_shown(each.with_choice("task", task)) for each in self.recipes]
        )
        self._reset()

    def _prepare(self, changed: Sequence[Recipe]) -> None:
        """Takes recipes (all, or the chosen one) for the next run; what has been trained stays on
        show until then.
        """
        with self.lock:
            place = 0 if len(changed) == len(self.recipes) else self.selected
            recipes = list(self.recipes)
            recipes[place : place + len(changed)] = changed
            self.recipes = checked_race(recipes)
            if self.run.state == "ready":
                self._reset()
            else:
                self._prepared = True
                self.controls.show(self.recipe)
                self.controls.show_recipes(self.recipes)

    def _select(self) -> None:
        with self.lock:
            chosen = self.recipe_menu.value
            if self._quiet or chosen is None or chosen == self.selected:
                return
            self.selected = chosen
            self.controls.show(self.recipe)
            self._show_run(self.run)
        self._ask_for_picture()

    def _change_speed(self) -> None:
        self.run.set_pace(self.speed_menu.value or None)

    # Explorers that follow the run

    def _follow(self) -> None:
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
        with self.quietly():  # other options choose the first of them
            self.further.list_recipes(labels, self.selected)
        self.files.say("")
        self._show_run(self.run)
        self._ask_for_picture()

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
                    self._draw_picture(run)
                except Exception as error:
                    self.show_error(error)
                took = time.monotonic() - now
                rest = max(1 / REDRAWS_PER_SECOND, TRAINING_PER_DRAWING * took)
                self._next_draw = time.monotonic() + rest

    def _ask_for_picture(self) -> None:
        """Have the picture drawn when no step is being done."""
        run = self.run
        run.between_steps(self.guard(lambda: self._draw_picture(run)))

    def _draw_picture(self, run: Run) -> None:
        with self.lock:
            if run is self.run and not self._closed:
                self.picture.draw(run, self.selected)

    def _show_run(self, run: Run) -> None:
        self._drawn_state = run.state
        if run.state == "running":
            self._why = ""
        self.view.draw(run, self.run_state, self._why)
        self.buttons.show(run)
        self.files.show(run)
        self.controls.lock(run.live)
        if not self._prepared:
            if self.trainer is not None:
                self.controls.follow(self.trainer)
            self.controls.show_recipes([run_state.current_recipe for run_state in run.run_states])
        if run.error is not None and not self.error:
            self.show_error(run.error)
