"""Trained models that come with the library, so that a notebook begins at something trained."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from lcm_core.errors import unknown
from lcm_core.files.checkpoints import read_checkpoint, write_checkpoint
from lcm_core.operators import Operator

if TYPE_CHECKING:  # its tasks and models are loaded only where a model is used
    from lcm_core.training.trainer import Trainer

__all__ = ["FOLDER", "Trained", "ship", "trained", "trained_names"]

#: What `python -m lcm_core.experiments checkpoints` writes.
FOLDER = Path(__file__).parent / "weights"

KEYS = ("recipe", "model", "title", "metric", "scores", "constants")


@dataclass(frozen=True, eq=False)
class Trained:
    """A model as it was at the end of its training.

    Attributes:
        name: of its file, and for `trained`.
        title: what it is, in words.
        recipe: of its training, as text.
        metric, scores, constants: what its scores are called; by split: its own score, and that
            of the best constant answer.
    """

    name: str
    title: str
    recipe: str
    metric: str
    scores: dict[str, float]
    constants: dict[str, float]
    state: dict[str, Tensor]

    @cached_property
    def trainer(self) -> Trainer:
        """A trainer with this model, to evaluate; its optimiser is as at the beginning."""
        from lcm_core.training.recipe import Recipe
        from lcm_core.training.trainer import Trainer

        trainer = Trainer(Recipe.parse(self.recipe))
        trainer.model.load_state_dict(self.state)
        return trainer

    @property
    def has_operator(self) -> bool:
        """Whether its readout has an operator on states, as folds have not."""
        from lcm_core.models.networks import BASELINES, FOLDS
        from lcm_core.training.recipe import Recipe

        return Recipe.parse(self.recipe).operator not in {*FOLDS, *BASELINES}

    @property
    def operator(self) -> Operator:
        """The trained operator of its readout.

        Raises:
            ValueError: it has none.
        """
        if not self.has_operator:
            raise ValueError(f"{self.title} folds elements into a hidden state: it has no operator")
        return self.trainer.model.aggregation.operator

    @property
    def elements(self) -> Tensor:
        """Encoded elements (N, channels) of the first batch of the validation data."""
        trainer = self.trainer
        trainer.model.eval()
        with torch.no_grad():
            batch = next(iter(trainer.task.batches("validation", trainer.device)))
            return trainer.model.elements(batch)[0]


def trained_names() -> list[str]:
    """The names that `trained` knows."""
    return sorted(path.stem for path in FOLDER.glob("*.pt"))


def trained(name: str) -> Trained:
    """A model that comes with the library; each call reads it anew.

    Raises:
        ValueError: an unknown name (the nearest ones are given).
    """
    if name not in trained_names():
        raise unknown("trained model", name, trained_names())
    state = read_checkpoint(FOLDER / f"{name}.pt", KEYS)
    texts: dict[str, Any] = {key: state[key] for key in KEYS if key != "model"}
    return Trained(name=name, state=state["model"], **texts)


def ship(name: str, model: dict[str, Tensor], **facts: Any) -> Path:
    """Writes the file that `trained(name)` reads.

    Args:
        name: letters, digits, `_`.
        model: its `state_dict`.
        **facts: `recipe`, `title`, `metric`, `scores` and `constants`, as of `Trained`.
    """
    path = FOLDER / f"{name}.pt"
    write_checkpoint(path, {"model": model, **facts})
    path.chmod(0o644)  # for all who install it
    return path
