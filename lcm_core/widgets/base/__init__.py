"""What all panels are made of: guarded callbacks, figures that threads may change, tables.

Open `panel.py` first.
"""
