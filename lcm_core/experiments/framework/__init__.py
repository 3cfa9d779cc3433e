"""Run, store and show experiments; nothing here imports a definition.

Open `base.py` first: it says what an experiment is. `runner.py` runs one, `store.py` keeps results.
"""
