"""Weights to begin a training run with: drawn, pretrained, or of a checkpoint."""

from pathlib import Path
from typing import Any

from torch import Tensor

from lcm_core.errors import unknown
from lcm_core.files.checkpoints import read_checkpoint

__all__ = ["FOLDER", "RANDOM", "check_start", "load_start", "pretrained_names"]

#: The weights that come with the library; `python -m lcm_core.experiments checkpoints` writes them.
FOLDER = Path(__file__).parent / "weights"

RANDOM = "random"
PRETRAINED = "pretrained:"  # before the name of one that comes with the library
DEFAULT_READOUT = "symmetrized_gru"  # of recipes that do not name it
KEYS = ("recipe", "model")  # the keys that a checkpoint must have


def pretrained_names() -> list[str]:
    """List the names that `pretrained` knows, in alphabetical order.

    >>> "lcm" in pretrained_names()
    True
    """
    return sorted(path.stem for path in FOLDER.glob("[!.]*.pt"))


def check_start(start: str) -> None:
    """Refuse an unknown pretrained model; a missing file is noticed when training begins.

    Raises:
        ValueError: an unknown name (the nearest names are given).
    """
    name = start.removeprefix(PRETRAINED)
    if start.startswith(PRETRAINED) and name not in pretrained_names():
        raise unknown("pretrained model", name, pretrained_names())


def load_start(start: str, model: Any, task: str, readout_name: str) -> str:
    """Give a model the weights to begin with.

    If the task is the same and all weights fit, all are loaded. Otherwise (another task, or
    elements of another width) only those of the readout are loaded, and the rest stays as drawn.

    Args:
        start: "random", `pretrained:NAME`, or the path of a checkpoint.
        model: as `lcm_core.models.make_model` makes it.
        task: the name of its task.
        readout_name: the name of its readout.

    Returns:
        A sentence that says which weights were loaded; "" for "random".

    Raises:
        FileNotFoundError: there is no such checkpoint.
        ValueError: it is no checkpoint, or the weights of its readout do not fit.
    """
    if start == RANDOM:
        return ""
    path = Path(start).expanduser()
    if start.startswith(PRETRAINED):
        path = FOLDER / f"{start.removeprefix(PRETRAINED)}.pt"
    if not path.exists():
        raise FileNotFoundError(f"start={start}: there is no file {path} in {Path.cwd()}")
    saved = read_checkpoint(path, KEYS)
    weights: dict[str, Any] = saved["model"]
    differing = _differences(weights, model.state_dict())
    if f"task={task}" in saved["recipe"].split() and not differing:
        model.load_state_dict(weights)
        trained = _trained_as(saved["recipe"])
        other = "" if trained == readout_name else f", whose readout was {trained}"
        return f"Begins with all weights of {start}{other}."
    readout = _of_readout(model, weights)
    if wrong := _differences(readout, model.aggregation.state_dict()):
        raise ValueError(
            f"start={start} was trained by the recipe {saved['recipe']!r}, and its readout does "
            f"not fit this one: {'; '.join(wrong[:3])}{' …' if len(wrong) > 3 else ''}. Expected "
            "the same readout and channels"
        )
    model.aggregation.load_state_dict(readout)
    why = f"the rest does not fit: {differing[0]}" if differing else "the task is another"
    return f"Begins with the readout of {start}; {why}."


def _trained_as(recipe: str) -> str:
    """The readout in the text of a recipe."""
    fields = dict(part.partition("=")[::2] for part in recipe.split())
    return fields.get("readout") or fields.get("operator") or DEFAULT_READOUT


def _of_readout(model: Any, weights: dict[str, Any]) -> dict[str, Any]:
    """The weights of `model.aggregation`, by its own names."""
    prefix = next(name for name, part in model.named_modules() if part is model.aggregation) + "."
    return {
        key.removeprefix(prefix): value for key, value in weights.items() if key.startswith(prefix)
    }


def _differences(weights: dict[str, Any], wanted: dict[str, Any]) -> list[str]:
    """The weights that do not fit, in words."""
    found = [f"{key} is missing" for key in wanted if key not in weights]
    found += [f"{key} has no place" for key in weights if key not in wanted]
    for key in wanted.keys() & weights.keys():
        one, other = wanted[key], weights[key]
        if isinstance(one, Tensor) and isinstance(other, Tensor) and one.shape != other.shape:
            found.append(f"{key} is {tuple(other.shape)}, expected {tuple(one.shape)}")
    return sorted(found)
