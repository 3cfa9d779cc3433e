"""The ground of all panels: guarded callbacks, figures that threads may change, tables.

Open `panel.py` first.
"""
