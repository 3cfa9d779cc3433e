"""The menus, boxes and rows of the training panel."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import ipywidgets as widgets

from lcm_core.errors import unknown
from lcm_core.widgets.base.controls import button, menu, row
from lcm_core.widgets.base.text_areas import ReadOut
from lcm_core.widgets.training.buttons import RunButtons, enable
from lcm_core.widgets.training.file_row import FileRow
from lcm_core.widgets.training.live_picture import LivePicture
from lcm_core.widgets.training.race import MOST_RECIPES
from lcm_core.widgets.training.recipe_controls import RecipeControls
from lcm_core.widgets.training.view import RunView

__all__ = ["SPEEDS", "FurtherControls", "rows"]

#: Steps a second, by what the menu says.
SPEEDS = {
    "1 step a second": 1,
    "5 steps a second": 5,
    "20 steps a second": 20,
    "full speed": 0,
}

#: The sliders in view: an operator has the one, a fold the other.
FIRST_SLIDERS = ("associativity", "sire")

_ADD = "end this run, and race this recipe against a copy that you then change"

Guard = Callable[[Callable[..., object]], Callable[..., None]]


class FurtherControls:
    """Which recipe, how fast, one more recipe, and whether explorers follow.

    Args:
        guard: wraps each callback.
        speed: a value of `SPEEDS`.
        on_recipe, on_speed, on_add, on_follow: called when the reader uses them.

    Raises:
        ValueError: an unknown speed.
    """

    def __init__(
        self,
        guard: Guard,
        speed: int,
        on_recipe: Callable[[], object],
        on_speed: Callable[[], object],
        on_add: Callable[[], object],
        on_follow: Callable[[], object],
    ):
        if speed not in SPEEDS.values():
            raise unknown("speed", speed, [str(each) for each in SPEEDS.values()])
        self.recipe: widgets.Dropdown = menu(
            "Recipe", [], None, "the recipe of the race that menus and sliders speak of", "auto"
        )
        self.recipe.add_class("lcm-race-recipe")
        self.speed: widgets.Dropdown = menu(
            "Speed", list(SPEEDS.items()), speed, "slow motion, for a class to follow", "230px"
        )
        self.add = button("Add to race", _ADD, "plus")
        self.follow = widgets.Checkbox(
            description="Show in explorers",
            tooltip="offers the operator under training in the menus of the other panels, live",
            indent=False,
            layout=widgets.Layout(width="auto"),
        )
        self.follow.add_class("lcm-follow")
        self.follow_status = ReadOut("follow-status", width="auto")
        self.recipe.observe(guard(lambda _: on_recipe()), names="value")
        self.speed.observe(guard(lambda _: on_speed()), names="value")
        self.add.on_click(guard(lambda _: on_add()))
        self.follow.observe(guard(lambda _: on_follow()), names="value")

    def list_recipes(self, labels: Sequence[str], selected: int) -> None:
        """Show which recipes there are; a single one needs no menu."""
        self.recipe.options = [(label, place) for place, label in enumerate(labels)]
        self.recipe.value = selected
        self.recipe.layout.display = "" if len(labels) > 1 else "none"
        full = f"a race has at most {MOST_RECIPES} recipes"
        enable(self.add, _ADD, full if len(labels) == MOST_RECIPES else "")


def rows(
    controls: RecipeControls,
    buttons: RunButtons,
    further: FurtherControls,
    files: FileRow,
    view: RunView,
    picture: LivePicture,
) -> tuple[list[widgets.Widget], list[widgets.Widget], list[widgets.Widget]]:
    """The controls in view, the content, and what *More* unfolds."""
    sentence = widgets.HBox([view.status, view.sentence])
    sentence.add_class("lcm-sentence")
    plots = widgets.HBox([picture.view, view.curves])
    plots.add_class("lcm-training")
    first = [controls.sliders[field] for field in FIRST_SLIDERS]
    others = [slider for slider in controls.sliders.values() if slider not in first]
    return (
        [row(buttons.start, further.recipe, controls.task_menu, controls.readout_menu, *first)],
        [sentence, plots],
        [
            row(*buttons.further, further.speed, picture.menu),
            row(*others, controls.device_menu),
            view.read_out,
            view.device,
            controls.recipe_text,
            row(controls.apply_button, further.add),
            row(*files.all),
            row(further.follow, further.follow_status),
        ],
    )
