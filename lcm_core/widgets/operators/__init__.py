"""The operators that panels offer: their menu, and the catalogue behind it.

Open `menu.py` first; `catalog.py` has the trained operators and those made in this kernel.
"""
