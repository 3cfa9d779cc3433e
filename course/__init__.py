"""The course's tools: student and teacher versions, assignments, minutes, progress.

Open `versions.py` first. Everything is derived from the notebooks in `notebooks/`.
"""
