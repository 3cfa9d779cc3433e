"""Experiments by name."""

import ast
from importlib import import_module
from pathlib import Path

from lcm_core.errors import unknown
from lcm_core.experiments.framework.base import Experiment

__all__ = ["experiment_names", "find_experiment"]


def experiment_names() -> list[str]:
    """The experiments of this package: its modules that set `EXPERIMENT`."""
    return sorted(path.stem for path in Path(__file__).parents[1].glob("*.py") if _defines(path))


def find_experiment(name: str) -> Experiment:
    """The experiment of that name; a name with a dot is any module that sets `EXPERIMENT`.

    Raises:
        ValueError: there is none (the nearest names are given).
    """
    if "." in name:
        module = name
    elif name in experiment_names():
        module = f"lcm_core.experiments.{name}"
    else:
        raise unknown("experiment", name, experiment_names())
    try:
        experiment = getattr(import_module(module), "EXPERIMENT", None)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise
        raise ValueError(f"there is no module {module!r}: {error}") from error
    if not isinstance(experiment, Experiment):
        raise ValueError(f"expected EXPERIMENT = Experiment(…) in {module}, got {experiment!r}")
    if experiment.name != module.rpartition(".")[2]:
        raise ValueError(
            f"expected the experiment in {module} to be named like its module, got "
            f"{experiment.name!r}"
        )
    return experiment


def _defines(path: Path) -> bool:
    """Whether a module sets EXPERIMENT, without running it."""
    text = path.read_text(encoding="utf-8")
    if "EXPERIMENT" not in text:
        return False
    return any(
        isinstance(target, ast.Name) and target.id == "EXPERIMENT"
        for node in ast.parse(text).body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
    )
