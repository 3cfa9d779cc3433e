"""Trained models that come with the library, so that a notebook can begin with one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from torch import Tensor

from lcm_core.errors import unknown
from lcm_core.files.checkpoints import read_checkpoint, write_checkpoint
from lcm_core.operators import Operator
from lcm_core.training.recipe import Recipe
from lcm_core.training.start import FOLDER, pretrained_names
from lcm_core.training.trainer import Trainer

__all__ = ["PretrainedModel", "pretrained", "save_pretrained"]

KEYS = ("recipe", "model", "title", "metric", "scores", "constants")


@dataclass(frozen=True, eq=False)
class PretrainedModel:
    """A trained model that comes with the library.

    Attributes:
        name: for `pretrained`; also that of its file.
        title: a short description.
        recipe: of its training, as text.
        metric: the name of the metric that `scores` holds.
        scores: the scores of the model, by split.
        constants: the scores of the best constant answer, by split.
        state: the model's `state_dict`.
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
        """A trainer with this model, to evaluate; its optimiser starts from step 0."""
        trainer = Trainer(Recipe.parse(self.recipe, stored=True))
        trainer.model.load_state_dict(self.state)
        return trainer

    @property
    def has_operator(self) -> bool:
        """Whether the readout has an operator on states; folds have none."""
        return Recipe.parse(self.recipe, stored=True).readout_facts.has_operator

    @property
    def operator(self) -> Operator:
        """The trained operator of the readout.

        Raises:
            ValueError: the readout has no operator, as a fold has none.
        """
        if not self.has_operator:
            raise ValueError(f"{self.title}: its readout has no operator on states")
        return self.trainer.model.aggregation.operator

    @property
    def elements(self) -> Tensor:
        """Encoded elements of the first validation batch, (N, channels)."""
        return self.trainer.encoded_elements()[0]


def pretrained(name: str) -> PretrainedModel:
    """Load a trained model that comes with the library.

    Each call reads the file again, so that no change of a model reaches another caller.

    >>> model = pretrained("lcm")
    >>> model.operator.name, round(model.scores["size 16"], 2), round(model.constants["size 16"], 2)
    ('symmetrized_gru', 0.99, 0.02)

    Args:
        name: one of `pretrained_names()`.

    Returns:
        The model, with its `operator`, `elements`, `scores` and `recipe`.

    Raises:
        ValueError: an unknown name (the nearest names are given).
    """
    if name not in pretrained_names():
        raise unknown("trained model", name, pretrained_names())
    state = read_checkpoint(FOLDER / f"{name}.pt", KEYS)
    texts: dict[str, Any] = {key: state[key] for key in KEYS if key != "model"}
    return PretrainedModel(name=name, state=state["model"], **texts)


def save_pretrained(name: str, model: dict[str, Tensor], **facts: Any) -> Path:
    """Write the file that `pretrained(name)` reads.

    Args:
        name: letters, digits, `_`.
        model: its `state_dict`.
        **facts: `recipe`, `title`, `metric`, `scores` and `constants`, as of `PretrainedModel`.
    """
    path = FOLDER / f"{name}.pt"
    write_checkpoint(path, {"model": model, **facts})
    return path
