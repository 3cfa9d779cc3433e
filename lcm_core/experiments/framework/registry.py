"""Experiments by name: those of the library, and what modules and notebooks register."""

import dataclasses
from importlib import import_module
from types import ModuleType

from lcm_core.errors import unknown
from lcm_core.experiments.framework.base import Experiment
from lcm_core.registry import Registry

__all__ = ["EXPERIMENTS", "experiment_names", "find_experiment", "register_experiment"]

EXPERIMENTS: Registry[Experiment] = Registry(
    "experiment", definition=lambda experiment: (experiment.module, experiment.name)
)


def register_experiment(experiment: Experiment, replace: bool = False) -> None:
    """Register an experiment under its name.

    `find_experiment`, the command line and every list then know it.

    >>> from lcm_core.experiments import Experiment, experiment_names
    >>> experiment = Experiment(
    ...     name="empty_example",
    ...     title="An experiment without jobs",
    ...     question="What does the least experiment look like?",
    ...     jobs=lambda: [],
    ...     report=lambda results: ["Nothing was measured."],
    ... )
    >>> register_experiment(experiment)
    >>> "empty_example" in experiment_names()
    True
    >>> EXPERIMENTS.remove("empty_example")

    Args:
        experiment: an `lcm_core.experiments.Experiment`. Its module may register it again, as a
            notebook cell does when it runs twice.
        replace: also replace another module's experiment; the library's own experiments stay.

    Raises:
        ValueError: the name is taken, or is not one word.
        TypeError: it is no `Experiment`.
    """
    if not isinstance(experiment, Experiment):
        raise TypeError(f"expected an Experiment to register, got {experiment!r}")
    EXPERIMENTS.add(experiment.name, experiment, replace)


def experiment_names() -> list[str]:
    """The names of all registered experiments, in the order of registration."""
    return list(EXPERIMENTS)


def find_experiment(name: str) -> Experiment:
    """The experiment of that name, or the one that a module registers.

    Args:
        name: one of `experiment_names()`; or a module, such as `my_project.trees`, which is
            imported; or `my_project.trees:NAME` if the module registers several.

    Raises:
        ValueError: there is none (the nearest names are given).
    """
    if name in EXPERIMENTS:
        return EXPERIMENTS[name]
    module, _, wanted = name.partition(":")
    found = {each.name: each for each in _registered_by(_imported(module))}
    if not wanted:
        wanted = next(iter(found)) if len(found) == 1 else module.rpartition(".")[2]
    if wanted not in found:
        how = "run its cell" if module == "__main__" else "give its Experiment module=__name__"
        names = ", ".join(f"{module}:{each}" for each in found) or f"none: {how}"
        raise ValueError(
            f"expected {module} to register the experiment {wanted!r}, but it registers {names}"
        )
    return found[wanted]


def _imported(name: str) -> ModuleType:
    if not all(part.isidentifier() for part in name.split(".")):
        raise unknown("experiment", name, EXPERIMENTS)
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise  # the module is there, and lacks another
        if "." not in name:
            raise unknown("experiment", name, EXPERIMENTS) from None
        raise ValueError(f"there is no module {name!r}: {error}") from error


def _registered_by(module: ModuleType) -> list[Experiment]:
    """The experiments of a module, the one that it only sets as `EXPERIMENT` among them."""
    own = getattr(module, "EXPERIMENT", None)
    if isinstance(own, Experiment) and own not in _all():
        register_experiment(dataclasses.replace(own, module=module.__name__))
    return [each for each in _all() if each.module == module.__name__]


def _all() -> list[Experiment]:
    return [EXPERIMENTS[name] for name in EXPERIMENTS]
