"""What a training panel shows of its run; `panel.py` has what the reader does."""

from __future__ import annotations

import time
from collections.abc import Sequence

from lcm_core.training.recipe import Recipe
from lcm_core.training.record import Record
from lcm_core.training.run_state import RunState, run_labels
from lcm_core.training.trainer import Trainer
from lcm_core.widgets.base.panel import Panel
from lcm_core.widgets.training.buttons import RunButtons
from lcm_core.widgets.training.file_row import FileRow
from lcm_core.widgets.training.live_operator import LiveOperator
from lcm_core.widgets.training.live_picture import LivePicture
from lcm_core.widgets.training.parts import FurtherControls
from lcm_core.widgets.training.recipe_controls import RecipeControls
from lcm_core.widgets.training.run import Run
from lcm_core.widgets.training.slow_tasks import is_slow
from lcm_core.widgets.training.view import RunView

__all__ = ["RunPanel"]

REDRAWS_PER_SECOND = 3
#: After a drawing, training goes on for at least so many times as long as it took: plots and
#: picture cost 4 %.
TRAINING_PER_DRAWING = 24


class RunPanel(Panel):
    """The run on show, and how it is drawn. The subclass makes the controls and lays all out.

    Its attributes: see `TrainingPanel`.
    """

    controls: RecipeControls
    buttons: RunButtons
    further: FurtherControls
    files: FileRow

    def __init__(self, more: bool):
        super().__init__(more)
        self.view = RunView()
        self._prepared = False  # whether `recipes` are others than those of the run on show
        self._next_draw = 0.0
        self._drawn_state = ""
        self._why = ""  # why the run stands still, if the reader did not ask for it
        self._live_operator = LiveOperator()

    def _make_run(self, recipes: list[Recipe], selected: int, picture: str, speed: int) -> None:
        """Makes the first run; it begins at Start."""
        self.recipes, self.selected = recipes, selected
        self.picture = LivePicture(picture)
        self.run = Run([RunState(recipe) for recipe in recipes], self._from_worker)
        self.run.set_pace(speed or None)
        self.on_end(lambda: self._live_operator.follow(None))
        self.on_end(lambda: self.run.stop())
        self.bar.observe(self.guard(lambda _: self._load_ahead()), names="views")
        self.when_unseen(self._pause_unseen)

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

    # Another run, and the page that looks at it

    def _show(self, run_states: Sequence[RunState], selected: int | None = None) -> None:
        """Ends the run on show and puts another in its place."""
        with self.lock:
            self.run.stop()
            self.run = Run(run_states, self._from_worker, after=self.run)
            self.run.set_pace(self.further.speed.value or None)
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

    # Explorers that follow the run

    def _follow(self) -> None:
        run = self.run
        self._live_operator.follow(run if self.further.follow.value else None)
        run.between_steps(lambda: self._offer(run))

    def _offer(self, run: Run) -> None:
        try:
            self._live_operator.look(run)
        except Exception as error:
            self.show_error(error)
        if not self._closed:
            self.further.follow_status.say(self._live_operator.text)

    # What is drawn

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
        if run is self.run and self.further.follow.value:
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
