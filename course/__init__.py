"""The course's tools: versions, assignments, minutes, progress, pages, the book, slides, buttons.

Open `versions.py` first. Everything is derived from the notebooks in `notebooks/`.
"""

from pathlib import Path

__all__ = ["NOTEBOOKS"]

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
