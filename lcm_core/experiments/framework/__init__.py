"""What runs, stores and shows experiments; it imports none of their definitions.

Open `base.py` first: it says what an experiment is. `runner.py` runs one, `store.py` keeps results.
"""
