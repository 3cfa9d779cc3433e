"""*Your data…* of the training panel: a file, what was understood of it, and a task made of it.

Open `section.py` first; `unfold.py` has its button.
"""
