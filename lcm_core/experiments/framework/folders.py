"""Where results and half-done jobs lie if nothing else is said."""

from pathlib import Path

from lcm_core.experiments.framework.base import Experiment

__all__ = ["checkpoints_folder", "home", "results_folder"]


def home() -> Path:
    """The checkout that this library is used from; the working folder if it is installed."""
    checkout = Path(__file__).resolve().parents[3]
    return checkout if (checkout / "pyproject.toml").exists() else Path.cwd()


def results_folder(experiment: Experiment) -> Path:
    """The folder of its results: `docs/results` for those of the library, `results` for others."""
    return home() / "docs" / "results" if experiment.in_library else home() / "results"


def checkpoints_folder() -> Path:
    """`checkpoints/experiments`: half-done jobs, and the last states of finished ones."""
    return home() / "checkpoints" / "experiments"
