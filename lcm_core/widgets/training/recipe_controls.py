"""The menus, sliders and text in which a recipe is read and changed."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import PurePath
from typing import Any

import ipywidgets as widgets

from lcm_core.aggregations import aggregation_names
from lcm_core.laws.penalties import LAW_PENALTIES
from lcm_core.operators.base import operator_examples
from lcm_core.tasks import task_names
from lcm_core.tasks.addresses import is_address, read_address
from lcm_core.training.device import device_names
from lcm_core.training.recipe import LIVE_FIELDS, Recipe
from lcm_core.training.trainer import Trainer
from lcm_core.widgets.base.controls import LockedDropdown, button, menu

__all__ = ["RATE_SCALES", "WEIGHTS", "RecipeControls"]

RATE_SCALES = (0.01, 0.03, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)
WEIGHTS = (0.0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)

#: While the kernel is busy, a page holds back what was typed, and the press of Apply overtakes it:
#: a text that comes within so many seconds after it is meant too.
LATE = 2.0

_TITLES = {
    "rate_scale": "× learning rate",
    "commutativity": "Commutativity",
    "associativity": "Associativity",
    "identity": "Identity",
    "sire": "SIRE",
}
_ERRORS = {field: f"{field} error" for field in LAW_PENALTIES} | {
    "sire": "error of a fold that takes two elements in the other order"
}


class RecipeControls:
    """Shows a recipe and reports what the reader changes, and only that.

    Args:
        recipe: to begin with.
        guard: wraps each callback.
        on_slide: called with a live field and its value, when a slider is moved.
        on_choose: called with `task`, `readout` or `device` and a name.
        on_text: called with the text when Apply is pressed.
    """

    def __init__(
        self,
        recipe: Recipe,
        guard: Callable[[Callable[..., object]], Callable[..., None]],
        on_slide: Callable[[str, float], None],
        on_choose: Callable[[str, str], None],
        on_text: Callable[[str], None],
    ):
        self._known: dict[str, Any] = {}  # what the controls show on purpose
        self._followed: dict[str, float] = {}  # what the trainer was last seen to use
        self._text = ""
        self._applied_at = -LATE
        self.task_menu = _menu("Task", task_names(), recipe.task, "what is learned")
        self.readout_menu = _menu(
            "Readout",
            [*aggregation_names(), *operator_examples()],
            recipe.readout,
            "operator ⊕, fold, or one of PyG's: what makes one state of a set",
        )
        devices = device_names()
        self.device_menu = _menu("Device", devices, recipe.device, "where it is trained", "180px")
        if len(devices) == 2:  # there is no choice: auto is the CPU
            self.device_menu.layout.display = "none"
        self.sliders = {field: _slider(field, getattr(recipe, field)) for field in LIVE_FIELDS}
        self.recipe_text = widgets.Textarea(
            description="Recipe",
            rows=2,
            continuous_update=False,
            tooltip="the whole run in one text: copy it to repeat the run; a race has up to four "
            "recipes, one a line",
            layout=widgets.Layout(width="calc(100% - 18px)"),
        )
        self.recipe_text.add_class("lcm-recipe")
        self.apply_button = button("Apply", "end this run and take the recipe as it is written")

        def apply() -> None:
            self._applied_at = time.monotonic()
            on_text(self.recipe_text.value)

        def text_came(change: Any) -> None:
            late = time.monotonic() - self._applied_at < LATE
            if late and change["new"] != self._text:
                apply()

        self.apply_button.on_click(guard(lambda _: apply()))
        self.recipe_text.observe(guard(text_came), names="value")

        def report(field: str, to: Callable[[str, Any], None]) -> Callable[[Any], None]:
            def changed(change: Any) -> None:
                if change["new"] != self._known.get(field):
                    self._known[field] = change["new"]
                    to(field, change["new"])

            return guard(changed)

        self.task_menu.observe(report("task", on_choose), names="value")
        self.readout_menu.observe(report("readout", on_choose), names="value")
        self.device_menu.observe(report("device", on_choose), names="value")
        for field, slider in self.sliders.items():
            slider.observe(report(field, on_slide), names="value")

    def show(self, recipe: Recipe) -> None:
        """Shows a recipe at its step 0, with the weights that its aggregations have a use for."""
        self._set("task", self.task_menu, recipe.task)
        self._set("readout", self.readout_menu, recipe.readout)
        self._set("device", self.device_menu, recipe.device)
        for field, slider in self.sliders.items():
            self._followed[field] = getattr(recipe, field)
            self._set(field, slider, getattr(recipe, field))
            used = field in ("rate_scale", *recipe.penalties)
            slider.layout.display = "" if used else "none"

    def follow(self, trainer: Trainer) -> None:
        """Shows what a run uses now, events included."""
        live = trainer.recipe.live(trainer.step)
        for field, slider in self.sliders.items():
            used = live[field]
            if used != self._followed[field]:
                self._followed[field] = used
                self._set(field, slider, used)

    def take_back(self, field: str) -> None:
        """Puts a slider back to the value in use: the one that it was moved to is refused."""
        self._set(field, self.sliders[field], self._followed[field])

    def list_names(self) -> None:
        """Adds tasks and aggregations that have been registered meanwhile to the menus."""
        for field, control, names in (
            ("task", self.task_menu, task_names()),
            ("readout", self.readout_menu, aggregation_names()),
        ):
            with control.lock:
                known = _values(control.options)
                if new := [name for name in names if name not in known]:
                    self._list(field, control, [*known, *new], control.value)

    def lock(self, live: bool) -> None:
        """Task, readout and device cannot change during a run."""
        for control in (self.task_menu, self.readout_menu, self.device_menu):
            control.disabled = live

    def show_recipes(self, recipes: Sequence[Recipe]) -> None:
        """Writes the text, one recipe a line; leaves it alone while it is the same, so that the
        reader can edit it.
        """
        text = "\n".join(recipe.text() for recipe in recipes)
        if text != self._text:
            self._text = self.recipe_text.value = text
            self.recipe_text.rows = max(2, len(recipes) + 1)

    def _set(self, field: str, control: widgets.Widget, value: Any) -> None:
        options = _values(control.options)
        if value in options:
            self._known[field] = value
            control.value = value
        elif field in self.sliders:
            self._list(field, control, _labelled(sorted({*options, value})), value)
        else:
            self._list(field, control, [*options, value], value)

    def _list(self, field: str, control: widgets.Widget, options: list[Any], value: Any) -> None:
        """Replace the options without firing callbacks, and choose one of them."""
        with control.hold_sync():
            self._known[field] = _values(options)[0]
            control.options = _named(options)
            self._known[field] = value
            control.value = value


def _menu(
    title: str, names: Sequence[str], value: str, tooltip: str, width: str = "auto"
) -> LockedDropdown:
    options = list(dict.fromkeys([*names, value]))
    return menu(title, _named(options), value, tooltip, width, LockedDropdown)


def _slider(field: str, value: float) -> widgets.SelectionSlider:
    values = sorted({*(RATE_SCALES if field == "rate_scale" else WEIGHTS), value})
    slider = widgets.SelectionSlider(
        options=_labelled(values),
        value=value,
        description=_TITLES[field],
        continuous_update=False,
        tooltip=(
            "multiplies the learning rate; acts while it trains"
            if field == "rate_scale"
            else f"weight in the loss of the {_ERRORS[field]}; acts while it trains"
        ),
        style={"description_width": "initial"},
        layout=widgets.Layout(width="300px"),
    )
    slider.add_class(f"lcm-{field.replace('_', '-')}")
    return slider


def _values(options: Sequence[Any]) -> list[Any]:
    """What is chosen by each option, its label aside."""
    return [option[1] if isinstance(option, tuple) else option for option in options]


def _named(options: list[Any]) -> list[Any]:
    """The options, files by their names: addresses are long."""
    if not any(is_address(option) for option in options):
        return options
    return [(_file_name(option) if is_address(option) else option, option) for option in options]


def _file_name(address: str) -> str:
    """Such as `mine.csv: potency`."""
    read = read_address(address)
    name, targets = PurePath(read.path).name, read.names("target")
    what = f"{len(targets)} targets" if len(targets) > 2 else ", ".join(targets)
    return f"{name}: {what}" if what else name


def _labelled(values: list[float]) -> list[tuple[str, float]]:
    return [(f"{value:g}", value) for value in values]
