"""What a tweak begins with: a copy of a trained model, wherever that is."""

from __future__ import annotations

import threading
from pathlib import Path

from lcm_core.training.pretrained_models import pretrained
from lcm_core.training.start import pretrained_names
from lcm_core.training.trainer import Trainer
from lcm_core.widgets.training.panel import TrainingPanel
from lcm_core.widgets.training.tweaks import Subject

__all__ = ["Source", "as_wide", "subject_of"]

#: The name of a trained model of the library, the file of a checkpoint, or what trains.
Source = str | Path | Trainer | TrainingPanel


def as_wide(subject: Subject) -> list[str]:
    """Trained models of the library whose states are as wide."""
    found = []
    for name in pretrained_names():
        model = pretrained(name)
        if model.has_operator and f"channels={subject.recipe.channels}" in model.recipe.split():
            found.append(name)
    return found


def subject_of(source: Source) -> Subject:
    """A copy of a trained model.

    Raises:
        ValueError: an unknown name, a run that has not begun, or a readout without an operator.
        TypeError: it is no source.
    """
    if isinstance(source, Trainer):
        return Subject(source, source.recipe.readout)
    if isinstance(source, TrainingPanel):
        return _copied(source)
    if isinstance(source, str) and not Path(source).is_file():
        return Subject(pretrained(source).trainer, f"trained: {source}")
    if isinstance(source, str | Path):
        return Subject(Trainer.load(source), f"checkpoint {Path(source).name}")
    raise TypeError(
        "expected the name of a trained model, the file of a checkpoint, a Trainer or a "
        f"TrainingPanel, got {source!r}"
    )


def _copied(panel: TrainingPanel) -> Subject:
    """The operator of a run as it is between two steps."""
    if panel.trainer is None:
        raise ValueError("there is no operator to tweak yet: press Start in the training panel")
    made: list[Subject | BaseException] = []
    done = threading.Event()
    trainer = panel.trainer

    def copy() -> None:
        try:
            made.append(Subject(trainer, f"training: {trainer.recipe.readout}"))
        except BaseException as error:
            made.append(error)
        finally:
            done.set()

    panel.run.between_steps(copy)
    done.wait()
    if isinstance(made[0], BaseException):
        raise made[0]
    return made[0]
