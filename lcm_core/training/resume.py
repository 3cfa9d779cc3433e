"""What may change when a run goes on from a checkpoint: its length, its device, its files."""

from collections.abc import Mapping
from typing import Any

from lcm_core.tasks.addresses import is_address
from lcm_core.training.device import pick_device
from lcm_core.training.recipe import Recipe

__all__ = ["CHANGEABLE", "resumed_recipe"]

#: Fields of a recipe that another value may be given for.
CHANGEABLE = ("steps", "device", "threads", "log_every", "eval_every", "eval_splits", "task")


def resumed_recipe(stored: Recipe, step: int, changes: Mapping[str, Any]) -> tuple[Recipe, str]:
    """The recipe with which a run goes on, and a note for the reader; "" if there is none.

    A device that is not here is replaced by one that is, unless it is asked for.

    Args:
        stored: the recipe of the checkpoint.
        step: where it stands.
        changes: fields of `CHANGEABLE` with their new values. `task` is the new place of a file.

    Raises:
        ValueError: another field, fewer steps than are done, another task, or a device that is
            asked for and not here.
    """
    for field in changes:
        if field not in CHANGEABLE:
            raise ValueError(
                f"a run goes on with the recipe of its checkpoint: expected one of "
                f"{', '.join(CHANGEABLE)} to change, got {field}. To begin anew with its weights, "
                "say start=FILE"
            )
    task = changes.get("task", stored.task)
    if task != stored.task and not (is_address(task) and is_address(stored.task)):
        raise ValueError(
            f"expected task={stored.task}, which the checkpoint is of, or the new place of its "
            f"file; got task={task}"
        )
    if (steps := changes.get("steps", stored.steps)) < step:
        raise ValueError(f"expected steps ≥ {step}, where the checkpoint stands, got {steps}")
    events = tuple(event for event in stored.events if event.step <= steps)
    recipe = stored.replace(**changes, events=events)
    try:
        pick_device(recipe.device)
    except ValueError:
        if "device" in changes:
            raise
        here = pick_device("auto")
        note = (
            f"The checkpoint was trained on {stored.device}, which is not here: it goes on on "
            f"{here}, where results differ by rounding."
        )
        return recipe.replace(device="auto"), note
    return recipe, ""
