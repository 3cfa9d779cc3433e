"""`TrainingPanel`: train, pause, step, and race recipes; `TweakOperator`: break what was trained.

Open `panel.py` first; `run.py` has the thread that trains.
"""
