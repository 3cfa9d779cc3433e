"""A recipe and how far its training has come, in memory and in a file.

The training panel and `python -m lcm_core.train` read each other's files. A file is an ordinary
checkpoint of the first recipe, as `Trainer.save` writes it, with its records and the other recipes
of a race in it too, so that the menus of operators can read it as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from lcm_core.files.checkpoints import read_checkpoint, write_checkpoint
from lcm_core.training.ranks import Ranks
from lcm_core.training.recipe import Recipe
from lcm_core.training.record import Record
from lcm_core.training.resume import resumed_recipe
from lcm_core.training.trainer import STATE_KEYS, Trainer

__all__ = ["RunState", "read_runs", "run_labels", "run_names", "save_runs"]


@dataclass(eq=False)
class RunState:
    """A recipe, and the state of its training run.

    Args:
        recipe: as it was set, before sliders moved.
        saved: the state of a checkpoint to resume from.
        file: the path of that checkpoint.
        records: reported so far.

    Attributes:
        trainer: None until it is loaded.
        error: the exception that ended the run before its last step.
        seconds: spent training, without pauses.
        changes: of the recipe of the checkpoint, such as more steps.
    """

    recipe: Recipe
    saved: dict[str, Any] | None = None
    file: str = ""
    records: list[Record] = field(default_factory=list)
    trainer: Trainer | None = None
    error: BaseException | None = None
    seconds: float = 0.0
    changes: Mapping[str, Any] = field(default_factory=dict)
    wanted: list[tuple[str, float]] = field(default_factory=list)  # before there is a trainer

    def make_trainer(self, ranks: Ranks | None = None) -> Trainer:
        """Make the trainer; reading its data may take seconds.

        Args:
            ranks: the processes that share each batch, if there are several.
        """
        if self.saved is None:
            return Trainer(self.recipe, ranks)
        return Trainer.from_state(self.saved, self.file, self.changes, ranks)

    @property
    def current_recipe(self) -> Recipe:
        """The recipe with the changes that sliders made."""
        return self.recipe if self.trainer is None else self.trainer.recipe

    @property
    def step(self) -> int:
        return 0 if self.trainer is None else self.trainer.step

    @property
    def score(self) -> float | None:
        """The last score on the validation split; None before the first."""
        metrics = (record.metric for record in reversed(self.records))
        return next((metric for metric in metrics if metric is not None), None)

    @property
    def done(self) -> bool:
        """Whether all steps are done, and the last one is reported."""
        trainer = self.trainer
        return trainer is not None and trainer.done and trainer.recorded_step == trainer.step

    @property
    def over(self) -> bool:
        return self.done or self.error is not None


def run_names(recipes: Sequence[Recipe]) -> list[str]:
    """A short name for each recipe: the fields that differ, defaults too; the readout if none does.

    >>> run_names([Recipe(readout="set2set"), Recipe(readout="set2set", tree="left")])
    ['tree=balanced', 'tree=left']
    """
    fields = [_fields(recipe) for recipe in recipes]
    names = dict.fromkeys(name for own in fields for name in own)
    differ = [name for name in names if len({own.get(name) for own in fields}) > 1]
    return [
        " ".join(
            own[name] if name in ("readout", _EVENTS) else f"{name}={own[name]}"
            for name in sorted(differ, key=lambda name: name != "readout")
            if name in own
        )
        or recipe.readout
        for recipe, own in zip(recipes, fields, strict=True)
    ]


_EVENTS = "events"


def _fields(recipe: Recipe) -> dict[str, str]:
    """All fields of a recipe as text; its events are one of them."""
    text, at, events = recipe.text(full=True).partition(" @")
    pairs = dict(part.split("=", 1) for part in text.split())
    return {**pairs, _EVENTS: f"@{events}"} if at else pairs


def run_labels(recipes: Sequence[Recipe]) -> list[str]:
    """The names, numbered as in the race, such as `2 sum`."""
    return [f"{number} {name}" for number, name in enumerate(run_names(recipes), start=1)]


def save_runs(path: Path, runs: Sequence[RunState]) -> None:
    """Write what is needed to resume all runs, and their records.

    Raises:
        ValueError: a run has not begun.
    """
    first, *others = [_state(run) for run in runs]
    write_checkpoint(path, {**first, "others": others})


def read_runs(path: Path, changes: Mapping[str, Any] | None = None) -> list[RunState]:
    """Read the runs of a file, ready to be resumed.

    Args:
        path: of the file.
        changes: of their recipes, as of `Trainer.load`.

    Raises:
        FileNotFoundError, ValueError: there is no such file, or it is not a checkpoint of runs; or
            something else should change.
    """
    if not path.exists():
        raise FileNotFoundError(f"there is no file {path} in {Path.cwd()}")
    first = read_checkpoint(path, STATE_KEYS)
    try:
        states = (first, *first.get("others", []))
        return [_restored(state, path, changes or {}) for state in states]
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"{path} does not fit this version of lcm_core: {error}") from error


def _state(run: RunState) -> dict[str, Any]:
    if run.trainer is None:
        raise ValueError("there is nothing to save yet: press Start first")
    records = [asdict(record) for record in run.records]
    return {**run.trainer.state_dict(), "records": records, "seconds": run.seconds}


def _restored(state: dict[str, Any], path: Path, changes: Mapping[str, Any]) -> RunState:
    stored = Recipe.parse(state["recipe"], stored=True)
    return RunState(
        resumed_recipe(stored, state["step"], changes)[0] if changes else stored,
        saved=state,
        file=str(path),
        records=[_record(record) for record in state.get("records", [])],
        seconds=float(state.get("seconds", 0.0)),
        changes=changes,
    )


def _record(values: Mapping[str, Any]) -> Record:
    """A record of this version or another: what this one does not know is dropped."""
    known = {each.name for each in fields(Record)}
    return Record(**{name: value for name, value in values.items() if name in known})
