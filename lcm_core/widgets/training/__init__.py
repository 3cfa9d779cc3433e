"""`TrainingPanel`: train, pause, step, and race recipes.

Open `panel.py` first; `run.py` has the thread that trains.
"""
