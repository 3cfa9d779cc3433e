"""Where results and half-done jobs lie if nothing else is said."""

from pathlib import Path

__all__ = ["checkpoints_folder", "home", "results_folder"]


def home() -> Path:
    """The checkout that this library is used from; the working folder if it is installed."""
    checkout = Path(__file__).resolve().parents[3]
    return checkout if (checkout / "pyproject.toml").exists() else Path.cwd()


def results_folder() -> Path:
    """`docs/results`: files of results."""
    return home() / "docs" / "results"


def checkpoints_folder() -> Path:
    """`checkpoints/experiments`: half-done jobs, and the last states of finished ones."""
    return home() / "checkpoints" / "experiments"
