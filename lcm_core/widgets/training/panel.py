"""Trains in front of the reader: one recipe, or a race of up to four, with live plots."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lcm_core.training.recipe import Recipe
from lcm_core.training.run_state import RunState
from lcm_core.widgets.operators.catalog import operator_catalog
from lcm_core.widgets.training.buttons import RunButtons
from lcm_core.widgets.training.file_row import FileRow
from lcm_core.widgets.training.limits import check_channels
from lcm_core.widgets.training.parts import FurtherControls, rows
from lcm_core.widgets.training.race import as_shown, checked_race, read_recipes, with_choice
from lcm_core.widgets.training.recipe_controls import RecipeControls
from lcm_core.widgets.training.run_panel import RunPanel
from lcm_core.widgets.training.your_data.unfold import YourData

__all__ = ["TrainingPanel"]


class TrainingPanel(RunPanel):
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
        follow: whether explorers can show the operator under training, from the first step on.
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
        follow: bool = False,
        more: bool = False,
        **changes: Any,
    ):
        super().__init__(more)
        if isinstance(changes.get("channels"), int):
            check_channels(changes["channels"])
        recipes = checked_race(
            [
                as_shown(each.replace(**changes))
                for given in (recipe, *more_recipes)
                for each in ([given] if isinstance(given, Recipe) else read_recipes(given))
            ]
        )
        if not 0 <= selected < len(recipes):
            raise ValueError(f"expected selected from 0 to {len(recipes) - 1}, got {selected}")
        self._make_run(recipes, selected, picture, speed)
        self._make_parts(speed)
        if follow:
            self.follow_box.value = True
            self.follow_status.say(self._live_operator.text)
        self.on_end(operator_catalog.watch(lambda _: self.controls.list_names()))

    def _make_parts(self, speed: int) -> None:
        # To offer an operator waits for the lock of the readout's menu, and a choice from that menu
        # waits for the panel's lock: a callback that held this while it offers could wait for ever.
        # So callbacks are guarded here, not locked, and take the lock where they need it.
        guard = self.guard
        self.controls = RecipeControls(
            self.recipe, guard, self._slide, self._choose, self._apply_text
        )
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
            "follow": self.follow_box.value,
            "changes": {},
        }

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

    # What the controls of the recipe do

    def _slide(self, field: str, value: float) -> None:
        try:
            if self.run.live:
                self.run.change(self.run_state, field, value)
            else:
                self._prepare(with_choice(self.recipes, self.selected, field, value))
        except (ValueError, TypeError):
            self.controls.take_back(field)
            raise

    def _choose(self, field: str, value: str) -> None:
        try:
            self._prepare(with_choice(self.recipes, self.selected, field, value))
        except (ValueError, TypeError):
            self.controls.show(self.recipe)  # the choice is refused
            raise

    def _apply_text(self, text: str) -> None:
        self.recipes = checked_race([as_shown(recipe) for recipe in read_recipes(text)])
        self._reset()

    def _use_data(self, task: str) -> None:
        """Somebody's data become the task of all recipes."""
        chosen = with_choice(self.recipes, self.selected, "task", task)
        self.recipes = checked_race([as_shown(recipe) for recipe in chosen])
        self._reset()

    def _prepare(self, recipes: Sequence[Recipe]) -> None:
        """Takes recipes for the next run; what has been trained stays on show until then."""
        with self.lock:
            self.recipes = checked_race(recipes)
            if self.run.state == "ready":
                self._reset()
            else:
                self._prepared = True
                self.controls.show(self.recipe)
                self.controls.show_recipes(self.recipes)

    # What is looked at

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
